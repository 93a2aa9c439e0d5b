"""Regularization: penalties, decay, dropout, early stopping, augmentation (handbook, chapter 5; 002, 003).

What is random comes in as an array, so that the same arguments give the same result: `dropout_mask`,
`flip_mask` and `crop_offsets` draw, `dropout`, `random_horizontal_flip` and `random_crop` compute.
"""

from typing import NamedTuple

import numpy as np

from scratch._shapes import shapes
from scratch.activations import identity


def _require_strength(function, **options):
    for name, value in options.items():
        if not value >= 0:
            raise ValueError(f"{function}: {name} must not be negative, got {value}")


def _require_probability(function, **options):
    for name, value in options.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{function}: {name} must lie in [0, 1], got {value}")


# ---- penalties on weights, and what is done to weights directly ----


@shapes(weight="...")
def l1_penalty(weight, *, alpha):
    """α Σ |w|, lasso; α is the handbook's λ.  weight (...) -> penalty ().  Handbook, ch. 5.

    The gradient is α · sign(w), 0 at w = 0: descent swings about zero and does not land there
    (erratum l1-exact-zeros).  Raises ValueError for a negative alpha.
    """
    _require_strength("l1_penalty", alpha=alpha)

    def backward(dpenalty):
        return {"weight": dpenalty * alpha * np.sign(weight)}

    return alpha * np.abs(weight).sum(), backward


@shapes(weight="...")
def l2_penalty(weight, *, alpha):
    """α Σ w², ridge; α is the handbook's λ.  weight (...) -> penalty ().  Handbook, ch. 5.

    torch's weight_decay λ′ stands for ½ λ′ Σ w², so that λ′ = 2 α (erratum l2-against-weight-decay).
    Raises ValueError for a negative alpha.
    """
    _require_strength("l2_penalty", alpha=alpha)

    def backward(dpenalty):
        return {"weight": dpenalty * 2 * alpha * weight}

    return alpha * (weight**2).sum(), backward


@shapes(weight="...")
def elastic_net(weight, *, alpha, l1_ratio=0.5):
    """α ρ Σ |w| + ½ α (1 − ρ) Σ w² with ρ = l1_ratio, as scikit-learn defines α and ρ.

    weight (...) -> penalty ().  Handbook, ch. 5, in words; Zou & Hastie 2005.  Because of the ½,
    l1_ratio = 0 is the `l2_penalty` of α/2.  Raises ValueError for a negative alpha or a ratio
    outside [0, 1].
    """
    _require_strength("elastic_net", alpha=alpha)
    _require_probability("elastic_net", l1_ratio=l1_ratio)
    l1, l2 = alpha * l1_ratio, 0.5 * alpha * (1 - l1_ratio)

    def backward(dpenalty):
        return {"weight": dpenalty * (l1 * np.sign(weight) + 2 * l2 * weight)}

    return l1 * np.abs(weight).sum() + l2 * (weight**2).sum(), backward


@shapes(weight="...")
def weight_decay(weight, *, lr, weight_decay):
    """w − η λ w, what decay alone does to a weight in one step of SGD or AdamW.

    weight (...) -> weight (...).  Post 003; Loshchilov & Hutter 2019.  Under SGD this equals a penalty
    of ½ λ Σ w² in the loss, under Adam it does not.  Raises ValueError for a negative lr or decay.
    """
    _require_strength("weight_decay", lr=lr, weight_decay=weight_decay)
    return weight - lr * weight_decay * weight


@shapes(weight="O I ...")
def max_norm(weight, *, maxnorm, axis=0):
    """Scale each slice along `axis` whose 2-norm is above c = maxnorm back to it:  w · c / (‖w‖ + 1e-7).

    weight (O, I, ...) -> weight (O, I, ...). Axis 0 holds the units of a dense or convolutional layer,
    so that a slice is what comes into one of them.  Srivastava et al. 2014, sec. 5.1; 1e-7 is
    torch.renorm's.  Raises ValueError for a negative maxnorm.
    """
    _require_strength("max_norm", maxnorm=maxnorm)
    others = tuple(i for i in range(weight.ndim) if i != axis % weight.ndim)
    norm = np.sqrt((weight**2).sum(others, keepdims=True))
    return np.where(norm > maxnorm, weight * (maxnorm / (norm + 1e-7)), weight)


# ---- dropout ----


def dropout_mask(shape, *, p=0.5, rng):
    """A mask for `dropout`: every element is True, to be kept, with probability 1 − p.

    rng: a np.random.Generator.  Raises ValueError for a p outside [0, 1].
    """
    _require_probability("dropout_mask", p=p)
    return rng.random(shape) >= p


@shapes(x="...", mask="bool ...")
def dropout(x, mask, *, p=0.5, training=True):
    """y = x / (1 − p) where the mask is True, 0 elsewhere; at test time y = x.

    x (...), mask (...) -> y (...). p is the probability of dropping, so that x / (1 − p) keeps the
    expectation and nothing is left to do at test time.  p = 1 drops everything, as in torch.
    Handbook, ch. 5; Srivastava et al. 2014, sec. 10.  Raises ValueError for a p outside [0, 1].
    """
    _require_probability("dropout", p=p)
    if not training:
        return identity(x)  # erratum dropout-test-scale
    scale = 1 / (1 - p) if p < 1 else 0.0  # erratum dropout-no-rescale

    def backward(dy):
        return {"x": np.where(mask, dy * scale, 0)}

    return np.where(mask, x * scale, 0), backward


