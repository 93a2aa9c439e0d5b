"""Layers and normalization."""

from parity_tests.samples.native import Sample

LAYERS = (
    Sample(
        "linear",
        True,
        r"""
def linear(x, W, b):
    return x @ W.T + b
""",
    ),
    Sample(
        "linear",
        True,
        r"""
class Linear:
    def __init__(self, in_features, out_features, bias=True):
        k = 1 / np.sqrt(in_features)
        self.weight = np.random.uniform(-k, k, (out_features, in_features))
        self.bias = np.zeros(out_features) if bias else None
    def forward(self, x):
        self.x = x
        y = x @ self.weight.T
        if self.bias is not None:
            y = y + self.bias
        return y
    def backward(self, dy):
        flat = self.x.reshape(-1, self.x.shape[-1])
        g = dy.reshape(-1, dy.shape[-1])
        self.grad_weight = g.T @ flat
        if self.bias is not None:
            self.grad_bias = g.sum(axis=0)
        return dy @ self.weight
""",
    ),
    Sample(
        "linear",
        True,
        r"""
class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) * 0.01
        self.b = np.zeros((1, n_out))
    def forward(self, X):
        self.X = X
        return X.dot(self.W) + self.b
    def backward(self, dZ):
        self.dW = self.X.T.dot(dZ)
        self.db = dZ.sum(axis=0, keepdims=True)
        return dZ.dot(self.W.T)
""",
        "(in, out)",
    ),
    Sample(
        "linear",
        False,
        r"""
class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) * 0.01
        self.b = np.zeros((1, n_out))
    def forward(self, X):
        self.X = X
        return X.dot(self.W) + self.b
    def backward(self, dZ):
        self.dW = self.X.T.dot(dZ) / len(dZ)
        self.db = dZ.mean(axis=0, keepdims=True)
        return dZ.dot(self.W.T)
""",
    ),
    Sample(
        "linear",
        True,
        r"""
class Linear:
    def __init__(self, in_dim, out_dim):
        self.params = {"W": np.random.randn(in_dim, out_dim), "b": np.zeros(out_dim)}
        self.grads = {}
    def forward(self, x):
        self.x = x
        return x @ self.params["W"] + self.params["b"]
    def backward(self, grad):
        self.grads["W"] = self.x.T @ grad
        self.grads["b"] = np.sum(grad, axis=0)
        return grad @ self.params["W"].T
""",
        "(in, out)",
    ),
    Sample(
        "linear",
        True,
        r"""
class DenseLayer:
    # learns while it goes back
    def __init__(self, input_size, output_size):
        self.weights = np.random.randn(output_size, input_size)
        self.bias = np.random.randn(output_size)
    def forward(self, input):
        self.input = input
        return np.einsum("ni,oi->no", input, self.weights) + self.bias
    def backward(self, output_gradient, learning_rate):
        to_input = output_gradient @ self.weights
        self.weights -= learning_rate * np.einsum("no,ni->oi", output_gradient, self.input)
        self.bias -= learning_rate * output_gradient.sum(axis=0)
        return to_input
""",
    ),
    Sample(
        "linear",
        True,
        r"""
def affine_forward(x, w, b):
    out = x @ w + b
    return out, (x, w, b)
def affine_backward(dout, cache):
    x, w, b = cache
    return dout @ w.T, x.T @ dout, dout.sum(0)
""",
        "(in, out)",
    ),
    Sample(
        "layer_norm",
        True,
        r"""
def layer_norm(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=-1, keepdims=True)
    var = x.var(axis=-1, keepdims=True)
    xhat = (x - mu) / np.sqrt(var + eps)
    return gamma * xhat + beta
""",
    ),
    Sample(
        "layer_norm",
        True,
        r"""
class LayerNorm:
    def __init__(self, dim, eps=1e-5):
        self.gamma = np.ones(dim)
        self.beta = np.zeros(dim)
        self.eps = eps
    def forward(self, x):
        mean = x.mean(-1, keepdims=True)
        self.inv = 1 / np.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + self.eps)
        self.xhat = (x - mean) * self.inv
        return self.gamma * self.xhat + self.beta
    def backward(self, dy):
        axes = tuple(range(dy.ndim - 1))
        self.dgamma = (dy * self.xhat).sum(axis=axes)
        self.dbeta = dy.sum(axis=axes)
        g = dy * self.gamma
        through_var = self.xhat * (g * self.xhat).mean(-1, keepdims=True)
        return self.inv * (g - g.mean(-1, keepdims=True) - through_var)
""",
    ),
    Sample(
        "layer_norm",
        False,
        r"""
class LayerNorm:
    def __init__(self, dim, eps=1e-5):
        self.gamma = np.ones(dim)
        self.beta = np.zeros(dim)
        self.eps = eps
    def forward(self, x):
        mean = x.mean(-1, keepdims=True)
        std = x.std(-1, keepdims=True)
        return self.gamma * (x - mean) / (std + self.eps) + self.beta
""",
    ),
    Sample(
        "layer_norm",
        True,
        r"""
def layernorm_forward(x, gamma, beta, eps=1e-5):
    mu = x.mean(-1, keepdims=True)
    xc = x - mu
    inv = 1 / np.sqrt((xc ** 2).mean(-1, keepdims=True) + eps)
    xhat = xc * inv
    cache = dict(xhat=xhat, inv=inv, gamma=gamma)
    return gamma * xhat + beta, cache

def layernorm_backward(dout, cache):
    xhat, inv, gamma = cache["xhat"], cache["inv"], cache["gamma"]
    D = dout.shape[-1]
    lead = tuple(range(dout.ndim - 1))
    dgamma = np.sum(dout * xhat, axis=lead)
    dbeta = np.sum(dout, axis=lead)
    dxhat = dout * gamma
    dx = inv / D * (D * dxhat - dxhat.sum(-1, keepdims=True) - xhat * (dxhat * xhat).sum(-1, keepdims=True))
    return dx, dgamma, dbeta
""",
    ),
    Sample(
        "layer_norm",
        False,
        r"""
def layernorm_forward(x, gamma, beta, eps=1e-5):
    mu = x.mean(-1, keepdims=True)
    inv = 1 / np.sqrt(x.var(-1, keepdims=True) + eps)
    xhat = (x - mu) * inv
    return gamma * xhat + beta, (xhat, inv, gamma)

def layernorm_backward(dout, cache):
    xhat, inv, gamma = cache
    lead = tuple(range(dout.ndim - 1))
    # mean, var as constants
    return dout * gamma * inv, np.sum(dout * xhat, axis=lead), np.sum(dout, axis=lead)
""",
    ),
    Sample(
        "rms_norm",
        True,
        r"""
def rmsnorm(x, g, eps=1e-6):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps) * g
""",
    ),
    Sample(
        "batch_norm",
        True,
        r"""
def batch_norm(x, running_mean, running_var, weight, bias, training=True, momentum=0.1, eps=1e-5):
    axes = (0,) + tuple(range(2, x.ndim))
    shape = (1, -1) + (1,) * (x.ndim - 2)
    if training:
        mean, var = x.mean(axes), x.var(axes)
        n = x.size / x.shape[1]
        running_mean[:] = (1 - momentum) * running_mean + momentum * mean
        running_var[:] = (1 - momentum) * running_var + momentum * var * n / (n - 1)
    else:
        mean, var = running_mean, running_var
    xhat = (x - mean.reshape(shape)) / np.sqrt(var.reshape(shape) + eps)
    return weight.reshape(shape) * xhat + bias.reshape(shape)
""",
    ),
    Sample(
        "batch_norm",
        False,
        r"""
def batch_norm(x, running_mean, running_var, weight, bias, training=True, momentum=0.1, eps=1e-5):
    axes = (0,) + tuple(range(2, x.ndim))
    shape = (1, -1) + (1,) * (x.ndim - 2)
    mean, var = x.mean(axes), x.var(axes)
    running_mean = (1 - momentum) * running_mean + momentum * mean    # never leaves
    running_var = (1 - momentum) * running_var + momentum * var
    xhat = (x - mean.reshape(shape)) / np.sqrt(var.reshape(shape) + eps)
    return weight.reshape(shape) * xhat + bias.reshape(shape)
""",
    ),
    Sample(
        "batch_norm",
        True,
        r"""
class BatchNorm1d:
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.gamma = np.ones(num_features)
        self.beta = np.zeros(num_features)
        self.eps, self.momentum = eps, momentum
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)
        self.training = True
    def forward(self, x):
        if self.training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            n = x.shape[0]
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var * n / (n - 1)
        else:
            mean, var = self.running_mean, self.running_var
        self.inv = 1 / np.sqrt(var + self.eps)
        self.xhat = (x - mean) * self.inv
        return self.gamma * self.xhat + self.beta
    def backward(self, dy):
        self.dgamma = (dy * self.xhat).sum(0)
        self.dbeta = dy.sum(0)
        g = dy * self.gamma
        if not self.training:
            return g * self.inv
        return self.inv * (g - g.mean(0) - self.xhat * (g * self.xhat).mean(0))
""",
        "rows",
    ),
    Sample(
        "batch_norm",
        True,
        r"""
def batchnorm(x, gamma, beta, eps=1e-5):
    mu = np.mean(x, axis=0)
    var = np.var(x, axis=0)
    return gamma * (x - mu) / np.sqrt(var + eps) + beta
""",
        "no running statistics",
    ),
)
