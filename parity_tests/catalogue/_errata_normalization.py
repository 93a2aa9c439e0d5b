"""The errata on normalization, proven against torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from parity_tests.catalogue._proof import agrees, differs, normal, proof, tensor
from scratch import normalization

BATCH = np.exp(normal(4, 40, 3))  # skewed
NEW_LAYER = np.zeros(3), np.ones(3)


def torch_batch_norm(x: Any, **options: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """y and the running statistics after one batch of a new layer."""
    mean, var = (torch.tensor(array) for array in NEW_LAYER)
    y = functional.batch_norm(torch.tensor(x), mean, var, training=True, **options)
    return y.numpy(), mean.numpy(), var.numpy()


def outputs(returned: Any) -> Any:
    """The outputs of what may return its backward beside them."""
    return returned if hasattr(returned, "_fields") else returned[0]


def skewness(x: np.ndarray) -> np.ndarray:
    centered = x - x.mean(0)
    return (centered**3).mean(0) / (centered**2).mean(0) ** 1.5


@proof("batchnorm-parentheses", correct=normalization.batch_norm)
def batchnorm_parentheses(misprint: Callable[..., Any]) -> None:
    expected, _, _ = torch_batch_norm(BATCH)
    assert agrees(outputs(normalization.batch_norm(BATCH, *NEW_LAYER, training=True)).y, expected)
    y = outputs(misprint(BATCH, *NEW_LAYER, training=True)).y
    assert differs(y, expected)
    assert agrees(y.std(0), BATCH.std(0)), "the deviation stays what it was"
    assert not np.isfinite(outputs(misprint(np.ones((4, 3)), *NEW_LAYER, training=True)).y).any(), "no ε"


@proof("batchnorm-two-variances", correct=normalization.batch_norm)
def batchnorm_two_variances(misprint: Callable[..., Any]) -> None:
    for rows in (2, 40):
        y, mean, var = torch_batch_norm(BATCH[:rows])
        right = outputs(normalization.batch_norm(BATCH[:rows], *NEW_LAYER, training=True))
        assert agrees(right.y, y)
        assert agrees(right.running_mean, mean)
        assert agrees(right.running_var, var)
        got = outputs(misprint(BATCH[:rows], *NEW_LAYER, training=True))
        assert agrees(got.y, y), "the batch itself is normalised by the biased one"
        assert agrees((got.running_var - 0.9) * rows / (rows - 1), var - 0.9)
        assert differs(got.running_var, var)


@proof("batchnorm-gaussian", correct=normalization.batch_norm)
def batchnorm_gaussian(misprint: Callable[..., Any]) -> None:
    expected, _, _ = torch_batch_norm(BATCH, eps=1e-30)
    assert agrees(skewness(expected), skewness(BATCH)), "torch keeps the shape"
    assert agrees(outputs(normalization.batch_norm(BATCH, *NEW_LAYER, training=True, eps=1e-30)).y, expected)
    y = outputs(misprint(BATCH, *NEW_LAYER, training=True)).y
    assert differs(y, expected)
    assert (np.abs(skewness(y)) < 1e-9).all(), "a Gaussian has none"
    assert (skewness(expected) > 0.5).all(), "this batch has"


@proof("batchnorm-gradients", correct=normalization.batch_norm)
def batchnorm_gradients(misprint: Callable[..., Any]) -> None:
    dy, sizes = normal(5, *BATCH.shape), {}
    for scale in (1.0, 1e-3):
        x = tensor(BATCH * scale)
        y = functional.batch_norm(x, None, None, training=True, eps=1e-30)
        (expected,) = torch.autograd.grad(y, x, torch.tensor(dy))
        _, backward = normalization.batch_norm(BATCH * scale, *NEW_LAYER, training=True, eps=1e-30)
        assert agrees(backward(dy)["x"], expected.numpy())
        _, backward = misprint(BATCH * scale, *NEW_LAYER, training=True, eps=1e-30)
        assert differs(backward(dy)["x"], expected.numpy())
        sizes[scale] = float(expected.norm())
    assert agrees(sizes[1e-3], 1e3 * sizes[1.0])
