"""Learning-rate schedules (posts 001 and 003), as pure functions of the step.

    lr = cosine_annealing_lr(step, lr=0.1, T_max=100)

`step` counts the updates already made (or the epochs, where the rate changes once an epoch), so that
step 0 gives the rate of the first update. `lr` is the rate that the schedule starts from or aims at, lr_0
of the posts. Every schedule is computed afresh from the step, in Python numbers; options carry torch's
names and defaults.
"""

import functools
import math
from bisect import bisect_right
from numbers import Integral

RATES = ("lr", "max_lr", "base_lr", "min_lr", "eta_min")


def schedule(function):
    """Refuse a step that is no count, and a rate below zero, before the function runs."""

    @functools.wraps(function)
    def checked(step, **options):
        if not isinstance(step, Integral) or step < 0:
            raise ValueError(f"{function.__name__}: step must be an integer from 0 on, got {step!r}")
        _not_negative(function.__name__, **{name: options[name] for name in RATES if name in options})
        return function(step, **options)

    return checked


def _not_negative(schedule, **options):
    """Refuse a rate, a factor or a power below zero."""
    for name, value in options.items():
        if not value >= 0:
            raise ValueError(f"{schedule}: {name} must not be negative, got {value}")


def _positive_integers(schedule, **lengths):
    """Refuse a length in steps that is no positive integer."""
    for name, value in lengths.items():
        if not isinstance(value, Integral) or value < 1:
            raise ValueError(f"{schedule}: {name} must be a positive integer, got {value!r}")


def _one_of(schedule, name, value, choices):
    """Refuse a word that is not among those known."""
    if value not in choices:
        raise ValueError(f"{schedule}: {name} must be one of {', '.join(map(repr, choices))}, got {value!r}")


# ---- the posts' three ----


@schedule
def exponential_decay(step, *, lr, decay):
    """lr · e^(−d·t), d = decay per step.  Post 001."""
    _not_negative("exponential_decay", decay=decay)
    return lr * math.exp(-decay * step)


@schedule
def time_based_decay(step, *, lr, decay):
    """lr / (1 + d·t), d = decay per step: a hyperbola, slower and slower.  Post 001."""
    _not_negative("time_based_decay", decay=decay)
    return lr / (1 + decay * step)  # erratum time-decay-linear


