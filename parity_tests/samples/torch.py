"""What people write for torch, in the interfaces that they give it; all of it is right."""

from typing import NamedTuple


class Sample(NamedTuple):
    """A file, its members in the order in which they stand, and by member what is said of some of them."""

    text: str
    members: str
    said: dict[str, str] = {}  # noqa: RUF012 (of a tuple, which nobody changes)


IMPORTS = """
import math
import torch
from torch import Tensor, nn
from torch.nn import functional as F
"""

LAYERS = {
    "plain classes over tensors": Sample(
        """
class Linear:
    def __init__(self, fan_in, fan_out, bias=True):
        self.W = torch.randn(fan_in, fan_out) * fan_in ** -0.5
        self.b = torch.zeros(fan_out) if bias else None

    def __call__(self, x):
        y = torch.matmul(x, self.W)
        return y if self.b is None else y + self.b

class BatchNorm1d:
    def __init__(self, dim, eps=1e-5, momentum=0.1):
        self.eps, self.momentum, self.training = eps, momentum, True
        self.gamma, self.beta = torch.ones(dim), torch.zeros(dim)
        self.running_mean, self.running_var = torch.zeros(dim), torch.ones(dim)

    def __call__(self, x):
        if not self.training:
            return self.affine((x - self.running_mean) / (self.running_var + self.eps).sqrt())
        n, m = len(x), self.momentum
        mu = x.sum(0, keepdim=True) / n
        squares = ((x - mu) ** 2).sum(0, keepdim=True)
        with torch.no_grad():
            self.running_mean = (1 - m) * self.running_mean + m * mu
            self.running_var = (1 - m) * self.running_var + m * squares / (n - 1)
        return self.affine((x - mu) / (squares / n + self.eps).sqrt())

    def affine(self, z):
        return self.gamma * z + self.beta
""",
        "Linear BatchNorm1d",
    ),
    "batch norms whose momentum can't be set": Sample(
        """
class BatchNorm2d(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x):
        mean, var = self.running_mean, self.running_var
        if self.training:
            others = (0, 2, 3)
            mean, var, n = x.mean(others), x.var(others, correction=0), x.numel() / x.size(1)
            with torch.no_grad():
                self.running_mean.mul_(0.9).add_(0.1 * mean)
                self.running_var.mul_(0.9).add_(0.1 * var * n / (n - 1))
        scale, shift, mean, var = (t.view(-1, 1, 1) for t in (self.gamma, self.beta, mean, var))
        return scale * (x - mean) * torch.rsqrt(var + 1e-5) + shift

class BatchNorm1d(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))
        self.register_buffer("moving_mean", torch.zeros(features))
        self.register_buffer("moving_var", torch.ones(features))

    def forward(self, x):
        mean, var = self.moving_mean, self.moving_var
        if self.training:
            mean = x.mean(0)
            var = (x - mean).square().mean(0)
            self.moving_mean = (0.9 * self.moving_mean + 0.1 * mean).detach()
            self.moving_var = (0.9 * self.moving_var + 0.1 * var).detach()
        return self.gamma * (x - mean) / torch.sqrt(var + 1e-5) + self.beta

class BatchNorm3d(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("momentum", torch.tensor(0.1))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x):
        by_channel = x.transpose(0, 1).flatten(1)
        mean, var = self.running_mean, self.running_var
        if self.training:
            var, mean = torch.var_mean(by_channel, 1, correction=0)
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(by_channel.var(1), self.momentum)
        y = (by_channel - mean[:, None]) / torch.sqrt(var + 1e-5)[:, None]
        y = self.weight[:, None] * y + self.bias[:, None]
        return y.reshape(x.size(1), x.size(0), *x.shape[2:]).transpose(0, 1)
""",
        "BatchNorm2d BatchNorm1d BatchNorm3d",
        {"BatchNorm1d": "divides by n"},
    ),
    "norms without an eps to set, in float32, over channels": Sample(
        """
class LayerNorm(nn.Module):
    def __init__(self, ndim, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(ndim))
        self.bias = nn.Parameter(torch.zeros(ndim)) if bias else None

    def forward(self, input):
        second, first = input.pow(2).mean(-1), input.mean(-1)
        centered = input - first.unsqueeze(-1)
        y = self.weight * centered * ((centered ** 2).mean(-1, True) + 1e-5) ** -0.5
        return y if self.bias is None else y + self.bias

class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps, self.g = eps, nn.Parameter(torch.ones(dim))

    def forward(self, x):
        wide = x.float()  # half precision would overflow
        return (wide / torch.sqrt(wide.square().mean(-1, keepdim=True) + self.eps)).type_as(x) * self.g

class GroupNorm(nn.Module):
    def __init__(self, num_groups, num_channels, eps=1e-5):
        super().__init__()
        self.num_groups, self.eps = num_groups, eps
        self.weight = nn.Parameter(torch.ones(num_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(num_channels, 1, 1))

    def forward(self, x):
        groups = x.reshape(len(x), self.num_groups, -1)
        var, mean = torch.var_mean(groups, 2, unbiased=False, keepdim=True)
        return ((groups - mean) / torch.sqrt(var + self.eps)).view_as(x) * self.weight + self.bias
""",
        "LayerNorm RMSNorm GroupNorm",
    ),
    "activations and losses as modules": Sample(
        """
class NewGELU(nn.Module):
    def forward(self, x):
        inner = math.sqrt(2 / math.pi) * x * (1 + 0.044715 * x * x)
        return x * (1 + torch.tanh(inner)) / 2

class SiLU(nn.Module):
    def forward(self, x): return torch.sigmoid(x).mul(x)

class LeakyReLU(nn.Module):
    def __init__(self, negative_slope=0.01):
        super().__init__()
        self.slope = negative_slope
    def forward(self, x):
        return x.clamp(min=0) + self.slope * x.clamp(max=0)

class CrossEntropyLoss(nn.Module):
    def forward(self, logits, targets):
        nll = torch.logsumexp(logits, 1) - logits[torch.arange(len(logits)), targets]
        return nll.mean()

class HuberLoss(nn.Module):
    def __init__(self, delta=1.0):
        super().__init__()
        self.delta = delta
    def forward(self, y_pred, y):
        r = torch.abs(y_pred - y)
        inside = (r <= self.delta).to(r.dtype)
        return (inside * r * r / 2 + (1 - inside) * self.delta * (r - self.delta / 2)).mean()

def binary_cross_entropy(pred, target, eps=1e-7):
    q = pred.clamp(eps, 1 - eps)
    return (-target * q.log() - (1 - target) * (1 - q).log()).mean()
""",
        "NewGELU SiLU LeakyReLU CrossEntropyLoss HuberLoss binary_cross_entropy",
        {"NewGELU": "tanh"},
    ),
    "a table and a convolution": Sample(
        """
class Embedding(nn.Module):
    def __init__(self, vocab_size, d_model):
        super().__init__()
        self.table = nn.Parameter(torch.empty(vocab_size, d_model).normal_())
    def forward(self, idx):
        return self.table[idx]

class Conv2d(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.k, self.stride, self.padding = kernel_size, stride, padding
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.zeros(out_channels))
    def forward(self, x):
        padded = F.pad(x, [self.padding] * 4)
        windows = padded.unfold(2, self.k, self.stride).unfold(3, self.k, self.stride)
        return torch.einsum("ncijkl,fckl->nfij", windows, self.weight) + self.bias.view(-1, 1, 1)
""",
        "Embedding Conv2d",
    ),
    "functions that say little": Sample(
        """
def softmax(X):
    return X.exp() / X.exp().sum(1, keepdim=True)

def relu(X):
    return torch.maximum(X, torch.zeros(()))

def cross_entropy(y_hat, y):
    picked = y_hat[range(len(y)), y]
    return torch.log(1 / picked).mean()

def batch_norm(X, gamma, beta, moving_mean, moving_var, eps, momentum):
    dims = [0, 2, 3][: X.dim() - 1]
    if not torch.is_grad_enabled():
        return gamma * (X - moving_mean) / (moving_var + eps).sqrt() + beta, moving_mean, moving_var
    mu, var = X.mean(dims, keepdim=True), X.var(dims, unbiased=False, keepdim=True)
    moving_mean = momentum * moving_mean + (1 - momentum) * mu.detach()
    moving_var = momentum * moving_var + (1 - momentum) * var.detach()
    return gamma * (X - mu) / (var + eps).sqrt() + beta, moving_mean, moving_var

def dropout_layer(X, dropout):
    if dropout == 1:
        return X * 0
    return X * (torch.rand(X.shape) >= dropout) / (1 - dropout)
""",
        "softmax relu cross_entropy batch_norm dropout_layer",
        {"cross_entropy": "probabilities"},
    ),
}

