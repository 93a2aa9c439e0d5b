"""The errata on optimizers, schedules and clipping, proven against torch.

Parameters move through given gradients, and a list of the steps at which a path leaves torch's is what
an erratum claims: [] for the right formula, all of them, or those from the second on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from parity_tests.catalogue._proof import agrees, differing, differs, normal, proof, refuses, tensor
from scratch import clipping, schedules
from scratch.errata import ADAM_AS_PRINTED
from scratch.optimizers import (
    adam,
    adam_init,
    adamw,
    gradient_descent,
    momentum_lr_inside,
    momentum_lr_inside_init,
    rmsprop,
    rmsprop_init,
    sgd,
    sgd_init,
)

STEPS = 6
ALL = list(range(1, STEPS + 1))
START = np.array([0.5, -1.5, 2.0])
GRADS = normal(0, STEPS, 3)
ADAM = {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3}
RMSPROP = {"lr": 0.1, "alpha": 0.8, "eps": 1e-3}


def path(
    optimizer: Callable[..., Any],
    grads: Any = GRADS,
    start: Any = START,
    *,
    init: Any,
    lr: Any,
    **options: Any,
) -> list[Any]:
    """The parameters after each step of an optimizer of `scratch`; lr may be a list, a rate a step."""
    param, state, visited = start, init(start), []
    for grad, rate in zip(grads, _rates(lr), strict=True):
        param, state = optimizer(param, grad, state, lr=rate, **options)
        visited.append(param)
    return visited


def torch_path(
    optimizer: Any, grads: Any = GRADS, start: Any = START, *, lr: Any, **options: Any
) -> list[Any]:
    """The parameters after each step of an optimizer of torch."""
    leaf = tensor(start)
    stepped, visited = optimizer([leaf], **options), []
    for grad, rate in zip(grads, _rates(lr), strict=True):
        stepped.param_groups[0]["lr"] = rate
        leaf.grad = torch.tensor(grad)
        stepped.step()
        visited.append(leaf.detach().numpy().copy())
    return visited


def _rates(lr: Any) -> list[float]:
    return lr if isinstance(lr, list) else [lr] * STEPS


def without(option: str, optimizer: Callable[..., Any]) -> Callable[..., Any]:
    """An optimizer that takes no notice of an option that only the misprint knows."""
    return lambda *args, **options: optimizer(*args, **{k: v for k, v in options.items() if k != option})


# ---- the Adam family ----


@proof("adam-v-hat-from-m", correct=adam)
def adam_v_hat_from_m(misprint: Callable[..., Any]) -> None:
    expected = torch_path(torch.optim.Adam, **ADAM)
    assert not differing(path(adam, init=adam_init, **ADAM), expected)
    assert differing(path(misprint, init=adam_init, **ADAM), expected) == ALL
    state = adam_init(START)
    param, state = misprint(START, GRADS[0], state, **ADAM)
    assert np.array_equal(np.isnan(param), state.m < 0), "NaN wherever m is negative, and nowhere else"


@proof("adam-no-eps", correct=adam)
def adam_no_eps(misprint: Callable[..., Any]) -> None:
    options = {"lr": 0.1, "betas": (0.8, 0.95)}
    grads = GRADS * [1, 1e-6, 0]
    expected = torch_path(torch.optim.Adam, grads, **options, eps=1e-8)
    assert not differing(path(adam, grads, init=adam_init, **options), expected)
    got = path(misprint, grads, init=adam_init, **options)
    small, none = ([(p[i], q[i]) for p, q in zip(got, expected, strict=True)] for i in (1, 2))
    assert differing(*zip(*small, strict=True)) == ALL
    assert all(np.isnan(p) and q == START[2] for p, q in none), "0/0 where torch stays"


@proof("adam-second-derivative", correct=without("curvature", adam))
def adam_second_derivative(misprint: Callable[..., Any]) -> None:
    curvature = np.array([1.0, 4.0, 9.0])
    expected = torch_path(torch.optim.Adam, **ADAM)
    assert not differing(path(adam, init=adam_init, **ADAM), expected)
    assert differing(path(misprint, init=adam_init, **ADAM, curvature=curvature), expected) == ALL
    assert not agrees(*_second_moment_and_curvature(torch.optim.Adam, "exp_avg_sq", betas=(0.0, 0.0)))


def _second_moment_and_curvature(optimizer: Any, name: str, **options: Any) -> tuple[Any, Any]:
    """What torch's optimizer keeps after a step that forgets nothing, and the diagonal of the Hessian."""

    def loss(x: torch.Tensor) -> torch.Tensor:
        return (torch.tensor([1.0, 4.0, 9.0], dtype=torch.float64) * x**2).sum() / 2

    leaf = tensor(START)
    stepped = optimizer([leaf], **options)
    loss(leaf).backward()
    assert leaf.grad is not None
    stepped.step()
    kept = stepped.state[leaf][name].numpy()
    assert agrees(kept, leaf.grad.numpy() ** 2), "it is the square of the gradient"
    hessian: Any = torch.autograd.functional.hessian(loss, torch.tensor(START))
    return kept, hessian.diagonal().numpy()


