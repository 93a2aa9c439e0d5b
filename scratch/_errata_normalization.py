"""Errata on normalization (000; 004, chapters 5 and 6)."""

import numpy as np

from scratch._erratum import erratum
from scratch.normalization import batch_norm


def _channels(x):
    """The axes of a channel's values, and the shape that a value per channel needs beside x."""
    return (0, *range(2, x.ndim)), (-1,) + (1,) * (x.ndim - 2)


@erratum(
    "batchnorm-parentheses",
    algorithm="batch_norm",
    where="000, normalizing neural networks",
    printed="x′ = x − E[x] / √Var[x]",
    right="x′ = (x − E[x]) / √(Var[x] + ε)",
    shows="every input: the deviation stays what it was; a constant channel is infinite, or NaN at 0",
)
def batchnorm_parentheses(x, running_mean, running_var, weight=None, bias=None, *, training, **options):
    out, _ = batch_norm(x, running_mean, running_var, training=training, **options)
    batch, channel = _channels(x)
    mean, var = (x.mean(batch), x.var(batch)) if training else (running_mean, running_var)
    y = x - (mean / np.sqrt(var)).reshape(channel)
    y = y if weight is None else y * weight.reshape(channel)
    return out._replace(y=y if bias is None else y + bias.reshape(channel))


@erratum(
    "batchnorm-two-variances",
    algorithm="batch_norm",
    where="004 ch. 5, batch normalization, which has one variance, and a running average of it",
    printed="σ² = Σ (x − μ)² / m both to normalise the batch and for the running average",
    right="the running average takes the unbiased Σ (x − μ)² / (m − 1) (Ioffe & Szegedy 2015; torch)",
    shows="running variance after the first batch, and so y at test time: for m = 2 half of what is added",
)
def batchnorm_two_variances(
    x, running_mean, running_var, weight=None, bias=None, *, training, momentum=0.1, **options
):
    out, backward = batch_norm(
        x, running_mean, running_var, weight, bias, training=training, momentum=momentum, **options
    )
    if not training:
        return out, backward
    batch, _ = _channels(x)
    new = 1 / out.num_batches_tracked if momentum is None else momentum
    return out._replace(running_var=(1 - new) * running_var + new * x.var(batch)), backward


@erratum(
    "batchnorm-gaussian",
    algorithm="batch_norm",
    where="004 ch. 5, batch normalization; ch. 6 likewise",
    printed="normalising makes the activations like a Gaussian, hence its name",
    right="mean 0 and deviation 1; the distribution keeps its shape",
    shows="any batch that is not Gaussian already: its skewness is what it was",
    in_words=True,
)
def batchnorm_gaussian(x, running_mean, running_var, weight=None, bias=None, *, training=True, **options):
    from scipy.special import ndtri  # noqa: PLC0415 (scipy would triple the time of the import)

    out, _ = batch_norm(x, running_mean, running_var, training=training, **options)
    channels = np.moveaxis(x, 1, 0).reshape(x.shape[1], -1)
    ranks = channels.argsort(1).argsort(1)
    gaussian = ndtri((ranks + 0.5) / channels.shape[1])
    others = [n for axis, n in enumerate(x.shape) if axis != 1]
    return out._replace(y=np.moveaxis(gaussian.reshape(x.shape[1], *others), 0, 1))


@erratum(
    "batchnorm-gradients",
    algorithm="batch_norm",
    where="004 ch. 6, perform batch normalization",
    printed="batch normalization keeps the gradients constant: they neither vanish nor explode",
    right="they are multiplied by γ / √(σ² + ε), and lose their mean and their part along x̂",
    shows="inputs a thousandth as large have gradients a thousand times as large",
    in_words=True,
)
def batchnorm_gradients(x, running_mean, running_var, weight=None, bias=None, *, training, **options):
    out, _ = batch_norm(x, running_mean, running_var, weight, bias, training=training, **options)

    def backward(dy):
        return {"x": +dy}

    return out, backward