@schedule
def step_decay(step, *, lr, decay, epochs_drop):
    """lr · d^(epoch // epochs_drop), the step being the epoch and d = decay per drop.  Posts 001 and 003."""
    _not_negative("step_decay", decay=decay)
    _positive_integers("step_decay", epochs_drop=epochs_drop)
    return lr * decay ** (step // epochs_drop)


# ---- powers and lines ----


@schedule
def exponential_lr(step, *, lr, gamma):
    """lr · γ^t.  Post 001, with γ = e^−d."""
    _not_negative("exponential_lr", gamma=gamma)
    return lr * gamma**step


@schedule
def step_lr(step, *, lr, step_size, gamma=0.1):
    """lr · γ^(t // step_size).  Post 001, step decay."""
    _not_negative("step_lr", gamma=gamma)
    _positive_integers("step_lr", step_size=step_size)
    return lr * gamma ** (step // step_size)


@schedule
def multi_step_lr(step, *, lr, milestones, gamma=0.1):
    """lr · γ^n, n the number of milestones at or before t; one named twice counts twice."""
    _not_negative("multi_step_lr", gamma=gamma)
    if any(milestone < 0 for milestone in milestones):
        raise ValueError(f"multi_step_lr: milestones must not be negative, got {milestones}")
    passed = sum(milestone <= step for milestone in milestones)
    return lr * gamma**passed


@schedule
def linear_lr(step, *, lr, start_factor=1 / 3, end_factor=1.0, total_iters=5):
    """lr · (s + (e − s) · t / T): from s · lr to e · lr in T = total_iters steps, constant afterwards.

    Raises ValueError unless 0 < start_factor <= 1 and 0 <= end_factor <= 1, as in torch.
    """
    _positive_integers("linear_lr", total_iters=total_iters)
    if not (0 < start_factor <= 1 and 0 <= end_factor <= 1):
        raise ValueError(
            "linear_lr: start_factor must lie in (0, 1] and end_factor in [0, 1], "
            f"got {start_factor} and {end_factor}"
        )
    t = min(step, total_iters)
    return lr * (start_factor + (end_factor - start_factor) * t / total_iters)


@schedule
def constant_lr(step, *, lr, factor=1 / 3, total_iters=5):
    """factor · lr for total_iters steps, lr afterwards.  Raises ValueError unless 0 < factor <= 1."""
    _positive_integers("constant_lr", total_iters=total_iters)
    if not 0 < factor <= 1:
        raise ValueError(f"constant_lr: factor must lie in (0, 1], got {factor}")
    return lr * factor if step < total_iters else lr


@schedule
def polynomial_lr(step, *, lr, total_iters=5, power=1.0):
    """lr · (1 − t / T)^power, T = total_iters, and 0 afterwards."""
    _positive_integers("polynomial_lr", total_iters=total_iters)
    _not_negative("polynomial_lr", power=power)
    t = min(step, total_iters)
    return lr * (1 - t / total_iters) ** power


# ---- warm-up ----


@schedule
def warmup(step, *, lr, warmup_steps):
    """lr · min(1, (t + 1) / w), w = warmup_steps: the first update takes lr / w, the w-th the full lr.

    Goyal et al. 2017, section 2.2. The same as `linear_lr` from 1 / w in w − 1 steps.
    """
    _positive_integers("warmup", warmup_steps=warmup_steps)
    return lr * min(1.0, (step + 1) / warmup_steps)


@schedule
def inverse_sqrt(step, *, lr, warmup_steps):
    """lr · min(s / w, √(w / s)), s = t + 1 and w = warmup_steps: a line up to lr at s = w, then 1/√s.

    Vaswani et al. 2017, eq. 3, which counts from 1; its rate is this one for lr = 1 / √(d_model · w).
    """
    _positive_integers("inverse_sqrt", warmup_steps=warmup_steps)
    s = step + 1
    return lr * min(s / warmup_steps, math.sqrt(warmup_steps / s))


# ---- cosines ----


@schedule
def cosine_annealing_lr(step, *, lr, T_max, eta_min=0.0):
    """η_min + ½ (lr − η_min) (1 + cos(π t / T_max)); past T_max it climbs again, with period 2 T_max.

    Loshchilov & Hutter 2017, eq. 5, without the restarts.
    """
    _positive_integers("cosine_annealing_lr", T_max=T_max)
    return eta_min + (lr - eta_min) * (1 + math.cos(math.pi * step / T_max)) / 2


@schedule
def cosine_annealing_warm_restarts(step, *, lr, T_0, T_mult=1, eta_min=0.0):
    """Half a cosine from lr towards η_min over T_i steps, then again from lr with T_(i+1) = T_mult · T_i.

    Loshchilov & Hutter 2017, eq. 5.
    """
    _positive_integers("cosine_annealing_warm_restarts", T_0=T_0, T_mult=T_mult)
    T_cur, T_i = step, T_0
    while T_cur >= T_i:
        T_cur, T_i = T_cur - T_i, T_i * T_mult
    return eta_min + (lr - eta_min) * (1 + math.cos(math.pi * T_cur / T_i)) / 2


# ---- cycles ----


@schedule
def one_cycle_lr(
    step,
    *,
    max_lr,
    total_steps,
    pct_start=0.3,
    anneal_strategy="cos",
    div_factor=25.0,
    final_div_factor=1e4,
    three_phase=False,
):
    """From max_lr / div_factor up to max_lr, then down to that start / final_div_factor.

    The peak is at step pct_start · total_steps − 1, the end at total_steps − 1. With three_phase the
    rate returns to its start as fast as it rose, and only then goes to its end. As in torch there is
    one step more, total_steps itself, which overshoots the end.  Smith & Topin 2018.

    Raises ValueError for a later step, and for a rise of no steps (pct_start · total_steps = 1).
    """
    if not (div_factor > 0 and final_div_factor > 0):
        raise ValueError(
            "one_cycle_lr: div_factor and final_div_factor must be positive, "
            f"got {div_factor} and {final_div_factor}"
        )
    start_lr = max_lr / div_factor
    end_lr = start_lr / final_div_factor
    levels = (start_lr, max_lr, start_lr, end_lr) if three_phase else (start_lr, max_lr, end_lr)
    return _one_cycle("one_cycle_lr", levels, step, total_steps, pct_start, anneal_strategy)


@schedule
def one_cycle_momentum(
    step,
    *,
    total_steps,
    pct_start=0.3,
    anneal_strategy="cos",
    base_momentum=0.85,
    max_momentum=0.95,
    three_phase=False,
):
    """The momentum beside `one_cycle_lr`: base_momentum where the rate peaks, max_momentum at both ends.

    Smith & Topin 2018.  Raises ValueError as `one_cycle_lr` does.
    """
    low, high = base_momentum, max_momentum
    levels = (high, low, high, high) if three_phase else (high, low, high)
    return _one_cycle("one_cycle_momentum", levels, step, total_steps, pct_start, anneal_strategy)


def _one_cycle(schedule, levels, step, total_steps, pct_start, anneal_strategy):
    """Go from one level to the next in phases that end at p·N − 1, (2·p·N − 2,) N − 1."""
    _positive_integers(schedule, total_steps=total_steps)
    _one_of(schedule, "anneal_strategy", anneal_strategy, ("cos", "linear"))
    rise = pct_start * total_steps - 1
    if not 0 <= pct_start < 1 or rise == 0:
        raise ValueError(
            f"{schedule}: pct_start must lie in [0, 1) and pct_start * total_steps must not be 1, "
            f"got {pct_start} of {total_steps} steps"
        )
    if step > total_steps:
        raise ValueError(f"{schedule}: step must not exceed total_steps = {total_steps}, got {step}")
    ends = (rise, 2 * rise, total_steps - 1) if len(levels) == 4 else (rise, total_steps - 1)
    phase = next((i for i, end in enumerate(ends) if step <= end), len(ends) - 1)
    start, end = (0, *ends)[phase], ends[phase]
    before, after = levels[phase], levels[phase + 1]
    pct = (step - start) / (end - start)
    if anneal_strategy == "linear":
        return before + (after - before) * pct
    return after + (before - after) * (1 + math.cos(math.pi * pct)) / 2


@schedule
def cyclic_lr(step, *, base_lr, max_lr, step_size_up=2000, step_size_down=None, mode="triangular", gamma=1.0):
    """A line from base_lr to max_lr in step_size_up steps, and back in step_size_down, again and again.

    The height of a triangle is max_lr − base_lr ("triangular"), half of the one before ("triangular2"),
    or shrinks by γ every step ("exp_range").  Smith 2017, section 3.2.
    """
    _one_of("cyclic_lr", "mode", mode, ("triangular", "triangular2", "exp_range"))
    up, down = step_size_up, step_size_up if step_size_down is None else step_size_down
    _positive_integers("cyclic_lr", step_size_up=up, step_size_down=down)
    _not_negative("cyclic_lr", gamma=gamma)
    cycle, position = divmod(step, up + down)
    rise = position / up if position <= up else (up + down - position) / down
    if mode == "triangular2":
        rise = rise * 0.5**cycle
    elif mode == "exp_range":
        rise = rise * gamma**step
    return base_lr + (max_lr - base_lr) * rise


# ---- what the loss decides ----


@schedule
def reduce_lr_on_plateau(
    step,
    *,
    lr,
    metrics,
    mode="min",
    factor=0.1,
    patience=10,
    threshold=1e-4,
    threshold_mode="rel",
    cooldown=0,
    min_lr=0.0,
    eps=1e-8,
):
    """The rate after metrics[:step]: times `factor` whenever more than `patience` in a row were no better.

    Better is below best · (1 − threshold), or best − threshold if threshold_mode is "abs"; mode "max"
    mirrors both. After a reduction `cooldown` metrics do not count as bad. The rate stays at or above
    min_lr, and a reduction by eps or less is not made.

    metrics: one number for each step so far or more.  Raises ValueError if there are fewer.
    """
    _one_of("reduce_lr_on_plateau", "mode", mode, ("min", "max"))
    _one_of("reduce_lr_on_plateau", "threshold_mode", threshold_mode, ("rel", "abs"))
    if not 0 <= factor < 1:
        raise ValueError(f"reduce_lr_on_plateau: factor must lie in [0, 1), got {factor}")
    if step > len(metrics):
        raise ValueError(f"reduce_lr_on_plateau: step {step} needs as many metrics, got {len(metrics)}")
    best, bad, cooling = math.inf if mode == "min" else -math.inf, 0, 0
    margin = -threshold if mode == "min" else threshold
    for metric in metrics[:step]:
        bar = best * (1 + margin) if threshold_mode == "rel" else best + margin
        better = metric < bar if mode == "min" else metric > bar
        best, bad = (metric, 0) if better else (best, bad + 1)
        if cooling > 0:
            cooling, bad = cooling - 1, 0
        if bad > patience:
            reduced = max(lr * factor, min_lr)
            lr = reduced if lr - reduced > eps else lr
            bad, cooling = 0, cooldown
    return lr


# ---- schedules of schedules ----

# Each multiplies the rate it is given by a factor of its own, whatever that rate is.
FACTORS = ("exponential_lr", "step_lr", "multi_step_lr", "linear_lr", "constant_lr", "polynomial_lr")
FROM_ONE_RATE = (
    *FACTORS,
    *("exponential_decay", "time_based_decay", "step_decay", "warmup", "inverse_sqrt"),
    *("cosine_annealing_lr", "cosine_annealing_warm_restarts"),
)


@schedule
def chained_scheduler(step, *, lr, schedules):
    """lr · Π factors of all `schedules`, which run side by side.

    schedules: (name, options) pairs, each the name of a schedule that multiplies the rate; one that sets
    the rate, like a cosine, would undo the others.  Raises ValueError for another name.
    """
    for name, options in schedules:
        _one_of("chained_scheduler", "a schedule", name, FACTORS)
        lr = globals()[name](step, lr=lr, **options)
    return lr


@schedule
def sequential_lr(step, *, lr, schedules, milestones):
    """One of `schedules` after the other, each counting from the milestone where it begins.

    schedules: (name, options) pairs, each the name of a schedule of one rate `lr`; milestones: the
    steps where the second, the third, … begin, in ascending order.

    Raises ValueError for another name and for milestones that are not one fewer.
    """
    if len(milestones) != len(schedules) - 1 or list(milestones) != sorted(milestones):
        raise ValueError(
            "sequential_lr: milestones must ascend and be one fewer than the schedules, "
            f"got {milestones} for {len(schedules)}"
        )
    stage = bisect_right(milestones, step)
    start = milestones[stage - 1] if stage > 0 else 0
    name, options = schedules[stage]
    _one_of("sequential_lr", "a schedule", name, FROM_ONE_RATE)
    return globals()[name](step - start, lr=lr, **options)
