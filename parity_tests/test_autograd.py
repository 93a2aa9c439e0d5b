"""The reverse-mode engine as people use it, against torch's."""

import numpy as np
import pytest
import torch

from scratch.autograd import Tensor, numerical_gradient

RNG = np.random.default_rng(7)


def test_a_shared_node_collects_from_all_who_used_it() -> None:
    values, dy = RNG.standard_normal((3, 4)), RNG.standard_normal((3, 4))
    x = Tensor(values)
    hidden = x.tanh()
    (hidden * hidden + hidden * x).backward(dy)
    leaf = torch.tensor(values, requires_grad=True)
    (leaf.tanh() * leaf.tanh() + leaf.tanh() * leaf).backward(torch.tensor(dy))
    assert leaf.grad is not None
    np.testing.assert_allclose(x.grad, leaf.grad.numpy(), rtol=1e-13)


def test_what_was_broadcast_is_summed_back() -> None:
    x, bias = Tensor(RNG.standard_normal((5, 3))), Tensor(RNG.standard_normal(3))
    dy = RNG.standard_normal((5, 3))
    (x + bias).backward(dy)
    assert bias.grad.shape == (3,)
    np.testing.assert_allclose(bias.grad, dy.sum(0), rtol=1e-14)


def test_a_second_backward_adds_to_the_leaves_and_does_not_double_what_lies_between() -> None:
    """Somebody who lets gradients of intermediates pile up gets 3 times the gradient, not 2."""
    x = Tensor(RNG.standard_normal(4))
    y = (x * x).exp()
    dy = RNG.standard_normal(4)
    y.backward(dy)
    once = x.grad.copy()
    y.backward(dy)
    np.testing.assert_allclose(x.grad, 2 * once, rtol=1e-14)


def test_a_graph_deeper_than_the_stack() -> None:
    x = Tensor(np.array(1.0))
    y = x
    for _ in range(5000):
        y = y + x * 1e-4
    y.backward()
    assert x.grad == pytest.approx(1.5, rel=1e-12)


def test_differences_are_a_third_opinion() -> None:
    x = RNG.standard_normal((2, 3))
    weights = RNG.standard_normal((2, 3))
    leaf = Tensor(x)
    (leaf.tanh() * weights).sum().backward()
    numerical = numerical_gradient(x, function=lambda at: (np.tanh(at) * weights).sum(), step=1e-6)
    np.testing.assert_allclose(leaf.grad, numerical, rtol=1e-7)
