"""Losses (handbook, chapters 2 and 3; post 002).

Each compares an input with a target and reduces the loss of every element to what `reduction` says:
"none" keeps all of them, "sum" adds them up, "mean" divides the sum by their number, or by what the
function's own docstring says. ``backward(dy)`` takes an upstream gradient of the loss's shape.
Gradients are returned for the target too, wherever it is a quantity and not a label. Where a function
has a kink, its gradient there is torch's.
"""

import numpy as np

from scratch._shapes import check_indices, check_labels, shapes
from scratch.activations import log_softmax, sigmoid


def _reduce(function, loss, reduction, **divisors):
    """The reduced loss, and ``share``: what every element of the loss gets of an upstream gradient.

    `divisors` adds reductions to "none", "sum" and "mean", or replaces the number that "mean" divides by.
    A mean over nothing is NaN.
    """
    divisors = {"none": 1, "sum": 1, "mean": loss.size, **divisors}
    if reduction not in divisors:
        raise ValueError(f"{function}: reduction must be one of {', '.join(divisors)}, got {reduction!r}")
    n = divisors[reduction]

    def share(dy):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.ones_like(loss) * dy / n

    with np.errstate(divide="ignore", invalid="ignore"):
        return (loss if reduction == "none" else loss.sum()) / n, share


# ---- regression


@shapes(input="...", target="...")
def mse_loss(input, target, *, reduction="mean"):
    """l = (input − target)².

    input (...), target (...) -> loss (...) or a scalar.  Handbook, ch. 1 to 3, for the price of a house.
    """
    error = input - target
    y, share = _reduce("mse_loss", error**2, reduction)  # erratum house-price-cross-entropy

    def backward(dy):
        d_error = share(dy) * 2 * error
        return {"input": d_error, "target": -d_error}

    return y, backward


@shapes(input="...", target="...")
def l1_loss(input, target, *, reduction="mean"):
    """l = |input − target|, with gradient 0 where they are equal.

    input (...), target (...) -> loss (...) or a scalar.
    """
    error = input - target
    y, share = _reduce("l1_loss", np.abs(error), reduction)

    def backward(dy):
        d_error = share(dy) * np.sign(error)
        return {"input": d_error, "target": -d_error}

    return y, backward


@shapes(input="...", target="...")
def smooth_l1_loss(input, target, *, beta=1.0, reduction="mean"):
    """l = e² / (2 beta) where |e| < beta, |e| − beta / 2 elsewhere;  e = input − target.

    This is huber_loss / beta, with slope 1 far out; beta = 0 makes it l1_loss.
    input (...), target (...) -> loss (...) or a scalar.  Girshick 2015, eq. 3.
    Raises ValueError for a negative beta.
    """
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    if beta < 0:
        raise ValueError(f"smooth_l1_loss: beta must not be negative, got {beta}")
    error = input - target
    size = np.abs(error)
    near = size < beta
    loss = np.where(near, 0.5 * error**2 / beta, size - 0.5 * beta)
    y, share = _reduce("smooth_l1_loss", loss, reduction)

    def backward(dy):
        d_error = share(dy) * np.where(near, error / beta, np.sign(error))
        return {"input": d_error, "target": -d_error}

    return y, backward


@shapes(input="...", target="...")
def huber_loss(input, target, *, delta=1.0, reduction="mean"):
    """l = e² / 2 where |e| <= delta, delta · (|e| − delta / 2) elsewhere;  e = input − target.

    input (...), target (...) -> loss (...) or a scalar.  Huber 1964.
    Raises ValueError unless delta is positive.
    """
    if not delta > 0:
        raise ValueError(f"huber_loss: delta must be positive, got {delta}")
    error = input - target
    size = np.abs(error)
    near = size <= delta
    loss = np.where(near, 0.5 * error**2, delta * (size - 0.5 * delta))
    y, share = _reduce("huber_loss", loss, reduction)

    def backward(dy):
        d_error = share(dy) * np.where(near, error, delta * np.sign(error))
        return {"input": d_error, "target": -d_error}

    return y, backward


# ---- probabilities


@shapes(input="...", target="...", weight="...")
def binary_cross_entropy(input, target, weight=None, *, reduction="mean"):
    """l = −weight · (target · log input + (1 − target) · log(1 − input)), the handbook's cost J.

    input (...) holds probabilities, target (...) labels or probabilities, weight (...) is 1 unless
    given -> loss (...) or a scalar.  Handbook, ch. 3.

    No logarithm counts for less than −100, as in torch. The gradients are those of the formula without
    this limit: (input − target) / (input · (1 − input)), with a denominator of 1e-12 at least, and
    log(1 − input) − log input for the target.  Raises ValueError for an input outside [0, 1].
    """
    outside = input[(input < 0) | (input > 1)]
    if outside.size:
        raise ValueError(f"binary_cross_entropy: input must lie in [0, 1], got {outside.flat[0]}")
    with np.errstate(divide="ignore"):
        log_input, log_rest = np.log(input), np.log1p(-input)
    weight = 1 if weight is None else weight
    loss = weight * ((target - 1) * np.maximum(log_rest, -100) - target * np.maximum(log_input, -100))
    y, share = _reduce("binary_cross_entropy", loss, reduction)  # erratum cost-not-averaged

    def backward(dy):
        d_loss = share(dy) * weight
        d_input = (input - target) / np.maximum((1 - input) * input, 1e-12)  # erratum cost-log-of-zero
        return {"input": d_loss * d_input, "target": d_loss * (log_rest - log_input)}

    return y, backward


