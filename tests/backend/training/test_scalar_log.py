"""Numbers written for TensorBoard can be read again."""

import sys

import keras
import pytest

from keras_trainkit.backend.training.scalar_log import ScalarLog


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="TensorFlow writes the files, whatever the backend",
)
def test_what_is_written_can_be_read(tmp_path):
    import tensorflow as tf

    log = ScalarLog(tmp_path)
    log.write("norm/hidden", 0.5, 3)
    log.flush()
    log.close()
    [file] = tmp_path.iterdir()
    [_, event] = tf.compat.v1.train.summary_iterator(str(file))
    [value] = event.summary.value
    assert (event.step, value.tag) == (3, "norm/hidden")
    assert tf.make_ndarray(value.tensor).item() == 0.5
    assert value.metadata.plugin_data.plugin_name == "scalars"


@pytest.mark.one_backend
def test_a_missing_tensorflow_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ImportError, match="pass no `log_dir`"):
        ScalarLog(tmp_path)