@proof("adam-code-truncated", correct=adam)
def adam_code_truncated(misprint: Callable[..., Any]) -> None:
    assert not differing(path(adam, init=adam_init, **ADAM), torch_path(torch.optim.Adam, **ADAM))
    assert refuses(SyntaxError, misprint, START, GRADS[0], adam_init(START), **ADAM)
    assert refuses(SyntaxError, compile, ADAM_AS_PRINTED, "printed", "exec")
    whole = ADAM_AS_PRINTED.rstrip("\n") + '" + str(l+1)]\n'
    assert not refuses(SyntaxError, compile, whole, "printed", "exec"), "only the end is missing"


@proof("adamw-stale-weights", correct=adamw)
def adamw_stale_weights(misprint: Callable[..., Any]) -> None:
    options = {**ADAM, "weight_decay": 0.3}
    expected = torch_path(torch.optim.AdamW, **options)
    assert not differing(path(adamw, init=adam_init, **options), expected)
    assert differing(path(misprint, init=adam_init, **options), expected) == ALL[1:]


@proof("adamw-bias-decays-weights", correct=without("weights", adamw))
def adamw_bias_decays_weights(misprint: Callable[..., Any]) -> None:
    options = {**ADAM, "weight_decay": 0.3}
    bias, grads = START[:, None], GRADS[:, :, None]  # (3, 1), as in the handbook
    expected = torch_path(torch.optim.AdamW, grads, bias, **options)
    assert not differing(path(adamw, grads, bias, init=adam_init, **options), expected)
    for inputs in (2, 3):
        weights = normal(1, 3, inputs)
        assert refuses(ValueError, misprint, bias, grads[0], adam_init(bias), weights=weights, **options)
    one_input = path(misprint, grads, bias, init=adam_init, weights=normal(1, 3, 1), **options)
    assert differing(one_input, expected) == ALL


# ---- momentum, weight decay, RMSprop ----


@proof("momentum-two-definitions", correct=sgd)
def momentum_two_definitions(misprint: Callable[..., Any]) -> None:
    options = {"lr": 0.1, "momentum": 0.9}
    expected = torch_path(torch.optim.SGD, **options)
    assert not differing(path(sgd, init=sgd_init, **options), expected)
    code = path(misprint, init=sgd_init, **options)
    assert differing(code, expected) == ALL
    steps, torch_steps = (np.diff([START, *visited], axis=0) for visited in (code, expected))
    assert agrees(steps, (1 - options["momentum"]) * torch_steps)
    for lr, wrong_steps in ((0.1, []), ([0.1, 0.1, 0.1, 0.05, 0.05, 0.05], ALL[3:])):
        formula = path(momentum_lr_inside, init=momentum_lr_inside_init, lr=lr, momentum=0.9)
        assert differing(formula, torch_path(torch.optim.SGD, lr=lr, momentum=0.9)) == wrong_steps


@proof("l2-against-weight-decay", correct=sgd)
def l2_against_weight_decay(misprint: Callable[..., Any]) -> None:
    expected = torch_path(torch.optim.SGD, lr=0.1, weight_decay=0.3)
    assert not differing(path(sgd, init=sgd_init, lr=0.1, weight_decay=0.3), expected)
    printed = path(misprint, init=sgd_init, lr=0.1, weight_decay=0.3)
    assert differing(printed, expected) == ALL
    leaf = tensor(START)
    (0.3 * (leaf**2).sum()).backward()
    assert leaf.grad is not None
    assert agrees(printed[0], START - 0.1 * (GRADS[0] + leaf.grad.numpy())), "it is the penalty λ Σ w²"
    assert not differing(printed, torch_path(torch.optim.SGD, lr=0.1, weight_decay=0.6)), "so λ′ = 2λ"
    decoupled = torch_path(torch.optim.AdamW, **ADAM, weight_decay=0.3)
    for weight_decay in (0.3, 0.6):
        assert differing(torch_path(torch.optim.Adam, **ADAM, weight_decay=weight_decay), decoupled) == ALL


