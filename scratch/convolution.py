"""Convolution and pooling (post 000; handbook, chapter 9).

Images are (N, C, H, W), as in torch. Where an option is a number of pixels, one int holds for both axes and a
pair for height and width.

Forward, `windows` lays out for each position in the kernel the pixels that it meets (im2col), so that a
convolution is one matrix product. Backward, `places` says where those pixels are in the image, and gradients
are added up there (col2im) in a loop over the few positions of the kernel.
"""

import numpy as np

from scratch._shapes import shapes
from scratch._windows import (
    bins,
    check_groups,
    conv_grid,
    covered,
    pad,
    places,
    pool_grid,
    transposed_grid,
    windows,
)

# ---- convolution ----


@shapes(input="N C H W", weight="O I kh kw", bias="O")
def conv2d(input, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros"):
    """y[o, r, c] = b[o] + Σ_k Σ_i Σ_j w[o, k, i, j] · x[k, r·stride + i·dilation, c·stride + j·dilation]

    for every padded image x: a cross-correlation, which does not flip the kernel.

    input (N, C, H, W), weight (O, C/groups, kh, kw), bias (O,) -> y (N, O, H', W') with
    H' = ⌊(H + margins − dilation·(kh − 1) − 1) / stride⌋ + 1.  padding: pixels on every side, "valid" for
    none, or "same" for H' = H (an odd pixel goes to the bottom or right).  padding_mode: what the margins
    hold, "zeros", "reflect", "replicate" or "circular".  groups: an output channel sees only the C/groups
    input channels of its own group.

    Post 000; handbook, ch. 9; Dumoulin & Visin 2016.  Raises ValueError for groups that do not divide the
    channels, for a kernel larger than the padded input, and for margins that the mode cannot fill.
    """
    (N, C, _, _), (O, per_group, kh, kw) = input.shape, weight.shape
    check_groups("conv2d", groups, input, weight, channels=groups * per_group)
    grid = conv_grid(input, weight, stride, padding, dilation)
    padded, unpad = pad(input, grid.margins, padding_mode)
    X = windows(padded, grid).reshape(N, groups, per_group * kh * kw, -1)  # a column for each window
    W = weight.reshape(groups, O // groups, per_group * kh * kw)
    if bias is None:
        Y = W @ X
    else:  # the bias is one weight more, for a pixel that is always 1; torch, too, sums it with the others
        b, ones = bias.reshape(groups, O // groups, 1), np.ones_like(X[:, :, :1])
        Y = np.concatenate([W, b], -1) @ np.concatenate([X, ones], -2)

    def backward(dy):
        dY = dy.reshape(N, groups, O // groups, -1)
        dW = (dY @ X.swapaxes(-1, -2)).sum(0)
        dX = (W.swapaxes(-1, -2) @ dY).reshape(N, C, kh, kw, *grid.size)
        dpadded = np.zeros_like(padded)
        for (i, j), pixels in places(grid):
            dpadded[pixels] += dX[:, :, i, j]
        grads = {"input": unpad(dpadded), "weight": dW.reshape(weight.shape)}
        if bias is not None:
            grads["bias"] = dy.sum((0, 2, 3))
        return grads

    return Y.reshape(N, O, *grid.size), backward


@shapes(input="N C L", weight="O I k", bias="O")
def conv1d(input, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros"):
    """`conv2d` of images that are one pixel high: the same options with one int each.

    input (N, C, L), weight (O, C/groups, k), bias (O,) -> y (N, O, L').
    """
    y, through_conv2d = conv2d(
        input[:, :, None],
        weight[:, :, None],
        bias,
        stride=(1, stride),
        padding=padding if isinstance(padding, str) else (0, padding),
        dilation=(1, dilation),
        groups=groups,
        padding_mode=padding_mode,
    )

    def backward(dy):
        grads = through_conv2d(dy[:, :, None])
        return {**grads, "input": grads["input"][:, :, 0], "weight": grads["weight"][:, :, 0]}

    return y[:, :, 0], backward


@shapes(input="N C H W", weight="C I kh kw", bias="O")
def conv_transpose2d(
    input, weight, bias=None, *, stride=1, padding=0, output_padding=0, groups=1, dilation=1
):
    """The gradient of `conv2d` with regard to its input, as a layer of its own: every pixel adds the kernel,
    times its value, to the output, `stride` pixels further on than the pixel before it.

    input (N, C, H, W), weight (C, O/groups, kh, kw), bias (O,) -> y (N, O, H', W') with
    H' = (H − 1)·stride + dilation·(kh − 1) + 1 + output_padding − 2·padding.  padding: pixels cut off on
    every side.  output_padding: pixels more at the bottom and right, which a `conv2d` whose stride does not
    divide has left over.

    Dumoulin & Visin 2016, ch. 4.  Raises ValueError for groups that do not divide the channels, for a bias
    of another length than O, for an output_padding that reaches both stride and dilation, and for a padding
    that leaves nothing.
    """
    (N, C, H, W), (_, per_group, kh, kw) = input.shape, weight.shape
    O = groups * per_group
    check_groups("conv_transpose2d", groups, input, weight, channels=C)
    if bias is not None and bias.shape != (O,):
        raise ValueError(
            f"conv_transpose2d: bias {bias.shape} must be ({O},) to go with weight {weight.shape}"
        )
    grid, (height, width) = transposed_grid(
        input, weight, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation
    )
    (top, bottom), (left, right) = grid.margins
    X = input.reshape(N, groups, C // groups, H * W)
    K = weight.reshape(groups, C // groups, per_group * kh * kw)
    Y = (K.swapaxes(-1, -2) @ X).reshape(N, O, kh, kw, H, W)
    uncut = np.zeros_like(input, shape=(N, O, height, width))
    for (i, j), pixels in places(grid):
        uncut[pixels] += Y[:, :, i, j]
    y = uncut[:, :, top : height - bottom, left : width - right]
    if bias is not None:
        y = y + bias[:, None, None]

    def backward(dy):
        duncut = np.pad(dy, ((0, 0), (0, 0), *grid.margins))
        dY = windows(duncut, grid).reshape(N, groups, per_group * kh * kw, H * W)
        dK = (X @ dY.swapaxes(-1, -2)).sum(0)
        grads = {"input": (K @ dY).reshape(N, C, H, W), "weight": dK.reshape(weight.shape)}
        if bias is not None:
            grads["bias"] = dy.sum((0, 2, 3))
        return grads

    return y, backward


# ---- pooling ----


@shapes(input="N C H W")
def max_pool2d(input, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """The largest pixel of every window. Its gradient goes to that pixel, the first if several are largest.

    input (N, C, H, W) -> y (N, C, H', W') with
    H' = ⌊(H + 2·padding − dilation·(kh − 1) − 1) / stride⌋ + 1, or ⌈…⌉ + 1 in ceil_mode, where a last window
    reaches over the edge but must not begin beyond it.  stride: that of the kernel, if None.  padding:
    pixels of −∞ on every side, which win over no finite one.

    Post 000; handbook, ch. 9.  Raises ValueError for a kernel larger than the padded input and for a padding
    of more than half the kernel.
    Where all pixels of a window are −∞ themselves the padding is as large, and may take their gradient.
    """
    N, C, H, W = input.shape
    grid = pool_grid(
        "max_pool2d",
        input,
        kernel_size,
        stride=stride,
        padding=padding,
        ceil_mode=ceil_mode,
        dilation=dilation,
    )
    (top, _), (left, _) = grid.margins
    kh, kw = grid.kernel
    padded = np.pad(input, ((0, 0), (0, 0), *grid.margins), constant_values=-np.inf)
    X = windows(padded, grid).reshape(N, C, kh * kw, *grid.size)
    first = X.argmax(2)
    y = np.take_along_axis(X, first[:, :, None], 2)[:, :, 0]

    def backward(dy):
        dpadded = np.zeros_like(padded)
        for (i, j), pixels in places(grid):
            dpadded[pixels] += np.where(first == i * kw + j, dy, 0)
        return {"input": dpadded[:, :, top : top + H, left : left + W]}

    return y, backward


@shapes(input="N C L")
def max_pool1d(input, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """`max_pool2d` of images that are one pixel high: the same options with one int each.

    input (N, C, L) -> y (N, C, L').
    """
    y, through_max_pool2d = max_pool2d(
        input[:, :, None],
        kernel_size=(1, kernel_size),
        stride=(1, kernel_size if stride is None else stride),
        padding=(0, padding),
        dilation=(1, dilation),
        ceil_mode=ceil_mode,
    )

    def backward(dy):
        return {"input": through_max_pool2d(dy[:, :, None])["input"][:, :, 0]}

    return y[:, :, 0], backward


@shapes(input="N C H W")
def avg_pool2d(
    input,
    *,
    kernel_size,
    stride=None,
    padding=0,
    ceil_mode=False,
    count_include_pad=True,
    divisor_override=None,
):
    """The sum over every window, divided by the number of its pixels.

    input (N, C, H, W) -> y (N, C, H', W') with H' as for `max_pool2d`.  padding: pixels of 0 on every side,
    which count unless count_include_pad is False; what ceil_mode reaches over beyond them never counts.
    divisor_override: divides in place of the number of pixels.

    Post 000; handbook, ch. 9; LeCun et al. 1989.  Raises ValueError as `max_pool2d`, and for a
    divisor_override of 0.
    """
    if divisor_override == 0:
        raise ValueError("avg_pool2d: divisor_override must not be 0, got 0")
    H, W = input.shape[2:]
    grid = pool_grid("avg_pool2d", input, kernel_size, stride=stride, padding=padding, ceil_mode=ceil_mode)
    (top, _), (left, _) = grid.margins
    count = divisor_override
    if count is None:
        pixels = covered(input.shape, grid, (top, left), count_include_pad=count_include_pad)
        count = pixels.astype(input.dtype)
    padded = np.pad(input, ((0, 0), (0, 0), *grid.margins))
    y = windows(padded, grid).sum((2, 3)) / count

    def backward(dy):
        dpadded = np.zeros_like(padded)
        for _, pixels in places(grid):
            dpadded[pixels] += dy / count
        return {"input": dpadded[:, :, top : top + H, left : left + W]}

    return y, backward


@shapes(input="N C L")
def avg_pool1d(input, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """`avg_pool2d` of images that are one pixel high: the same options with one int each.

    input (N, C, L) -> y (N, C, L').
    """
    y, through_avg_pool2d = avg_pool2d(
        input[:, :, None],
        kernel_size=(1, kernel_size),
        stride=(1, kernel_size if stride is None else stride),
        padding=(0, padding),
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
    )

    def backward(dy):
        return {"input": through_avg_pool2d(dy[:, :, None])["input"][:, :, 0]}

    return y[:, :, 0], backward


@shapes(input="N C H W")
def adaptive_avg_pool2d(input, *, output_size):
    """The mean of every bin, of which there are output_size; None keeps the size of the input.

    input (N, C, H, W) -> y (N, C, H', W'). Bin i has the rows ⌊i·H/H'⌋ to ⌈(i + 1)·H/H'⌉ − 1, so that
    neighbours may share one.  He et al. 2015, sec. 2.2.  Raises ValueError for an output_size below 1.
    """
    size, found = bins("adaptive_avg_pool2d", input.shape, output_size)
    y = np.zeros_like(input, shape=(*input.shape[:2], *size))
    for (i, j), pixels in found:
        y[:, :, i, j] = input[pixels].mean((2, 3))

    def backward(dy):
        dinput = np.zeros_like(input)
        for (i, j), pixels in found:
            height, width = input[pixels].shape[2:]
            dinput[pixels] += dy[:, :, i, j][:, :, None, None] / (height * width)
        return {"input": dinput}

    return y, backward


@shapes(input="N C H W")
def adaptive_max_pool2d(input, *, output_size):
    """The largest pixel of every bin. Its gradient goes to that pixel, the first if several are largest.

    input (N, C, H, W) -> y (N, C, H', W'), with bins as for `adaptive_avg_pool2d`.  Raises what that raises.
    """
    N, C, _, _ = input.shape
    size, found = bins("adaptive_max_pool2d", input.shape, output_size)
    y = np.zeros_like(input, shape=(N, C, *size))
    first = np.zeros((N, C, *size), int)
    for (i, j), pixels in found:
        X = input[pixels].reshape(N, C, -1)
        first[:, :, i, j] = X.argmax(2)
        y[:, :, i, j] = np.take_along_axis(X, first[:, :, i, j, None], 2)[:, :, 0]

    def backward(dy):
        dinput = np.zeros_like(input)
        for (i, j), pixels in found:
            height, width = input[pixels].shape[2:]
            position = np.arange(height * width).reshape(height, width)
            chosen = first[:, :, i, j][:, :, None, None] == position
            dinput[pixels] += np.where(chosen, dy[:, :, i, j][:, :, None, None], 0)
        return {"input": dinput}

    return y, backward


@shapes(input="N C H W")
def global_avg_pool2d(input):
    """The mean of every channel of every image.

    input (N, C, H, W) -> y (N, C).  Lin et al. 2014, sec. 3.2.
    """
    N, C, H, W = input.shape

    def backward(dy):
        return {"input": np.broadcast_to(dy[:, :, None, None] / (H * W), (N, C, H, W)).copy()}

    return input.mean((2, 3)), backward
