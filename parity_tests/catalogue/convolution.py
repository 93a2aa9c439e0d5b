"""Convolution and pooling: images, kernels, and how windows may lie on the edges."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from parity_tests.catalogue._entry import Operation, chapter
from parity_tests.engine.cases import Array, Case, Draw, round_to


class Line(NamedTuple):
    """What windows do along one axis, and how many pixels that axis has."""

    kernel_size: int
    stride: int
    dilation: int
    padding: int
    length: int


def line(d: Draw, axis: str, *, pool: bool = False, dilated: bool = True, same: bool = False) -> Line:
    """Windows along "H", "W" or "L": the first always meets a pixel, or there would be nothing to compare.

    Labels are the axis and a letter: Hk for the kernel, Hs, Hd and Hp for stride, dilation and padding.
    With `same` the margins are those of padding="same".
    """
    kernel = d.integer(axis + "k", 1, 4)
    stride = 1 if same else d.integer(axis + "s", 1, 3)
    dilation = d.integer(axis + "d", 1, 3) if dilated else 1
    reach = dilation * (kernel - 1) + 1
    if same:
        padding, smallest = (reach - 1) // 2, dilation
    else:
        padding = d.integer(axis + "p", 0, kernel // 2 if pool else min(reach - 1, 3))
        smallest = max(dilation, reach - 2 * padding)
    return Line(kernel, stride, dilation, padding, d.integer(axis, smallest, smallest + 5))


def both(high: int, wide: int) -> Any:
    """An option for both axes: one int where it is the same."""
    return high if high == wide else (high, wide)


def image(d: Draw, *lengths: int, channels: int | None = None, ties: bool = False) -> Array:
    """Images in every regime. With `ties` some pixels are equal; where none are to be, all are so far apart
    that a difference leaves the largest one the largest. They may all be negative then."""
    shape = (d.integer("N", 1, 3), d.integer("C", 1, 3) if channels is None else channels, *lengths)
    regime = d.regime("large", "offset", "tiny", "wide")
    if not ties:
        return d.array("input", shape, regime)
    x, negative = d.array("input", shape, regime, at=(1.5, -0.5)), d.choice("negative", False, True)
    x = -np.abs(x) if negative else x
    if regime == "normal" and d.smooth:
        ranks = x.argsort(axis=None).argsort().reshape(shape)
        x = round_to((ranks - (x.size if negative else x.size // 2)) / 64, d.dtype)
    return x


# ---- convolution ----


def convolved(
    d: Draw, lines: tuple[Line, ...], *, transposed: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Images, a weight in groups, and a bias or none, with the options that belong to no axis."""
    groups = d.integer("groups", 1, 3)
    C, O = groups * d.integer("C_per_group", 1, 2), groups * d.integer("O_per_group", 1, 3)
    layout = (C, O // groups) if transposed else (O, C // groups)
    arrays = {
        "input": image(d, *(line.length for line in lines), channels=C),
        "weight": d.array("weight", (*layout, *(line.kernel_size for line in lines))),
        "bias": d.array("bias", (O,)) if d.choice("with_bias", True, True, False) else None,
    }
    return arrays, {"groups": groups}


def conv(*axes: str) -> Callable[[Draw], Case]:
    """A convolution along these axes, with every padding in every mode."""

    def draw(d: Draw) -> Case:
        padding = d.choice("padding", "number", "number", "same", "valid")
        mode = d.choice("padding_mode", "zeros", "zeros", "reflect", "replicate", "circular")
        lines = tuple(line(d, axis, same=padding == "same") for axis in axes)
        if padding == "valid":
            lines = tuple(one._replace(length=one.length + 2 * one.padding, padding=0) for one in lines)
        # The margins of "reflect" come from within the image; an odd one of "same" is a pixel wider.
        lines = tuple(one._replace(length=max(one.length, one.padding + 2)) for one in lines)
        arrays, options = convolved(d, lines)
        options |= {"padding_mode": mode, **of_lines(lines, "stride", "dilation", "padding")}
        if padding != "number":
            options["padding"] = padding
        return d.case(arrays, options)

    return draw


def of_lines(lines: tuple[Line, ...], *names: str) -> dict[str, Any]:
    """The options of these names: an int for one axis, for two what `both` makes of them."""
    values = {name: [getattr(one, name) for one in lines] for name in names}
    return {name: value[0] if len(value) == 1 else both(*value) for name, value in values.items()}


def conv_transpose(d: Draw) -> Case:
    """An input that is large enough for padding to leave some of the output."""
    lines = tuple(line(d, axis) for axis in "HW")
    more = [
        d.integer(axis + "o", 0, max(one.stride, one.dilation) - 1)
        for axis, one in zip("HW", lines, strict=True)
    ]
    enough = [
        -(-max(0, 2 * one.padding - one.dilation * (one.kernel_size - 2)) // one.stride) for one in lines
    ]
    lines = tuple(
        one._replace(length=max(1 + n, one.length - 3)) for one, n in zip(lines, enough, strict=True)
    )
    arrays, options = convolved(d, lines, transposed=True)
    options |= {"output_padding": both(*more), **of_lines(lines, "stride", "dilation", "padding")}
    return d.case(arrays, options)


# ---- pooling ----


def pool(*axes: str, largest: bool) -> Callable[[Draw], Case]:
    """A pooling along these axes; only that of the largest may be dilated."""

    def draw(d: Draw) -> Case:
        lines = tuple(line(d, axis, pool=True, dilated=largest) for axis in axes)
        x = image(d, *(one.length for one in lines), ties=largest)
        options = of_lines(lines, "kernel_size", "stride", "dilation", "padding")
        options["ceil_mode"] = d.choice("ceil_mode", False, True)
        if d.choice("default_stride", False, False, True):
            options["stride"] = None
        if largest:
            return d.case({"input": x}, options)
        del options["dilation"]
        options["count_include_pad"] = d.choice("count_include_pad", True, False)
        if len(axes) == 2:
            options["divisor_override"] = d.choice("divisor_override", None, None, 3, 7)
        return d.case({"input": x}, options)

    return draw


def adaptive(*, largest: bool) -> Callable[[Draw], Case]:
    """More bins than pixels, fewer, just as many, or None."""

    def draw(d: Draw) -> Case:
        x = image(d, d.integer("H", 1, 8), d.integer("W", 1, 8), ties=largest)
        high, wide = d.choice("high", 1, 2, 3, 4, None), d.choice("wide", 1, 2, 3, 5, None)
        square = high == wide and high is not None
        return d.case({"input": x}, {"output_size": high if square else (high, wide)})

    return draw


def whole_image(d: Draw) -> Case:
    return d.case({"input": image(d, d.integer("H", 1, 6), d.integer("W", 1, 7))})


def fixed(high: str, wide: str = "", **others: Any) -> dict[str, Any]:
    """Answers to the questions of `line`, written "kernel stride dilation padding length" for H and W.

    "_" leaves one to be drawn. A single axis is L.
    """
    answers: dict[str, Any] = {"regime": "normal"}
    for axis, words in zip("HW" if wide else "L", (high, wide), strict=False):
        labels = (axis + "k", axis + "s", axis + "d", axis + "p", axis)
        answers |= {
            label: int(word) for label, word in zip(labels, words.split(), strict=True) if word != "_"
        }
    return answers | others


PLAIN = {"padding": "number", "padding_mode": "zeros"}
CONV2D: tuple[Mapping[str, Any], ...] = (
    # A stride that does not divide, and a last column that nothing meets; no margin, one pixel, one window.
    fixed("3 2 1 1 6", "2 3 1 0 7", N=2, groups=1, with_bias=True, **PLAIN),
    fixed("1 1 1 0 3", "1 1 1 0 4", N=1, **PLAIN),
    fixed("1 2 1 1 4", "1 1 1 2 4", N=2, **PLAIN),  # the margin has windows of its own
    fixed("3 2 1 0 3", "2 1 2 0 3", N=1, **PLAIN),
    # Even kernels with "same": the odd pixel goes to the bottom and right.
    *(
        fixed("2 _ 1 _ 4", "4 _ 1 _ 6", N=2, padding="same", padding_mode=mode)
        for mode in ("zeros", "reflect", "replicate", "circular")
    ),
    # Depthwise, and groups of several channels.
    fixed("3 1 2 2 _", "2 2 1 1 _", groups=3, C_per_group=1, O_per_group=1, **PLAIN),
    fixed("2 1 1 0 _", "3 1 1 1 _", groups=2, C_per_group=2, O_per_group=3, **PLAIN),
    {"regime": "offset", "N": 3},
    {"regime": "large", "N": 1},
)
CONV1D: tuple[Mapping[str, Any], ...] = (
    fixed("3 2 1 1 6", N=2, groups=1, with_bias=True, **PLAIN),
    fixed("4 _ 1 _ 6", N=1, padding="same", padding_mode="circular"),
    fixed("3 1 2 2 5", groups=3, C_per_group=1, O_per_group=2, padding="number", padding_mode="reflect"),
    {"regime": "offset", "N": 3},
)
TRANSPOSED: tuple[Mapping[str, Any], ...] = (
    fixed("3 2 1 1 5", "2 3 1 0 6", N=2, groups=1, with_bias=True, Ho=1, Wo=2),
    fixed("2 1 3 0 5", "1 1 1 0 4", N=1, groups=2, Ho=2, Wo=0),
    fixed("2 2 3 0 5", "3 2 3 1 5", N=1, groups=1, Ho=2, Wo=2),  # room for a window more
    {"regime": "offset", "N": 2},
)

OVER_THE_EDGE = ("2 2 1 0 5", "3 2 1 1 6")  # what ceil_mode adds a window for
FAR_OVER_IT = ("2 3 1 0 4", "3 3 1 0 7")  # the same, where windows do not touch or leave most of the last out
LARGER = ("4 1 1 2 1", "4 2 1 2 1")  # a kernel that is larger than the image
BEYOND_IT = ("2 3 1 1 5", "2 3 1 1 8")  # a window that ceil_mode must drop again
MAX_POOL2D: tuple[Mapping[str, Any], ...] = (
    fixed("3 2 1 1 5", "2 1 1 1 4", negative=True, kinks=False),  # a margin of 0 would win
    fixed("3 1 1 0 6", "3 1 1 1 6", negative=False, kinks=True, N=2),  # equal pixels in windows that overlap
    fixed(*OVER_THE_EDGE, ceil_mode=True, default_stride=False),
    fixed("2 _ 1 0 6", "2 _ 1 1 5", default_stride=True),
    fixed(*FAR_OVER_IT, ceil_mode=True, default_stride=False),
    *(fixed(*LARGER, ceil_mode=ceil, default_stride=False) for ceil in (True, False)),
    fixed(*OVER_THE_EDGE, ceil_mode=False, default_stride=False),
    fixed(*BEYOND_IT, ceil_mode=True, default_stride=False),
    {"regime": "offset", "N": 1},
)
MAX_POOL1D: tuple[Mapping[str, Any], ...] = (
    fixed("3 2 1 1 5", negative=True, kinks=False),
    fixed("3 1 2 1 9", negative=False, kinks=True, N=2),
    *(
        fixed(lines[-1], ceil_mode=True, default_stride=False)
        for lines in (OVER_THE_EDGE, FAR_OVER_IT, BEYOND_IT)
    ),
)
COUNTED: tuple[dict[str, Any], ...] = tuple(
    {"ceil_mode": True, "default_stride": False, "count_include_pad": counted} for counted in (True, False)
)
AVG_POOL2D: tuple[Mapping[str, Any], ...] = (
    *(fixed(*lines, divisor_override=None, **how) for lines in (OVER_THE_EDGE, BEYOND_IT) for how in COUNTED),
    fixed("2 _ 1 0 6", "2 _ 1 1 5", default_stride=True),
    fixed(*FAR_OVER_IT, divisor_override=None, **COUNTED[0]),
    *(fixed(*LARGER, divisor_override=None, **{**COUNTED[0], "ceil_mode": ceil}) for ceil in (True, False)),
    fixed("3 2 1 1 5", "2 1 1 1 4", ceil_mode=False, count_include_pad=False, divisor_override=None),
    fixed("2 2 1 1 5", "3 2 1 1 6", divisor_override=7),
    {"regime": "offset", "N": 1},
)
AVG_POOL1D: tuple[Mapping[str, Any], ...] = (
    *(fixed(lines[-1], **how) for lines in (OVER_THE_EDGE, BEYOND_IT) for how in COUNTED),
    *(fixed(lines, **COUNTED[0]) for lines in LARGER),
    fixed("3 2 1 1 5", ceil_mode=False, count_include_pad=False),
    {"regime": "offset", "N": 1},
)

BAD_CONV: tuple[Mapping[str, Any], ...] = (
    *({"groups": 7}, {"groups": 0}, {"stride": 0}, {"stride": 1.5}, {"stride": (1, 2, 3)}, {"dilation": 0}),
    *({"padding": -1}, {"padding": "full"}, {"padding": "same", "stride": 2}, {"padding_mode": "mirror"}),
    *({"padding": 99, "padding_mode": mode} for mode in ("reflect", "circular")),
    {"dilation": 99},
)
BAD_POOL: tuple[Mapping[str, Any], ...] = (
    {"kernel_size": 99},
    {"kernel_size": 0},
    {"stride": 0},
    {"padding": -1},
    {"padding": 9},
)
BAD_ADAPTIVE: tuple[Mapping[str, Any], ...] = ({"output_size": 0}, {"output_size": (1, 2, 3)})

CHAPTER = chapter(
    "convolution",
    Operation(
        "conv2d",
        "torch.nn.Conv2d",
        "000; 004 ch. 9",
        conv("H", "W"),
        CONV2D,
        seed_row=True,
        bad_options=BAD_CONV,
    ),
    Operation("conv1d", "torch.nn.Conv1d", "000; 004 ch. 9", conv("L"), CONV1D, bad_options=BAD_CONV),
    Operation(
        "conv_transpose2d",
        "torch.nn.ConvTranspose2d",
        "Dumoulin & Visin 2016",
        conv_transpose,
        TRANSPOSED,
        bad_options=(
            {"groups": 7},
            {"stride": 0},
            {"padding": 99},
            {"output_padding": 9},
            {"output_padding": -1},
        ),
    ),
    Operation(
        "max_pool2d",
        "torch.nn.MaxPool2d",
        "000; 004 ch. 9",
        pool("H", "W", largest=True),
        MAX_POOL2D,
        seed_row=True,
        bad_options=(*BAD_POOL, {"dilation": 0}),
    ),
    Operation(
        "max_pool1d",
        "torch.nn.MaxPool1d",
        "000; 004 ch. 9",
        pool("L", largest=True),
        MAX_POOL1D,
        bad_options=(*BAD_POOL, {"dilation": 0}),
    ),
    Operation(
        "avg_pool2d",
        "torch.nn.AvgPool2d",
        "000; 004 ch. 9",
        pool("H", "W", largest=False),
        AVG_POOL2D,
        seed_row=True,
        bad_options=(*BAD_POOL, {"divisor_override": 0}),
    ),
    Operation(
        "avg_pool1d",
        "torch.nn.AvgPool1d",
        "000; 004 ch. 9",
        pool("L", largest=False),
        AVG_POOL1D,
        bad_options=BAD_POOL,
    ),
    Operation(
        "adaptive_avg_pool2d",
        "torch.nn.AdaptiveAvgPool2d",
        "He et al. 2015",
        adaptive(largest=False),
        (
            {"regime": "normal", "H": 7, "W": 5, "high": 3, "wide": 2},
            {"regime": "normal", "H": 2, "W": 6, "high": 3, "wide": None},
            {"regime": "offset", "H": 8, "W": 8, "high": 1, "wide": 1},
        ),
        bad_options=BAD_ADAPTIVE,
    ),
    Operation(
        "adaptive_max_pool2d",
        "torch.nn.AdaptiveMaxPool2d",
        "He et al. 2015",
        adaptive(largest=True),
        (
            {"regime": "normal", "H": 7, "W": 5, "high": 3, "wide": 2, "kinks": True, "negative": False},
            {"regime": "normal", "H": 2, "W": 6, "high": 3, "wide": None, "kinks": False, "negative": True},
        ),
        bad_options=BAD_ADAPTIVE,
    ),
    Operation(
        "global_avg_pool2d",
        "torch.nn.AdaptiveAvgPool2d(1)",
        "Lin et al. 2014",
        whole_image,
        ({"regime": "normal", "N": 2, "H": 3, "W": 5}, {"regime": "offset", "N": 1, "H": 6, "W": 7}),
    ),
)
