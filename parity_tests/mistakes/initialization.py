"""Mistakes in initial weights."""

from __future__ import annotations

from parity_tests.mistakes.mistake import Mistake, each, mistake

FAN = 'fan = fan_in if mode == "fan_in" else fan_out'
KAIMING_STD = "return calculate_gain(nonlinearity, a) / math.sqrt(fan)"
XAVIER_STD = "return gain * math.sqrt(2 / (fan_in + fan_out))"
FAN_OUT = (
    "the fan is that of the outputs; the formula has that of the inputs, shape[1] of weights (out, in), "
    "and yours is right for weights (in, out)"
)
XAVIER = "it is Xavier's, with fan_in + fan_out; He's variance is 2 / fan_in, because relu passes half of it"
HE = "it is He's, with a variance of 2 / fan_in; Xavier's is 2 / (fan_in + fan_out)"
LECUN = "the variance is 1 / fan_in; the formula has {0}"
BOUND = (
    "the bound is the deviation; that of U(-b, b) is b / root of 3, so that the bound is root of 3 times it"
)
ZERO = "all weights are zero, which makes all units of a layer alike for good; the formula draws them"
NO_ROOT = "the weights are scaled by the variance; the formula scales by the deviation, its root"
UNIFORM = (
    "the weights are uniform between plus and minus the deviation; the formula has a normal distribution"
)

DRAWN = {
    "xavier_uniform": "return uniform(shape, rng=rng, dtype=dtype, a=-bound, b=bound)",
    "kaiming_uniform": "return uniform(shape, rng=rng, dtype=dtype, a=-bound, b=bound)",
    "lecun_uniform": "return uniform(shape, rng=rng, dtype=dtype, a=-bound, b=bound)",
    "xavier_normal": "return normal(shape, rng=rng, dtype=dtype, std=_xavier_std(shape, gain))",
    "kaiming_normal": "return normal(shape, rng=rng, dtype=dtype, "
    "std=_kaiming_std(shape, a, mode, nonlinearity))",
    "lecun_normal": "return normal(shape, rng=rng, dtype=dtype, std=math.sqrt(1 / fan_in))",
}

MISTAKES: tuple[Mistake, ...] = (
    # ---- which fan ----
    mistake("fan-out", FAN_OUT, "_kaiming_std", FAN, FAN.replace("fan_in if", "fan_out if")),
    mistake("fan-out", FAN_OUT, "_kaiming_std", FAN, 'fan = fan_out if mode == "fan_in" else fan_in'),
    *each(
        *("lecun_uniform lecun_normal linear_default", "fan-out", FAN_OUT),
        *("fan_in, _ = fan_in_and_fan_out", "_, fan_in = fan_in_and_fan_out"),
    ),
    mistake(
        "kernel-not-counted",
        "the fans are shape[1] and shape[0] alone; those of a convolution are times its kernel's pixels",
        *("fan_in_and_fan_out", "math.prod(shape[2:])", "1"),
    ),
    # ---- one rule for another ----
    mistake(
        *("xavier-for-he", XAVIER, "_kaiming_std"),
        *(KAIMING_STD, "return math.sqrt(2 / (fan_in + fan_out))"),
    ),
    mistake(
        *("xavier-for-he", LECUN.format("gain**2 / fan_in, 2 / fan_in for relu"), "_kaiming_std"),
        *(KAIMING_STD, "return 1 / math.sqrt(fan)"),
    ),
    mistake("he-for-xavier", HE, "_xavier_std", XAVIER_STD, "return gain * math.sqrt(2 / fan_in)"),
    mistake(
        *("lecun-for-xavier", LECUN.format("2 / (fan_in + fan_out)"), "_xavier_std"),
        *(XAVIER_STD, "return gain * math.sqrt(1 / fan_in)"),
    ),
    mistake(
        *("xavier-without-2", "the variance is 1 / (fan_in + fan_out); the formula has a 2 above"),
        *("_xavier_std", XAVIER_STD, "return gain * math.sqrt(1 / (fan_in + fan_out))"),
    ),
    # ---- deviation, variance, bound ----
    *each("xavier_uniform kaiming_uniform", "uniform-bound-sigma", BOUND, "math.sqrt(3) * _", "_"),
    mistake("uniform-bound-sigma", BOUND, "lecun_uniform", "math.sqrt(3 / fan_in)", "math.sqrt(1 / fan_in)"),
    *(
        mistake(
            *("uniform-bound-sigma", UNIFORM, function, DRAWN[function]),
            f"return (std := {deviation}) * uniform(shape, rng=rng, dtype=dtype, a=-1, b=1)",
        )
        for function, deviation in (
            ("xavier_normal", "_xavier_std(shape, gain)"),
            ("kaiming_normal", "_kaiming_std(shape, a, mode, nonlinearity)"),
            ("lecun_normal", "math.sqrt(1 / fan_in)"),
        )
    ),
    mistake(
        *("std-is-variance", NO_ROOT, "_kaiming_std"),
        *(KAIMING_STD, "return calculate_gain(nonlinearity, a) ** 2 / fan"),
    ),
    mistake("std-is-variance", NO_ROOT, "_xavier_std", XAVIER_STD, "return gain * 2 / (fan_in + fan_out)"),
    mistake("std-is-variance", NO_ROOT, "lecun_normal", "math.sqrt(1 / fan_in)", "1 / fan_in"),
    # ---- no draws ----
    *(
        mistake("zero-weights", ZERO, function, drawn, "return zeros(shape, dtype=dtype)")
        for function, drawn in DRAWN.items()
    ),
)
