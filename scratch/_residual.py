"""What a residual network is made of: convolutions with a batch norm, and blocks of two of them."""

import numpy as np

from scratch._params import prefixed, under
from scratch.convolution import conv2d
from scratch.normalization import batch_norm


def conv_norm(x, params, conv, norm, *, stride=1, **options):
    """norm(conv(x)): a convolution without a bias that keeps the size, but for its stride, and a batch norm.

    conv, norm: what the keys of their parameters begin with -> y, the buffers of the next call, backward.
    """
    weight, running = params[f"{conv}.weight"], under(f"{norm}.", params)
    Z, through_conv = conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)
    after, through_norm = batch_norm(
        *(Z, running["running_mean"], running["running_var"], running["weight"], running["bias"]),
        num_batches_tracked=int(running["num_batches_tracked"]),
        **options,
    )
    buffers = {
        f"{norm}.running_mean": after.running_mean,
        f"{norm}.running_var": after.running_var,
        f"{norm}.num_batches_tracked": np.array(after.num_batches_tracked),
    }

    def backward(dy):
        from_norm = through_norm(dy)
        from_conv = through_conv(from_norm.pop("x"))
        dparams = {f"{conv}.weight": from_conv["weight"], **prefixed(f"{norm}.", from_norm)}
        return {"x": from_conv["input"], "params": dparams}

    return after.y, buffers, backward


def conv_norm_shapes(conv, norm, *weight):
    """The shapes of the parameters and of the buffers of a `conv_norm`."""
    channels = dict.fromkeys(("weight", "bias", "running_mean", "running_var"), weight[:1])
    return {f"{conv}.weight": weight, **prefixed(f"{norm}.", {**channels, "num_batches_tracked": ()})}


def block(x, params, g, **options):
    """y = g(S(x) + F(x)) with F(x) = norm(conv(g(norm(conv(x))))), both convolutions 3×3.

    S is the identity; where there are parameters for it, a 1×1 convolution with a norm, and then both this
    and the first convolution take every second pixel.  He et al. 2016, eq. 1 and 2.
    -> y, the buffers of the next call, backward.
    """
    projected = "downsample.0.weight" in params
    stride = 2 if projected else 1
    Z, buffers1, through_norm1 = conv_norm(x, params, "conv1", "bn1", stride=stride, **options)
    A, through_g1 = g(Z)
    F, buffers2, through_norm2 = conv_norm(A, params, "conv2", "bn2", **options)
    S, buffers, through_shortcut = x, {}, _pass_on
    if projected:
        S, buffers, through_shortcut = conv_norm(
            *(x, params, "downsample.0", "downsample.1"), stride=stride, **options
        )
    y, through_g = g(S + F)

    def backward(dy):
        dZ = through_g(dy)["x"]
        from_norm2 = through_norm2(dZ)
        from_norm1 = through_norm1(through_g1(from_norm2["x"])["x"])
        from_shortcut = through_shortcut(dZ)
        dx = from_shortcut["x"] + from_norm1["x"]  # erratum residual-gradient
        return {"x": dx, "params": from_norm1["params"] | from_norm2["params"] | from_shortcut["params"]}

    return y, buffers1 | buffers2 | buffers, backward


def _pass_on(dS):
    return {"x": dS, "params": {}}


def block_shapes(before, channels, *, projected):
    """The shapes of the parameters and of the buffers of a `block` that makes `channels` of those before."""
    first = conv_norm_shapes("conv1", "bn1", channels, before, 3, 3)
    second = conv_norm_shapes("conv2", "bn2", channels, channels, 3, 3)
    shortcut = conv_norm_shapes("downsample.0", "downsample.1", channels, before, 1, 1)
    return first | second | (shortcut if projected else {})
