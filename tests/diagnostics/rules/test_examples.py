import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.rules.examples import program


@pytest.mark.one_backend
def test_the_source_makes_the_model():
    source = program(
        "Dense(3)",
        loss="keras.losses.MeanSquaredError()",
        inputs="(2,)",
        data="x = np.ones((4, 2))",
        metrics='["mae"]',
    )
    names = {"keras": keras, "np": np}
    exec(source, names)
    assert names["model"].output_shape == (None, 3)
    assert isinstance(names["model"].optimizer, keras.optimizers.Adam)
    assert names["x"].shape == (4, 2)
    assert 'compile("adam", keras.losses' in source
