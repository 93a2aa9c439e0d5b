"""What a case of the catalogue cannot say of regularization: what is drawn, and what torch and scikit-learn
do with draws and definitions of their own.

Every check here is a function of an implementation, so that it can be shown to reject a broken one.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import ElasticNet
from torch import nn
from torch.nn import functional

from scratch.regularization import (
    crop_offsets,
    dropout,
    dropout2d,
    dropout_mask,
    elastic_net,
    flip_mask,
    l2_penalty,
    label_smoothing,
    max_norm,
    random_crop,
)

Function = Callable[..., Any]
SIGMAS = 5  # at a fixed seed: a margin for a change of NumPy's stream, one in 1.7 million


def check_rate(hits: np.ndarray, probability: float, what: str) -> None:
    """The share of True among independent draws of this probability."""
    deviation = np.sqrt(probability * (1 - probability) / hits.size)
    assert abs(hits.mean() - probability) <= SIGMAS * deviation, (
        f"{what}: {hits.mean():.3f}, not {probability:.3f}"
    )


def draw(mask: Function, *arguments: Any, **options: Any) -> np.ndarray:
    return mask(*arguments, rng=np.random.default_rng(0), **options)


# ---- dropout ----


def check_dropout_mask(mask: Function) -> None:
    """Elements are kept at the rate 1 − p, independently of those beside, below and in the next channel."""
    p = 0.3
    kept = draw(mask, (64, 8, 40), p=p)
    assert kept.shape == (64, 8, 40)
    assert kept.dtype == bool
    check_rate(kept, 1 - p, "kept")
    for axis in range(3):
        first, second = np.split(kept, 2, axis)
        check_rate(first & second, (1 - p) ** 2, f"kept together along axis {axis}")


def swapped(shape: tuple[int, ...], *, p: float, rng: np.random.Generator) -> np.ndarray:
    """Broken: p keeps."""
    return rng.random(shape) < p


def one_for_the_batch(shape: tuple[int, ...], *, p: float, rng: np.random.Generator) -> np.ndarray:
    """Broken: every example drops the same units."""
    return np.broadcast_to(rng.random(shape[1:]) >= p, shape)


def always_half(shape: tuple[int, ...], *, p: float, rng: np.random.Generator) -> np.ndarray:
    """Broken: post 002's one half, whatever p is."""
    return rng.random(shape) >= 0.5


def test_dropout_mask_keeps_at_its_rate() -> None:
    check_dropout_mask(dropout_mask)


@pytest.mark.parametrize("broken", [swapped, one_for_the_batch, always_half])
def test_dropout_mask_check_rejects(broken: Function) -> None:
    with pytest.raises(AssertionError, match="kept"):
        check_dropout_mask(broken)


@pytest.mark.parametrize(("p", "kept"), [(0.0, True), (1.0, False)])
def test_dropout_mask_at_its_ends(p: float, kept: bool) -> None:
    assert np.all(draw(dropout_mask, (1000,), p=p) == kept)


def check_torchs_own_draw(operation: Function, module: type[nn.Module], p: float, per_channel: bool) -> None:
    """What torch drew can be seen where it dropped ones; with that mask everything else must agree."""
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 6, 5, 4, 3))
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        ones = module(p)(torch.ones(x.shape, dtype=torch.float64)).numpy()
        torch.manual_seed(0)
        leaf = torch.tensor(x, requires_grad=True)
        expected = module(p)(leaf)
    expected.backward(torch.from_numpy(dy))
    mask = ones != 0
    y, backward = operation(x, mask[:, :, 0, 0] if per_channel else mask, p=p)
    rounding = 4 * 2.0**-53 * 2 * np.abs(ones)  # the scale 1 / (1 − p), and one product with it
    assert np.all(np.abs(y - expected.detach().numpy()) <= rounding * np.abs(x)), "y is not torch's"
    assert leaf.grad is not None
    assert np.all(np.abs(backward(dy)["x"] - leaf.grad.numpy()) <= rounding * np.abs(dy)), (
        "grad x is not torch's"
    )


def as_it_is(x: np.ndarray, mask: np.ndarray, *, p: float) -> tuple[np.ndarray, Function]:
    """Broken: post 002's dropout, which does not rescale (erratum dropout-no-rescale)."""
    return x * mask, lambda dy: {"x": dy * mask}


