"""What is counted is what is there, in memory and on disk."""

import gzip

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.models import mlp
from tests.helpers.models import regression_data

X, Y = regression_data(16)


def pruned(dtype="float32"):
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Dense(32, name=name, dtype=dtype, bias_initializer="ones")
        for name in ("one", "two")
    ]
    model = keras.Sequential([keras.Input((32,)), *layers])
    ktk.compression.prune(model, 0.75, exclude="two")
    return model


def test_zeros_and_bytes_of_each_layer():
    model = pruned()
    report = ktk.compression.sparsity_report(model)
    one, two = report.layers
    assert (one.path, one.weights, one.zeros) == ("one", 1056, 768)
    assert (two.zeros, one.dense_bytes) == (0, 4 * 1056)
    content = b"".join(weight.tobytes() for weight in model.get_weights()[:2])
    assert one.gzipped_bytes == len(gzip.compress(content, 6, mtime=0))
    assert report.total.zeros == 768 and report.total.weights == 2112
    assert report.total.sparsity == 768 / 2112


def test_the_file_is_the_one_that_is_written_without_the_optimizer(tmp_path):
    model = mlp()
    model.save_weights(tmp_path / "plain.weights.h5")
    size = (tmp_path / "plain.weights.h5").stat().st_size
    model.compile("adam", "mse", run_eagerly=True)
    model.fit(X, Y, verbose=0)
    optimizer = model.optimizer
    report = ktk.compression.sparsity_report(model)
    assert report.file_bytes == size
    assert report.gzipped_file_bytes < size
    assert model.optimizer is optimizer
    model.fit(X, Y, verbose=0)


@pytest.mark.parametrize(
    ("make", "bytes_of_a_weight"),
    [("bfloat16", 2), ("int8", 1)],
    ids=["bfloat16", "int8"],
)
def test_other_dtypes_take_what_they_take(make, bytes_of_a_weight):
    model = pruned("bfloat16") if make == "bfloat16" else pruned()
    if make == "int8":
        model.quantize("int8")
    report = ktk.compression.sparsity_report(model)
    wide = 4 * 32 * 2 if make == "int8" else 2 * 32  # scale and bias
    assert report.layers[0].dense_bytes == 32 * 32 * bytes_of_a_weight + wide
    assert report.layers[0].zeros >= 768


@pytest.mark.one_backend
def test_it_prints_as_a_table():
    lines = repr(ktk.compression.sparsity_report(pruned())).splitlines()
    assert lines[0].split() == [
        "layer",
        "weights",
        "zeros",
        "sparsity",
        "bytes",
        "gzipped",
    ]
    assert lines[2].split()[:4] == ["one", "1,056", "768", "72.7%"]
    assert lines[-2].split()[:3] == ["all", "2,112", "768"]
    assert lines[-1].startswith("weights on disk:")


@pytest.mark.one_backend
def test_what_is_no_built_model_is_refused():
    with pytest.raises(TypeError, match="model"):
        ktk.compression.sparsity_report(np.ones(3))
    with pytest.raises(ValueError, match="built"):
        ktk.compression.sparsity_report(keras.Sequential())