RECURRENT = {
    "a matrix for every gate": Sample(
        """
class LSTM(nn.Module):
    def __init__(self, input_sz: int, hidden_sz: int):
        super().__init__()
        self.hidden_sz = hidden_sz
        for gate in "ifgo":
            self.register_parameter(f"W_x{gate}", nn.Parameter(torch.randn(input_sz, hidden_sz) * 0.1))
            self.register_parameter(f"W_h{gate}", nn.Parameter(torch.randn(hidden_sz, hidden_sz) * 0.1))
            self.register_parameter(f"b_{gate}", nn.Parameter(torch.zeros(hidden_sz)))

    def gate(self, name, x, h):
        p = dict(self.named_parameters())
        return x @ p["W_x" + name] + h @ p["W_h" + name] + p["b_" + name]

    def forward(self, x, init_states=None):
        # x: (batch, time, features)
        h = c = torch.zeros(len(x), self.hidden_sz)
        if init_states is not None:
            h, c = init_states
        ys = []
        for x_t in x.unbind(1):
            i, f, o = (torch.sigmoid(self.gate(name, x_t, h)) for name in "ifo")
            c = c * f + i * torch.tanh(self.gate("g", x_t, h))
            h = torch.tanh(c) * o
            ys.append(h)
        return torch.stack(ys, 1), (h, c)
""",
        "LSTM",
        {"LSTM": "batch comes first"},
    ),
    "two states as two arguments": Sample(
        """
class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        n = input_size + hidden_size
        self.forget_gate, self.input_gate = nn.Linear(n, hidden_size), nn.Linear(n, hidden_size)
        self.output_gate, self.candidate = nn.Linear(n, hidden_size), nn.Linear(n, hidden_size)

    def forward(self, x, h_prev, c_prev):
        z = torch.cat((x, h_prev), 1)
        c = torch.sigmoid(self.forget_gate(z)) * c_prev
        c = c + torch.sigmoid(self.input_gate(z)) * torch.tanh(self.candidate(z))
        return torch.sigmoid(self.output_gate(z)) * torch.tanh(c), c
""",
        "LSTMCell",
    ),
    "an output beside the states": Sample(
        """
class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.of_input = nn.Linear(input_size, 4 * hidden_size)
        self.of_state = nn.Linear(hidden_size, 4 * hidden_size)

    def forward(self, x, state):
        h, c = state
        i, f, g, o = (self.of_input(x) + self.of_state(h)).chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return h, (h, c)
""",
        "LSTMCell",
    ),
}

STEPS = {
    "updates without torch's classes": Sample(
        """
def sgd(params, lr, batch_size):
    with torch.no_grad():
        for w in params:
            w -= lr / batch_size * w.grad
            w.grad = None

class SGD:
    def __init__(self, params, lr):
        self.weights, self.lr = list(params), lr
    def step(self):
        for w in self.weights:
            if w.grad is not None:
                w.data = w.data - self.lr * w.grad.data

class WarmupScheduler:
    def __init__(self, optimizer, warmup_steps, base_lr):
        self.optimizer, self.ramp = optimizer, [base_lr * (i + 1) / warmup_steps for i in range(warmup_steps)]
        self.base_lr, self.calls = base_lr, 0
    def step(self):
        rate = self.ramp[self.calls] if self.calls < len(self.ramp) else self.base_lr
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.calls += 1

def fit(model, x, y, lr=0.1, epochs=10):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    for epoch in range(epochs):
        opt.zero_grad()
        error = (model(x) - y).square().mean()
        error.backward()
        opt.step()
        print(epoch, error.item())
""",
        "sgd SGD WarmupScheduler",
    ),
}

STYLES = {**LAYERS, **RECURRENT, **STEPS}
