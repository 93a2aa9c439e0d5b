"""Mistakes in images, clipping, schedules and linear layers."""

from __future__ import annotations

from parity_tests.mistakes.mistake import Mistake, each, mistake

FLIPPED = "the kernel is flipped, which makes it a convolution; the formula is a cross-correlation"
TIES = "every one of several equal pixels gets the gradient; the formula gives it to the first"
COSINE = {
    "cosine_annealing_lr": "(1 + math.cos(math.pi * step / T_max)) / 2",
    "cosine_annealing_warm_restarts": "(1 + math.cos(math.pi * T_cur / T_i)) / 2",
}
CLIPPED = "grad * scale for name, grad in grads.items()"

MISTAKES: tuple[Mistake, ...] = (
    mistake(
        *(
            "kernel-flipped",
            FLIPPED,
            "conv2d",
            "W = weight.reshape(",
            "W = weight[:, :, ::-1, ::-1].reshape(",
        ),
        *("dW.reshape(weight.shape)", "dW.reshape(weight.shape)[:, :, ::-1, ::-1]"),
    ),
    mistake(
        *(
            "kernel-flipped",
            FLIPPED,
            "conv2d",
            "W = weight.reshape(",
            "W = weight[:, :, ::-1, ::-1].reshape(",
        ),
        *("dX = (W.swapaxes(-1, -2) @ dY)",),
        "dX = (weight.reshape(W.shape).swapaxes(-1, -2) @ dY)",
    ),
    *each(
        *("conv2d avg_pool2d max_pool2d", "overlap-assigned"),
        "where windows overlap the last one overwrites the gradients of the others; they add up",
        *("dpadded[pixels] += ", "dpadded[pixels] = "),
    ),
    mistake(
        *("ties-each", TIES, "max_pool2d", "np.where(first == i * kw + j, dy, 0)"),
        "np.where(X[:, :, i * kw + j] == y, dy, 0)",
    ),
    mistake(
        *("avg-pool-undivided", "the gradient is not divided by the number of pixels, as the mean is"),
        *("avg_pool2d", "dpadded[pixels] += dy / count", "dpadded[pixels] += dy"),
    ),
    mistake(
        *(
            "max-pool-zero-padding",
            "the margins hold 0, which wins over what is negative; they hold minus infinity",
        ),
        *("max_pool2d", "constant_values=-np.inf", "constant_values=0"),
    ),
    *each(
        *("max_pool2d avg_pool2d", "output-size-rounding"),
        "the output size is rounded up; the formula rounds down unless ceil_mode",
        *("ceil_mode=ceil_mode", "ceil_mode=True"),
    ),
    *each(
        *("max_pool2d avg_pool2d", "output-size-rounding"),
        "the output size is rounded down, whatever ceil_mode says",
        *("ceil_mode=ceil_mode", "ceil_mode=False"),
    ),
    mistake(
        *("output-size-rounding", "the output is one pixel short of ⌊(H + 2p - k) / s⌋ + 1", "conv_grid"),
        *("r // s + 1 for", "max(r // s, 1) for"),
    ),
    mistake(
        *("clip-per-tensor", "every gradient is clipped by its own norm; there is one norm over all of them"),
        *("clip_grad_norm", CLIPPED),
        CLIPPED.replace("scale", "np.minimum(1.0, max_norm / (np.linalg.norm(grad) + 1e-6))"),
    ),
    mistake(
        *(
            "clip-by-value",
            "every element is clipped by itself, which turns the gradient; the norm is what is clipped",
        ),
        *("clip_grad_norm", CLIPPED, CLIPPED.replace("grad * scale", "np.clip(grad, -max_norm, max_norm)")),
    ),
    mistake(
        *(
            "scaled-always",
            "every gradient is scaled to max_norm; the formula leaves shorter ones as they are",
        ),
        *(
            "clip_grad_norm",
            "np.minimum(1.0, max_norm / (total_norm + 1e-6))",
            "max_norm / (total_norm + 1e-6)",
        ),
    ),
    mistake(
        *("warmup-behind", "the first rate is 0, one step behind; the formula has (step + 1) / warmup_steps"),
        *("warmup", "(step + 1) / warmup_steps", "step / warmup_steps"),
    ),
    *(
        mistake(
            *("cosine-without-half", "the cosine stands alone; the formula has (1 + cos) / 2", function),
            *(cosine, cosine.removeprefix("(1 + ").removesuffix(") / 2")),
        )
        for function, cosine in COSINE.items()
    ),
    *(
        mistake(
            *("cosine-without-half", "the half is missing: the formula has (1 + cos) / 2", function),
            *(cosine, cosine.removesuffix(" / 2")),
        )
        for function, cosine in COSINE.items()
    ),
    *(
        mistake(
            *("cosine-without-half", "it has cos / 2; the formula has (1 + cos) / 2", function),
            *(cosine, cosine.replace("1 + ", "")),
        )
        for function, cosine in COSINE.items()
    ),
    mistake(
        *("milestone-off-by-one", "the rate falls one step after each multiple of step_size", "step_lr"),
        *("(step // step_size)", "(max(step - 1, 0) // step_size)"),
    ),
    mistake(
        *("milestone-off-by-one", "the rate falls one step before each multiple of step_size", "step_lr"),
        *("(step // step_size)", "((step + 1) // step_size)"),
    ),
    mistake(
        *("milestone-off-by-one", "the rate falls one step after each milestone", "multi_step_lr"),
        *("milestone <= step", "milestone < step"),
    ),
    mistake(
        *("milestone-off-by-one", "the rate falls one step before each milestone", "multi_step_lr"),
        *("milestone <= step", "milestone <= step + 1"),
    ),
    mistake(
        *(
            "decay-per-batch",
            "the rate falls in every step; the formula has a whole number of periods",
            "step_lr",
        ),
        *("(step // step_size)", "step"),
    ),
    mistake(
        *(
            "decay-per-batch",
            "the rate falls in every step; the formula has a whole number of periods",
            "step_decay",
        ),
        *("(step // epochs_drop)", "step"),
    ),
    mistake(
        *("last-batch-dropped", "a last batch that is not full is dropped; it is, with drop_last alone"),
        *("mini_batches", "end = N - N % batch_size if drop_last else N", "end = N - N % batch_size"),
    ),
    mistake(
        *("bias-averaged", "the gradient of the bias is a mean over the examples; they add up", "linear"),
        *('grads["bias"] = dZ.sum(0)', 'grads["bias"] = dZ.mean(0)'),
    ),
    mistake(
        *(
            "broadcast-not-summed",
            "the gradient of the bias is that of the first example; they add up",
            "linear",
        ),
        *('grads["bias"] = dZ.sum(0)', 'grads["bias"] = dZ[0]'),
    ),
    mistake(
        *(
            "gradient-averaged-again",
            "the gradients of weight and bias are divided by the batch size; dy holds that",
        ),
        *("linear", "dZ.T @ X", "dZ.T @ X / len(X)", "dZ.sum(0)", "dZ.mean(0)"),
    ),
    mistake(
        *("residual-gradient", "the gradient passes the branch alone; dy itself goes on past it, too"),
        *("residual_connection", '"x": dy + grads["x"]', '"x": grads["x"]'),
    ),
)
