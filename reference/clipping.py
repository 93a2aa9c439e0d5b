"""torch's gradient clipping: `torch.nn.utils` on parameters that hold the gradients."""

from collections import namedtuple

import torch
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from reference._torch import function

Clipped = namedtuple("Clipped", "grads total_norm")


def _holding(grads):
    """A parameter for each gradient."""
    parameters = {}
    for name, grad in grads.items():
        parameters[name] = torch.nn.Parameter(torch.zeros(()) if grad is None else torch.zeros_like(grad))
        parameters[name].grad = grad
    return parameters


@function
def clip_by_norm(grad, *, max_norm):
    parameters = _holding({"grad": grad})
    total_norm = clip_grad_norm_(parameters.values(), max_norm)
    return Clipped(parameters["grad"].grad, total_norm)


@function
def clip_grad_norm(grads, *, max_norm, norm_type=2.0):
    parameters = _holding(grads)
    total_norm = clip_grad_norm_(parameters.values(), max_norm, norm_type)
    return Clipped({name: parameter.grad for name, parameter in parameters.items()}, total_norm)


@function
def clip_grad_value(grads, *, clip_value):
    parameters = _holding(grads)
    clip_grad_value_(parameters.values(), clip_value)
    return {name: parameter.grad for name, parameter in parameters.items()}