@shapes(input="... C", target="... C", weight="... C", pos_weight="C")
def binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, *, reduction="mean"):
    """l = −weight · (pos_weight · target · log σ(input) + (1 − target) · log(1 − σ(input))).

    input (..., C), target (..., C), weight (..., C), pos_weight (C,), both 1 unless given
    -> loss (..., C) or a scalar.  Handbook, ch. 3, with the sigmoid inside.

    −log σ(z) = log(1 + e^−z) and −log(1 − σ(z)) = log(1 + e^z), neither of which can overflow or
    cancel when the larger of z and 0 is taken out of the logarithm.
    """
    weight = 1 if weight is None else weight
    positive = target if pos_weight is None else pos_weight * target
    small = np.log1p(np.exp(-np.abs(input)))
    minus_log_sigma = small + np.maximum(-input, 0)
    minus_log_rest = small + np.maximum(input, 0)
    loss = weight * (positive * minus_log_sigma + (1 - target) * minus_log_rest)
    y, share = _reduce("binary_cross_entropy_with_logits", loss, reduction)

    def backward(dy):
        A, _ = sigmoid(input)
        d_loss = share(dy) * weight
        d_input = (positive + 1 - target) * A - positive  # erratum chain-rule-dz
        d_target = -input if pos_weight is None else pos_weight * minus_log_sigma - minus_log_rest
        return {"input": d_loss * d_input, "target": d_loss * d_target}

    return y, backward


@shapes(input="N ...", target="N ...")
def kl_div(input, target, *, log_target=False, reduction="mean"):
    """l = p · (log p − input), the terms of KL(p ‖ q) for input = log q.

    input (N, ...), target (N, ...) holds p, or log p with log_target -> loss (N, ...) or a scalar.
    "mean" divides by the number of elements, "batchmean" by N, which makes it the mean divergence
    of the rows. p = 0 has the loss 0, and no gradient: NaN, as in torch.  Kullback & Leibler 1951.
    Raises ValueError for a negative p.
    """
    if log_target:
        p, log_p = np.exp(target), target
    else:
        negative = target[target < 0]
        if negative.size:
            raise ValueError(
                f"kl_div: target must not be negative without log_target, got {negative.flat[0]}"
            )
        p, log_p = target, np.log(np.where(target == 0, 1, target))
    loss = p * (log_p - input)
    y, share = _reduce("kl_div", loss, reduction, batchmean=input.shape[0])

    def backward(dy):
        slope = log_p - input + 1
        d_target = p * slope if log_target else np.where(target == 0, np.nan, slope)
        return {"input": share(dy) * -p, "target": share(dy) * d_target}

    return y, backward


# ---- classes


def _class_weights(weight, input):
    """The weight of each class, 1 unless given, shaped to multiply an input (N, C, ...)."""
    weight = np.ones_like(input, shape=input.shape[1]) if weight is None else weight
    return weight.reshape((-1,) + (1,) * (input.ndim - 2))


def _one_hot(function, input, target, ignore_index):
    """True at the class of each target, (N, C, ...) as the input; an ignored target has no class."""
    ignored = target == ignore_index
    check_indices(function, "target", target[~ignored], input.shape[1])
    classes = np.arange(input.shape[1]).reshape((-1,) + (1,) * (input.ndim - 2))
    return (target[:, None] == classes) & ~ignored[:, None]


@shapes(input="N C ...", target="int N ...", weight="C")
def nll_loss(input, target, weight=None, *, ignore_index=-100, reduction="mean"):
    """l = −weight[t] · input[t] for the class t of each target, 0 where t is ignore_index.

    input (N, C, ...) holds log-probabilities, target (N, ...) classes, weight (C,) is 1 unless given
    -> loss (N, ...) or a scalar; "mean" divides by the weights of all targets that count together.
    Raises ValueError for a target that is no class.
    """
    w = _class_weights(weight, input)
    one_hot = _one_hot("nll_loss", input, target, ignore_index)
    loss = -np.where(one_hot, w * input, 0).sum(1)
    y, share = _reduce("nll_loss", loss, reduction, mean=np.where(one_hot, w, 0).sum())

    def backward(dy):
        return {"input": -w * np.where(one_hot, share(dy)[:, None], 0)}

    return y, backward