@shapes(x="N C H W", mask="bool N C")
def dropout2d(x, mask, *, p=0.5, training=True):
    """Dropout of whole channels, because neighbouring pixels say the same.

    x (N, C, H, W), mask (N, C) -> y (N, C, H, W).  Tompson et al. 2015.  Raises ValueError for a p
    outside [0, 1].
    """
    return dropout(x, np.broadcast_to(mask[:, :, None, None], x.shape), p=p, training=training)


# ---- softer targets, and knowing when to stop ----


@shapes(target="... C")
def label_smoothing(target, *, eps):
    """(1 − ε) · target + ε / C: a little of every class, so that no logit has to go to infinity.

    target (..., C), one-hot or probabilities -> (..., C).  Szegedy et al. 2016, sec. 7; eps is what
    torch's cross_entropy calls label_smoothing.  Raises ValueError for an eps outside [0, 1].
    """
    _require_probability("label_smoothing", eps=eps)
    C = target.shape[-1]

    def backward(dy):
        return {"target": dy * (1 - eps)}

    return target * (1 - eps) + eps / C, backward


class EarlyStopping(NamedTuple):
    """Steps counted from 0, or −1: where training stops, and the best step until then."""

    stop_step: int
    best_step: int


@shapes(losses="T")
def early_stopping(losses, *, patience, min_delta=0.0):
    """Where to stop, given the validation loss of every step, and which step to go back to.

    losses (T,) -> EarlyStopping.  A step improves when its loss is below the best one − min_delta (in
    the unit of the loss); NaN never is. Training stops at the `patience`-th step in a row that does
    not improve, and never (−1) where there is none; best_step is −1 while nothing improved on ∞.
    Posts 002, 003; Prechelt 1998.  Raises ValueError for a patience below 1 or a negative min_delta.
    """
    if not patience >= 1:
        raise ValueError(f"early_stopping: patience must be at least 1, got {patience}")
    _require_strength("early_stopping", min_delta=min_delta)
    best, best_step = float("inf"), -1
    for step, loss in enumerate(losses):
        if loss < best - min_delta:
            best, best_step = loss, step
        elif step - best_step >= patience:
            return EarlyStopping(step, best_step)
    return EarlyStopping(-1, best_step)


# ---- data augmentation ----


def flip_mask(n, *, p=0.5, rng):
    """Which of n images `random_horizontal_flip` turns over: each with probability p.

    rng: a np.random.Generator.  Raises ValueError for a p outside [0, 1].
    """
    _require_probability("flip_mask", p=p)
    return rng.random(n) < p


@shapes(x="N C H W", flip="bool N")
def random_horizontal_flip(x, flip):
    """Mirror the images that `flip` names, left to right.  x (N, C, H, W), flip (N,) -> y (N, C, H, W).

    Handbook, ch. 5.
    """
    turned = flip[:, None, None, None]

    def backward(dy):
        return {"x": np.where(turned, np.flip(dy, -1), dy)}

    return np.where(turned, np.flip(x, -1), x), backward


def crop_offsets(shape, *, size, padding=0, rng):
    """Where `random_crop` cuts: (top, left) of each image, every position alike.

    shape (N, C, H, W) of the images, size (height, width) of the crops -> int (N, 2), in pixels of the
    padded image.  rng: a np.random.Generator.  Raises ValueError for a crop larger than that image.
    """
    room = _room("crop_offsets", shape, size, padding)
    return rng.integers(0, room, (shape[0], 2), endpoint=True)


@shapes(x="N C H W", offsets="int N 2")
def random_crop(x, offsets, *, size, padding=0):
    """Cut `size` pixels out of each image, from its offset on, after a margin of zeros around it.

    x (N, C, H, W), offsets (N, 2) as top and left in the padded image, size (height, width) ->
    y (N, C, height, width).  Handbook, ch. 5; Krizhevsky et al. 2012, sec. 4.1.  Raises ValueError for
    a crop that reaches beyond the padded image.
    """
    room = _room("random_crop", x.shape, size, padding)
    if not ((offsets >= 0) & (offsets <= room)).all():
        raise ValueError(f"random_crop: offsets must lie from (0, 0) to {room}, got {offsets.tolist()}")
    (_, _, H, W), (height, width) = x.shape, size
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    crops = [padded[n, :, top : top + height, left : left + width] for n, (top, left) in enumerate(offsets)]

    def backward(dy):
        dpadded = np.zeros_like(padded)
        for n, (top, left) in enumerate(offsets):
            dpadded[n, :, top : top + height, left : left + width] = dy[n]
        return {"x": dpadded[:, :, padding : padding + H, padding : padding + W]}

    return np.stack(crops), backward


def _room(function, shape, size, padding):
    """The last offset (top, left) at which a crop still fits into the padded image."""
    (_, _, H, W), (height, width) = shape, size
    room = (H + 2 * padding - height, W + 2 * padding - width)
    if not (padding >= 0 and height >= 1 and width >= 1 and min(room) >= 0):
        raise ValueError(
            f"{function}: size {size} must be at least (1, 1) and fit into images of {H} × {W} "
            f"with a padding of {padding}"
        )
    return room


@shapes(x="...", noise="...")
def add_noise(x, noise, *, std):
    """x + σ · noise, for noise drawn with a standard deviation of 1 (`rng.standard_normal(x.shape)`).

    x (...), noise (...) -> y (...). `std` has the unit of x.  Bishop 1995.  Raises ValueError for a
    negative std.
    """
    _require_strength("add_noise", std=std)

    def backward(dy):
        return {"x": +dy, "noise": dy * std}

    return x + noise * std, backward
