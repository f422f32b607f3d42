"""Random lives of a small model, each step of which is replayed by hand.

Compile, `fit` with any callbacks and with a hook that raises, freeze, save and
load, search, predict. After each: the weights are those of a float64 replay,
the rate, the momentum and the flags are what they should be, and nothing that
was lent is still away. More and longer lives:

    KTK_MACHINE="500 12" KERAS_BACKEND=jax python -m pytest \
        tests/interplay/test_callback_machine.py
"""

import os
import tempfile
from pathlib import Path

import hypothesis
import keras
import numpy as np
import pytest
from hypothesis import stateful
from hypothesis import strategies as st

import keras_trainkit as ktk
from tests.helpers import fit_parts
from tests.helpers import fit_state
from tests.helpers import normed_net
from tests.helpers.fit_kinds import KINDS
from tests.helpers.fit_parts import X
from tests.helpers.fit_parts import Y

# Each `fit` is compiled anew where steps are: there lives are for who asks.
pytestmark = pytest.mark.one_backend
LIVES, STEPS = map(int, os.environ.get("KTK_MACHINE", "4 6").split())
# XLA on TensorFlow compiles for seconds and adds nothing here.
QUICK = {"jit_compile": keras.backend.backend() == "jax"}
RATES = ("none", "cycle", "falling")
SETS = {
    "head": ("head",),
    "two": ("low", "head"),
    "all": normed_net.NAMES,
}
WATCHERS = sorted(fit_parts.watchers())

fits = st.fixed_dictionaries(
    {
        "epochs": st.integers(1, 3),
        "rate": st.sampled_from(RATES),
        "stages": st.sampled_from(("none", "inference", "follow")),
        "kicks": st.booleans(),
        "pruning": st.booleans(),
        "end": st.sampled_from(("none", "refresh", "average")),
        "watchers": st.sets(st.sampled_from(WATCHERS), max_size=2),
        "order": st.randoms(use_true_random=False),
        "validates": st.booleans(),
    }
)
faults = st.tuples(
    st.sampled_from(fit_parts.HOOKS),
    st.integers(0, 2),
    st.integers(0, fit_parts.STEPS - 1),
    st.booleans(),
)


