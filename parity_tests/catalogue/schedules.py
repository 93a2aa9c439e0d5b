"""Learning-rate schedules: their options, and how far each is followed, which is past its end."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parity_tests.catalogue._entry import Schedule, chapter
from parity_tests.engine.cases import Case, Draw

Options = dict[str, Any]

LAST = 40


def followed(
    draw_options: Callable[[Draw], Options], *, in_units_of_lr: bool = False
) -> Callable[[Draw], Case]:
    """Every step to LAST from a drawn rate, with drawn options.

    `in_units_of_lr`: torch's recursion subtracts its way to a rate of (nearly) zero, and multiplies on
    from there, so that its digits are those of the initial rate.
    """

    def draw(d: Draw) -> Case:
        options = {"step": LAST, "lr": d.real("lr", 0.05, 2.0), **draw_options(d)}
        return d.case({}, options, extra={"scale": options["lr"]} if in_units_of_lr else {})

    return draw


def decay(d: Draw) -> Options:
    return {"decay": d.real("decay", 0.01, 0.6)}


def step_decay(d: Draw) -> Options:
    return {"decay": d.real("decay", 0.2, 0.9), "epochs_drop": d.integer("epochs_drop", 1, 13)}


def exponential_lr(d: Draw) -> Options:
    return {"gamma": d.real("gamma", 0.4, 0.95)}


def step_lr(d: Draw) -> Options:
    return {"gamma": d.real("gamma", 0.2, 0.9), "step_size": d.integer("step_size", 1, 13)}


def multi_step_lr(d: Draw) -> Options:
    """Milestones out of order, one of them named twice."""
    first, second = d.integer("first", 1, 20), d.integer("second", 0, 45)
    return {"gamma": d.real("gamma", 0.2, 0.9), "milestones": (first, second, first)}


def linear_lr(d: Draw) -> Options:
    return {
        "start_factor": d.real("start_factor", 0.01, 0.45),
        "end_factor": d.choice("end_factor", 0.0, 0.55, 1.0),
        "total_iters": d.integer("total_iters", 1, 31),
    }


def constant_lr(d: Draw) -> Options:
    return {"factor": d.real("factor", 0.05, 0.9), "total_iters": d.integer("total_iters", 1, 31)}


def polynomial_lr(d: Draw) -> Options:
    return {"power": d.real("power", 0.3, 3.0), "total_iters": d.integer("total_iters", 1, 37)}


def warm_up(d: Draw) -> Options:
    return {"warmup_steps": d.integer("warmup_steps", 2, 31)}


def cosine_annealing_lr(d: Draw) -> Options:
    return {"T_max": d.integer("T_max", 1, 37), "eta_min": d.choice("eta_min", 0.0, 0.001, 0.03)}


def warm_restarts(d: Draw) -> Options:
    return {
        "T_0": d.integer("T_0", 2, 17),
        "T_mult": d.integer("T_mult", 1, 3),
        "eta_min": d.choice("eta_min", 0.0, 0.001, 0.03),
    }


def one_cycle(d: Draw, **levels: float) -> Case:
    """To the step total_steps, one beyond the end: the last that torch takes.

    In units of the peak: the end of the cycle is what remains when most of the peak is subtracted.
    """
    three_phase = d.choice("three_phase", False, True)
    options = {
        **levels,
        "total_steps": d.integer("total_steps", 12, 45),
        "pct_start": d.choice("pct_start", *(() if three_phase else (0.0,)), 0.25, 0.37, 0.5),
        "anneal_strategy": d.choice("anneal_strategy", "cos", "linear"),
        "three_phase": three_phase,
    }
    scale = levels.get("max_lr", levels.get("max_momentum"))
    return d.case({}, {"step": options["total_steps"], **options}, extra={"scale": scale})


def one_cycle_lr(d: Draw) -> Case:
    start, end = d.real("div_factor", 0.5, 40), d.real("final_div_factor", 0.5, 90)
    return one_cycle(d, max_lr=d.real("max_lr", 0.05, 2.0), div_factor=start, final_div_factor=end)


def one_cycle_momentum(d: Draw) -> Case:
    low, high = d.real("base_momentum", 0.5, 0.8), d.real("max_momentum", 0.85, 0.99)
    return one_cycle(d, base_momentum=low, max_momentum=high)


def cyclic_lr(d: Draw) -> Case:
    """In units of the peak: torch finds the foot of a triangle by subtracting the cycles before it."""
    options = {
        "base_lr": d.real("base_lr", 0.001, 0.04),
        "max_lr": d.real("max_lr", 0.05, 2.0),
        "step_size_up": d.integer("step_size_up", 1, 9),
        "step_size_down": d.choice("step_size_down", None, 2, 4, 7),
        "mode": d.choice("mode", "triangular", "triangular2", "exp_range"),
        "gamma": d.real("gamma", 0.85, 0.99),
    }
    return d.case({}, {"step": LAST, **options}, extra={"scale": options["max_lr"]})


def reduce_lr_on_plateau(d: Draw) -> Options:
    """Metrics in quarters, so that many are equal or better by the threshold exactly.

    They fall now and then and are worse now and then; the last are far worse, so that any patience ends.
    Below zero torch's relative threshold lets a metric that is a little worse count as better.
    """
    mode, start = d.choice("mode", "min", "max"), d.choice("start", 8.0, -8.0)
    wave = d.array("metrics", (LAST - 12,))
    falling = start - 0.25 * np.cumsum(wave > 0.3) + 0.25 * (wave < -1)
    metrics = [*falling.tolist(), *[20.0] * 12]
    return {
        "metrics": tuple(metric if mode == "min" else -metric for metric in metrics),
        "mode": mode,
        "factor": d.real("factor", 0.4, 0.9),
        "patience": d.integer("patience", 0, 5),
        "threshold": d.choice("threshold", 0.0, 0.25, 0.04),
        "threshold_mode": d.choice("threshold_mode", "rel", "abs"),
        "cooldown": d.integer("cooldown", 0, 4),
        "min_lr": d.choice("min_lr", 0.0, 0.01),
        "eps": d.real("eps", 1e-8, 2e-3),
    }


def chained(d: Draw) -> Options:
    return {
        "schedules": (
            ("exponential_lr", {"gamma": d.real("gamma", 0.5, 0.95)}),
            ("constant_lr", {"factor": d.real("factor", 0.1, 0.9), "total_iters": d.integer("held", 1, 12)}),
            ("linear_lr", {"start_factor": d.real("start", 0.1, 0.9), "total_iters": 11}),
            ("multi_step_lr", {"milestones": (d.integer("milestone", 1, 40),), "gamma": 0.3}),
            ("step_lr", {"step_size": d.integer("step_size", 1, 13), "gamma": 0.7}),
            ("polynomial_lr", {"total_iters": d.integer("end", 20, 60), "power": 0.7}),
        )
    }


def sequential(d: Draw) -> Options:
    """A line up, a decay and something with steps; where the milestones coincide the second never runs."""
    first = d.integer("first", 0, 18)
    up = ("linear_lr", {"start_factor": 0.1, "total_iters": d.integer("line", 2, 12)})
    down = d.choice("second", "cosine_annealing_lr", "exponential_decay")
    options = {
        "cosine_annealing_lr": {"T_max": d.integer("T_max", 2, 17), "eta_min": 0.003},
        "exponential_decay": {"decay": 0.2},
    }
    stairs = ("step_lr", {"step_size": d.integer("steps", 1, 7), "gamma": 0.7})
    second = first + d.integer("between", 0, 18)
    if d.choice("four", False, False, True):
        schedules = (up, (down, options[down]), stairs, ("exponential_lr", {"gamma": 0.9}))
        return {"schedules": schedules, "milestones": (first, second, second + 4)}
    return {"schedules": (up, (down, options[down]), stairs), "milestones": (first, second)}


BAD: tuple[Mapping[str, Any], ...] = ({"step": -1}, {"step": 1.5}, {"lr": -0.1})
BAD_DECAY = (*BAD, {"decay": -0.1})
BAD_GAMMA = (*BAD, {"gamma": -0.1})
BAD_CYCLE = (
    *({"step": -1}, {"step": 50}, {"total_steps": 0}, {"anneal_strategy": "exp"}),
    *({"pct_start": -0.1}, {"pct_start": 1.2}, {"step": 0, "pct_start": 0.05, "total_steps": 20}),
)
BAD_PLATEAU = (
    *({"mode": "least"}, {"threshold_mode": "relative"}, {"factor": 1.0}, {"metrics": (1.0, 2.0)}),
    *({"min_lr": -0.1},),
)
LINES: tuple[Mapping[str, Any], ...] = (
    {"end_factor": 0.55, "total_iters": 5},
    {"end_factor": 0.0, "total_iters": 17},
    {"total_iters": 1},
)
COSINES: tuple[Mapping[str, Any], ...] = (
    {"T_max": 7, "eta_min": 0.03},
    {"T_max": 37, "eta_min": 0.001},
    {"T_max": 13, "eta_min": 0.0},
    {"T_max": 1},
)
RESTARTS: tuple[Mapping[str, Any], ...] = (
    {"T_0": 7, "T_mult": 1, "eta_min": 0.03},
    {"T_0": 3, "T_mult": 2},
    {"T_0": 2, "T_mult": 3},
)
CYCLES: tuple[Mapping[str, Any], ...] = (
    {"anneal_strategy": "cos", "three_phase": False, "total_steps": 40, "pct_start": 0.25},
    {"anneal_strategy": "linear", "three_phase": True, "total_steps": 31, "pct_start": 0.37},
    {"anneal_strategy": "cos", "three_phase": True, "total_steps": 40, "pct_start": 0.5},
    {"anneal_strategy": "linear", "three_phase": False, "total_steps": 17, "pct_start": 0.0},
)
TRIANGLES: tuple[Mapping[str, Any], ...] = (
    {"mode": "triangular", "step_size_up": 5, "step_size_down": None},
    {"mode": "triangular2", "step_size_up": 3, "step_size_down": 7},
    {"mode": "exp_range", "step_size_up": 4, "step_size_down": 2},
)
PLATEAUS: tuple[Mapping[str, Any], ...] = (
    {"mode": "min", "start": 8.0, "threshold_mode": "rel", "threshold": 0.04, "patience": 2, "cooldown": 0},
    {"mode": "min", "start": -8.0, "threshold_mode": "rel", "threshold": 0.0, "patience": 1, "cooldown": 4},
    {"mode": "max", "start": -8.0, "threshold_mode": "rel", "threshold": 0.04, "patience": 1, "min_lr": 0.01},
    {"mode": "max", "start": 8.0, "threshold_mode": "abs", "threshold": 0.25, "patience": 1, "cooldown": 0},
    {"mode": "max", "start": 8.0, "threshold_mode": "abs", "threshold": 0.0, "patience": 2, "eps": 0.001},
    {"mode": "min", "start": -8.0, "threshold_mode": "abs", "threshold": 0.25, "patience": 2, "cooldown": 2},
    # The second reduction is by eps exactly.
    {"mode": "min", "lr": 1.0, "factor": 0.75, "eps": 0.1875, "patience": 1, "min_lr": 0.0},
)
MILESTONES: tuple[Mapping[str, Any], ...] = (
    {"first": 8, "between": 12, "second": "cosine_annealing_lr"},
    {"first": 8, "between": 12, "second": "exponential_decay"},
    {"first": 0, "between": 9},
    {"first": 5, "between": 0},
    {"first": 4, "between": 7, "four": True},
)

CHAPTER = chapter(
    "schedules",
    Schedule(
        *("exponential_decay", "torch.optim.lr_scheduler.ExponentialLR", "001", followed(decay)),
        seed_row=True,
        bad_options=BAD_DECAY,
    ),
    Schedule(
        *("time_based_decay", "torch.optim.lr_scheduler.LambdaLR", "001", followed(decay)),
        seed_row=True,
        bad_options=BAD_DECAY,
    ),
    Schedule(
        *("step_decay", "torch.optim.lr_scheduler.StepLR", "001; 003", followed(step_decay)),
        curated=({"epochs_drop": 7}, {"epochs_drop": 1}),
        seed_row=True,
        bad_options=(*BAD_DECAY, {"epochs_drop": 0}, {"epochs_drop": 2.5}),
    ),
    Schedule(
        *("exponential_lr", "torch.optim.lr_scheduler.ExponentialLR", "001", followed(exponential_lr)),
        bad_options=BAD_GAMMA,
    ),
    Schedule(
        *("step_lr", "torch.optim.lr_scheduler.StepLR", "001", followed(step_lr)),
        curated=({"step_size": 7}, {"step_size": 1}),
        bad_options=(*BAD_GAMMA, {"step_size": 0}),
    ),
    Schedule(
        *("multi_step_lr", "torch.optim.lr_scheduler.MultiStepLR", "003", followed(multi_step_lr)),
        curated=({"first": 5, "second": 0}, {"first": 13, "second": 7}),
        bad_options=(*BAD_GAMMA, {"milestones": (3, -1)}),
    ),
    Schedule(
        *("linear_lr", "torch.optim.lr_scheduler.LinearLR", "Goyal et al. 2017"),
        draw=followed(linear_lr, in_units_of_lr=True),
        curated=LINES,
        bad_options=(
            *BAD,
            {"total_iters": 0},
            {"start_factor": 0.0},
            {"start_factor": 1.1},
            {"end_factor": 2},
        ),
    ),
    Schedule(
        *("constant_lr", "torch.optim.lr_scheduler.ConstantLR", "Goyal et al. 2017", followed(constant_lr)),
        curated=({"total_iters": 5}, {"total_iters": 1}),
        bad_options=(*BAD, {"total_iters": 0}, {"factor": 0.0}, {"factor": 1.1}),
    ),
    Schedule(
        *("polynomial_lr", "torch.optim.lr_scheduler.PolynomialLR", "Liu et al. 2015"),
        draw=followed(polynomial_lr),
        curated=({"power": 0.3, "total_iters": 23}, {"power": 3.0, "total_iters": 37}, {"total_iters": 1}),
        bad_options=(*BAD, {"total_iters": 0}, {"power": -1.0}),
    ),
    Schedule(
        *("warmup", "torch.optim.lr_scheduler.LinearLR", "Goyal et al. 2017", followed(warm_up)),
        curated=({"warmup_steps": 2}, {"warmup_steps": 13}),
        bad_options=(*BAD, {"warmup_steps": 0}),
    ),
    Schedule(
        *("inverse_sqrt", "torch.optim.lr_scheduler.LambdaLR", "Vaswani et al. 2017", followed(warm_up)),
        curated=({"warmup_steps": 2}, {"warmup_steps": 13}),
        bad_options=(*BAD, {"warmup_steps": 0}),
    ),
    Schedule(
        *("cosine_annealing_lr", "torch.optim.lr_scheduler.CosineAnnealingLR", "Loshchilov & Hutter 2017"),
        draw=followed(cosine_annealing_lr, in_units_of_lr=True),
        curated=COSINES,
        bad_options=(*BAD, {"T_max": 0}, {"eta_min": -0.1}),
    ),
    Schedule(
        "cosine_annealing_warm_restarts",
        *("torch.optim.lr_scheduler.CosineAnnealingWarmRestarts", "Loshchilov & Hutter 2017"),
        *(followed(warm_restarts), RESTARTS),
        bad_options=(*BAD, {"T_0": 0}, {"T_mult": 0}, {"T_mult": 1.5}, {"eta_min": -0.1}),
    ),
    Schedule(
        *("one_cycle_lr", "torch.optim.lr_scheduler.OneCycleLR", "Smith & Topin 2018", one_cycle_lr, CYCLES),
        bad_options=(*BAD_CYCLE, {"max_lr": -0.1}, {"div_factor": 0.0}, {"final_div_factor": 0.0}),
    ),
    Schedule(
        *("one_cycle_momentum", "torch.optim.lr_scheduler.OneCycleLR", "Smith & Topin 2018"),
        *(one_cycle_momentum, CYCLES),
        bad_options=BAD_CYCLE,
    ),
    Schedule(
        *("cyclic_lr", "torch.optim.lr_scheduler.CyclicLR", "Smith 2017", cyclic_lr, TRIANGLES),
        bad_options=(
            *({"step": -1}, {"base_lr": -0.1}, {"max_lr": -0.1}, {"gamma": -0.1}, {"mode": "sine"}),
            *({"step_size_up": 0, "step_size_down": 5}, {"step_size_down": 0}),
        ),
    ),
    Schedule(
        *("reduce_lr_on_plateau", "torch.optim.lr_scheduler.ReduceLROnPlateau", "PyTorch"),
        *(followed(reduce_lr_on_plateau), PLATEAUS),
        bad_options=(*BAD, *BAD_PLATEAU),
    ),
    Schedule(
        *("chained_scheduler", "torch.optim.lr_scheduler.ChainedScheduler", "PyTorch", followed(chained)),
        bad_options=(*BAD, {"schedules": (("cosine_annealing_lr", {"T_max": 5}),)}),
    ),
    Schedule(
        *("sequential_lr", "torch.optim.lr_scheduler.SequentialLR", "PyTorch"),
        *(followed(sequential, in_units_of_lr=True), MILESTONES),
        bad_options=(*BAD, {"milestones": (3,)}, {"milestones": (9, 3)}, {"schedules": (("sgd", {}),) * 3}),
    ),
)
