"""The search finds a feature by the name that it has elsewhere."""

import re

import explained
import pytest
import sources

from tests.helpers import built_site

ROWS = [
    (framework, name, sorted(ours))
    for framework, rows in explained.elsewhere().items()
    for theirs, ours in rows
    if ours
    for name in re.findall(r"`([\w.]+)", theirs)
]


def test_the_frameworks_are_there():
    assert set(explained.elsewhere()) == {
        "fastai",
        "Lightning",
        "timm",
        "PyTorch",
        "TensorFlow Addons",
        "TF-MOT",
        "baal",
        "TorchUncertainty",
    }
    assert len(ROWS) > 80


@pytest.mark.parametrize("framework, name, ours", ROWS)
def test_the_feature_is_found_by_that_name(framework, name, ours):
    pages = {f"api/{one}" for one in ours}
    assert pages | {"guide/coming_from"} <= built_site.found_by(name)


@pytest.mark.parametrize("framework, name, ours", ROWS)
def test_what_is_named_is_public(framework, name, ours):
    assert set(ours) <= set(sources.public_names())


@pytest.mark.parametrize(
    "name, page",
    [
        ("fit_one_cycle", "api/callbacks.OneCycle"),
        ("lr_find", "api/tuning.find_learning_rate"),
        ("BackboneFinetuning", "api/callbacks.FineTuning"),
        ("MCDropoutModule", "api/uncertainty.to_mc"),
        ("layer_decay", "api/optimizers.layer_decay"),
        ("update_bn", "api/batch_norm.refresh"),
        ("L103", "checks"),
    ],
)
def test_it_finds(name, page):
    assert page in built_site.found_by(name)


def test_a_word_that_is_nowhere_finds_nothing():
    assert built_site.found_by("no_such_thing_anywhere") == set()


@pytest.mark.parametrize("name", sources.public_names())
def test_a_public_name_finds_its_entry(name):
    last = name.rpartition(".")[2]
    assert f"api/{name}" in built_site.found_by(last)
