"""torch's convolution and pooling layers: the modules of `torch.nn`, their gradients by autograd."""

import warnings

from torch import nn
from torch.func import functional_call

from reference._torch import operation


def _run(layer, input, weight, bias):
    parameters = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    if layer.padding != "same":  # a context such as that below would keep torch.compile out
        return functional_call(layer, parameters, (input,))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using padding='same' with even kernel lengths")  # slow, says torch
        return functional_call(layer, parameters, (input,))


@operation
def conv2d(input, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros"):
    O, per_group, *kernel = weight.shape
    layer = nn.Conv2d(
        per_group * groups, O, kernel, stride, padding, dilation, groups, bias is not None, padding_mode
    )
    return _run(layer, input, weight, bias)


@operation
def conv1d(input, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros"):
    O, per_group, kernel = weight.shape
    layer = nn.Conv1d(
        per_group * groups, O, kernel, stride, padding, dilation, groups, bias is not None, padding_mode
    )
    return _run(layer, input, weight, bias)


@operation
def conv_transpose2d(
    input, weight, bias=None, *, stride=1, padding=0, output_padding=0, groups=1, dilation=1
):
    C, per_group, *kernel = weight.shape
    layer = nn.ConvTranspose2d(
        C, per_group * groups, kernel, stride, padding, output_padding, groups, bias is not None, dilation
    )
    return _run(layer, input, weight, bias)


@operation
def max_pool2d(input, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    return nn.MaxPool2d(kernel_size, stride, padding, dilation, ceil_mode=ceil_mode)(input)


@operation
def max_pool1d(input, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    return nn.MaxPool1d(kernel_size, stride, padding, dilation, ceil_mode=ceil_mode)(input)


@operation
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
    return nn.AvgPool2d(kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)(input)


@operation
def avg_pool1d(input, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    return nn.AvgPool1d(kernel_size, stride, padding, ceil_mode, count_include_pad)(input)


@operation
def adaptive_avg_pool2d(input, *, output_size):
    return nn.AdaptiveAvgPool2d(output_size)(input)


@operation
def adaptive_max_pool2d(input, *, output_size):
    return nn.AdaptiveMaxPool2d(output_size)(input)


@operation
def global_avg_pool2d(input):
    return nn.AdaptiveAvgPool2d(1)(input).flatten(1)
