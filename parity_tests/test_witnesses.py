"""A second witness where torch has no module: scikit-learn's or SciPy's own function for the same thing.

For these the reference is the formula in torch, so that a wrong formula could stand in both.
"""

from typing import Any

import numpy as np
import pytest
import scipy.special
import torch
from sklearn import metrics

import reference.losses
import reference.training
from scratch import activations, losses, models, schedules, training

RNG = np.random.default_rng(5)


def test_hinge_loss() -> None:
    decision, target = RNG.standard_normal(20), RNG.choice([-1.0, 1.0], 20)
    expected = metrics.hinge_loss(target, decision)
    for package in (losses, reference.losses):
        assert package.hinge_loss(decision, target)[0] == pytest.approx(expected, rel=1e-14)


def test_r2_score() -> None:
    prediction, target = RNG.standard_normal((20, 3)), RNG.standard_normal((20, 3)) + 2
    expected = metrics.r2_score(target, prediction, multioutput="uniform_average")
    for package in (training, reference.training):
        assert package.r2_score(prediction, target) == pytest.approx(expected, rel=1e-13)


def test_accuracy() -> None:
    logits, target = RNG.standard_normal((30, 4)), RNG.integers(0, 4, 30)
    expected = metrics.accuracy_score(target, logits.argmax(1))
    for package in (training, reference.training):
        assert package.accuracy(logits, target) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("axis", [0, 1])
def test_softmax(axis: int) -> None:
    x = RNG.standard_normal((4, 5))
    np.testing.assert_allclose(
        activations.softmax(x, axis=axis)[0], scipy.special.softmax(x, axis), rtol=1e-14
    )


def test_inverse_sqrt_is_the_paper_s() -> None:
    """lrate = d_model^−0.5 · min(step^−0.5, step · warmup^−1.5), Vaswani et al. 2017, eq. 3."""
    d_model, warmup = 512, 40
    for step in range(1, 200):
        expected = d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)
        lr = (d_model * warmup) ** -0.5
        assert schedules.inverse_sqrt(step - 1, lr=lr, warmup_steps=warmup) == pytest.approx(
            expected, rel=1e-13
        )


def test_mlp_init_draws_what_a_linear_layer_of_torch_draws() -> None:
    """U(±1/√fan_in): the fans of a wide and a narrow layer tell them apart."""
    params = models.mlp_init((400, 3, 100), rng=np.random.default_rng(0))
    for name, values in params.items():
        fan_in = 400 if name.startswith("0.") else 3
        bound = 1 / np.sqrt(fan_in)
        assert np.abs(values).max() <= bound
        if values.size > 100:
            assert values.std() == pytest.approx(bound / np.sqrt(3), rel=0.1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda params: params.pop("2.bias"), "2.bias is missing"),
        (lambda params: params.update(extra=np.zeros(1)), "extra is unexpected"),
        (lambda params: params.update({"0.bias": np.zeros(7)}), r"0.bias is \(7,\)"),
        (lambda params: params.update({"2.weight": np.zeros((2, 9))}), r"2.weight is \(2, 9\)"),
    ],
)
def test_a_model_refuses_parameters_that_do_not_fit(change: Any, words: str) -> None:
    params = models.mlp_init((4, 3, 2), rng=np.random.default_rng(0))
    change(params)
    with pytest.raises(ValueError, match=words):
        models.mlp(np.zeros((5, 4)), params)


def test_torch_is_the_judge_of_the_weight_decay_that_a_penalty_is() -> None:
    """½ λ ‖w‖² has the gradient λ w, which is torch's weight_decay."""
    weight = torch.tensor([1.5, -2.0], dtype=torch.float64, requires_grad=True)
    (0.5 * 0.3 * (weight**2).sum()).backward()
    optimizer = torch.optim.SGD([weight], lr=1.0, weight_decay=0.3)
    before = weight.detach().clone()
    penalty = weight.grad.clone() if weight.grad is not None else None
    weight.grad = torch.zeros_like(weight)
    optimizer.step()
    assert penalty is not None
    torch.testing.assert_close(before - weight.detach(), penalty, rtol=1e-14, atol=0)
