"""One beta for all the Swish layers of a model, and what cannot share one."""

import keras
import numpy as np
import pytest

from keras_trainkit.layers import Swish
from tests.helpers.arrays import to_numpy

X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")


def stack(count=3, **kwargs):
    model = keras.Sequential([keras.Input((4,))])
    for _ in range(count):
        model.add(keras.layers.Dense(4))
        model.add(Swish(shared="model", **kwargs))
    return model


def swishes(model):
    return [one for one in model._flatten_layers() if isinstance(one, Swish)]


def betas(model):
    """Returns how many betas the Swish layers of a model have."""
    return len({id(layer.beta) for layer in swishes(model)})


def functional(layer=Swish):
    inputs = keras.Input((4,))
    h = layer(shared="model")(keras.layers.Dense(4)(inputs))
    skip = keras.ops.relu(h)
    h = layer(shared="model")(keras.layers.Dense(4)(h))
    h = keras.layers.Add()([h, skip])
    return keras.Model(inputs, layer(shared="model")(h))


def nested():
    inputs = keras.Input((4,))
    h = keras.layers.Dense(4)(stack(2)(inputs))
    return keras.Model(inputs, Swish(shared="model")(h))


def one_in_two_branches():
    inputs, layer = keras.Input((4,)), Swish(shared="model")
    both = [layer(keras.layers.Dense(4)(inputs)) for _ in range(2)]
    return keras.Model(inputs, Swish(shared="model")(keras.layers.Add()(both)))


def deferred():
    model = keras.Sequential([Swish(shared="model") for _ in range(2)])
    model(X)
    return model


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class Recurrently(keras.Model):
    """Calls `layers` of Swish, one after the other."""

    def __init__(self, count=1, **kwargs):
        super().__init__(**kwargs)
        self.count = count
        self.swishes = [Swish(shared="model") for _ in range(count)]

    def build(self, input_shape):
        for layer in self.swishes:
            layer.build(input_shape)

    def call(self, x):
        for place in range(2):
            x = self.swishes[place % self.count](x)
        return x

    def get_config(self):
        return {**super().get_config(), "count": self.count}


SHARING = {
    "sequential": stack,
    "deferred": deferred,
    "functional": functional,
    "nested": nested,
    "branches": one_in_two_branches,
    "subclassed": Recurrently,
}


@pytest.mark.parametrize("name", SHARING)
def test_a_model_has_one_beta(name):
    model = SHARING[name]()
    model(X)
    assert betas(model) == 1
    named = [v for v in model.trainable_variables if v.name == "beta"]
    assert len(named) == 1


@pytest.mark.parametrize("name", SHARING)
def test_a_loaded_model_has_one_beta_of_its_own(name, tmp_path):
    model = SHARING[name]()
    model(X)
    (beta,) = {id(one.beta): one.beta for one in swishes(model)}.values()
    beta.assign(0.25)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert betas(loaded) == 1 and swishes(loaded)[0].beta is not beta
    assert float(to_numpy(swishes(loaded)[-1].beta)) == 0.25
    np.testing.assert_allclose(to_numpy(loaded(X)), to_numpy(model(X)))


@pytest.mark.one_backend
@pytest.mark.parametrize("name", ["sequential", "functional", "nested"])
def test_a_clone_has_one_beta_of_its_own(name):
    model = SHARING[name]()
    clones = [
        keras.models.clone_model(model),
        type(model).from_config(model.get_config()),
    ]
    assert [betas(one) for one in clones] == [1, 1]
    assert swishes(clones[0])[0].beta is not swishes(model)[0].beta
    names = [len(one.trainable_variables) for one in (model, *clones)]
    assert len(set(names)) == 1


def test_it_is_trained_by_the_sum_of_the_gradients(tmp_path):
    one, apart = stack(2, beta=1.5), keras.Sequential([keras.Input((4,))])
    for layer in one.layers:
        dense = isinstance(layer, keras.layers.Dense)
        apart.add(keras.layers.Dense(4) if dense else Swish(1.5))
    for ours, theirs in zip(one.layers, apart.layers, strict=True):
        theirs.set_weights(ours.get_weights())
    for model in (one, apart):
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
        model.train_on_batch(X, X + 1)
    moved = [float(to_numpy(each.beta)) - 1.5 for each in swishes(apart)]
    shared = float(to_numpy(swishes(one)[0].beta)) - 1.5
    np.testing.assert_allclose(shared, sum(moved), rtol=1e-4)
    # Its momentum is one slot, and comes back with it.
    one.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for model in (one, loaded):
        model.train_on_batch(X, X + 1)
    ours, theirs = one.get_weights(), loaded.get_weights()
    assert len(ours) == len(theirs) == 5
    np.testing.assert_allclose(
        to_numpy(swishes(loaded)[0].beta), to_numpy(swishes(one)[0].beta)
    )


def two_branches():
    inputs = keras.Input((4,))
    both = [
        Swish(shared="model")(keras.layers.Dense(4)(inputs)) for _ in range(2)
    ]
    return keras.Model(inputs, keras.layers.Add()(both))


def before_a_nested_model():
    inputs = keras.Input((4,))
    return keras.Model(inputs, stack(1)(Swish(shared="model")(inputs)))


APART = {
    "branches": two_branches,
    "before a nested model": before_a_nested_model,
    "subclassed": lambda: Recurrently(2),
}


@pytest.mark.parametrize("way", ["call", "predict", "fit"])
@pytest.mark.parametrize("name", APART)
def test_layers_that_do_not_share_are_an_error(name, way):
    model = APART[name]()
    model.compile("sgd", "mse")
    before = to_numpy(model.trainable_variables)
    run = {
        "call": model,
        "predict": lambda x: model.predict(x, verbose=0),
        "fit": lambda x: model.fit(x, x, verbose=0),
    }[way]
    # Keras 3.13 wraps in a RuntimeError what is raised before the first step.
    kinds = (ValueError, RuntimeError)
    with pytest.raises(kinds, match=r"(?s)one beta.*Received: .*make one"):
        run(X)
    if way == "predict":
        return  # On JAX, Keras loses the weights when any layer raises there.
    after = to_numpy(model.trainable_variables[: len(before)])
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.one_backend
def test_what_cannot_share_is_told_where_it_is_put_into_the_graph():
    inputs = keras.Input((4,))
    one, other = Swish(shared="model"), Swish(shared="model")
    branches = [one(inputs), other(inputs)]
    with pytest.raises(ValueError, match=r"'.*' and '.*', each with a beta"):
        Swish(shared="model")(keras.layers.Add()(branches))
    with pytest.raises(ValueError, match=r"`beta` must be that of .*, 1.0"):
        Swish(2.0, shared="model")(branches[0])


@pytest.mark.one_backend
def test_a_layer_outside_of_a_model_is_its_own_model():
    one, other = Swish(shared="model"), Swish(shared="model")
    other(one(X))
    assert one.beta is not other.beta


@pytest.mark.one_backend
def test_one_frozen_layer_freezes_what_is_shared():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            Swish(shared="model"),
            Swish(shared="model", trainable=False),
        ]
    )
    assert model.trainable_variables == []
    clone = keras.models.clone_model(model)
    assert clone.trainable_variables == [] and betas(clone) == 1
