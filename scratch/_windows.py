"""Where the windows of convolution and pooling lie on their images, and which options make sense there."""

from numbers import Integral
from typing import NamedTuple

import numpy as np

PADDING_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


class Grid(NamedTuple):
    """The windows of a kernel on an image, as (height, width) each.

    `size` is how many windows there are, and `margins`, as ((top, bottom), (left, right)), is how many
    pixels the image needs around it to hold them.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    size: tuple[int, int]
    margins: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))


def windows(image, grid):
    """(N, C, H, W) -> (N, C, kh, kw, H', W'): what each position in the kernel meets in each window."""
    (sh, sw), (dh, dw), (rows, columns) = grid.stride, grid.dilation, grid.size
    view = np.lib.stride_tricks.sliding_window_view(image, reach(grid.kernel, grid.dilation), axis=(2, 3))
    view = view[:, :, : sh * rows : sh, : sw * columns : sw, ::dh, ::dw]
    return view.transpose(0, 1, 4, 5, 2, 3)


def places(grid):
    """Each position (i, j) in the kernel, with the index of the pixels that it meets, one for each window."""
    (sh, sw), (dh, dw), (rows, columns) = grid.stride, grid.dilation, grid.size
    for i, j in np.ndindex(*grid.kernel):
        top, left = i * dh, j * dw
        yield (i, j), (..., slice(top, top + sh * rows, sh), slice(left, left + sw * columns, sw))


def reach(kernel, dilation):
    """How many pixels a kernel spans, those between its positions included."""
    return tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))


def pair(function, name, value, least):
    """An int as a pair of itself, a pair as it is.  Raises ValueError below `least`."""
    both = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(both) != 2 or not all(isinstance(n, Integral) and n >= least for n in both):
        raise ValueError(
            f"{function}: {name} must be an int of at least {least} or a pair of them, got {value!r}"
        )
    return both


def check_groups(function, groups, input, weight, channels):
    """Raise ValueError unless input has these `channels` and groups divides weight's first axis."""
    if not (isinstance(groups, Integral) and groups >= 1):
        raise ValueError(f"{function}: groups must be an int of at least 1, got {groups!r}")
    if input.shape[1] != channels:
        raise ValueError(
            f"{function}: weight {weight.shape} in {groups} groups needs {channels} channels, "
            f"got input {input.shape}"
        )
    if weight.shape[0] % groups:
        raise ValueError(
            f"{function}: groups must divide the first axis of weight {weight.shape}, which goes with "
            f"input {input.shape}, got {groups}"
        )


# ---- convolution ----


