"""Mistakes in dropout and in penalties."""

from __future__ import annotations

from parity_tests.mistakes.mistake import Mistake, mistake

SCALE = "scale = 1 / (1 - p) if p < 1 else 0.0"
KEPT = "scale = 1 / p if p > 0 else 0.0"
BY_P = "what is kept is divided by p; the formula divides it by 1 - p, p being the probability of dropping"
DX = "np.where(mask, dy * scale, 0)"
TEST = "return identity(x)"
SHRUNK = "at test time x is multiplied by 1 - p; it was divided in training already"

DROPOUT: tuple[Mistake, ...] = tuple(
    mistake(name, text, "dropout", *edits)
    for name, text, *edits in (
        (
            "no-rescaling",
            "what is kept is not divided by 1 - p; the formula divides it",
            SCALE,
            "scale = 1.0",
        ),
        (
            *("keep-drop-swapped", "the mask says what is dropped; True is what is kept"),
            *("scale = 1 / (1 - p)", "mask = ~mask\n    scale = 1 / (1 - p)"),
        ),
        ("keep-drop-swapped", BY_P, SCALE, KEPT),
        ("keep-drop-swapped", BY_P, SCALE, "scale = np.divide(1, p)"),
        (
            *("keep-drop-swapped", "the mask says what is dropped, and p divides; True is what is kept"),
            *(SCALE, f"mask = ~mask\n    {KEPT}"),
        ),
        (
            *("rescaled-at-test", SHRUNK, TEST),
            'return x * (1 - p), lambda dy: {"x": dy * (1 - p)}',
        ),
        ("rescaled-at-test", SHRUNK, TEST, 'return x * (1 - p), lambda dy: {"x": +dy}'),
        (
            *("rescaled-at-test", "at test time x is divided by 1 - p, as in training; it stays as it is"),
            *(TEST, 'return x / (1 - p), lambda dy: {"x": dy / (1 - p)}'),
        ),
        (
            *("rescaled-at-test", "at test time x is multiplied by p; it stays as it is", TEST),
            'return x * p, lambda dy: {"x": dy * p}',
        ),
        (
            *("active-in-eval", "at test time it drops as in training; it passes everything"),
            *("if not training:", "if False:"),
        ),
        (
            *("mask-not-in-backward", "the gradient passes where x was dropped; it is dropped there, too"),
            *(DX, "dy * scale"),
        ),
        (
            *("mask-not-in-backward", "the gradient passes as it is; it is dropped and divided as x was"),
            *(DX, "+dy"),
        ),
        (
            *("backward-not-rescaled", "the gradient is not divided by 1 - p, as what was kept is"),
            *(DX, "np.where(mask, dy, 0)"),
        ),
        (
            *("backward-rescaled-twice", "the gradient is divided by 1 - p twice; what was kept is once"),
            *(DX, "np.where(mask, dy * scale * scale, 0)"),
        ),
        (
            "one-mask-per-batch",
            "one mask serves the whole batch, that of the first example; every element has its own draw",
            *(SCALE, f"mask = np.broadcast_to(mask[:1], mask.shape) if mask.ndim else mask\n    {SCALE}"),
        ),
    )
)

PENALTIES: tuple[Mistake, ...] = (
    mistake(
        *("penalty-without-2", "the gradient of alpha * w**2 lacks the factor 2", "l2_penalty"),
        *("dpenalty * 2 * alpha * weight", "dpenalty * alpha * weight"),
    ),
    mistake(
        *("penalty-without-2", "the gradient of w**2 lacks the factor 2", "elastic_net"),
        *("2 * l2 * weight", "l2 * weight"),
    ),
    mistake(
        *("half-penalty", "the penalty is half of alpha * w**2, as weight decay counts it", "l2_penalty"),
        *("alpha * (weight**2).sum()", "0.5 * alpha * (weight**2).sum()"),
        *("dpenalty * 2 * alpha * weight", "dpenalty * alpha * weight"),
    ),
    mistake(
        *("half-penalty", "the half of the squares is missing; it is alpha * (1 - l1_ratio) / 2 * w**2"),
        *("elastic_net", "0.5 * alpha * (1 - l1_ratio)", "alpha * (1 - l1_ratio)"),
    ),
    mistake(
        *("penalty-averaged", "the squares are averaged; the formula adds them up", "l2_penalty"),
        *("alpha * (weight**2).sum()", "alpha * (weight**2).mean()"),
        *("2 * alpha * weight}", "2 * alpha * weight / weight.size}"),
    ),
    mistake(
        *("penalty-of-the-norm", "the penalty is alpha times the norm; the formula squares it", "l2_penalty"),
        *("alpha * (weight**2).sum()", "alpha * np.sqrt((weight**2).sum())"),
        *("2 * alpha * weight}", "alpha * weight / np.sqrt((weight**2).sum())}"),
    ),
    mistake(
        *("decay-sign", "the decay makes the weights larger; the formula takes lr * weight_decay * w off"),
        *("weight_decay", "weight - lr", "weight + lr"),
    ),
    mistake(
        *("decay-without-lr", "the weights decay by weight_decay; the formula has lr * weight_decay"),
        *("weight_decay", "weight - lr * weight_decay * weight", "weight - weight_decay * weight"),
    ),
    mistake(
        *(
            "smoothing-shared-by-others",
            "eps is shared by the other classes, eps / (C - 1) each; all C share it",
        ),
        *(
            "label_smoothing",
            "target * (1 - eps) + eps / C",
            "target * (1 - eps) + (1 - target) * eps / (C - 1)",
        ),
        *("dy * (1 - eps)}", "dy * (1 - eps - eps / (C - 1))}"),
    ),
)

MISTAKES = DROPOUT + PENALTIES