@proof("rmsprop-eps-two-places", correct=rmsprop)
def rmsprop_eps_two_places(misprint: Callable[..., Any]) -> None:
    for size, expected_steps in ((1e-4, ALL), (1e4, [])):
        options = {**RMSPROP, "eps": 1e-8}
        expected = torch_path(torch.optim.RMSprop, size * GRADS, **options)
        assert not differing(path(rmsprop, size * GRADS, init=rmsprop_init, **options), expected)
        got = path(misprint, size * GRADS, init=rmsprop_init, **options)
        assert [
            t for t, pair in enumerate(zip(got, expected, strict=True), start=1) if differs(*pair)
        ] == expected_steps


@proof("rmsprop-hessian", correct=without("curvature", rmsprop))
def rmsprop_hessian(misprint: Callable[..., Any]) -> None:
    expected = torch_path(torch.optim.RMSprop, **RMSPROP)
    assert not differing(path(rmsprop, init=rmsprop_init, **RMSPROP), expected)
    for curvature in (np.array([1.0, 4.0, 9.0]), np.zeros(3)):
        got = path(misprint, init=rmsprop_init, **RMSPROP, curvature=curvature)
        assert differing(got, expected) == ALL
    flat = path(misprint, init=rmsprop_init, **{**RMSPROP, "eps": 0.0}, curvature=np.zeros(3))
    assert not np.isfinite(flat[0]).any(), "a linear loss has gradients and no curvature"
    assert not agrees(*_second_moment_and_curvature(torch.optim.RMSprop, "square_avg", alpha=0.0))


@proof("rmsprop-average-magnitude", correct=rmsprop)
def rmsprop_average_magnitude(misprint: Callable[..., Any]) -> None:
    expected = torch_path(torch.optim.RMSprop, **RMSPROP)
    assert not differing(path(rmsprop, init=rmsprop_init, **RMSPROP), expected)
    assert differing(path(misprint, init=rmsprop_init, **RMSPROP), expected) == ALL


@proof("gd-convex-any-rate", correct=lambda largest_curvature, *, lr: lr < 2 / largest_curvature)
def gd_convex_any_rate(misprint: Callable[..., Any]) -> None:
    curvature = np.array([1.0, 4.0, 10.0])
    for factor in (0.5, 1.0, 1.9, 2.1, 4.0):
        lr = factor / 10.0
        leaf, param = tensor(START), START
        stepped = torch.optim.SGD([leaf], lr=lr)
        for _ in range(300):
            stepped.zero_grad()
            (torch.tensor(curvature) * leaf**2).sum().div(2).backward()
            stepped.step()
            param, _ = gradient_descent(param, curvature * param, lr=lr)
        assert agrees(param, leaf.detach().numpy()) or np.abs(param).max() < 1e-6
        converged = leaf.abs().max().item() < 1e-6
        assert converged == (factor < 2)
        assert (misprint(10.0, lr=lr) is not converged) == (factor > 2), "promised, and not kept above 2 / L"


# ---- schedules and clipping ----


def _adagrad_rates(*, lr: float, decay: float) -> list[float]:
    """The rates at which torch's Adagrad, which decays by time, steps when its gradients never add up."""
    leaf = tensor([0.0])
    stepped, rates = torch.optim.Adagrad([leaf], lr=lr, lr_decay=decay, eps=0.0), []
    for _ in range(STEPS):
        with torch.no_grad():
            leaf.zero_()
        stepped.state[leaf]["sum"].zero_()
        leaf.grad = torch.ones_like(leaf)
        stepped.step()
        rates.append(-leaf.item())
    return rates


@proof("time-decay-linear", correct=schedules.time_based_decay)
def time_decay_linear(misprint: Callable[..., Any]) -> None:
    options = {"lr": 0.2, "decay": 0.1}
    expected = _adagrad_rates(**options)
    assert not differing([schedules.time_based_decay(t, **options) for t in range(STEPS)], expected)
    assert np.all(np.diff(expected, 2) > 1e-4), "ever slower"
    line = [misprint(t, **options) for t in range(STEPS)]
    assert differing(line, expected) == ALL[1:]
    assert np.abs(np.diff(line, 2)).max() < 1e-15, "a line"


@proof("clip-eps", correct=clipping.clip_by_norm)
def clip_eps(misprint: Callable[..., Any]) -> None:
    grad = np.array([0.003, -0.004, 0.0])  # of norm 0.005
    for max_norm, wrong in ((0.01, False), (0.005, True), (0.001, True)):
        leaf = tensor(grad)
        leaf.grad = torch.tensor(grad)
        torch.nn.utils.clip_grad_norm_([leaf], max_norm)
        expected = leaf.grad.numpy()
        assert agrees(clipping.clip_by_norm(grad, max_norm=max_norm).grads, expected)
        assert differs(misprint(grad, max_norm=max_norm).grads, expected) == wrong
    at_the_threshold = misprint(grad, max_norm=float(np.sqrt((grad**2).sum()))).grads
    assert np.array_equal(at_the_threshold, grad), "not scaled at c itself"
