"""torch's normalization layers: the modules of `torch.nn`, their gradients by autograd."""

from typing import Any, NamedTuple

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.utils import parametrizations

from reference._torch import operation


def _run(layer, x, **parameters):
    """Call a module with these parameters and buffers; those that are None it does without."""
    for name, value in parameters.items():
        if value is None:
            layer.register_parameter(name, None)
    return functional_call(layer, {name: p for name, p in parameters.items() if p is not None}, (x,))


class BatchNorm(NamedTuple):
    y: Any
    running_mean: Any
    running_var: Any
    num_batches_tracked: int


BATCH_NORMS = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}
INSTANCE_NORMS = {3: nn.InstanceNorm1d, 4: nn.InstanceNorm2d, 5: nn.InstanceNorm3d}


@operation(constant=("running_mean", "running_var"))
def batch_norm(
    x,
    running_mean,
    running_var,
    weight=None,
    bias=None,
    *,
    training,
    momentum=0.1,
    eps=1e-5,
    num_batches_tracked=0,
):
    """The module updates its buffers in place, so that they are read off afterwards."""
    tracked = torch.tensor(num_batches_tracked)
    layer = BATCH_NORMS[x.ndim](x.shape[1], eps, momentum).train(training)
    buffers = {"running_mean": running_mean, "running_var": running_var, "num_batches_tracked": tracked}
    y = _run(layer, x, weight=weight, bias=bias, **buffers)
    return BatchNorm(y, running_mean, running_var, int(tracked))


@operation
def layer_norm(x, weight=None, bias=None, *, normalized_shape=None, eps=1e-5):
    layer = nn.LayerNorm(x.shape[-1] if normalized_shape is None else normalized_shape, eps)
    return _run(layer, x, weight=weight, bias=bias)


@operation
def group_norm(x, weight=None, bias=None, *, num_groups, eps=1e-5):
    return _run(nn.GroupNorm(num_groups, x.shape[1], eps), x, weight=weight, bias=bias)


@operation
def instance_norm(x, weight=None, bias=None, *, eps=1e-5):
    layer = INSTANCE_NORMS[x.ndim](x.shape[1], eps, affine=True)
    return _run(layer, x, weight=weight, bias=bias)


@operation
def rms_norm(x, weight=None, *, normalized_shape=None, eps=None):
    layer = nn.RMSNorm(x.shape[-1] if normalized_shape is None else normalized_shape, eps)
    return _run(layer, x, weight=weight)


class Weight(nn.Module):
    """A module that is nothing but its weight."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self):
        return self.weight


@operation
def weight_norm(v, g, *, axis=0):
    layer = parametrizations.weight_norm(Weight(v.detach()), dim=axis)
    parametrized = {"parametrizations.weight.original0": g, "parametrizations.weight.original1": v}
    return functional_call(layer, parametrized, ())
