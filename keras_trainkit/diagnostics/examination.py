"""A `fit` under examination: what was seen, and what follows from it."""

import dataclasses
import math

import numpy as np

from keras_trainkit.backend.training.batch_loss import own_methods
from keras_trainkit.diagnostics.facts.passes.prober import Prober
from keras_trainkit.diagnostics.facts.passes.prober import bad_weights
from keras_trainkit.diagnostics.facts.subject import Subject
from keras_trainkit.diagnostics.facts.summary import layer_table
from keras_trainkit.diagnostics.facts.summary import summary
from keras_trainkit.diagnostics.facts.training import NotFinite
from keras_trainkit.diagnostics.facts.training import Training
from keras_trainkit.diagnostics.report import Report
from keras_trainkit.diagnostics.rules.registry import rules

FAMILY = "D"
# Those need a pass through the network, or a training.
_NOT_BEFORE = ("F", FAMILY)
_OF_A_PROBE = {
    "dead_share": "dead",
    "saturated_share": "saturated",
    "mean": "mean",
    "std": "std",
}


class Examination:
    """Collects what is seen of a `fit`, and lets the rules look at it.

    A rule, or a look at the network, that fails is told of in `problems`, and
    not tried again: an examination must not end a training.

    Args:
        model: A built `keras.Model`.
        x: Inputs of the probe batch and for the rules, or `None`.
        y: Targets, or `None`.
        batch_size: Integer or `None`.
        epochs: Integer, the epochs of the `fit`.
        weighted: Whether rows or classes have weights.

    Attributes:
        problems: `{what is not looked at: why}`.
        findings: `{(code, where): Finding}` in the order in which they arose.
        marks: List of `(epoch, code)`.
    """

    def __init__(
        self,
        model,
        x=None,
        y=None,
        batch_size=None,
        epochs=None,
        weighted=False,
    ):
        self.problems, self.findings, self.marks = {}, {}, []
        self._rules = [one for one in rules() if one.code[0] == FAMILY]
        self._subject = Subject(model, x, y, batch_size, epochs)
        own_step = bool(own_methods(model, ["train_step"]))
        self._prober = None
        if self._subject.sample is not None:
            self._prober = self._tried("layers", Prober, self._subject)
        self.training = self._subject.training = Training(
            self._subject,
            self._prober.targets if self._prober else None,
            epochs,
            self._tried("the model before training", self._causes) or (),
            own_step,
            weighted,
        )
        self.probe()

    def probe(self):
        """Looks at the network on the probe batch."""
        if self._prober is None:
            return
        probe = self._tried("layers", self._prober, self.training.done)
        if probe is None:
            self._prober = None
        else:
            self.training.probes.append(probe)

    def has_lost_weights(self):
        """Whether weights are not finite, which a ReLU may hide.

        TensorFlow's has 0 for NaN, so that the loss is finite.
        """
        return bool(self._bad_weights())

    def add_not_finite(self, epoch, batch, value):
        """Finds out where the first number that is not finite came from.

        Args:
            epoch: Integer from 0 on.
            batch: Integer from 0 on, or `None`.
            value: The loss; where it is finite the weights are not.
        """
        sample = self._subject.sample
        counted = {} if sample is None else sample.non_finite
        seen = NotFinite(
            epoch,
            batch,
            value,
            before=self.training.probe,
            weights=self._bad_weights(),
            bad_inputs=counted.get("x", 0),
            bad_targets=counted.get("y", 0),
            probed=self._prober is not None,
        )
        if self._prober is not None:
            located = self._tried("the first layer", self._located, seen)
            seen = located or seen
        self.training.not_finite = seen

    def conclude(self):
        """Lets the rules look; returns the list of new findings."""
        new = []
        for rule in list(self._rules):
            found = self._tried(rule.code, rule.findings, self._subject)
            if found is None:
                self._rules.remove(rule)
                continue
            for finding in found:
                key = (finding.code, finding.where)
                if key not in self.findings:
                    new.append(finding)
                    self.marks.append((self.training.done - 1, finding.code))
                self.findings[key] = finding
        return new

    def report(self):
        """Returns the `Report` on what was seen so far."""
        about = summary(self._subject)
        about["epochs"] = f"{self.training.done} of {self.training.epochs}"
        about["updates"] = f"{self.training.updates:,}"
        for what, why in self.problems.items():
            about[f"not looked at: {what}"] = why
        return Report(
            list(self.findings.values()),
            about,
            {name: list(v) for name, v in self.training.curves.items()},
            list(self.marks),
            self._layers(),
        )

    def _bad_weights(self):
        found = self._tried(
            "the weights", lambda: bad_weights(self._subject.network)
        )
        return found or ()

    def _causes(self):
        return [
            finding
            for rule in rules()
            if rule.code[0] not in _NOT_BEFORE and not _costs(rule)
            for finding in rule.findings(self._subject)
        ]

    def _located(self, seen):
        prober, rate = self._prober, self.training.rate
        layer, steps = self._bad_before(), None
        if layer is not None:
            steps = 0
        elif seen.weights:
            replayed = prober.replay(rate)
            if replayed is not None:
                steps, layer = replayed
        else:
            layer = prober.first_bad_layer()
        return dataclasses.replace(seen, layer=layer, replayed=steps)

    def _bad_before(self):
        """Path of a layer that made NaN of finite weights, or `None`."""
        for probe in self.training.probes:
            for path, seen in probe.layers.items():
                if not seen.finite:
                    return path
        return None

    def _layers(self):
        probes = self.training.probes
        table = layer_table(self._subject)
        for row in table:
            path = row["path"]
            row["probe_epochs"] = [probe.epoch for probe in probes]
            for name, attribute in _OF_A_PROBE.items():
                values = [
                    getattr(probe.layers.get(path), attribute, None)
                    for probe in probes
                ]
                if any(value is not None for value in values):
                    row[name] = [_number(value) for value in values]
            norms = [
                probe.gradients.layers.get(path) if probe.gradients else None
                for probe in probes
            ]
            if any(norm is not None for norm in norms):
                row["gradient_norm"] = [_number(norm) for norm in norms]
            paces = [probe.pace.get(path) for probe in probes]
            if any(pace is not None for pace in paces):
                row["update_ratio"] = [_number(pace) for pace in paces]
        return table

    def _tried(self, what, function, *arguments):
        # Layers, losses and data of the user's own may raise anything, and a
        # training of hours must not end by being looked at.
        try:
            with np.errstate(all="ignore"):
                return function(*arguments)
        except Exception as error:
            self.problems[what] = f"{type(error).__name__}: {error}"
            return None


def _costs(rule):
    return bool({"first_pass", "training"} & set(rule.needs))


def _number(value):
    return math.nan if value is None else float(value)
