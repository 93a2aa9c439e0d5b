"""torch's networks: `torch.nn` modules that take the parameters by `load_state_dict(strict=True)`."""

from collections import OrderedDict

from torch import nn
from torch.func import functional_call

from reference._torch import operation

ACTIVATIONS = {
    "identity": nn.Identity,
    "sigmoid": nn.Sigmoid,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "hardtanh": nn.Hardtanh,
}


def mlp_module(params, *, activation="tanh"):
    """The module whose `state_dict` the tensors `params` are: Linear, activation, Linear, …, Linear."""
    layers = OrderedDict()
    weights = [tensor for key, tensor in params.items() if key.endswith(".weight")]
    for i, weight in enumerate(weights):
        if i > 0:
            layers[str(2 * i - 1)] = ACTIVATIONS[activation]()
        layers[str(2 * i)] = nn.Linear(
            weight.shape[1], weight.shape[0], device=weight.device, dtype=weight.dtype
        )
    module = nn.Sequential(layers)
    module.load_state_dict(params, strict=True)
    return module


@operation
def mlp(x, params, *, activation="tanh"):
    return functional_call(mlp_module(params, activation=activation), params, (x,), strict=True)
