import xml.etree.ElementTree as ElementTree

import pytest

from keras_trainkit.diagnostics.page.figures import curve_figures
from keras_trainkit.diagnostics.page.figures import metric_names
from keras_trainkit.diagnostics.page.figures import sparkline
from keras_trainkit.diagnostics.report import Report

pytestmark = pytest.mark.one_backend
LONG = [1.0, 0.6, 0.4, 0.3, 0.25, 0.24, 0.23]


def test_validation_belongs_to_its_training_curve():
    curves = {
        "val_accuracy": [1],
        "loss": [1],
        "clean_loss": [1],
        "val_loss": [1],
        "learning_rate": [1],
    }
    assert metric_names(curves) == ["loss", "accuracy"]


def test_a_long_run_has_a_detail_and_a_short_one_none():
    report = Report([], curves={"loss": LONG, "mae": LONG[:3]})
    figures = {name: rest for name, *rest in curve_figures(report)}
    assert all(figures["loss"])
    assert "the last 2 epochs" in figures["loss"][1]
    assert figures["mae"][1] == ""


def test_curves_without_a_number_have_no_figure():
    report = Report([], curves={"loss": [float("nan")] * 9})
    assert curve_figures(report) == [("loss", "", "")]


def points(svg):
    path = ElementTree.fromstring(svg).find("path").get("d")
    return path.replace("M", " M").replace("L", " L").split(" ")[1:]


def test_a_line_goes_from_corner_to_corner():
    assert points(sparkline([0, 1, 2])) == [
        "M2.0",
        "18.0",
        "L45.0",
        "10.0",
        "L88.0",
        "2.0",
    ]


def test_what_was_not_measured_leaves_a_gap():
    path = points(sparkline([0.0, None, 1.0, float("nan"), 0.5]))
    assert [part[0] for part in path[::2]] == ["M", "M", "M"]


@pytest.mark.parametrize("values", [[], [1.0], [None, 1.0]])
def test_one_number_is_no_line(values):
    assert sparkline(values) == ""


def test_a_flat_line_is_one():
    assert len(points(sparkline([3.0, 3.0]))) == 4
