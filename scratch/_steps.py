"""What the trainings of generative models share: their batches, and the step from one update to the next."""

import numpy as np

from scratch import optimizers
from scratch.clipping import clip_grad_norm
from scratch.preprocessing import mini_batches
from scratch.training import OPTIMIZERS, Step, gradient_norms


def optimizer_of(function, name):
    """The optimizer of that name, or a refusal that names them all."""
    if name not in OPTIMIZERS:
        raise ValueError(f"{function}: optimizer must be one of {', '.join(OPTIMIZERS)}, got {name!r}")
    return getattr(optimizers, name)


def batches(x, permutations, batch_size):
    """For every batch the number of its epoch, its examples, and which they are; None is one batch of all."""
    size = len(x) if batch_size is None else batch_size
    for epoch, permutation in enumerate(permutations):
        for batch in mini_batches(x, np.arange(len(x)), permutation, batch_size=size):
            yield epoch, batch.x, batch.target


def before_the_first(params):
    return Step(0, None, None, {}, params, {})


def step_after(step, loss, grads, update, *, lr, max_norm=None, **options):
    """What the update makes of these gradients, clipped to max_norm unless that is None."""
    norms = gradient_norms(grads)
    if max_norm is not None:
        grads = clip_grad_norm(grads, max_norm=max_norm).grads
    params, states = optimizers.step(update, step.params, grads, step.states, lr=lr, **options)
    return Step(step.step + 1, lr, loss, norms, params, states)
