"""Draws are told apart as far as their number allows."""

from dataclasses import replace

import numpy as np
import pytest

from parity_tests import diagnosis_draws
from parity_tests.catalogue import find
from parity_tests.diagnosis import diagnose
from parity_tests.engine.cases import Case
from parity_tests.verdicts import Examined, Finding, Verdict


@pytest.mark.parametrize(("some", "says"), [(True, "1 of the "), (False, "all values that it drew are")])
@pytest.mark.parametrize("filling", [np.nan, np.inf])
def test_draws_that_overflow_are_told_first(filling: float, some: bool, says: str) -> None:
    examined = drawn("xavier_uniform", 1.0)
    (case, values), *_ = examined.draws
    changed = np.array(values["y"])
    changed[0, 0 : 1 if some else None] = filling
    changed = changed if some else np.full_like(changed, filling)
    (told, *others) = diagnose(replace(examined, draws=((case, {"y": changed}),)))
    assert says in told.text
    assert "infinite or NaN" in told.text
    assert not others
    assert not diagnosis_draws.same(changed, values["y"])
    assert not diagnosis_draws.same(values["y"], changed)


def test_draws_whose_squares_overflow_have_a_ratio() -> None:
    (told, *_) = diagnose(drawn("xavier_uniform", 1e200))
    assert told.text.startswith("its standard deviation is")
    assert "e+200 times" in told.text


def drawn(algorithm: str, factor: float) -> Examined:
    entry = find(algorithm)
    options = {"shape": (120, 180), "gain": 1.0}
    case = Case({}, options, seed=3)
    values = entry.scratch(rng=np.random.default_rng(5), **options) * factor
    return Examined(
        algorithm, (Finding("distribution", "", case, Verdict.WRONG),), draws=((case, {"y": values}),)
    )


@pytest.mark.parametrize(("factor", "alike"), [(1.0, True), (1.005, True), (1.05, False), (0.95, False)])
def test_two_samples_are_alike_within_their_errors(factor: float, alike: bool) -> None:
    one, other = (np.random.default_rng(seed).standard_normal(40_000) for seed in (1, 2))
    assert diagnosis_draws.same(factor * one, other) is alike


def test_samples_of_another_distribution_are_not_alike() -> None:
    rng = np.random.default_rng(0)
    uniform = rng.uniform(-np.sqrt(3), np.sqrt(3), 40_000)  # of the same deviation
    assert not diagnosis_draws.same(uniform, rng.standard_normal(40_000))
    assert not diagnosis_draws.same(uniform, np.zeros(9))
    assert diagnosis_draws.same(np.zeros(4), np.zeros(9))


def test_an_initializer_is_diagnosed_by_its_deviation() -> None:
    (told, *_) = diagnose(drawn("xavier_uniform", 1 / np.sqrt(3)))
    assert "√3" in told.text or "root of 3" in told.text


def test_a_ratio_that_nothing_explains_is_told_as_it_is() -> None:
    (told, *_) = diagnose(drawn("xavier_uniform", 1.2345))
    assert told.text.startswith("its standard deviation is 1.2")
    assert not told.reads


def test_right_draws_have_no_diagnosis_of_their_deviation() -> None:
    assert diagnosis_draws.clues(drawn("xavier_uniform", 1.0)) == []
