import inspect
import warnings

import keras
import pytest

from keras_trainkit.constraints import WeightClip
from keras_trainkit.kernels.deprecation.renamed import RenamedAttribute
from keras_trainkit.kernels.deprecation.renamed import deprecated
from keras_trainkit.kernels.deprecation.renamed import renamed_argument
from keras_trainkit.kernels.deprecation.renamed import renamed_class
from keras_trainkit.kernels.deprecation.renamed import renamed_function

pytestmark = pytest.mark.one_backend
VERSIONS = {"since": "0.2", "removed_in": "0.4"}


class Warned:
    """What was warned of inside of a `with`."""

    def __enter__(self):
        self._catching = warnings.catch_warnings(record=True)
        self._seen = self._catching.__enter__()
        warnings.simplefilter("always")
        return self

    def __exit__(self, *error):
        self._catching.__exit__(*error)
        self.messages = [str(one.message) for one in self._seen]
        self.files = {one.filename for one in self._seen}
        self.categories = {one.category for one in self._seen}


def half(rate, offset=0):
    """Halves."""
    return rate / 2 + offset


def test_a_deprecated_function_works_and_warns():
    old = deprecated("`half`", replacement="`rate / 2`", **VERSIONS)(half)
    with Warned() as warned:
        assert old(3, offset=1) == 2.5
    assert warned.messages == [
        "`half` is deprecated since 0.2 and will be removed in 0.4. "
        "Use `rate / 2`."
    ]
    assert warned.files == {__file__}
    assert warned.categories == {FutureWarning}
    assert (old.__name__, old.__doc__) == ("half", "Halves.")


def test_a_renamed_function_tells_the_new_name():
    halve = renamed_function("halve", half, folder="tuning", **VERSIONS)
    with Warned() as warned:
        assert halve(3) == 1.5
    assert warned.messages == [
        "`tuning.halve` is deprecated since 0.2 and will be removed in 0.4. "
        "Use `tuning.half`."
    ]
    assert (halve.__name__, half.__name__) == ("halve", "half")


@pytest.fixture
def clip():
    """A renamed class that is saved under its old name in old files."""
    kind = renamed_class("Clip", WeightClip, folder="constraints", **VERSIONS)
    keras.saving.register_keras_serializable("keras_trainkit")(kind)
    yield kind
    keras.saving.get_custom_objects().pop("keras_trainkit>Clip")


def test_a_renamed_class_makes_the_new_one(clip):
    with Warned() as warned:
        made = clip(-0.1, 0.1)
    assert type(made) is WeightClip
    assert warned.messages == [
        "`constraints.Clip` is deprecated since 0.2 and will be removed in "
        "0.4. Use `constraints.WeightClip`."
    ]
    assert warned.files == {__file__}


def test_what_has_the_new_name_is_of_the_old_kind(clip):
    with Warned() as warned:
        assert isinstance(WeightClip(-0.1, 0.1), clip)
        assert issubclass(WeightClip, clip)
        assert not isinstance(keras.constraints.MaxNorm(), clip)
        assert not issubclass(keras.constraints.MaxNorm, clip)
    assert warned.messages == []


def test_a_class_derived_from_the_old_name_is_itself(clip):
    with Warned() as warned:

        class Mine(clip):
            pass

    assert len(warned.messages) == 1
    with Warned() as warned:
        mine = Mine(-0.1, 0.1)
    assert warned.messages == []
    assert type(mine) is Mine
    assert isinstance(mine, clip) and isinstance(mine, WeightClip)
    assert not isinstance(WeightClip(-0.1, 0.1), Mine)


def test_a_file_with_the_old_name_is_loaded(clip):
    saved = keras.saving.serialize_keras_object(WeightClip(-0.25, 0.25))
    saved["registered_name"] = "keras_trainkit>Clip"
    saved["class_name"] = "Clip"
    with Warned() as warned:
        loaded = keras.saving.deserialize_keras_object(saved)
    assert type(loaded) is WeightClip
    assert loaded.get_config() == WeightClip(-0.25, 0.25).get_config()
    assert warned.files == {__file__}  # not Keras's own


def test_the_new_class_is_saved_under_its_new_name(clip):
    saved = keras.saving.serialize_keras_object(clip.__mro__[1](-0.25, 0.25))
    assert saved["registered_name"] == "keras_trainkit>WeightClip"


def test_a_renamed_argument_arrives_by_its_new_name():
    function = renamed_argument("lr", "rate", **VERSIONS)(half)
    with Warned() as warned:
        assert function(lr=3) == function(rate=3) == function(3) == 1.5
        assert function(offset=1, lr=3) == 2.5
    assert warned.messages == 2 * [
        "The argument `lr` of `half` is deprecated since 0.2 and will be "
        "removed in 0.4. Use `rate`."
    ]
    assert warned.files == {__file__}


@pytest.mark.parametrize("given", [((3,), {}), ((), {"rate": 3})], ids=str)
def test_both_names_are_refused(given):
    args, kwargs = given
    function = renamed_argument("lr", "rate", **VERSIONS)(half)
    with (
        Warned() as warned,
        pytest.raises(TypeError, match="`lr` must be left"),
    ):
        function(*args, lr=3, **kwargs)
    assert warned.messages == []


def test_an_unknown_argument_is_refused_as_ever():
    function = renamed_argument("lr", "rate", **VERSIONS)(half)
    with pytest.raises(TypeError, match="unexpected keyword argument 'speed'"):
        function(3, speed=1)


@pytest.mark.parametrize(
    "old, new, match",
    [
        ("lr", "speed", "`new` must be an argument of `half`"),
        ("offset", "rate", "`old` must be no argument of `half` any more"),
    ],
)
def test_a_name_that_does_not_fit_is_refused(old, new, match):
    with pytest.raises(ValueError, match=match):
        renamed_argument(old, new, **VERSIONS)(half)


class Scale(keras.layers.Layer):
    @renamed_argument("lr", "rate", **VERSIONS)
    def __init__(self, rate=1.0, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate

    speed = RenamedAttribute("rate", **VERSIONS)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}


def test_a_configuration_with_an_argument_s_old_name_is_understood():
    config = Scale(rate=2.0).get_config()
    config["lr"] = config.pop("rate")
    with Warned() as warned:
        assert Scale.from_config(config).rate == 2.0
    assert "`lr` of `Scale`" in warned.messages[0]
    assert list(inspect.signature(Scale).parameters) == ["rate", "kwargs"]


def test_a_renamed_attribute_is_read_and_written():
    scale = Scale(rate=2.0)
    with Warned() as warned:
        assert scale.speed == 2.0
        scale.speed = 3.0
    assert scale.rate == 3.0
    # TensorFlow reads an attribute of a layer before it writes it.
    assert set(warned.messages) == {
        "`Scale.speed` is deprecated since 0.2 and will be removed in 0.4. "
        "Use `Scale.rate`."
    }
    assert warned.files == {__file__}
    assert isinstance(vars(Scale)["speed"], RenamedAttribute)


def test_a_removal_too_soon_is_refused_when_the_code_is_read():
    with pytest.raises((ValueError, RuntimeError)):

        class Curve:
            old = RenamedAttribute("new", since="0.2", removed_in="0.3")
