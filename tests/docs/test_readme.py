"""The first snippet needs pretrained weights; here it runs without them."""

import re
from pathlib import Path

import keras
import numpy as np

README = Path(__file__).parents[2] / "README.md"


def first_snippet():
    return re.search(r"```python\n(.*?)```", README.read_text("utf-8"), re.S)[1]


def tiny_backbone(include_top, pooling):
    assert not include_top
    assert pooling == "avg"
    return keras.Sequential(
        [
            keras.Input((4, 4, 3)),
            keras.layers.Conv2D(2, 3, name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.GlobalAveragePooling2D(),
        ],
        name="backbone",
    )


def test_the_first_snippet_fits_on_a_screen_and_runs(monkeypatch):
    monkeypatch.setattr(keras.applications, "MobileNetV2", tiny_backbone)
    snippet = first_snippet()
    assert len(snippet.strip().splitlines()) <= 16
    names = {"x": np.ones((8, 4, 4, 3)), "y": np.array([0, 1] * 4)}
    exec(snippet, names)
    model = names["model"]
    assert model.get_layer("backbone").get_layer("conv").trainable
    assert not model.get_layer("backbone").get_layer("norm").trainable
    np.testing.assert_allclose(float(model.optimizer.learning_rate), 1e-3)
    assert len(names["one_cycle"].trace()["momentum"]) == 10