class Life(stateful.RuleBasedStateMachine):
    """One model and its replay."""

    @stateful.initialize(kind=st.sampled_from(sorted(KINDS)))
    def begin(self, kind):
        keras.utils.set_random_seed(0)
        self.folder, self.left = tempfile.TemporaryDirectory(), False
        self.model = normed_net.normed_net()
        self.net = normed_net.NormedReplay(self.model.get_weights())
        self.compile(kind)

    def teardown(self):
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @stateful.rule(kind=st.sampled_from(sorted(KINDS)))
    def compile(self, kind):
        make, rule, self.rate, self.momentum, multipliers = KINDS[kind]
        self.model.compile(make(self.model), "mse", **QUICK)
        self.net.forget(rule, multipliers)
        self.net.train(self.net.trained)

    @stateful.rule(drawn=fits)
    def train(self, drawn):
        self._fit(drawn, [])

    @stateful.rule(drawn=fits, fault=faults)
    def train_until_a_hook_raises(self, drawn, fault):
        *place, first = fault
        place[1] %= drawn["epochs"]
        self._fit(drawn, [(0 if first else None, fit_parts.Fault(*place))])

    @stateful.rule(drawn=fits)
    def two_curves_are_refused(self, drawn):
        parts = [fit_parts.OneCycle(), fit_parts.Falling()]
        drawn["order"].shuffle(parts)
        self.left = True
        with pytest.raises(ValueError, match="learning_rate"):
            self._call(parts, drawn)

    @stateful.rule(drawn=fits)
    def an_average_behind_pruning_is_refused(self, drawn):
        parts = [fit_parts.Pruning(), fit_parts.Averaged()]
        self.left = True
        with pytest.raises(ValueError, match="Averaging behind Magnitude"):
            self._call(parts, drawn)

    @stateful.rule(name=st.sampled_from(sorted(SETS)))
    def choose_what_trains(self, name):
        ktk.transfer.set_trainable(self.model, list(SETS[name]))
        self.net.train(SETS[name])

    @stateful.rule()
    def freeze_what_comes_first(self):
        ktk.transfer.freeze(self.model, "low")
        self.net.train([n for n in self.net.trained if n != "low"])

    @stateful.rule()
    def thaw(self):
        ktk.transfer.unfreeze(self.model, "low")
        names = normed_net.NAMES
        self.net.train(
            [n for n in names if n == "low" or n in self.net.trained]
        )

    @stateful.rule()
    def save_and_load(self):
        path = Path(self.folder.name) / "model.keras"
        self.model.save(path)
        self.model, self.left = keras.models.load_model(path), False

    @stateful.rule(fails=st.booleans())
    def search(self, fails):
        before = fit_state.fit_state(self.model)
        x = X[:, :3] if fails else X
        try:
            ktk.tuning.find_learning_rate(
                self.model, x, Y, steps=4, max_steps=4, batch_size=8
            )
            searched = True
        except (ValueError, RuntimeError):
            searched = False
        assert searched is not fails
        after = fit_state.fit_state(self.model)
        assert fit_state.changes(before, after) == []

    @stateful.rule()
    def predict(self):
        ours = self.model.predict(X, verbose=0)
        np.testing.assert_allclose(ours, self.net.predict(X), atol=2e-4)

    @stateful.rule(seed=st.integers(0, 3))
    def sample(self, seed):
        low, norm, head = map(self.model.get_layer, normed_net.NAMES)
        dropout = keras.layers.Dropout(0.5)
        model = keras.Sequential(
            [keras.Input((normed_net.FEATURES,)), low, norm, dropout, head]
        )
        first, second = (
            ktk.uncertainty.mc_predict(model, X, samples=4, seed=seed)
            for _ in range(2)
        )
        np.testing.assert_array_equal(first.mean, second.mean)
        assert first.std.max() > 0

    def _fit(self, drawn, planted):
        parts = _parts(drawn)
        drawn["order"].shuffle(parts)
        if drawn["end"] == "average":
            parts.sort(key=lambda part: isinstance(part, fit_parts.Pruning))
        for place, fault in planted:
            parts.insert(len(parts) if place is None else place, fault)
        run = fit_parts.Run(
            self.net,
            self.rate,
            self.momentum,
            parts,
            drawn["epochs"],
            drawn["validates"],
        )
        hypothesis.assume(_goes_together(drawn, self.net))
        raised = _raises(run.go)
        assert _raises(lambda: self._call(parts, drawn)) == raised
        self.rate, self.left = run.rate, raised is not None

    def _call(self, parts, drawn):
        options = {"validation_data": (X, Y)} if drawn["validates"] else {}
        self.model.fit(
            X,
            Y,
            batch_size=fit_parts.BATCH,
            epochs=drawn["epochs"],
            shuffle=False,
            verbose=0,
            callbacks=[part.make() for part in parts],
            **options,
        )

    @stateful.invariant()
    def the_weights_are_those_of_the_replay(self):
        if not hasattr(self, "net"):
            return
        weights = self.model.get_weights()
        for ours, theirs in zip(weights, self.net.given(), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=2e-4)
        # Rounding shall not add up over a life.
        self.net.take(weights)

    @stateful.invariant()
    def rate_momentum_and_flags_are_as_they_should_be(self):
        if not hasattr(self, "net"):
            return
        optimizer = self.model.optimizer
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        assert float(optimizer.learning_rate) == pytest.approx(self.rate)
        name = "momentum" if hasattr(inner, "momentum") else "beta_1"
        assert type(getattr(inner, name)) is float
        assert getattr(inner, name) == (self.momentum or 0.0)
        trained = [one.name for one in self.model.layers if one.trainable]
        assert sorted(trained) == sorted(self.net.trained)

    @stateful.invariant()
    def nothing_is_still_lent(self):
        # Keras calls nobody when an exception leaves `fit`: what was lent is
        # given back in the next one.
        if not hasattr(self, "net") or self.left:
            return
        plain = normed_net.normed_net()
        plain.compile(KINDS["sgd"][0](plain), "mse", **QUICK)
        optimizer = self.model.optimizer
        if "load_own_variables" in vars(optimizer):
            # What a dead FineTuning keeps waits for the next load.
            store = {}
            optimizer.save_own_variables(store)
            optimizer.load_own_variables(store)
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        layers = zip(self.model.layers, plain.layers, strict=True)
        assert [
            (type(one).__name__, name)
            for one, theirs in [
                (self.model, plain),
                (optimizer, plain.optimizer),
                (inner, plain.optimizer),
                *layers,
            ]
            for name in sorted(_covered(one) - _covered(theirs))
        ] == []


def _parts(drawn):
    epochs = drawn["epochs"]
    found = {
        "cycle": [fit_parts.OneCycle],
        "falling": [fit_parts.Falling],
    }.get(drawn["rate"], [])
    parts = [make() for make in found]
    if drawn["stages"] != "none":
        parts.append(fit_parts.Stages(epochs, drawn["stages"]))
    if drawn["kicks"]:
        parts.append(fit_parts.Kicks())
    if drawn["pruning"]:
        parts.append(fit_parts.Pruning())
    if drawn["end"] == "refresh":
        parts.append(fit_parts.Refreshed())
    if drawn["end"] == "average":
        parts.append(fit_parts.Averaged())
    return parts + [fit_parts.watchers()[name] for name in drawn["watchers"]]


def _goes_together(drawn, net):
    """What is refused, as other tests show, is left out here."""
    one_set = drawn["stages"] == "none"
    with_norm = drawn["stages"] == "follow" and drawn["epochs"] > 1
    return {
        "none": True,
        "refresh": "norm" in net.trained and (one_set or with_norm),
        "average": one_set,
    }[drawn["end"]]


def _raises(call):
    """Returns the hook of what was planted, or `None` where nothing was."""
    try:
        call()
    except fit_parts.Planted as error:
        return str(error)
    return None


def _covered(thing):
    """Returns the names of methods that an instance has of its own."""
    return {
        name
        for name, value in vars(thing).items()
        if callable(value) and callable(getattr(type(thing), name, None))
    }


TestLives = Life.TestCase
TestLives.settings = hypothesis.settings(
    max_examples=LIVES,
    stateful_step_count=STEPS,
    derandomize="KTK_MACHINE" not in os.environ,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
