"""Mutants: which mistakes are made, that they are told, and that what is not told is said."""

import ast
import gc
import json
import math
import time
from typing import Any

import numpy as np
import pytest

import parity_tests.mutants as power
from parity_tests.catalogue import algorithms, find
from parity_tests.cli import main
from parity_tests.commands.mutants import every
from parity_tests.engine.mutation import Mutant, mutants_of
from parity_tests.mutants import TookTooLong, in_sample, limited, listed, measure, program
from parity_tests.posing import Exam
from parity_tests.verdicts import Verdict
from scratch.optimizers import adam, adam_init


def changes(algorithm: str) -> dict[tuple[str, str], Mutant]:
    """The mutants of an algorithm by what reads otherwise."""
    return {(mutant.reads, mutant.instead): mutant for mutant in program(algorithm).mutants()}


@pytest.mark.parametrize(
    ("algorithm", "reads", "instead"),
    [
        ("adam", "v", "m"),
        ("adam", "beta2 ** t", "beta2 * t"),
        ("adam", "t", "state.t"),
        ("adam", "np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)"),
        ("adam", "1 - beta1", "beta1"),
        ("adam", "g ** 2", "g"),
        ("adagrad", "t", "t - 1"),
        ("adadelta", "np.sqrt(v + eps)", "np.sqrt(v) + eps"),
        ("softmax", "x.max(axis, keepdims=True)", "x.max(keepdims=True)"),
        ("softmax", "True", "False"),
        ("relu", "x > 0", "x >= 0"),
        ("lstm_cell", "(Z_i, Z_f, Z_g, Z_o)", "(Z_f, Z_i, Z_g, Z_o)"),
        ("gru_cell", "1 - z", "z"),
        ("conv2d", "dpadded[pixels] += dX[:, :, i, j]", "dpadded[pixels] = dX[:, :, i, j]"),
        ("embedding", "np.add.at(dweight, input, dy)", "dweight[input] += dy"),
        ("standardize", "(x - mean) / std", "x - mean / std"),
        (
            "batch_norm",
            "(centered ** 2).mean(batch, keepdims=True)",
            "centered.var(batch, keepdims=True, ddof=1)",
        ),
        ("rms_norm", "(x ** 2).mean(axes, keepdims=True)", "x.var(axes, keepdims=True)"),
        ("linear", "dZ.T @ X", "X @ dZ.T"),
        ("step_lr", "step // step_size", "step / step_size"),
        ("cosine_annealing_lr", "1 + math.cos(math.pi * step / T_max)", "math.cos(math.pi * step / T_max)"),
        ("kaiming_normal", "mode == 'fan_in'", "mode != 'fan_in'"),
        ("dropout", "x * scale", "x"),
        ("perceptron_update", "target - perceptron(x, weight, bias)", "perceptron(x, weight, bias) - target"),
    ],
)
def test_a_mistake_that_people_make_is_among_them(algorithm: str, reads: str, instead: str) -> None:
    assert (reads, instead) in changes(algorithm)


@pytest.fixture
def v_hat_from_m() -> Mutant:
    return next(m for m in program("adam").mutants() if m.after == "v_hat = m / (1 - beta2 ** t)")


def test_ids_are_unique_and_texts_are_those_of_the_source(v_hat_from_m: Mutant) -> None:
    mutants = program("adam").mutants()
    assert len({mutant.id for mutant in mutants}) == len(mutants)
    v_hat = v_hat_from_m
    assert v_hat.before == "v_hat = v / (1 - beta2**t)  # erratum adam-v-hat-from-m"
    assert (v_hat.file, v_hat.function, v_hat.operator) == (
        "scratch/optimizers.py",
        "optimizers.adam",
        "name",
    )
    again = mutants_of(v_hat.unit)
    assert v_hat.id in {mutant.id for mutant in again}


def test_every_mutant_differs_from_the_source_and_from_the_others() -> None:
    for unit in program("layer_norm").mutable:
        original = ast.unparse(unit.node)
        texts = []
        for mutant in mutants_of(unit):
            with mutant.place.replaced(mutant.new):
                texts.append(ast.unparse(ast.fix_missing_locations(unit.node)))
        assert ast.unparse(unit.node) == original
        assert original not in texts
        assert len(set(texts)) == len(texts)


def test_refusals_are_no_formula() -> None:
    for algorithm in ("adam", "gelu", "conv2d", "lstm_cell"):
        for mutant in program(algorithm).mutants():
            assert not mutant.function.endswith(("._require", ".check_groups", "._check", ".check_keys"))
            assert not mutant.before.startswith(("raise", "_require(", "check_"))


def test_a_mutant_runs_beside_the_original(v_hat_from_m: Mutant) -> None:
    param, grad = np.array([1.0, -2.0]), np.array([0.5, 0.25])
    right, _ = adam(param, grad, adam_init(param), lr=0.1)
    mutant, _ = program("adam").build(v_hat_from_m)
    wrong, state = mutant(param, grad, adam_init(param), lr=0.1)
    assert not np.allclose(wrong, right)
    assert np.array_equal(adam(param, grad, adam_init(param), lr=0.1)[0], right)
    assert state.t == 1