@shapes(input="N C ...", target="int N ... | N C ...", weight="C")
def cross_entropy(input, target, weight=None, *, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """l = −Σ_c weight_c · q_c · log p_c with p = softmax(input), q the target.

    input (N, C, ...) of logits; target (N, ...) of classes, for which q is one-hot, or (N, C, ...) of
    probabilities; weight (C,) is 1 unless given -> loss (N, ...) or a scalar.  Post 002.

    label_smoothing ε puts (1 − ε) q + ε / C in place of q (Szegedy et al. 2016, sec. 7). A target equal to
    ignore_index has the loss 0. "mean" divides by the number of losses where targets are
    probabilities, and by weight[t] summed over the targets that count where they are classes.
    Raises ValueError for a target that is no class, for label_smoothing outside [0, 1], and for an
    ignore_index that is a class where targets are probabilities.
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing must lie in [0, 1], got {label_smoothing}")
    labels = target.dtype.kind != "f"
    if not labels and ignore_index >= 0:
        raise ValueError(
            f"cross_entropy: ignore_index is for classes, not for probabilities, got {ignore_index}"
        )
    C = input.shape[1]
    w = _class_weights(weight, input)
    if labels:
        one_hot = _one_hot("cross_entropy", input, target, ignore_index)
        q, counts = np.where(one_hot, np.ones_like(input), 0), one_hot.any(1, keepdims=True)
        total = np.where(one_hot, w, 0).sum()
    else:
        q, counts, total = target, True, target.size // C
    q = np.where(counts, (1 - label_smoothing) * q + label_smoothing / C, 0)
    log_p, through_log_softmax = log_softmax(input, axis=1)
    # 0 · log 0 is 0: a logit of −inf rules a class out.
    loss = -(w * q * np.where(q == 0, 0, log_p)).sum(1)
    y, share = _reduce("cross_entropy", loss, reduction, mean=total)

    def backward(dy):
        d_loss = np.where(counts, share(dy)[:, None], 0)
        grads = {"input": through_log_softmax(-w * q * d_loss)["x"]}
        if not labels:
            grads["target"] = -(1 - label_smoothing) * w * log_p * d_loss
        return grads

    return y, backward


# ---- margins


@shapes(input="...", target="...")
def hinge_loss(input, target, *, reduction="mean"):
    """l = max(0, 1 − target · input) for labels of −1 and 1; the gradient is 0 where a margin is just 1.

    input (...) of decision values, target (...) -> loss (...) or a scalar.  Cortes & Vapnik 1995;
    scikit-learn's hinge_loss.  Raises ValueError for other targets.
    """
    check_labels("hinge_loss", target, -1, 1)
    slack = 1 - target * input
    y, share = _reduce("hinge_loss", np.maximum(slack, 0), reduction)

    def backward(dy):
        return {"input": np.where(slack > 0, share(dy) * -target, 0)}

    return y, backward


@shapes(input="...", target="...")
def hinge_embedding_loss(input, target, *, margin=1.0, reduction="mean"):
    """l = input where target is 1, max(0, margin − input) where it is −1; input is a distance.

    input (...), target (...) -> loss (...) or a scalar.  Raises ValueError for other targets.
    """
    check_labels("hinge_embedding_loss", target, -1, 1)
    loss = np.where(target == 1, input, np.maximum(margin - input, 0))
    y, share = _reduce("hinge_embedding_loss", loss, reduction)

    def backward(dy):
        slope = np.where(input <= margin, -np.ones_like(input), 0)
        return {"input": share(dy) * np.where(target == 1, 1, slope)}

    return y, backward


@shapes(input="N C", target="int N", weight="C")
def multi_margin_loss(input, target, weight=None, *, p=1, margin=1.0, reduction="mean"):
    """l = weight[t] / C · Σ_{c ≠ t} max(0, margin − input_t + input_c)^p for the class t of each target.

    input (N, C) of scores, target (N,) of classes, weight (C,) is 1 unless given -> loss (N,) or a
    scalar; "mean" divides by N, whatever the weights.  Weston & Watkins 1999; Crammer & Singer 2001
    keep only the largest term.  Raises ValueError for a target that is no class, and unless p is 1 or 2.
    """
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: p must be 1 or 2, got {p}")
    C = input.shape[1]
    check_indices("multi_margin_loss", "target", target, C)
    one_hot = target[:, None] == np.arange(C)
    w = _class_weights(weight, input)[target][:, None]
    slack = margin - np.take_along_axis(input, target[:, None], 1) + input
    violated = (slack > 0) & ~one_hot
    loss = (np.where(violated, slack**p, 0) * w / C).sum(1)
    y, share = _reduce("multi_margin_loss", loss, reduction)

    def backward(dy):
        d_slack = np.where(violated, p * slack ** (p - 1), 0) * w / C * share(dy)[:, None]
        return {"input": d_slack - np.where(one_hot, d_slack.sum(1, keepdims=True), 0)}

    return y, backward
