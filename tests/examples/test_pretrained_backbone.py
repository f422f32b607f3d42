import keras
import numpy as np
import pytest

from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script

pytestmark = pytest.mark.two_backends(by="file")
script = load_script(EXAMPLES / "pretrained_backbone.py")
STATISTICS = {"gamma": 1, "beta": 0, "moving_mean": 0, "moving_variance": 1}


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    return *script.main(["--quick", "--output", str(path)]), path


@pytest.fixture
def folder(tmp_path):
    script.make_folder(tmp_path, per_class=7)
    return tmp_path


def test_the_saved_model_is_the_same(quick):
    model, predicted, difference, path = quick
    saved = keras.models.load_model(path).get_weights()
    weights = model.get_weights()
    assert difference < 1e-6 and len(saved) == len(weights)
    assert all(map(np.array_equal, saved, weights))
    # A fifth of three times fifty images.
    assert predicted.shape == (30, 3)
    np.testing.assert_allclose(predicted.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name, value", STATISTICS.items())
def test_batch_normalisation_stays_as_it_came(quick, name, value):
    backbone = quick[0].get_layer("backbone")
    found = [w for w in backbone.weights if w.name == name]
    values = np.concatenate([keras.ops.convert_to_numpy(w) for w in found])
    assert len(found) == 27 and (values == value).all()


def test_everything_else_trains_in_the_last_stage(quick):
    model = quick[0]
    frozen = {
        weight.name
        for weight in model.weights
        if all(weight is not one for one in model.trainable_weights)
    }
    assert frozen == set(STATISTICS)


def test_training_sees_whole_batches_and_new_ones_in_each_epoch(folder):
    train, _, _ = script.read_folder(folder, size=32, batch_size=4)
    assert len(train) == 4 and train[3][0].shape == (4, 32, 32, 3)
    before = train.order.copy()
    train.on_epoch_end()
    assert not np.array_equal(train.order, before)
    np.testing.assert_array_equal(np.sort(train.order), np.sort(before))


def test_every_file_is_read_once_with_the_class_of_its_folder(folder):
    train, test, classes = script.read_folder(folder, size=32, batch_size=3)
    assert classes == ["one", "two", "zero"]
    assert (len(train.files), len(test.files)) == (17, 4)
    files = [*train.files, *test.files]
    assert len(set(files)) == 21
    labels = [*train.labels, *test.labels]
    folders = [script.Path(file).parent.name for file in files]
    assert [classes[label] for label in labels] == folders
    # Two batches of 3 and 1: nothing of the test is left out.
    assert [len(test[i][0]) for i in range(len(test))] == [3, 1]


def test_the_images_are_the_digits(folder):
    image = keras.utils.load_img(folder / "zero" / "0.png")
    pixels = keras.utils.img_to_array(image, data_format="channels_last")
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    np.testing.assert_allclose(
        pixels[4::8, 4::8, 0], np.floor(digits.images[0] / 16 * 255)
    )


@pytest.mark.parametrize("missing", ["one", "two"])
def test_a_folder_without_classes_is_refused(tmp_path, missing):
    (tmp_path / missing).mkdir()
    with pytest.raises(SystemExit, match="a folder of images for each class"):
        script.main(["--images", str(tmp_path)])
