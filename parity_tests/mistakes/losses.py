"""Mistakes in activations, losses and what goes with them."""

from __future__ import annotations

from parity_tests.mistakes.mistake import Mistake, each, mistake

SOFTMAX_DX = "y * (dy - (dy * y).sum(axis, keepdims=True))"
LOG_SOFTMAX_DX = "dy - np.exp(y) * dy.sum(axis, keepdims=True)"
LOG_P = "log_p, through_log_softmax = log_softmax(input, axis=1)"
LOSS = "loss = -(w * q * np.where(q == 0, 0, log_p)).sum(1)"
DX = 'through_log_softmax(-w * q * d_loss)["x"]'
SIMPLE_DX = "(np.exp(log_p) - q) * d_loss"
TWICE = """log_p_1, through_first = log_softmax(input, axis=1)
    log_p, through_second = log_softmax(np.exp(log_p_1), axis=1)

    def through_log_softmax(d):
        return through_first(through_second(d)["x"] * np.exp(log_p_1))
"""
BCE = "loss = -(w * (q * log_p + (1 - q) * np.log(1 - np.exp(log_p)))).sum(1)"
LOG2 = "the logarithm is that of base 2; the formula has the natural one"
LOG2_FORWARD = f"{LOG2}, whose gradient this is"
BINARY = (
    "the loss is the binary one of every class by itself, with (1 - q) * log(1 - p); that of classes has "
    "q * log(p) alone"
)
SOFTMAXED = "the softmax is applied to the logits before a loss that applies it itself"
AXIS_0 = "the softmax runs over the batch, axis 0; the formula runs over the classes"
WITHOUT_MEAN = "the mean of the gradients is subtracted; the formula subtracts their mean weighted by p"
OVER_CLASSES = (
    "the mean divides by the number of all entries, N * C; the formula divides by the number of examples N"
)
SIGMOID_TWICE = "the derivative applies the function to its own output again; y is it already"
MASK_OF_GRADIENT = "the gradient passes where it is positive itself; it passes where the input is"

