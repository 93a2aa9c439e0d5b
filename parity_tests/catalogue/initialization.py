"""Initial weights: shapes, options, and the distributions that they should come from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from parity_tests.catalogue._entry import Algorithm, Initializer, chapter
from parity_tests.engine.cases import Case, Draw

Options = dict[str, Any]
Shape = tuple[int, ...]

# Fewer than 16 values, which torch draws in another way, and more; no kernel, one axis of it, and two.
LAYERS: tuple[Mapping[str, Any], ...] = (
    {"shape": (3, 2)},
    {"shape": (5, 7)},
    {"shape": (2, 5, 3)},
    {"shape": (5, 3, 2, 4)},
)


class Numbers(Algorithm):
    """A function of plain numbers, which has no dtype to keep and nothing to change in place."""

    protocol = "function"
    kinds = ("outputs", "refusals")


class Fill(Initializer):
    """An initializer that draws nothing."""

    kinds = ("draws", "dtype", "refusals")


def layer(
    draw_options: Callable[[Draw], Options] | None = None, *, ndim: tuple[int, int] = (2, 4)
) -> Callable[[Draw], Case]:
    """The weights of a layer, with drawn options."""

    def draw(d: Draw) -> Case:
        shape = d.shape(ndim=ndim)
        return d.case({}, {"shape": shape, **(draw_options(d) if draw_options else {})})

    return draw


def gain(d: Draw) -> Options:
    return {"gain": d.choice("gain", 5 / 3, math.sqrt(2), 0.4)}


def kaiming(d: Draw) -> Options:
    return {
        "a": d.real("a", 0.05, 1.5),
        "mode": d.choice("mode", "fan_in", "fan_out"),
        "nonlinearity": d.choice("nonlinearity", *KAIMING_GAINS),
    }


def uniform(d: Draw) -> Options:
    low = d.real("a", -2.0, 1.0)
    return {"a": low, "b": low + d.real("width", 0.1, 3.0)}


def normal(d: Draw) -> Options:
    return {"mean": d.real("mean", -2.0, 2.0), "std": d.real("std", 0.05, 3.0)}


# In units of std, from the mean, which the first leaves out. The last three leave less than 0.3 of the bell,
# the fourth a little more.
TRUNCATIONS = ((0.3, 3.1), (-1.7, 2.1), (-0.4, 3.0), (-0.4, 0.4), (-0.38, 0.38), (0.8, 1.9), (-1.5, -0.9))


def trunc_normal(d: Draw) -> Options:
    """Bounds about the mean, or in a tail."""
    mean, std = d.real("mean", -1.0, 1.0), d.real("std", 0.2, 2.0)
    low, high = d.choice("bounds", *TRUNCATIONS)
    return {"mean": mean, "std": std, "a": mean + low * std, "b": mean + high * std}


def orthogonal(d: Draw) -> Case:
    """Matrices near square may be badly conditioned, and so may be their Q."""
    shape = d.shape(ndim=(2, 4))
    rows, columns = shape[0], math.prod(shape[1:])
    oblong = max(rows, columns) >= 2 * min(rows, columns)
    return d.case({}, {"shape": shape, **gain(d)}, benign=oblong)


def constant(d: Draw) -> Options:
    return {"val": d.real("val", 0.1, 3.0)}


def zeros(d: Draw) -> Case:
    return d.case({}, {"shape": d.shape()}, allow_zero={"y": "zeros are what is asked for"})


def fans(d: Draw) -> Case:
    return d.case({}, {"shape": d.shape(ndim=(2, 5))})


CONVOLUTIONS = tuple(f"conv{transposed}{n}d" for transposed in ("", "_transpose") for n in (1, 2, 3))


def calculate_gain(d: Draw) -> Case:
    activation = d.choice(
        "nonlinearity", "leaky_relu", "tanh", "relu", "selu", "sigmoid", "linear", *CONVOLUTIONS
    )
    return d.case({}, {"nonlinearity": activation, "param": d.choice("param", None, 0.2, 1)})


# ---- what should be drawn, written down apart from how it is computed ----


def _fans(shape: Shape) -> tuple[int, int]:
    out, into, *kernel = shape
    return into * math.prod(kernel), out * math.prod(kernel)


KAIMING_GAINS: dict[str, Callable[[float], float]] = {
    "leaky_relu": lambda a: math.sqrt(2 / (1 + a * a)),
    "relu": lambda a: math.sqrt(2),
    "tanh": lambda a: 5 / 3,
    "linear": lambda a: 1.0,
    "selu": lambda a: 0.75,
}


def _between(low: float, high: float) -> Any:
    from scipy import stats  # noqa: PLC0415 (half a second that only this kind of check pays)

    return stats.uniform(low, high - low)


def _bell(mean: float, std: float) -> Any:
    from scipy import stats  # noqa: PLC0415

    return stats.norm(mean, std)


def _truncated(shape: Shape, mean: float, std: float, a: float, b: float) -> Any:
    from scipy import stats  # noqa: PLC0415

    return stats.truncnorm((a - mean) / std, (b - mean) / std, mean, std)


def _coordinate(shape: Shape, gain: float) -> Any:
    """A coordinate of a random point of the unit sphere in n dimensions, n the longer side of the matrix."""
    from scipy import stats  # noqa: PLC0415

    n = max(shape[0], math.prod(shape[1:]))
    return stats.beta((n - 1) / 2, (n - 1) / 2, -gain, 2 * gain)


def _xavier_bound(shape: Shape, gain: float) -> Any:
    bound = gain * math.sqrt(6 / sum(_fans(shape)))
    return _between(-bound, bound)


def _kaiming_variance(shape: Shape, a: float, mode: str, nonlinearity: str) -> float:
    fan_in, fan_out = _fans(shape)
    return KAIMING_GAINS[nonlinearity](a) ** 2 / {"fan_in": fan_in, "fan_out": fan_out}[mode]


def _kaiming_bound(shape: Shape, **options: Any) -> Any:
    bound = math.sqrt(3 * _kaiming_variance(shape, **options))
    return _between(-bound, bound)


def _lecun_bound(shape: Shape) -> Any:
    bound = math.sqrt(3 / _fans(shape)[0])
    return _between(-bound, bound)


def _linear_bound(shape: Shape) -> Any:
    bound = math.sqrt(1 / _fans(shape)[0])
    return _between(-bound, bound)


BAD_SHAPES: tuple[Mapping[str, Any], ...] = ({"shape": (3,)}, {"shape": (0, 3)}, {"shape": (3, 0)})
BAD_KAIMING = (
    *BAD_SHAPES,
    {"mode": "fan_avg"},
    {"nonlinearity": "gelu"},
    {"nonlinearity": "leaky_relu", "a": "0"},
)
KAIMING = tuple(
    {**where, "mode": mode, "nonlinearity": activation}
    for where, mode, activation in zip(
        LAYERS, ("fan_in", "fan_out") * 2, ("relu", "leaky_relu", "tanh", "selu"), strict=True
    )
)
ANY_SHAPE = ({"shape": (3,)}, {"shape": (4, 5)}, {"shape": (1, 3, 7)})
BOUNDS = tuple({"shape": (60,), "bounds": bounds} for bounds in TRUNCATIONS)
NEGATIVE = {"shape": (2, -1)}

CHAPTER = chapter(
    "initialization",
    Numbers(
        *("fan_in_and_fan_out", "torch.nn.init._calculate_fan_in_and_fan_out", "004 ch. 6", fans, LAYERS),
        bad_options=BAD_SHAPES,
    ),
    Numbers(
        *("calculate_gain", "torch.nn.init.calculate_gain", "He et al. 2015", calculate_gain),
        curated=(
            *({"nonlinearity": "leaky_relu", "param": param} for param in (None, 0.2, 1)),
            *(
                {"nonlinearity": name}
                for name in ("tanh", "relu", "selu", "sigmoid", "linear", *CONVOLUTIONS)
            ),
        ),
        bad_options=({"nonlinearity": "gelu"}, {"nonlinearity": "leaky_relu", "param": True}),
    ),
    Initializer(
        *("xavier_uniform", "torch.nn.init.xavier_uniform_", "004 ch. 6; 003", layer(gain), LAYERS),
        seed_row=True,
        bad_options=(*BAD_SHAPES, {"gain": -1.0}),
        distribution=_xavier_bound,
    ),
    Initializer(
        *("xavier_normal", "torch.nn.init.xavier_normal_", "004 ch. 6; 003", layer(gain), LAYERS),
        seed_row=True,
        bad_options=(*BAD_SHAPES, {"gain": -1.0}),
        distribution=lambda shape, gain: _bell(0.0, gain * math.sqrt(2 / sum(_fans(shape)))),
    ),
    Initializer(
        *("kaiming_uniform", "torch.nn.init.kaiming_uniform_", "004 ch. 6; 003", layer(kaiming), KAIMING),
        seed_row=True,
        bad_options=BAD_KAIMING,
        distribution=_kaiming_bound,
    ),
    Initializer(
        *("kaiming_normal", "torch.nn.init.kaiming_normal_", "004 ch. 6; 003", layer(kaiming), KAIMING),
        seed_row=True,
        bad_options=BAD_KAIMING,
        distribution=lambda shape, **options: _bell(0.0, math.sqrt(_kaiming_variance(shape, **options))),
    ),
    Initializer(
        *("lecun_uniform", "torch.nn.init.kaiming_uniform_", "LeCun et al. 1998", layer(), LAYERS),
        bad_options=BAD_SHAPES,
        distribution=_lecun_bound,
    ),
    Initializer(
        *("lecun_normal", "torch.nn.init.kaiming_normal_", "LeCun et al. 1998", layer(), LAYERS),
        bad_options=BAD_SHAPES,
        distribution=lambda shape: _bell(0.0, math.sqrt(1 / _fans(shape)[0])),
    ),
    Initializer(
        *("linear_default", "torch.nn.Linear", "PyTorch", layer(), LAYERS),
        bad_options=BAD_SHAPES,
        distribution=_linear_bound,
    ),
    Initializer(
        *("orthogonal", "torch.nn.init.orthogonal_", "Saxe et al. 2014", orthogonal, LAYERS),
        family="sums",  # a QR decomposition multiplies rounding by the condition of what was drawn
        bad_options=BAD_SHAPES,
        distribution=_coordinate,
    ),
    Initializer(
        *("uniform", "torch.nn.init.uniform_", "004 ch. 6", layer(uniform, ndim=(1, 3)), ANY_SHAPE),
        bad_options=({"a": 2.0, "b": 1.0}, NEGATIVE),
        distribution=lambda shape, a, b: _between(a, b),
    ),
    Initializer(
        *("normal", "torch.nn.init.normal_", "004 ch. 6", layer(normal, ndim=(1, 3)), ANY_SHAPE),
        bad_options=({"std": -1.0}, NEGATIVE),
        distribution=lambda shape, mean, std: _bell(mean, std),
    ),
    Initializer(
        # Few values: where one falls within rounding of a bound, two dtypes part for good.
        *("trunc_normal", "torch.nn.init.trunc_normal_", "PyTorch", layer(trunc_normal, ndim=(1, 2)), BOUNDS),
        bad_options=({"std": 0.0}, {"a": 2.0, "b": 1.0}, {"b": math.inf}, NEGATIVE),
        distribution=_truncated,
    ),
    Fill(
        *("constant", "torch.nn.init.constant_", "PyTorch", layer(constant, ndim=(1, 3)), ANY_SHAPE),
        bad_options=(NEGATIVE,),
    ),
    Fill("zeros", "torch.nn.init.zeros_", "PyTorch", zeros, ANY_SHAPE, bad_options=(NEGATIVE,)),
    Fill("ones", "torch.nn.init.ones_", "PyTorch", layer(ndim=(1, 3)), ANY_SHAPE, bad_options=(NEGATIVE,)),
)
