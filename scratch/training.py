"""Training (handbook, chapters 3, 4, 6 and 7; posts 001–003): the whole loop, and what is watched on the way.

    params = mlp_init((4, 3, 1), rng=rng)
    permutations = np.stack([rng.permutation(len(x)) for _ in range(epochs)])
    for step in train(x, target, params, permutations, optimizer="adam", lr=0.01, batch_size=32):
        print(step.step, step.loss)

The surfaces at the end are what post 001 warns of: a place for each where gradient descent stalls,
swings or settles too early.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from scratch import losses, optimizers
from scratch._shapes import shapes
from scratch.clipping import clip_grad_norm
from scratch.models import mlp
from scratch.preprocessing import mini_batches, standardize

LOSSES = (
    *("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"),
    *("cross_entropy", "binary_cross_entropy_with_logits"),
)
OPTIMIZERS = tuple(optimizer.__name__ for optimizer in optimizers.INITIAL)


class Step(NamedTuple):
    """One update: its number from 1 on, the rate it took, the batch's loss and the norm of each layer's
    gradient before it, the parameters and the optimizer's states after it."""

    step: int
    lr: float
    loss: Any
    grad_norms: dict[str, Any]
    params: dict[str, Any]
    states: dict[str, Any]


class History(NamedTuple):
    """A training of S steps: losses, lrs and each layer's grad_norms (S,); params and states at the end."""

    losses: np.ndarray
    lrs: np.ndarray
    grad_norms: dict[str, np.ndarray]
    params: dict[str, Any]
    states: dict[str, Any]


# ---- the loop ----


@shapes(x="N ...", target="N K | int N", permutations="int E N")
def train(
    x,
    target,
    params,
    permutations,
    *,
    model=mlp,
    activation="tanh",
    loss="mse_loss",
    optimizer="sgd",
    lr=1e-2,
    schedule=None,
    batch_size=None,
    max_norm=None,
    **options,
):
    """Forward pass, cost, backward pass, update, over and over: an iterator with a `Step` for each update.

    Batch gradient descent has all N examples in a batch, stochastic gradient descent one, mini-batch
    gradient descent a few; the loop is the same.  Handbook, ch. 3 and 4; posts 000–003.

    x (N, ...) and params as `model` takes them, target (N, K), or (N,) of classes, permutations (E, N) the
    order of the examples in each of E epochs. model: ``model(x, params, activation=…) -> y, backward``.
    loss: one of `LOSSES`, by name, averaged over the batch. optimizer: one of `OPTIMIZERS`, by name;
    `options` are its own. schedule: a function of the updates made so far that gives the rate, in place
    of lr. batch_size: None for all examples. max_norm: what the norm of all gradients together is
    clipped to, None for no clipping.  Raises ValueError for a loss or an optimizer of another name, and
    at the first step for a batch_size below 1 and for what is no permutation.
    """
    if loss not in LOSSES:
        raise ValueError(f"train: loss must be one of {', '.join(LOSSES)}, got {loss!r}")
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"train: optimizer must be one of {', '.join(OPTIMIZERS)}, got {optimizer!r}")
    cost, update = getattr(losses, loss), getattr(optimizers, optimizer)
    size = len(x) if batch_size is None else batch_size

    def batches():
        for permutation in permutations:
            yield from mini_batches(x, target, permutation, batch_size=size)

    def steps(params, states):
        for step, batch in enumerate(batches()):
            rate = lr if schedule is None else schedule(step)
            y, model_backward = model(batch.x, params, activation=activation)
            J, loss_backward = cost(y, batch.target)
            dy = loss_backward(np.ones_like(J))["input"]
            grads = model_backward(dy)["params"]
            norms = gradient_norms(grads)
            if max_norm is not None:
                grads = clip_grad_norm(grads, max_norm=max_norm).grads
            params, states = optimizers.step(update, params, grads, states, lr=rate, **options)
            yield Step(step + 1, rate, J, norms, params, states)

    return steps(params, {})


def history(steps):
    """Run a training to its end and keep what it was like, a `History`."""
    taken = list(steps)
    if not taken:
        raise ValueError("history: there are no steps to keep")
    layers = taken[0].grad_norms
    return History(
        np.stack([step.loss for step in taken]),
        np.stack([step.lr for step in taken]),
        {layer: np.stack([step.grad_norms[layer] for step in taken]) for layer in layers},
        taken[-1].params,
        taken[-1].states,
    )


# ---- what is watched ----


def gradient_norms(grads, *, norm_type=2.0):
    """‖g‖_p = (Σ |g|ᵖ)^(1/p) over all parameters of a layer, for every layer; p is norm_type and may be inf.

    grads {"0.weight" (...), "0.bias" (...), "2.weight" (...), …} -> {"0": (), "2": (), …}. From the last
    layer to the first they shrink where gradients vanish and grow where they explode.  Handbook, ch. 6
    and 7.  Raises ValueError for no p > 0.
    """
    layers = {}
    for key, grad in grads.items():
        layers.setdefault(key.rpartition(".")[0], {})[key] = grad
    return {
        layer: clip_grad_norm(members, max_norm=math.inf, norm_type=norm_type).total_norm
        for layer, members in layers.items()
    }


@shapes(input="N C", target="int N")
def accuracy(input, target):
    """The share of examples whose largest logit is that of their class; of equal logits the first counts.

    input (N, C), target (N,) -> ().  Posts 002 and 003.
    """
    hit = input.argmax(1) == target
    return np.where(hit, np.ones_like(input[:, 0]), 0).mean()