MISTAKES: tuple[Mistake, ...] = (
    mistake("softmax-axis-0", AXIS_0, "softmax", "exp = np.exp", "axis = 0\n    exp = np.exp"),
    mistake(
        "softmax-axis-0",
        AXIS_0,
        "log_softmax",
        "shifted = x",
        "axis = 0\n    shifted = x",
        only="log_softmax",
    ),
    mistake("softmax-axis-0", AXIS_0, "cross_entropy", LOG_P, LOG_P.replace("axis=1", "axis=0")),
    mistake(
        "softmax-axis-0", AXIS_0, "cross_entropy", LOG_P, LOG_P.replace("axis=1", "axis=0"), DX, SIMPLE_DX
    ),
    mistake(
        *(
            "keepdims-lost",
            "the maximum and the sum lose their axis, so that they meet the columns",
            "softmax",
        ),
        *("x.max(axis, keepdims=True)", "x.max(axis)", "exp.sum(axis, keepdims=True)", "exp.sum(axis)"),
    ),
    mistake(
        *(
            "keepdims-lost",
            "the sum loses its axis, so that it divides the columns; it is a row's own",
            "softmax",
        ),
        *("exp.sum(axis, keepdims=True)", "exp.sum(axis)"),
    ),
    mistake(
        *(
            "softmax-of-the-whole",
            "it divides by the sum of all; the formula has a sum for each row",
            "softmax",
        ),
        *("exp = np.exp", "axis = tuple(range(x.ndim))\n    exp = np.exp"),
    ),
    mistake(
        "diagonal-jacobian",
        "the Jacobian has its diagonal alone, y * (1 - y); every x_i moves every y_j, so that "
        "the sum of dy * y goes off",
        *("softmax", SOFTMAX_DX, "y * (dy - dy * y)"),
    ),
    mistake(
        "mean-not-weighted", WITHOUT_MEAN, "softmax", SOFTMAX_DX, "y * (dy - dy.mean(axis, keepdims=True))"
    ),
    mistake("mean-not-weighted", WITHOUT_MEAN, "softmax", SOFTMAX_DX, "dy - dy.mean(axis, keepdims=True)"),
    mistake(
        "mean-not-weighted", WITHOUT_MEAN, "log_softmax", LOG_SOFTMAX_DX, "dy - dy.mean(axis, keepdims=True)"
    ),
    mistake(
        *("mean-not-weighted", "the mean of the gradients takes the place of their sum", "log_softmax"),
        *(LOG_SOFTMAX_DX, "dy - np.exp(y) * dy.mean(axis, keepdims=True)"),
    ),
    mistake(
        *(
            "mean-not-weighted",
            "dy * p is summed; the formula sums dy and multiplies the sum by p",
            "log_softmax",
        ),
        *(LOG_SOFTMAX_DX, "dy - (np.exp(y) * dy).sum(axis, keepdims=True)"),
    ),
    mistake("softmax-twice", SOFTMAXED, "cross_entropy", LOG_P, TWICE),
    mistake(
        "softmax-twice", SOFTMAXED, "cross_entropy", LOG_P, TWICE, DX, DX.replace("log_softmax", "second")
    ),
    mistake(
        "softmax-twice", SOFTMAXED, "cross_entropy", LOG_P, TWICE, DX, DX.replace("log_softmax", "first")
    ),
    mistake("softmax-twice", SOFTMAXED, "cross_entropy", LOG_P, TWICE, DX, SIMPLE_DX),
    mistake("mean-over-classes", OVER_CLASSES, "cross_entropy", "mean=total", "mean=input.size"),
    mistake("mean-over-classes", OVER_CLASSES, "cross_entropy", "mean=total", "mean=total * C"),
    mistake(
        "mean-over-classes", OVER_CLASSES, "nll_loss", "mean=np.where(one_hot, w, 0).sum()", "mean=input.size"
    ),
    mistake(
        *("mean-over-classes", "the mean divides by the number of classes as well; it divides by N alone"),
        *("cross_entropy", LOSS, LOSS.replace(".sum(1)", ".mean(1)")),
    ),
    mistake(
        "mean-ignores-weights",
        "the mean divides by the number of examples; the formula divides by the sum of their weights",
        *("cross_entropy", "mean=total", "mean=loss.size"),
    ),
    mistake(
        "mean-ignores-weights",
        "the mean divides by the number of examples; the formula divides by the sum of their weights",
        *("nll_loss", "mean=np.where(one_hot, w, 0).sum()", "mean=loss.size"),
    ),
    mistake(
        *(
            "gradient-not-averaged",
            "the loss is averaged and its gradient is not; it is divided by the same n",
        ),
        *("_reduce", "np.ones_like(loss) * dy / n", "np.ones_like(loss) * dy"),
    ),
    mistake(
        *(
            "loss-not-averaged",
            "the loss is a sum; the formula divides it by n, as its gradient is",
            "_reduce",
        ),
        *(
            '(loss if reduction == "none" else loss.sum()) / n',
            '(loss if reduction == "none" else loss.sum())',
        ),
    ),
    mistake("log2", LOG2_FORWARD, "cross_entropy", LOSS, f"{LOSS} / np.log(2)"),
    mistake("log2", LOG2, "cross_entropy", LOSS, f"{LOSS} / np.log(2)", DX, f"{DX} / np.log(2)"),
    mistake(
        *("log2", LOG2_FORWARD, "binary_cross_entropy"),
        *('_reduce("binary_cross_entropy", loss,', '_reduce("binary_cross_entropy", loss / np.log(2),'),
    ),
    mistake(
        *("log2", LOG2_FORWARD, "binary_cross_entropy"),
        *("np.log(input), np.log1p(-input)", "np.log2(input), np.log2(1 - input)"),
    ),
    mistake(
        *("log2", LOG2, "binary_cross_entropy"),
        *('_reduce("binary_cross_entropy", loss,', '_reduce("binary_cross_entropy", loss / np.log(2),'),
        *("share(dy) * weight", "share(dy) * weight / np.log(2)"),
    ),
    mistake("bce-for-multiclass", BINARY, "cross_entropy", LOSS, BCE),
    mistake(
        *("bce-for-multiclass", BINARY, "cross_entropy", LOSS, BCE, DX),
        'through_log_softmax(-w * (q - (1 - q) * np.exp(log_p) / (1 - np.exp(log_p))) * d_loss)["x"]',
    ),
    mistake(
        *("bce-for-multiclass", f"{BINARY}; and the mean is over N * C", "cross_entropy", LOSS, BCE),
        *("mean=total", "mean=input.size"),
    ),
    mistake(
        *("bce-for-multiclass", f"{BINARY}; and the mean is over N * C", "cross_entropy", LOSS, BCE, DX),
        'through_log_softmax(-w * (q - (1 - q) * np.exp(log_p) / (1 - np.exp(log_p))) * d_loss)["x"]',
        *("mean=total", "mean=input.size"),
    ),
    mistake(
        *(
            "bce-for-multiclass",
            f"{BINARY}; and the gradient is p - q of each class",
            "cross_entropy",
            LOSS,
            BCE,
        ),
        *(DX, "w * (np.exp(log_p) - q) * d_loss", "mean=total", "mean=input.size"),
    ),
    mistake(
        "kl-reversed",
        "it is KL(q || p), the sum of q * (log q - log p); the formula is KL(p || q)",
        *("kl_div", "loss = p * (log_p - input)", "loss = np.exp(input) * (input - log_p)"),
        *('share(dy) * -p, "target"', 'share(dy) * np.exp(input) * (input - log_p + 1), "target"'),
        *("d_target = p * slope if log_target else np.where(target == 0, np.nan, slope)",),
        "d_target = -np.exp(input) if log_target else -np.exp(input) / p",
    ),
    mistake(
        *(
            "kl-sign",
            "the sign is that of -KL: p * (log q - log p); the formula has p * (log p - log q)",
            "kl_div",
        ),
        *("loss = p * (log_p - input)", "loss = p * (input - log_p)", "share(dy) * -p,", "share(dy) * p,"),
        *("share(dy) * d_target", "-share(dy) * d_target"),
    ),
    mistake(
        *("half-squares", "the loss is half of the squared error; torch's has no half", "mse_loss"),
        *("error**2, reduction", "0.5 * error**2, reduction", "share(dy) * 2 * error", "share(dy) * error"),
    ),
    mistake(
        *("half-gradient", "the factor 2 of the derivative of error**2 is missing", "mse_loss"),
        *("share(dy) * 2 * error", "share(dy) * error"),
    ),
    # ---- activations ----
    mistake(
        "sigmoid-of-activation",
        SIGMOID_TWICE,
        "sigmoid",
        "dy * y * (1 - y)",
        "dy * (s := 1 / (1 + np.exp(-y))) * (1 - s)",
    ),
    mistake(
        *(
            "derivative-of-input",
            "the derivative is x * (1 - x); it is y * (1 - y) with the output y",
            "sigmoid",
        ),
        *("dy * y * (1 - y)", "dy * x * (1 - x)"),
    ),
    mistake(
        "relu-mask-of-gradient",
        MASK_OF_GRADIENT,
        "relu",
        "np.where(positive, dy, 0)",
        "np.where(dy > 0, dy, 0)",
    ),
    mistake(
        *("relu-mask-of-gradient", "the gradient passes where both it and the input are positive", "relu"),
        *("np.where(positive, dy, 0)", "np.where(positive & (dy > 0), dy, 0)"),
    ),
    # ---- penalties and dropout ----
    mistake(
        *("penalty-without-2", "the gradient of alpha * w**2 lacks the factor 2", "l2_penalty"),
        *("dpenalty * 2 * alpha * weight", "dpenalty * alpha * weight"),
    ),
    mistake(
        *("half-penalty", "the penalty is half of alpha * w**2, as weight decay counts it", "l2_penalty"),
        *("alpha * (weight**2).sum()", "0.5 * alpha * (weight**2).sum()"),
        *("dpenalty * 2 * alpha * weight", "dpenalty * alpha * weight"),
    ),
    *each(
        *("dropout", "no-rescaling", "what is kept is not divided by 1 - p; the formula divides it"),
        *("scale = 1 / (1 - p) if p < 1 else 0.0", "scale = 1.0"),
    ),
    *each(
        *("dropout", "keep-drop-swapped", "the mask says what is dropped; True is what is kept"),
        *("scale = 1 / (1 - p)", "mask = ~mask\n    scale = 1 / (1 - p)"),
    ),
    *each(
        *("dropout", "keep-drop-swapped", "p is taken for the probability of keeping: it divides by p"),
        *("scale = 1 / (1 - p) if p < 1 else 0.0", "scale = 1 / p if p > 0 else 0.0"),
    ),
    *each(
        *(
            "dropout",
            "keep-drop-swapped",
            "the mask says what is dropped, and p divides; True is what is kept",
        ),
        *("scale = 1 / (1 - p) if p < 1 else 0.0", "mask = ~mask\n    scale = 1 / p if p > 0 else 0.0"),
    ),
    *each(
        *(
            "dropout",
            "rescaled-at-test",
            "at test time x is multiplied by 1 - p; it was divided in training already",
        ),
        *("return identity(x)", 'return x * (1 - p), lambda dy: {"x": dy * (1 - p)}'),
    ),
    *each(
        *(
            "dropout",
            "rescaled-at-test",
            "at test time x is multiplied by 1 - p; it was divided in training already",
        ),
        *("return identity(x)", 'return x * (1 - p), lambda dy: {"x": +dy}'),
    ),
    *each(
        *(
            "dropout",
            "rescaled-at-test",
            "at test time x is divided by 1 - p, as in training; it stays as it is",
        ),
        *("return identity(x)", 'return x / (1 - p), lambda dy: {"x": dy / (1 - p)}'),
    ),
    *each(
        *("dropout", "active-in-eval", "at test time it drops as in training; it passes everything"),
        *("if not training:", "if False:"),
    ),
    *each(
        *(
            "dropout",
            "mask-not-in-backward",
            "the gradient passes where x was dropped; it is dropped there, too",
        ),
        *("np.where(mask, dy * scale, 0)", "dy * scale"),
    ),
    *each(
        *("dropout", "backward-not-rescaled", "the gradient is not divided by 1 - p, as what was kept is"),
        *("np.where(mask, dy * scale, 0)", "np.where(mask, dy, 0)"),
    ),
)