def rescaled_by_drop_rate(x: np.ndarray, mask: np.ndarray, *, p: float) -> tuple[np.ndarray, Function]:
    """Broken: divides by the rate of dropping."""
    return x * mask / p, lambda dy: {"x": dy * mask / p}


def mask_forgotten_on_the_way_back(
    x: np.ndarray, mask: np.ndarray, *, p: float
) -> tuple[np.ndarray, Function]:
    """Broken: dropped units have gradients."""
    return dropout(x, mask, p=p)[0], lambda dy: {"x": dy / (1 - p)}


@pytest.mark.parametrize("p", [0.2, 0.7])
def test_dropout_is_nn_dropout(p: float) -> None:
    check_torchs_own_draw(dropout, nn.Dropout, p, per_channel=False)


@pytest.mark.parametrize("p", [0.2, 0.7])
def test_dropout2d_is_nn_dropout2d(p: float) -> None:
    check_torchs_own_draw(dropout2d, nn.Dropout2d, p, per_channel=True)


@pytest.mark.parametrize("broken", [as_it_is, rescaled_by_drop_rate, mask_forgotten_on_the_way_back])
def test_dropout_check_rejects(broken: Function) -> None:
    with pytest.raises(AssertionError, match="is not torch's"):
        check_torchs_own_draw(broken, nn.Dropout, 0.2, per_channel=False)


def same_channels_for_all(x: np.ndarray, mask: np.ndarray, *, p: float) -> tuple[np.ndarray, Function]:
    """Broken: every image drops the channels that the first one drops."""
    return dropout2d(x, np.broadcast_to(mask[0], mask.shape), p=p)


def test_dropout2d_check_rejects_one_mask_for_all() -> None:
    with pytest.raises(AssertionError, match="is not torch's"):
        check_torchs_own_draw(same_channels_for_all, nn.Dropout2d, 0.7, per_channel=True)


# ---- definitions ----


def check_cross_entropy_of_smoothed(smooth: Function) -> None:
    """Smoothing the target is what torch's cross_entropy does with its option."""
    rng = np.random.default_rng(0)
    logits, target = torch.tensor(rng.normal(size=(7, 5))), np.eye(5)[rng.integers(0, 5, 7)]
    smoothed, _ = smooth(target, eps=0.15)
    got = functional.cross_entropy(logits, torch.tensor(smoothed))
    expected = functional.cross_entropy(logits, torch.tensor(target), label_smoothing=0.15)
    assert abs(got - expected) <= 1e-14 * expected, f"{got} is not {expected}"


def shared_among_the_others(target: np.ndarray, *, eps: float) -> tuple[np.ndarray, None]:
    """Broken: ε goes to the C − 1 wrong classes, none of it to the right one."""
    others = eps / (target.shape[-1] - 1)
    return target * (1 - eps) + (1 - target) * others, None


def test_label_smoothing_is_cross_entropys() -> None:
    check_cross_entropy_of_smoothed(label_smoothing)


def test_label_smoothing_check_rejects_another_share() -> None:
    with pytest.raises(AssertionError, match="is not"):
        check_cross_entropy_of_smoothed(shared_among_the_others)


def one_step(grad: np.ndarray, weight: np.ndarray, weight_decay: float) -> np.ndarray:
    """A step of torch's SGD with lr = 1."""
    param = nn.Parameter(torch.tensor(weight))
    param.grad = torch.tensor(grad)
    torch.optim.SGD([param], lr=1.0, weight_decay=weight_decay).step()
    return param.detach().numpy()


def test_penalty_of_alpha_is_weight_decay_of_two_alpha() -> None:
    """Erratum l2-against-weight-decay; a decay of α itself is told apart."""
    rng, alpha = np.random.default_rng(0), 0.3
    grad, weight = rng.normal(size=(2, 4, 3))
    from_penalty = l2_penalty(weight, alpha=alpha)[1](np.float64(1))["weight"]
    stepped = one_step(grad + from_penalty, weight, weight_decay=0)
    assert np.allclose(stepped, one_step(grad, weight, weight_decay=2 * alpha), rtol=0, atol=1e-14)
    assert not np.allclose(stepped, one_step(grad, weight, weight_decay=alpha), rtol=0, atol=1e-2)