@shapes(input="N K", target="N K")
def r2_score(input, target):
    """R² = 1 − Σ (target − input)² / Σ (target − mean)², the mean of R² over the K columns.

    input (N, K), target (N, K) -> ().  1 for a perfect prediction, 0 for one no better than the mean
    of the target. Equal targets have none: −inf, or NaN where they are met exactly.
    """
    unexplained = ((target - input) ** 2).sum(0)  # (K,)
    variation = ((target - target.mean(0)) ** 2).sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (1 - unexplained / variation).mean()


class LearningCurves(NamedTuple):
    """Over E epochs, the loss and the score (E,) on the examples trained on and on those held back."""

    train_loss: np.ndarray
    validation_loss: np.ndarray
    train_score: np.ndarray
    validation_score: np.ndarray


@shapes(x="N ...", target="N K | int N", x_validation="M ...", target_validation="M K | int M")
def learning_curves(
    x, target, x_validation, target_validation, params, *, model=mlp, activation="tanh", loss="mse_loss"
):
    """How training went: loss and score on both sets for the parameters of each epoch.

    x (N, ...), target (N, K) or (N,), x_validation (M, ...), target_validation (M, K) or (M,), params a list
    of E dicts -> LearningCurves. The score is the accuracy where targets are classes and R² elsewhere.
    Each loss is over a whole set at once: the mean over batches of unequal size is another figure.
    Post 003.  Raises ValueError for a loss of another name than those in `LOSSES`.
    """
    if loss not in LOSSES:
        raise ValueError(f"learning_curves: loss must be one of {', '.join(LOSSES)}, got {loss!r}")
    score = r2_score if target.ndim == 2 else accuracy
    curves = []
    for inputs, targets in ((x, target), (x_validation, target_validation)):
        predictions = [model(inputs, epoch, activation=activation)[0] for epoch in params]
        curves.append(np.stack([getattr(losses, loss)(y, targets)[0] for y in predictions]))
        curves.append(np.stack([score(y, targets) for y in predictions]))
    return LearningCurves(curves[0], curves[2], curves[1], curves[3])


# ---- the handbook's example ----


class Houses(NamedTuple):
    """features (N, 4): bedrooms, age in years, kilometres to the ocean, swimming pool (0 or 1); and the
    price (N, 1) in thousands."""

    features: np.ndarray
    price: np.ndarray


def house_prices(n, *, rng):
    """n houses of an imaginary town by the ocean, with the handbook's four features.

    price = 90 + 60·bedrooms − 1.5·age + 250·e^(−ocean/10) + 40·pool·e^(−ocean/10) + noise, in thousands;
    bedrooms 1…6, age 0…80 years, ocean 0…40 km to the shore, a pool for three houses in ten, noise of
    deviation 20. A pool counts for more near the shore, which no linear model sees.  Handbook, ch. 1.
    """
    bedrooms = rng.integers(1, 7, n)
    age = rng.uniform(0, 80, n)
    ocean = rng.uniform(0, 40, n)
    pool = rng.random(n) < 0.3
    shore = np.exp(-ocean / 10)
    price = 90 + 60 * bedrooms - 1.5 * age + 250 * shore + 40 * pool * shore + rng.normal(0, 20, n)
    return Houses(np.stack([bedrooms, age, ocean, pool], 1), price[:, None])


@shapes(features="N D", price="N 1", permutations="int E N")
def house_price(features, price, params, permutations, *, lr=0.1, batch_size=None):
    """The handbook's network learns the price of a house by gradient descent on the mean squared error.

    features (N, D) and price (N, 1) in units of their own, both standardised first; params of an `mlp`
    with D inputs and 1 output, permutations (E, N) -> an iterator of `Step`, as `train` gives. The loss
    is in squared standard deviations of the price.  Handbook, ch. 1 and 3.
    """
    x, y = standardize(features).train, standardize(price).train
    return train(x, y, params, permutations, lr=lr, batch_size=batch_size)


# ---- surfaces ----


@shapes(x="... 2")
def saddle(x):
    """f(x) = x_0² − x_1²: at 0 the gradient is zero, and it is no minimum.

    x (..., 2) -> f (...).  Post 001.
    """
    x0, x1 = x[..., 0], x[..., 1]

    def backward(df):
        return {"x": np.stack([df * 2 * x0, -df * 2 * x1], -1)}

    return x0**2 - x1**2, backward


@shapes(x="... 2")
def ravine(x, *, condition=100.0):
    """f(x) = ½ (x_0² + condition · x_1²): steep across, flat along.  x (..., 2) -> f (...).

    Its curvatures are 1 and L = condition. Gradient descent converges for lr < 2/L and for no other,
    convex as f is (erratum gd-convex-any-rate); from there on it swings across the ravine ever further.
    Handbook, ch. 4; post 001.  Raises ValueError for a condition below 1.
    """
    if not condition >= 1:
        raise ValueError(f"ravine: condition must be at least 1, got {condition}")
    x0, x1 = x[..., 0], x[..., 1]

    def backward(df):
        return {"x": np.stack([df * x0, df * condition * x1], -1)}

    return 0.5 * (x0**2 + condition * x1**2), backward


@shapes(x="... D")
def local_optima(x, *, amplitude=10.0):
    """f(x) = Σ (x_i² + amplitude · (1 − cos 2π x_i)): a minimum near every integer, the lowest at 0,

    as far out as π · amplitude, where the parabola is too steep for one.

    x (..., D) -> f (...).  Post 001; Rastrigin 1974.
    """
    angle = 2 * math.pi * x

    def backward(df):
        return {"x": df[..., None] * (2 * x + amplitude * 2 * math.pi * np.sin(angle))}

    return (x**2 + amplitude * (1 - np.cos(angle))).sum(-1), backward
