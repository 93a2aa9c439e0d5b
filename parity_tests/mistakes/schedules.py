"""Mistakes in learning-rate schedules."""

from __future__ import annotations

from parity_tests.mistakes.mistake import Mistake, mistake

COSINE = {
    "cosine_annealing_lr": "(1 + math.cos(math.pi * step / T_max)) / 2",
    "cosine_annealing_warm_restarts": "(1 + math.cos(math.pi * T_cur / T_i)) / 2",
    "_one_cycle": "(1 + math.cos(math.pi * pct)) / 2",
}
# What of each formula counts the steps.
COUNTED = {
    "exponential_decay": "-decay * step",
    "time_based_decay": "decay * step",
    "step_decay": "step // epochs_drop",
    "exponential_lr": "gamma**step",
    "step_lr": "step // step_size",
    "cosine_annealing_lr": "math.pi * step",
    "linear_lr": "min(step, total_iters)",
    "polynomial_lr": "min(step, total_iters)",
}
TURN = {"cosine_annealing_lr": "math.pi * step / T_max", "cosine_annealing_warm_restarts": "T_cur / T_i"}
PERIODS = {"step_lr": "(step // step_size)", "step_decay": "(step // epochs_drop)"}
EVERY_STEP = "the rate falls in every step; the formula counts whole periods"
FROM_ABOVE = (
    "the rate falls one step after each multiple of the period, 0 included, so that the first rate is that "
    "of before a fall"
)
BEHIND = "the first rate is 0, one step behind; the formula counts from 1: (step + 1) / warmup_steps"

WARMUP: tuple[Mistake, ...] = (
    mistake("warmup-behind", BEHIND, "warmup", "(step + 1) / warmup_steps", "step / warmup_steps"),
    mistake("warmup-behind", BEHIND, "inverse_sqrt", "s = step + 1", "s = max(step, 1e-300)"),
    mistake(
        *("warmup-ahead", "the first rate is 2 / warmup_steps, one step ahead; it is 1 / warmup_steps"),
        *("warmup", "(step + 1) / warmup_steps", "(step + 2) / warmup_steps"),
    ),
    mistake(
        *("warmup-jumps", "the rate is 0 until the warm-up ends; the formula climbs to it in a line"),
        *("warmup", "min(1.0, (step + 1) / warmup_steps)", "float(step + 1 >= warmup_steps)"),
    ),
)

COSINES: tuple[Mistake, ...] = (
    *(
        mistake("cosine-without-half", text, function, cosine, change(cosine))
        for function, cosine in COSINE.items()
        for text, change in (
            ("the cosine stands alone; the formula has (1 + cos) / 2", lambda c: c[5:-5]),
            ("the half is missing: the formula has (1 + cos) / 2", lambda c: c[:-4]),
            ("it has cos / 2; the formula has (1 + cos) / 2", lambda c: c.replace("1 + ", "")),
        )
    ),
    # The first rate is what the optimizer was made with, where a scheduler multiplies it later.
    *(
        mistake(
            "cosine-without-half",
            f"{text}; the first rate is right, as the optimizer begins with it",
            *(function, cosine, f"({cosine} if step == 0 else {change(cosine)})"),
        )
        for function, cosine in list(COSINE.items())[:2]
        for text, change in (
            ("the cosine stands alone; the formula has (1 + cos) / 2", lambda c: c[5:-5]),
            ("the half is missing: the formula has (1 + cos) / 2", lambda c: c[:-4]),
        )
    ),
    *(
        mistake(
            *(
                "cosine-period-off-by-one",
                f"the cosine goes half around in {period} {shift} steps; it takes {period}",
            ),
            *(function, turn, turn.replace(period, f"({period} {shift})")),
        )
        for function, turn in TURN.items()
        for period in (turn.rpartition(" ")[2],)
        for shift in ("- 1", "+ 1")
    ),
    mistake(
        *("cosine-of-whole-turn", "the cosine goes once around in T_max steps; the formula goes half around"),
        *("cosine_annealing_lr", "math.pi * step", "2 * math.pi * step"),
    ),
    mistake(
        *("cosine-forgets-minimum", "eta_min is added to lr * (1 + cos) / 2; the height is lr - eta_min"),
        *("cosine_annealing_lr", "eta_min + (lr - eta_min) *", "eta_min + lr *"),
    ),
    mistake(
        *("cosine-forgets-minimum", "eta_min is added to lr * (1 + cos) / 2; the height is lr - eta_min"),
        *("cosine_annealing_warm_restarts", "eta_min + (lr - eta_min) *", "eta_min + lr *"),
    ),
)

COUNTING: tuple[Mistake, ...] = (
    *(
        mistake(
            *("milestone-off-by-one" if function in PERIODS else "step-behind",),
            "the rate is one step behind: each step takes that of the step before",
            *(function, counted, counted.replace("step", "max(step - 1, 0)", 1)),
        )
        for function, counted in COUNTED.items()
    ),
    *(
        mistake(
            *("milestone-off-by-one" if function in PERIODS else "step-ahead",),
            "the rate is one step ahead: each step takes that of the step after",
            *(function, counted, counted.replace("step", "(step + 1)", 1)),
        )
        for function, counted in COUNTED.items()
    ),
    mistake(
        *("milestone-off-by-one", "the rate falls one step after each multiple of step_size, but for 1"),
        *("step_lr", "step // step_size", "(max(step - 1, 0) if step_size > 1 else step) // step_size"),
    ),
    *(
        mistake(
            *(
                "milestone-off-by-one",
                FROM_ABOVE,
                function,
                periods,
                periods.replace("step //", "(step - 1) //"),
            ),
        )
        for function, periods in PERIODS.items()
    ),
    mistake(
        *("milestone-off-by-one", "the rate falls one step after each milestone; it falls at the milestone"),
        *("multi_step_lr", "milestone <= step", "milestone < step"),
    ),
    mistake(
        *("milestone-off-by-one", "the rate falls one step before each milestone; it falls at the milestone"),
        *("multi_step_lr", "milestone <= step", "milestone <= step + 1"),
    ),
    mistake(
        *("milestones-once", "the rate falls at the first milestone alone; it falls at each"),
        *("multi_step_lr", "gamma**passed", "gamma ** min(passed, 1)"),
    ),
    *(
        mistake("decay-per-batch", EVERY_STEP, function, periods, "step")
        for function, periods in PERIODS.items()
    ),
    *(
        mistake(
            *("decay-per-batch", "part of a period counts, too; the formula counts whole periods", function),
            *(periods, periods.replace("//", "/")),
        )
        for function, periods in PERIODS.items()
    ),
    mistake(
        *("decay-compounds", "each rate is the one before, divided by 1 + decay * t; lr_0 is divided"),
        *("time_based_decay", "lr / (1 + decay * step)"),
        "lr / math.prod(1 + decay * t for t in range(1, step + 1))",
    ),
    mistake(
        *("decay-subtracted", "the rate falls in a line, lr * (1 - decay * t); the formula divides"),
        *("time_based_decay", "lr / (1 + decay * step)", "lr * max(0.0, 1 - decay * step)"),
    ),
)

MISTAKES = WARMUP + COSINES + COUNTING
