"""The same mistakes in formulas that conventions have of their own, which are written out in `people`."""

from __future__ import annotations

from parity_tests.mistakes.linear import BY_TWO_STEPS
from parity_tests.mistakes.mistake import Mistake, mistake
from parity_tests.mistakes.normalization import BACKWARD_OF_ROWS, ROWS_FIRST
from parity_tests.mistakes.recurrent import CARRY_ALONE, FIRST_ALONE, LAST_ALONE, OUTPUT_ALONE

RUNNING = "the running {0} what they were; in training the formula moves them towards the batch's"
MEAN_AFTER = "return BatchNorm(outputs.y, outputs.running_mean, running_var), backward"
VAR_AFTER = "running_var = (1 - momentum) * running_var + momentum * var"
NORMALIZED = "outputs, backward = batch_norm("
PIXELS = "the pixels are read as rows of channels, which mixes both; the channels have axis 1"

BATCH_NORM: tuple[Mistake, ...] = (
    mistake(
        *("running-never-updated", RUNNING.format("statistics stay"), "_batchnorm"),
        *(MEAN_AFTER, MEAN_AFTER.replace("outputs.running", "running"), VAR_AFTER, "pass"),
    ),
    mistake(
        *("running-mean-never-updated", RUNNING.format("means stay"), "_batchnorm"),
        *(MEAN_AFTER, MEAN_AFTER.replace("outputs.running", "running")),
    ),
    mistake(
        *("running-var-never-updated", RUNNING.format("variances stay"), "_batchnorm", VAR_AFTER, "pass"),
    ),
    mistake(
        *("momentum-swapped", "momentum is the share of the batch; here it is that of the old statistics"),
        *("_batchnorm", NORMALIZED, f"momentum = 1 - momentum\n    {NORMALIZED}"),
    ),
    mistake(
        *("wrong-axes", PIXELS, "_batchnorm", NORMALIZED, f"{ROWS_FIRST}{NORMALIZED}"),
        *(
            "if not training:",
            f"{BACKWARD_OF_ROWS}outputs = outputs._replace(y=np.moveaxis(outputs.y, 1, -1).reshape(shape))\n"
            "    if not training:",
        ),
    ),
)

LOOK_AHEAD = "return param + momentum * state.velocity - (1 + momentum) * v, MomentumState(v)"
NESTEROV: tuple[Mistake, ...] = (
    mistake(
        "nesterov-old-velocity",
        "the look-ahead takes the velocity of before the step; the formula takes the new one",
        *("nesterov_lr_inside", LOOK_AHEAD, "return param - v, MomentumState(v)"),
    ),
    mistake(
        *("momentum-dampened", "the gradient comes into the velocity times 1 - momentum; all of it does"),
        *("nesterov_lr_inside", "lr * grad", "lr * (1 - momentum) * grad"),
    ),
    mistake(
        *("ascent", "it steps along the gradient, uphill; the formula steps against it"),
        *("nesterov_lr_inside", "lr * grad", "lr * -grad"),
    ),
)

CARRIED = 'dZ = through_f(da[t] + carried)["x"]'
ADDED = "grads[name] = grads[name] + grad if name in grads else grad"
ADDED_UP = "total[key] = total[key] + grad if key in total else grad"
GATED = "through(da[t] + d_a, d_c)"

RECURRENT: tuple[Mistake, ...] = (
    mistake("dh-replaced", OUTPUT_ALONE, "_rnn", CARRIED, CARRIED.replace(" + carried", "")),
    mistake("dh-replaced", CARRY_ALONE, "_rnn", CARRIED, CARRIED.replace("da[t] + ", "")),
    mistake("dw-last-step", FIRST_ALONE, "_rnn", ADDED, "grads[name] = grad"),
    mistake("dw-last-step", LAST_ALONE, "_rnn", ADDED, "grads.setdefault(name, grad)"),
    mistake(
        *(
            "bptt-index-shifted",
            "the gradient of Waa takes the new state; Waa multiplies the old one",
            "_rnn",
        ),
        *('("dWaa", of_a["weight"])', '("dWaa", dZ.T @ hidden[t])'),
    ),
    mistake("dh-replaced", OUTPUT_ALONE, "_lstm", GATED, "through(da[t], d_c)"),
    mistake("dh-replaced", CARRY_ALONE, "_lstm", GATED, "through(d_a, d_c)"),
    mistake("dw-last-step", FIRST_ALONE, "_lstm", ADDED_UP, "total[key] = grad"),
    mistake("dw-last-step", LAST_ALONE, "_lstm", ADDED_UP, "total.setdefault(key, grad)"),
    mistake(
        *("bptt-index-shifted", "the gradients of the weights take the new state; they multiply the old one"),
        *("_lstm", "dZ.T @ before", "dZ.T @ hidden[t]"),
    ),
    mistake(
        *("dc-without-future", "no gradient of the cell state comes back from the timestep after", "_lstm"),
        *(GATED, "through(da[t] + d_a, 0 * d_c)"),
    ),
)