def test_a_mistake_in_a_helper_reaches_the_function_that_calls_it() -> None:
    helper = next(m for m in program("adam").mutants() if m.instead == "g - weight_decay * param")
    param, grad = np.array([1.0, -2.0]), np.array([0.5, 0.25])
    mutant, _ = program("adam").build(helper)
    options: dict[str, Any] = {"lr": 0.1, "weight_decay": 5.0}
    right, wrong = (f(param, grad, adam_init(param), **options)[0] for f in (adam, mutant))
    assert not np.allclose(wrong, right)


# ---- power ----


@pytest.mark.parametrize(
    "algorithm",
    [
        "leaky_relu",
        "softmax",
        "mse_loss",
        "rms_norm",
        "momentum_ema",
        "warmup",
        "xavier_normal",
        "early_stopping",
    ],
)
def test_every_mutant_is_told_or_listed(algorithm: str) -> None:
    found = measure(find(algorithm))
    assert found.mutants > 10
    assert [survivor.id for survivor in found.surviving] == []
    assert [survivor.id for survivor in found.listed_but_killed] == []
    assert found.killed + len(found.elsewhere) + len(found.equivalent) == found.mutants
    assert found.killed / 20 < found.distinct <= found.mutants


def test_mutants_of_a_training_are_told() -> None:
    found = measure(find("train"), Exam(examples=0), wanted=lambda mutant: in_sample(mutant, 40))
    assert found.mutants > 3
    assert not found.surviving


def test_what_no_question_tells_survives(monkeypatch: pytest.MonkeyPatch) -> None:
    """With questions at positive x alone nobody sees the slope."""
    question = power.posed(find("leaky_relu"), Exam())[0]
    positive = find("leaky_relu").case("float64", "regime=normal kinks=False shape=(1,)")
    assert (positive.arrays["x"] > 0).all()
    asked = [power.questions("leaky_relu", power.Abilities(), Exam(case=positive.spec))[0][0]]
    assert asked[0].case.arrays["x"].size < question.case.arrays["x"].size
    monkeypatch.setattr(power, "posed", lambda entry, exam: asked)
    found = measure(find("leaky_relu"))
    assert {"negative_slope"} <= {word for s in found.surviving for word in (s.reads, s.instead)}
    assert found.score < 1


def test_a_mutant_that_is_wrongly_listed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = changes("relu")["x > 0", "x >= 0"]
    monkeypatch.setattr(power, "listed", lambda: {wrong.id: "it is not"})
    assert [survivor.id for survivor in measure(find("relu")).listed_but_killed] == [wrong.id]


def test_every_listed_mutant_still_exists() -> None:
    """A statement that changed gives its mutants other ids."""
    wanted = {name.partition(":")[0] for name in listed()}
    units = {
        id(unit): unit
        for entry in algorithms()
        for unit in program(entry.name).mutable
        if f"{unit.module.rpartition('.')[2]}.{unit.name}" in wanted
    }
    known = {mutant.id for unit in units.values() for mutant in mutants_of(unit)}
    assert set(listed()) <= known
    assert all(reason.endswith(".") for reason in listed().values())


# ---- the guard ----


def test_what_does_not_end_is_stopped() -> None:
    def endless() -> None:
        while True:
            pass

    with pytest.raises(TookTooLong), limited(0.05):
        endless()
    loop = changes("cosine_annealing_warm_restarts")["T_cur - T_i", "T_cur"]
    assert (
        power.try_out(find("cosine_annealing_warm_restarts"), loop, Exam(examples=0)).verdict is Verdict.WRONG
    )


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_limit_that_was_lost_in_a_destructor_comes_again() -> None:
    class Dying:
        def __del__(self) -> None:
            while True:
                pass

    def going_on() -> None:
        Dying()
        until = time.thread_time() + 2
        while time.thread_time() < until:
            pass

    with pytest.raises(TookTooLong), limited(0.05):
        going_on()


def test_garbage_waits_for_the_end_of_a_limit() -> None:
    """In a destructor or a callback of the collector the limit would be lost, and told on stderr."""
    assert gc.isenabled()
    with limited(5.0):
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), limited(5.0):
        raise ZeroDivisionError
    assert gc.isenabled()


def test_what_asks_for_all_memory_is_refused() -> None:
    with pytest.raises(MemoryError), limited(5.0):
        np.ones(1 << 40)


# ---- the command ----


def test_the_sample_is_a_fixed_one_that_grows_with_its_seconds() -> None:
    mutants = program("adam").mutants()
    sizes = [sum(in_sample(mutant, every(seconds)) for mutant in mutants) for seconds in (25.0, 60.0, None)]
    assert sizes == sorted(sizes)
    assert sizes[-1] == len(mutants)
    assert sizes[0] < len(mutants) / 10


def test_the_command_reports_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mutants", "relu", "step_lr", "--jobs", "1", "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [found["algorithm"] for found in report["algorithms"]] == ["relu", "step_lr"]
    assert report["summary"]["surviving"] == 0
    assert math.isclose(report["summary"]["score"], 1.0)
    assert report["summary"]["killed"] == sum(found["killed"] for found in report["algorithms"])
