"""torch's activation functions: the modules of `torch.nn`, their gradients by autograd."""

from torch import nn
from torch.func import functional_call

from reference._torch import operation


@operation
def identity(x):
    return nn.Identity()(x)


@operation
def sigmoid(x):
    return nn.Sigmoid()(x)


@operation
def relu(x):
    return nn.ReLU()(x)


@operation
def leaky_relu(x, *, negative_slope=0.01):
    return nn.LeakyReLU(negative_slope)(x)


@operation
def prelu(x, weight):
    return functional_call(nn.PReLU(weight.numel()), {"weight": weight}, (x,))


@operation
def elu(x, *, alpha=1.0):
    return nn.ELU(alpha)(x)


@operation
def selu(x):
    return nn.SELU()(x)


@operation
def tanh(x):
    return nn.Tanh()(x)


@operation
def gelu(x, *, approximate="none"):
    return nn.GELU(approximate)(x)


@operation
def silu(x):
    return nn.SiLU()(x)


@operation
def softplus(x, *, beta=1.0, threshold=20.0):
    return nn.Softplus(beta, threshold)(x)


@operation
def hardtanh(x, *, min_val=-1.0, max_val=1.0):
    return nn.Hardtanh(min_val, max_val)(x)


@operation
def softmax(x, *, axis=-1):
    return nn.Softmax(dim=axis)(x)


@operation
def log_softmax(x, *, axis=-1):
    return nn.LogSoftmax(dim=axis)(x)
