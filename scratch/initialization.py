"""Initial weights (handbook, chapter 6; post 003).

    weight = kaiming_normal((256, 784), rng=np.random.default_rng(0), nonlinearity="relu")

`shape` is torch's, (out, in, *kernel), for a layer that computes x Wᵀ. `rng` is a
`np.random.Generator`, or anything else with its `random(shape, dtype)` and
`standard_normal(shape, dtype)`: it alone is random, and all else is arithmetic on what it draws.
Every function returns an array of that shape and dtype.
"""

import math
from typing import NamedTuple

import numpy as np

# What torch multiplies a standard deviation by, so that the layer keeps the variance of what passes it.
GAINS = {
    "linear": 1.0,
    **{f"conv{ndim}d": 1.0 for ndim in (1, 2, 3)},
    **{f"conv_transpose{ndim}d": 1.0 for ndim in (1, 2, 3)},
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


def _refuse_empty(function, shape):
    """Refuse a shape without an input and an output axis, or with an axis of length 0."""
    if len(shape) < 2 or 0 in shape:
        raise ValueError(f"{function}: shape must be (out, in, ...) with no axis of length 0, got {shape}")


def fan_in_and_fan_out(shape):
    """How many inputs feed one output, in · k, and how many outputs one input feeds, out · k.

    shape (out, in, *kernel), k = the product of the kernel's axes.  Handbook, ch. 6, n_in and n_out.
    """
    _refuse_empty("fan_in_and_fan_out", shape)
    receptive_field = math.prod(shape[2:])
    return shape[1] * receptive_field, shape[0] * receptive_field


def calculate_gain(nonlinearity, param=None):
    """The factor for the activation that follows: √2 for "relu", 5/3 for "tanh", 1 for "linear", …

    For "leaky_relu" it is √(2 / (1 + param²)), param being the negative slope (0.01 if None).
    He et al. 2015, eq. 15.  Raises ValueError for an activation without a known gain.
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise ValueError(f"calculate_gain: param must be the negative slope, a number, got {param!r}")
        return math.sqrt(2 / (1 + slope**2))
    if nonlinearity not in GAINS:
        known = ", ".join((*GAINS, "leaky_relu"))
        raise ValueError(f"calculate_gain: nonlinearity must be one of {known}, got {nonlinearity!r}")
    return GAINS[nonlinearity]


# ---- plain distributions ----


def uniform(shape, *, rng, dtype=np.float64, a=0.0, b=1.0):
    """U(a, b).  Raises ValueError if a > b."""
    if not a <= b:
        raise ValueError(f"uniform: a must not exceed b, got {a} and {b}")
    return a + (b - a) * rng.random(shape, dtype)


def normal(shape, *, rng, dtype=np.float64, mean=0.0, std=1.0):
    """N(mean, std²).  Raises ValueError if std < 0."""
    if not std >= 0:
        raise ValueError(f"normal: std must not be negative, got {std}")
    return mean + std * rng.standard_normal(shape, dtype)


def trunc_normal(shape, *, rng, dtype=np.float64, mean=0.0, std=1.0, a=-2.0, b=2.0):
    """N(mean, std²) within [a, b], which are bounds on the values and not in units of std.

    What falls outside is drawn again. Where more than 0.7 of the bell would, the proposals are U(a, b)
    instead, each kept with the probability density(y) / (largest density in [a, b]), as in torch.
    Raises ValueError unless std > 0 and a < b, both finite.
    """
    if not (std > 0 and -math.inf < a < b < math.inf):
        raise ValueError(
            f"trunc_normal: std must be positive and a < b, both finite, got std = {std}, a = {a}, b = {b}"
        )
    peak = max(a, min(mean, b))
    log_peak = -0.5 * ((peak - mean) / std) ** 2
    inside = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std)

    def propose():
        if inside > 0.3:
            y = normal(shape, rng=rng, dtype=dtype, mean=mean, std=std)
            return y, (y < a) | (y > b)
        y = uniform(shape, rng=rng, dtype=dtype, a=a, b=b)
        log_density = -0.5 * ((y - mean) / std) ** 2
        with np.errstate(divide="ignore"):  # a draw of exactly 0 is always kept
            return y, np.log(rng.random(shape, dtype)) > log_density - log_peak

    y, rejected = propose()
    while rejected.any():
        again, rejected_again = propose()
        y = np.where(rejected, again, y)
        rejected = rejected & rejected_again
    return y


def _normal_cdf(x):
    """Φ(x)."""
    return (1 + math.erf(x / math.sqrt(2))) / 2


def constant(shape, *, val, rng=None, dtype=np.float64):
    """val everywhere. Nothing is drawn, so `rng` may be left out."""
    return np.full(shape, val, dtype)


def zeros(shape, *, rng=None, dtype=np.float64):
    """0 everywhere, for biases: weights of 0 make all units of a layer alike for good."""
    return np.zeros(shape, dtype)


def ones(shape, *, rng=None, dtype=np.float64):
    """1 everywhere, for the weights of a normalisation."""
    return np.ones(shape, dtype)


# ---- variance from the fans ----


def xavier_uniform(shape, *, rng, dtype=np.float64, gain=1.0):
    """U(−b, b), b = √3 · σ, with the σ of `xavier_normal`.  Handbook, ch. 6; Glorot & Bengio 2010, eq. 16."""
    bound = math.sqrt(3) * _xavier_std(shape, gain)
    return uniform(shape, rng=rng, dtype=dtype, a=-bound, b=bound)


def xavier_normal(shape, *, rng, dtype=np.float64, gain=1.0):
    """N(0, σ²), σ = gain · √(2 / (fan_in + fan_out)).  Handbook, ch. 6; Glorot & Bengio 2010, eq. 12."""
    return normal(shape, rng=rng, dtype=dtype, std=_xavier_std(shape, gain))


def _xavier_std(shape, gain):
    fan_in, fan_out = fan_in_and_fan_out(shape)
    return gain * math.sqrt(2 / (fan_in + fan_out))  # erratum xavier-variance


def kaiming_uniform(shape, *, rng, dtype=np.float64, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    """U(−b, b), b = √3 · σ, with the σ and the options of `kaiming_normal`.  He et al. 2015."""
    bound = math.sqrt(3) * _kaiming_std(shape, a, mode, nonlinearity)
    return uniform(shape, rng=rng, dtype=dtype, a=-bound, b=bound)


def kaiming_normal(shape, *, rng, dtype=np.float64, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    """He initialization, N(0, σ²), σ = gain / √fan, gain = `calculate_gain` of the activation that follows.

    a: the negative slope of a leaky_relu; 0 gives relu's gain. mode: "fan_in" keeps the variance of what
    goes forward, "fan_out" of the gradients.  Handbook, ch. 6; He et al. 2015, eq. 10 and 14.
    """
    return normal(shape, rng=rng, dtype=dtype, std=_kaiming_std(shape, a, mode, nonlinearity))


def _kaiming_std(shape, a, mode, nonlinearity):
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"kaiming: mode must be 'fan_in' or 'fan_out', got {mode!r}")
    fan_in, fan_out = fan_in_and_fan_out(shape)
    fan = fan_in if mode == "fan_in" else fan_out
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def lecun_uniform(shape, *, rng, dtype=np.float64):
    """U(−b, b), b = √(3 / fan_in).  LeCun et al. 1998, section 4.6."""
    fan_in, _ = fan_in_and_fan_out(shape)
    bound = math.sqrt(3 / fan_in)
    return uniform(shape, rng=rng, dtype=dtype, a=-bound, b=bound)


def lecun_normal(shape, *, rng, dtype=np.float64):
    """N(0, 1 / fan_in), what selu was derived for.  LeCun et al. 1998; Klambauer et al. 2017."""
    fan_in, _ = fan_in_and_fan_out(shape)
    return normal(shape, rng=rng, dtype=dtype, std=math.sqrt(1 / fan_in))


class LinearParameters(NamedTuple):
    """weight (out, in, *kernel) and bias (out,)."""

    weight: np.ndarray
    bias: np.ndarray


def linear_default(shape, *, rng, dtype=np.float64):
    """What torch's Linear and Conv begin with: weight and then bias from U(−b, b), b = 1 / √fan_in."""
    fan_in, _ = fan_in_and_fan_out(shape)
    bound = 1 / math.sqrt(fan_in)
    weight = uniform(shape, rng=rng, dtype=dtype, a=-bound, b=bound)
    bias = uniform(shape[:1], rng=rng, dtype=dtype, a=-bound, b=bound)
    return LinearParameters(weight, bias)


# ---- orthogonal ----


def orthogonal(shape, *, rng, dtype=np.float64, gain=1.0):
    """gain · Q, Q a random matrix (out, in · k) with orthonormal columns, or rows if it is wider than tall.

    Q is that of the QR decomposition of a normal draw. Its columns take the signs of R's diagonal, since
    with R's diagonal positive, and only then, every Q is equally likely.
    Saxe et al. 2014; Mezzadri 2007, section 5.
    """
    _refuse_empty("orthogonal", shape)
    rows, columns = shape[0], math.prod(shape[1:])
    draw = rng.standard_normal((rows, columns), dtype)
    Q, R = np.linalg.qr(draw if rows >= columns else draw.T)
    Q = Q * np.sign(np.diag(R))
    return gain * (Q if rows >= columns else Q.T).reshape(shape)