def conv_grid(input, weight, stride, padding, dilation):
    """The windows of `conv2d`.  Raises ValueError where weight does not fit into the padded input."""
    stride, dilation = pair("conv2d", "stride", stride, 1), pair("conv2d", "dilation", dilation, 1)
    span = reach(weight.shape[2:], dilation)
    margins = _conv_margins(padding, stride, span)
    room = [n + sum(m) - r for n, m, r in zip(input.shape[2:], margins, span, strict=True)]
    if min(room) < 0:
        raise ValueError(
            f"conv2d: weight {weight.shape} with dilation {dilation} must fit into input {input.shape} "
            f"with margins {margins}"
        )
    size = tuple(r // s + 1 for r, s in zip(room, stride, strict=True))
    return Grid(weight.shape[2:], stride, dilation, size, margins)


def _conv_margins(padding, stride, span):
    if padding == "valid":
        return ((0, 0), (0, 0))
    if padding == "same" and stride == (1, 1):
        return tuple(((r - 1) // 2, r // 2) for r in span)  # an odd pixel goes to the bottom or right
    if isinstance(padding, str):
        raise ValueError(
            f"conv2d: padding must be a number of pixels, 'valid', or 'same' with a stride of 1, "
            f"got {padding!r} with a stride of {stride}"
        )
    return tuple((p, p) for p in pair("conv2d", "padding", padding, 0))


def pad(image, margins, padding_mode):
    """The image with its margins, and the function that takes the gradient of that back to the image."""
    N, C, H, W = image.shape
    (top, _), (left, _) = margins
    if padding_mode not in PADDING_MODES:
        raise ValueError(
            f"conv2d: padding_mode must be one of {', '.join(PADDING_MODES)}, got {padding_mode!r}"
        )
    most = {"reflect": (H - 1, W - 1), "circular": (H, W)}.get(padding_mode)
    if most and any(max(margin) > n for margin, n in zip(margins, most, strict=True)):
        raise ValueError(
            f"conv2d: {padding_mode} margins must not exceed {most} on input {image.shape}, got {margins}"
        )
    if padding_mode == "zeros":
        padded = np.pad(image, ((0, 0), (0, 0), *margins))
        return padded, lambda dpadded: dpadded[:, :, top : top + H, left : left + W]
    # Every pixel of the margins is a copy of some pixel of the image, and adds to the gradient of that.
    source = np.pad(np.arange(H * W).reshape(H, W), margins, mode=PADDING_MODES[padding_mode])

    def unpad(dpadded):
        dimage = np.zeros_like(dpadded, shape=(H * W, N, C))
        np.add.at(dimage, source, dpadded.transpose(2, 3, 0, 1))
        return dimage.transpose(1, 2, 0).reshape(N, C, H, W)

    return image.reshape(N, C, H * W)[..., source], unpad


def transposed_grid(input, weight, *, stride, padding, output_padding, dilation):
    """The windows of `conv_transpose2d` on its output, and the (height, width) of that, margins included."""
    name = "conv_transpose2d"
    stride, dilation = pair(name, "stride", stride, 1), pair(name, "dilation", dilation, 1)
    padding, more = pair(name, "padding", padding, 0), pair(name, "output_padding", output_padding, 0)
    if any(m >= max(s, d) for m, s, d in zip(more, stride, dilation, strict=True)):
        raise ValueError(f"{name}: output_padding must be below stride or dilation, got {output_padding}")
    span = reach(weight.shape[2:], dilation)
    full = tuple((n - 1) * s + r + m for n, s, r, m in zip(input.shape[2:], stride, span, more, strict=True))
    if any(n <= 2 * p for n, p in zip(full, padding, strict=True)):
        raise ValueError(
            f"{name}: padding must leave some of the {full} pixels that weight {weight.shape} makes of "
            f"input {input.shape}, got {padding}"
        )
    margins = tuple((p, p) for p in padding)
    return Grid(weight.shape[2:], stride, dilation, input.shape[2:], margins), full


# ---- pooling ----


def pool_grid(function, input, kernel_size, *, stride, padding, ceil_mode, dilation=1):
    """The windows of a pooling.  Raises ValueError where the kernel does not fit into the padded input."""
    kernel = pair(function, "kernel_size", kernel_size, 1)
    stride = kernel if stride is None else pair(function, "stride", stride, 1)
    padding, dilation = pair(function, "padding", padding, 0), pair(function, "dilation", dilation, 1)
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        raise ValueError(f"{function}: padding must be at most half of the kernel {kernel}, got {padding}")
    size, margins = [], []
    for n, p, r, s in zip(input.shape[2:], padding, reach(kernel, dilation), stride, strict=True):
        room = n + 2 * p - r
        count = -(-room // s) + 1 if ceil_mode else room // s + 1
        if (count - 1) * s >= n + p:  # a window that begins in the far margin is none
            count -= 1
        size.append(count)
        margins.append((p, max(p, (count - 1) * s + r - n - p)))
    if min(size) < 1:
        raise ValueError(
            f"{function}: kernel {kernel} with dilation {dilation} must fit into input {input.shape} "
            f"with padding {padding}"
        )
    return Grid(kernel, stride, dilation, tuple(size), tuple(margins))


def covered(shape, grid, padding, *, count_include_pad):
    """(H', W'): how many pixels of the image each window covers, those of the padding too if they count."""
    per_axis = []
    for n, p, k, s, size in zip(shape[2:], padding, grid.kernel, grid.stride, grid.size, strict=True):
        low, high = (-p, n + p) if count_include_pad else (0, n)
        start = s * np.arange(size) - p
        per_axis.append(np.minimum(start + k, high) - np.maximum(start, low))
    return np.outer(*per_axis)


def bins(function, shape, output_size):
    """The size (H', W') of an adaptive pooling, and each of its pixels with the index of those it pools."""
    H, W = shape[2:]
    if isinstance(output_size, tuple | list) and len(output_size) == 2:
        output_size = [n if m is None else m for n, m in zip((H, W), output_size, strict=True)]
    rows, columns = pair(function, "output_size", output_size, 1)
    found = []
    for i, j in np.ndindex(rows, columns):
        tall = slice(i * H // rows, -(-(i + 1) * H // rows))
        wide = slice(j * W // columns, -(-(j + 1) * W // columns))
        found.append(((i, j), (..., tall, wide)))
    return (rows, columns), found