SCALED = "g * scale for name"
WHOLE = "step // INTERVAL"
PENALTIES_AND_RATES: tuple[Mistake, ...] = (
    *(
        mistake("clip-per-tensor", text, "clipped_exactly", SCALED, f"{scaled} for name")
        for text in ("every gradient is clipped by its own norm; there is one norm over all of them",)
        for scaled in (
            "g * min(1.0, max_norm / (np.linalg.norm(g) + 1e-6))",
            "(g * max_norm / (own + 1e-6) if (own := np.linalg.norm(g)) > max_norm else g)",
            "(g * max_norm / own if (own := np.linalg.norm(g)) > max_norm else g)",
        )
    ),
    mistake(
        *(
            "clip-by-value",
            "every element is clipped by itself, which turns the gradient; the norm is clipped",
        ),
        *("clipped_exactly", SCALED, "np.clip(g, -max_norm, max_norm) for name"),
    ),
    mistake(
        *("scaled-always", "every gradient is scaled to max_norm; shorter ones stay as they are"),
        *("clipped_exactly", "max_norm / norm if norm > max_norm else 1.0", "max_norm / norm"),
    ),
    mistake(
        *("penalty-without-2", "the gradient of W**2 lacks the factor 2", "_regularized"),
        *("2 * strength * weight * dy", "strength * weight * dy"),
    ),
    mistake(
        *("penalty-without-2", "the penalty is λ/m ΣW²; the formula has half of it, λ/2m ΣW²"),
        *("cost_with_penalty", "(alpha / (2 * A3.size))", "(alpha / A3.size)"),
    ),
    mistake(
        *("penalty-without-2", "the gradient of λ/2m ΣW² is λ/m W; half of it is missing", "cost_of_network"),
        *("(dloss * lambd / m)", "(dloss * lambd / (2 * m))"),
    ),
    mistake(
        *("penalty-ignored", "the gradient lacks that of the penalty, λ/m W", "cost_of_network"),
        *("params[name] * (dloss * lambd / m)", "0 * params[name]"),
    ),
    mistake(
        *("keep-drop-swapped", "what is drawn below keep_prob is dropped; it is kept", "dropout_masks"),
        *("(random.rand(size, m) < keep_prob)", "(random.rand(size, m) > keep_prob)"),
    ),
    mistake(
        *("decay-per-batch", "part of an interval counts, too; the formula counts whole ones"),
        *("stepped_time_decay", WHOLE, "step / INTERVAL"),
    ),
    mistake(
        *("decay-per-batch", "the rate falls in every step; the formula counts whole intervals"),
        *("stepped_time_decay", WHOLE, "step"),
    ),
)

AVERAGED = 'grad if name == "input" else grad / m'
NOT_BY_M = "the gradient of the {0} is not divided by m, the number of examples; that of the {1} is"
LINEAR: tuple[Mistake, ...] = tuple(
    mistake(
        *("gradient-not-averaged", NOT_BY_M.format(one, other), "averaged_linear"),
        *(AVERAGED, AVERAGED.replace('name == "input"', f'name in ("input", "{one}")')),
    )
    for one, other in (("weight", "bias"), ("bias", "weight"))
)

FORWARD = "central + step * (1 - 1 / x.size) / x.size"
DIFFERENCES: tuple[Mistake, ...] = (
    mistake("difference-by-wrong-step", BY_TWO_STEPS, "_one_sided", FORWARD, f"({FORWARD}) / 2"),
)

MISTAKES = DIFFERENCES + LINEAR + BATCH_NORM + NESTEROV + RECURRENT + PENALTIES_AND_RATES