def check_sklearns_minimum(penalty: Function) -> None:
    """Where scikit-learn's ElasticNet ends, ‖y − Xw‖²/2N + penalty has no slope (where w = 0, ± αρ)."""
    rng, alpha, l1_ratio = np.random.default_rng(0), 0.2, 0.6
    X = rng.normal(size=(30, 6))
    y = X @ np.array([2.0, -1.0, 0.5, 0.0, 0.0, 0.0]) + 0.1 * rng.normal(size=30)
    fitted = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, fit_intercept=False, tol=1e-14, max_iter=10_000).fit(
        X, y
    )
    w = fitted.coef_
    assert 0 < np.sum(w == 0) < w.size
    _, backward = penalty(w, alpha=alpha, l1_ratio=l1_ratio)
    slope = X.T @ (X @ w - y) / len(y) + backward(np.float64(1))["weight"]
    assert np.all(np.abs(slope) <= np.where(w == 0, alpha * l1_ratio, 1e-6)), f"the slope is {slope}"


def without_the_half(w: np.ndarray, *, alpha: float, l1_ratio: float) -> tuple[None, Function]:
    """Broken: α (1 − ρ) Σ w², as the handbook's two penalties would add up."""
    return None, lambda dy: {"weight": dy * alpha * (l1_ratio * np.sign(w) + 2 * (1 - l1_ratio) * w)}


def test_elastic_net_is_sklearns() -> None:
    check_sklearns_minimum(elastic_net)


def test_elastic_net_check_rejects_another_half() -> None:
    with pytest.raises(AssertionError, match="slope"):
        check_sklearns_minimum(without_the_half)


def test_max_norm_needs_slices() -> None:
    with pytest.raises(ValueError, match=r"weight has shape \(3,\)"):
        max_norm(np.ones(3), maxnorm=1.0)


# ---- data augmentation ----


def check_crop_offsets(offsets: Function) -> None:
    """Every position that a crop of 3 × 4 has in a 4 × 4 image with a margin of 1 is drawn alike: 4 × 3."""
    N = 6000
    drawn = draw(offsets, (N, 2, 4, 4), size=(3, 4), padding=1)
    assert drawn.shape == (N, 2)
    for top in range(4):
        for left in range(3):
            check_rate(np.all(drawn == (top, left), axis=1), 1 / 12, f"at ({top}, {left})")
    random_crop(np.zeros((N, 2, 4, 4)), drawn, size=(3, 4), padding=1)


def never_at_the_end(
    shape: tuple[int, ...], *, size: Any, padding: int, rng: np.random.Generator
) -> np.ndarray:
    """Broken: the last row and column are never cut."""
    room = np.array(shape[2:]) + 2 * padding - size
    return rng.integers(0, room, (shape[0], 2))


def the_margin_forgotten(
    shape: tuple[int, ...], *, size: Any, padding: int, rng: np.random.Generator
) -> np.ndarray:
    """Broken: positions in the image as it was."""
    return rng.integers(0, np.array(shape[2:]) - size, (shape[0], 2), endpoint=True)


def test_crop_offsets_are_everywhere() -> None:
    check_crop_offsets(crop_offsets)


@pytest.mark.parametrize("broken", [never_at_the_end, the_margin_forgotten])
def test_crop_offsets_check_rejects(broken: Function) -> None:
    with pytest.raises(AssertionError, match="at "):
        check_crop_offsets(broken)


@pytest.mark.parametrize("offset", [(-1, 0), (0, -1), (4, 0), (0, 3)])
def test_a_crop_beyond_the_image_is_refused(offset: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"offsets must lie from \(0, 0\) to \(3, 2\)"):
        random_crop(np.zeros((1, 2, 4, 4)), np.array([offset]), size=(3, 4), padding=1)


def test_flip_mask_flips_at_its_rate() -> None:
    check_rate(draw(flip_mask, 5000, p=0.3), 0.3, "flipped")


def test_flip_rate_check_rejects_the_complement() -> None:
    with pytest.raises(AssertionError, match="flipped"):
        check_rate(~draw(flip_mask, 5000, p=0.3), 0.3, "flipped")


@pytest.mark.parametrize("p", [-0.1, 1.1])
@pytest.mark.parametrize(("mask", "size"), [(dropout_mask, (3,)), (flip_mask, 3)])
def test_what_is_no_probability_is_refused(mask: Function, size: Any, p: float) -> None:
    with pytest.raises(ValueError, match=rf"{mask.__name__}: p must lie in \[0, 1\]"):
        draw(mask, size, p=p)
