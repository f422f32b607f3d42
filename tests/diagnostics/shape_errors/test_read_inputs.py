import keras
import pytest

from tests.helpers.explained import compiled
from tests.helpers.explained import note_of
from tests.helpers.explained import values


def network(shape, *layers):
    return lambda x: keras.Sequential([keras.Input(shape), *layers])(x)


def dense(**kwargs):
    return keras.layers.Dense(4, name="hidden", **kwargs)


def conv():
    return keras.layers.Conv2D(2, 3, name="conv")


def lstm(name, **kwargs):
    return keras.layers.LSTM(4, name=name, **kwargs)


AXES = {
    "other columns": (network((8,), dense()), (5, 7), "give x 8 columns"),
    "one row": (network((8,), dense()), (8,), "x[None, ...]"),
    "pictures for a flat input": (
        network((784,), dense()),
        (5, 28, 28),
        "x.reshape(len(x), -1)",
    ),
    "flat rows for pictures": (
        network((28, 28, 1), keras.layers.Flatten(), dense()),
        (5, 784),
        "x.reshape(len(x), 28, 28, 1)",
    ),
    "channels first": (
        network((9, 9, 2), conv()),
        (5, 2, 9, 9),
        "np.moveaxis(x, 1, -1)",
    ),
    "grey for colour": (
        network((9, 9, 3), conv()),
        (5, 9, 9, 1),
        "np.repeat(x, 3, axis=-1)",
    ),
    "colour for grey": (
        network((9, 9, 1), conv()),
        (5, 9, 9, 3),
        "x.mean(axis=-1, keepdims=True)",
    ),
    "no channels": (network((9, 9), conv()), (5, 9, 9), "x[..., None]"),
    "no channels, layer alone": (
        lambda x: conv()(x),
        (5, 9, 9),
        "keras.Input((9, 9, 1))",
    ),
    "no time steps": (lambda x: lstm("memory")(x), (5, 7), "x[:, None, :]"),
    "stacked without sequences": (
        network((7, 3), lstm("first"), lstm("second")),
        (5, 7, 3),
        "let 'first' return every time step",
    ),
    "transposed": (
        network((9, 4), lstm("memory")),
        (5, 4, 9),
        "np.transpose(x, (0, 2, 1))",
    ),
    "too many axes": (
        lambda x: lstm("memory")(x),
        (5, 7, 3, 2),
        "so that 3 axes are left of 4",
    ),
    "after another layer": (
        lambda x: keras.layers.Conv2D(2, 3, name="conv")(
            keras.layers.Flatten(name="flat")(keras.Input((9, 9, 1)))
        ),
        (5,),
        "'flat' (Flatten) before it leaves 2 axes",
    ),
    "other rows altogether": (
        network((6, 2), keras.layers.Flatten(), dense()),
        (5, 3, 3),
        "keras.Input((3, 3))",
    ),
}


@pytest.mark.parametrize("broken, shape, repair", AXES.values(), ids=AXES)
def test_the_nearest_repair(broken, shape, repair):
    assert repair in note_of(lambda: broken(values(*shape))).splitlines()[-1]


def test_a_layer_used_again_on_another_size():
    layer = keras.layers.Dense(4, name="hidden")
    layer(values(2, 3))
    note = note_of(lambda: layer(values(2, 5)))
    assert "'hidden' (Dense) was built for 3" in note
    assert "5: axis 1 of the input given to 'hidden'" in note


def test_validation_data_are_named():
    model = compiled(keras.Input((8,)), dense())
    note = note_of(
        lambda: model.fit(
            values(10, 8),
            values(10, 4),
            validation_data=(values(10, 7), values(10, 4)),
            verbose=0,
        )
    )
    assert "give validation_data[0] 8 columns" in note


def functional(shape, layer):
    inputs = keras.Input(shape, name="picture")
    return keras.Model(inputs, layer(inputs), name="net")


FUNCTIONAL = {
    "channels first": (
        (9, 9, 2),
        (5, 2, 9, 9),
        "np.transpose(x, (0, 2, 3, 1))",
    ),
    "other pictures": ((9, 9, 2), (5, 7, 7, 2), "keras.Input((7, 7, 2))"),
}


@pytest.mark.parametrize(
    "made, fed, repair", FUNCTIONAL.values(), ids=FUNCTIONAL
)
def test_the_input_of_a_functional_model(made, fed, repair):
    model = functional(made, conv())
    note = note_of(lambda: model(values(*fed)))
    assert f"the model 'net' takes rows of shape {made}" in note
    assert repair in note.splitlines()[-1]


def test_a_nested_model_is_called_on_another_input():
    base = keras.Sequential([keras.Input((9, 9, 2)), conv()], name="base")
    note = note_of(lambda: base(keras.Input((7, 7, 2))))
    assert "the model 'base' takes rows of shape (9, 9, 2)" in note
    assert "such as keras.Input((9, 9, 2))" in note


def test_arrays_in_the_order_of_other_inputs():
    left, right = (
        keras.Input((4,), name="left"),
        keras.Input((3,), name="right"),
    )
    parts = [keras.layers.Dense(2)(one) for one in (left, right)]
    model = keras.Model([left, right], keras.layers.Concatenate()(parts))
    data = [values(10, 3), values(10, 4)]
    note = note_of(lambda: model.predict(data, verbose=0))
    assert "x={'left': x[1], 'right': x[0]}" in note


def test_a_dataset_of_single_rows():
    class Rows(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return values(8), values(4)

    model = compiled(keras.Input((8,)), dense())
    note = note_of(lambda: model.fit(Rows(), verbose=0))
    assert "batch it, dataset.batch(32)" in note


def test_a_shared_layer_in_a_graph():
    layer = dense()
    layer(keras.Input((4,)))
    note = note_of(lambda: layer(keras.Input((5,))))
    assert "use another layer for inputs of 5" in note


def test_a_model_inside_is_fed_by_another_layer():
    base = functional((6,), dense())

    class Around(keras.Model):
        def __init__(self):
            super().__init__()
            self.before = keras.layers.Dense(5, name="before")
            self.base = base

        def call(self, x):
            return self.base(self.before(x))

    model = Around()
    model.compile("sgd", "mse")
    note = note_of(lambda: model.fit(values(40, 3), values(40, 4), verbose=0))
    assert "the model 'net' takes rows of shape (6,)" in note
    assert "units=6 for 'before' makes it fit" in note.splitlines()[-1]
