"""Schedules against torch's schedulers, mistakes that the check must catch, and where torch itself slips."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from torch.optim import lr_scheduler

from parity_tests.catalogue._entry import Algorithm
from parity_tests.catalogue.schedules import CHAPTER
from parity_tests.engine.cases import Case
from parity_tests.engine.refusals import check_refusals
from parity_tests.engine.results import Result, Status
from parity_tests.engine.schedules import check_schedule
from parity_tests.engine.strategies import cases
from scratch import schedules

ENTRIES = {entry.name: entry for entry in CHAPTER}
Schedule = Callable[..., Any]


def judged(name: str, subject: Schedule) -> Result:
    """What the check says of `subject` in the place of that schedule."""
    entry = ENTRIES[name]
    return check_schedule(subject, entry.scratch, entry.cases("float64")).result(name, "trajectory", "f64")


@pytest.mark.parametrize("entry", CHAPTER, ids=list(ENTRIES))
def test_scratch_agrees_with_torch_and_refuses_what_means_nothing(entry: Algorithm) -> None:
    tally = check_schedule(entry.scratch, entry.reference, entry.cases("float64"))
    result = tally.result(entry.name, "trajectory", "f64")
    assert result.status is Status.PASSED, result.message
    refused = check_refusals(entry.scratch, entry.cases("float64")[0], entry.bad_options)
    assert refused.result(entry.name, "refusals", "f64").status is Status.PASSED, refused.complaints


@pytest.mark.parametrize("entry", CHAPTER, ids=list(ENTRIES))
def test_no_false_alarm(entry: Algorithm) -> None:
    @given(case=cases(entry.draw, "float64"))
    def agree(case: Case) -> None:
        assert not check_schedule(entry.scratch, entry.reference, [case]).divergences

    agree()


REQUIRED: dict[str, dict[str, Any]] = {
    "step_lr": {"lr": 0.3, "step_size": 7},
    "multi_step_lr": {"lr": 0.3, "milestones": (3, 9)},
    "linear_lr": {"lr": 0.3},
    "constant_lr": {"lr": 0.3},
    "polynomial_lr": {"lr": 0.3},
    "cosine_annealing_lr": {"lr": 0.3, "T_max": 17},
    "cosine_annealing_warm_restarts": {"lr": 0.3, "T_0": 7},
    "one_cycle_lr": {"max_lr": 0.3, "total_steps": 30},
    "one_cycle_momentum": {"total_steps": 30},
    "cyclic_lr": {"base_lr": 0.1, "max_lr": 0.3},
    "reduce_lr_on_plateau": {"lr": 0.3, "metrics": (1.0,) * 30},
}


@pytest.mark.parametrize("name", REQUIRED)
def test_defaults_are_those_of_torch(name: str) -> None:
    case = Case({}, {"step": 30, **REQUIRED[name]}, extra={"scale": 1.0})
    result = check_schedule(ENTRIES[name].scratch, ENTRIES[name].reference, [case]).result(name, "", "f64")
    assert result.status is Status.PASSED, result.message


# ---- mistakes ----


def warmup_one_step_behind(step: int, *, lr: float, warmup_steps: int) -> float:
    return lr * min(1.0, step / warmup_steps)


def warmup_that_never_ends(step: int, *, lr: float, warmup_steps: int) -> float:
    return lr * (step + 1) / warmup_steps


def inverse_sqrt_counted_from_zero(step: int, *, lr: float, warmup_steps: int) -> float:
    return lr * min(step / warmup_steps, math.sqrt(warmup_steps / max(step, 1)))


def cosine_without_the_half_of_one_plus(step: int, *, lr: float, T_max: int, eta_min: float) -> float:
    return eta_min + (lr - eta_min) * math.cos(math.pi * step / T_max)


def cosine_that_stays_at_its_end(step: int, *, lr: float, T_max: int, eta_min: float) -> float:
    return schedules.cosine_annealing_lr(min(step, T_max), lr=lr, T_max=T_max, eta_min=eta_min)


def restarts_of_one_length(step: int, *, lr: float, T_0: int, T_mult: int, eta_min: float) -> float:
    return schedules.cosine_annealing_warm_restarts(step, lr=lr, T_0=T_0, eta_min=eta_min)


def decay_every_step(step: int, *, lr: float, decay: float, epochs_drop: int) -> float:
    return lr * decay ** (step / epochs_drop)


def step_one_early(step: int, *, lr: float, gamma: float, step_size: int) -> float:
    return lr * gamma ** ((step + 1) // step_size)


def milestone_one_late(step: int, *, lr: float, gamma: float, milestones: tuple[int, ...]) -> float:
    return lr * gamma ** sum(milestone < step for milestone in milestones)


def milestones_as_a_set(step: int, *, lr: float, gamma: float, milestones: tuple[int, ...]) -> float:
    return lr * gamma ** sum(milestone <= step for milestone in set(milestones))


def exponent_without_its_sign(step: int, *, lr: float, decay: float) -> float:
    return lr * math.exp(decay * step)


def linear_where_it_is_a_hyperbola(step: int, *, lr: float, decay: float) -> float:
    return lr * max(0.0, 1 - decay * step)


def line_that_goes_on(
    step: int, *, lr: float, start_factor: float, end_factor: float, total_iters: int
) -> float:
    return lr * (start_factor + (end_factor - start_factor) * step / total_iters)


def held_one_step_longer(step: int, *, lr: float, factor: float, total_iters: int) -> float:
    return lr * factor if step <= total_iters else lr


def power_of_the_rate(step: int, *, lr: float, total_iters: int, power: float) -> float:
    return (lr * (1 - min(step, total_iters) / total_iters)) ** power


def peak_one_step_late(step: int, *, total_steps: int, **options: Any) -> float:
    return schedules.one_cycle_lr(max(step - 1, 0), total_steps=total_steps, **options)


def momentum_that_follows_the_rate(
    step: int, *, base_momentum: float, max_momentum: float, **options: Any
) -> float:
    return schedules.one_cycle_momentum(
        step, base_momentum=max_momentum, max_momentum=base_momentum, **options
    )


def triangle_down_as_fast_as_up(step: int, *, step_size_down: int | None, **options: Any) -> float:
    return schedules.cyclic_lr(step, **options)


def patience_one_too_few(step: int, *, patience: int, **options: Any) -> float:
    return schedules.reduce_lr_on_plateau(step, patience=max(patience - 1, 0), **options)


def no_cooldown(step: int, *, cooldown: int, **options: Any) -> float:
    return schedules.reduce_lr_on_plateau(step, **options)


def always_the_relative_threshold(step: int, *, threshold_mode: str, **options: Any) -> float:
    return schedules.reduce_lr_on_plateau(step, **options)


def only_the_last_factor(step: int, *, lr: float, schedules: tuple[tuple[str, Any], ...]) -> float:
    name, options = schedules[-1]
    return ENTRIES[name].scratch(step, lr=lr, **options)


def counting_on_past_the_milestone(step: int, *, lr: float, schedules: Any, milestones: Any) -> float:
    name, options = schedules[sum(milestone <= step for milestone in milestones)]
    return ENTRIES[name].scratch(step, lr=lr, **options)


MISTAKES: list[tuple[str, Schedule]] = [
    ("warmup", warmup_one_step_behind),
    ("warmup", warmup_that_never_ends),
    ("inverse_sqrt", inverse_sqrt_counted_from_zero),
    ("cosine_annealing_lr", cosine_without_the_half_of_one_plus),
    ("cosine_annealing_lr", cosine_that_stays_at_its_end),
    ("cosine_annealing_warm_restarts", restarts_of_one_length),
    ("step_decay", decay_every_step),
    ("step_lr", step_one_early),
    ("multi_step_lr", milestone_one_late),
    ("multi_step_lr", milestones_as_a_set),
    ("exponential_decay", exponent_without_its_sign),
    ("time_based_decay", linear_where_it_is_a_hyperbola),
    ("linear_lr", line_that_goes_on),
    ("constant_lr", held_one_step_longer),
    ("polynomial_lr", power_of_the_rate),
    ("one_cycle_lr", peak_one_step_late),
    ("one_cycle_momentum", momentum_that_follows_the_rate),
    ("cyclic_lr", triangle_down_as_fast_as_up),
    ("reduce_lr_on_plateau", patience_one_too_few),
    ("reduce_lr_on_plateau", no_cooldown),
    ("reduce_lr_on_plateau", always_the_relative_threshold),
    ("chained_scheduler", only_the_last_factor),
    ("sequential_lr", counting_on_past_the_milestone),
]


@pytest.mark.parametrize(("name", "broken"), MISTAKES, ids=[broken.__name__ for _, broken in MISTAKES])
def test_a_mistake_is_caught_and_its_step_named(name: str, broken: Schedule) -> None:
    result = judged(name, broken)
    assert result.status is Status.FAILED
    assert result.divergences[0].step is not None
    assert result.message.startswith(f"step {result.divergences[0].step}, lr: got ")


def test_the_first_step_that_differs_is_the_one_named() -> None:
    case = Case({}, {"step": 20, "lr": 1.0, "step_size": 7, "gamma": 0.5})
    tally = check_schedule(step_one_early, schedules.step_lr, [case])
    assert [divergence.step for divergence in tally.divergences] == [6]
    assert "got 0.5, expected 1.0" in str(tally.divergences[0])
    assert "(3 of 21 elements)" in str(tally.divergences[0])


def test_the_twelfth_digit_counts() -> None:
    assert (
        judged("step_lr", lambda step, **o: schedules.step_lr(step, **o) * (1 + 1e-12)).status
        is Status.FAILED
    )
    assert (
        judged("step_lr", lambda step, **o: schedules.step_lr(step, **o) * (1 + 1e-14)).status
        is Status.PASSED
    )


def test_single_precision_is_not_enough() -> None:
    assert judged(
        "exponential_lr", lambda step, *, lr, gamma: np.float32(lr) * np.float32(gamma) ** step
    ).divergences


def test_the_step_counts_and_not_the_calls() -> None:
    calls = iter(range(10_000))

    def counting(step: int, *, lr: float, gamma: float) -> float:
        return schedules.exponential_lr(next(calls) % 41, lr=lr, gamma=gamma)

    assert judged("exponential_lr", counting).status is Status.FAILED


@pytest.mark.parametrize("answer", [None, "0.1", math.nan, np.array([0.1]), 1j])
def test_what_is_no_rate_is_no_pass(answer: Any) -> None:
    assert judged("step_lr", lambda step, **_: answer).divergences


def test_a_schedule_that_stays_put_proves_nothing() -> None:
    case = Case({}, {"step": 4, "lr": 0.1, "factor": 0.5, "total_iters": 9})
    result = check_schedule(schedules.constant_lr, schedules.constant_lr, [case]).result(
        "constant_lr", "", "f64"
    )
    assert result.status is Status.FAILED
    assert "the same at every step" in result.message


# ---- what the docstrings say ----


def test_numpy_integers_are_steps_too() -> None:
    assert schedules.step_lr(np.int64(9), lr=1, step_size=3, gamma=0.5) == 0.125


def test_warmup_is_a_line() -> None:
    case = Case({}, {"step": 20, "lr": 0.3, "warmup_steps": 7})

    def line(step: int, *, lr: float, warmup_steps: int) -> float:
        return schedules.linear_lr(step, lr=lr, start_factor=1 / warmup_steps, total_iters=warmup_steps - 1)

    assert not check_schedule(line, schedules.warmup, [case]).divergences


def test_inverse_sqrt_is_equation_3() -> None:
    d_model, w = 512, 13
    for step in range(40):
        as_printed = d_model**-0.5 * min((step + 1) ** -0.5, (step + 1) * w**-1.5)
        ours = schedules.inverse_sqrt(step, lr=1 / math.sqrt(d_model * w), warmup_steps=w)
        assert ours == pytest.approx(as_printed, rel=1e-14)


@pytest.mark.parametrize(
    "name", ["cosine_annealing_lr", "warmup", "reduce_lr_on_plateau", "sequential_lr", "adam"]
)
def test_only_factors_are_chained(name: str) -> None:
    with pytest.raises(ValueError, match=f"must be one of 'exponential_lr'.* got '{name}'"):
        schedules.chained_scheduler(0, lr=0.1, schedules=[(name, {})])


# ---- torch's own slips: each test fails on the day that torch changes ----


def torch_rates(build: Callable[[Any], Any], steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = build(optimizer)
    rates = [scheduler.get_last_lr()[0]]
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
        rates.append(scheduler.get_last_lr()[0])
    return rates


def test_torch_one_cycle_divides_by_zero_where_the_rise_has_no_steps() -> None:
    with pytest.raises(ZeroDivisionError):
        torch_rates(lambda o: lr_scheduler.OneCycleLR(o, 1.0, 20, pct_start=0.05, cycle_momentum=False), 0)
    with pytest.raises(ValueError, match="must not be 1"):
        schedules.one_cycle_lr(0, max_lr=1.0, total_steps=20, pct_start=0.05)


def test_torch_one_cycle_takes_one_step_beyond_its_end() -> None:
    rates = torch_rates(lambda o: lr_scheduler.OneCycleLR(o, 1.0, 9, cycle_momentum=False), 9)
    assert rates[9] > rates[8]
    with pytest.raises(ValueError, match="must not exceed total_steps = 9, got 10"):
        schedules.one_cycle_lr(10, max_lr=1.0, total_steps=9)


def test_torch_constant_of_no_steps_stays_where_its_closed_form_does_not() -> None:
    build = lr_scheduler.ConstantLR
    assert torch_rates(lambda o: build(o, factor=0.5, total_iters=0), 3) == [0.5, 0.5, 0.5, 0.5]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    assert build(optimizer, factor=0.5, total_iters=0)._get_closed_form_lr() == [1.0]


def test_torch_constant_divides_by_a_factor_of_zero() -> None:
    with pytest.raises(ZeroDivisionError):
        torch_rates(lambda o: lr_scheduler.ConstantLR(o, factor=0.0, total_iters=2), 2)


def test_torch_chains_a_lambda_by_forgetting_the_factors_before_it() -> None:
    def chain(optimizer: Any) -> Any:
        halve = lr_scheduler.ExponentialLR(optimizer, 0.5)
        return lr_scheduler.ChainedScheduler([halve, lr_scheduler.LambdaLR(optimizer, lambda t: 1.0)])

    assert torch_rates(chain, 3) == [1.0, 1.0, 1.0, 1.0]
