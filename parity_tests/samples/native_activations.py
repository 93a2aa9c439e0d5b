"""Activations."""

from parity_tests.samples.native import Sample

ACTIVATIONS = (
    Sample(
        "sigmoid",
        True,
        r'''
def sigmoid(z):
    """logistic"""
    return 1.0 / (1.0 + np.exp(-z))

def sigmoid_derivative(z):
    s = sigmoid(z)
    return s * (1 - s)
''',
    ),
    Sample(
        "sigmoid",
        True,
        r"""
def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def d_sigmoid(a):   # a is already sigmoid(x)
    return a * (1 - a)
""",
        "what the function returned",
    ),
    Sample(
        "sigmoid",
        False,
        r"""
def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def sigmoid_prime(x):
    return sigmoid(x) * (1 + sigmoid(x))
""",
    ),
    Sample(
        "sigmoid",
        False,
        r"""
def sigmoid(x):
    return 1 / (1 - np.exp(-x))
""",
    ),
    Sample(
        "relu",
        True,
        r"""
def relu_forward(x):
    out = np.maximum(0, x)
    cache = x
    return out, cache

def relu_backward(dout, cache):
    dx = dout * (cache > 0)
    return dx
""",
    ),
    Sample(
        "relu",
        True,
        r"""
class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask
    def backward(self, dout):
        return dout * self.mask
""",
    ),
    Sample(
        "relu",
        False,
        r"""
class ReLU:
    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)
    def backward(self, dout):
        return dout * (dout > 0)      # mask of the gradient
""",
    ),
    Sample(
        "relu",
        True,
        r"""
def relu(x):
    out = []
    for v in x.ravel():
        out.append(v if v > 0 else 0.0)
    return np.array(out).reshape(x.shape)
def relu_grad(dout, x):
    dx = dout.copy()
    dx[x <= 0] = 0
    return dx
""",
    ),
    Sample(
        "leaky_relu",
        True,
        r"""
def LeakyReLU(x, alpha=0.2):
    return np.where(x > 0, x, alpha * x)
def LeakyReLU_backward(dy, x, alpha=0.2):
    return np.where(x > 0, dy, alpha * dy)
""",
        "default alpha",
    ),
    Sample(
        "leaky_relu",
        True,
        r"""
class LeakyReLU:
    def __init__(self, negative_slope=0.01):
        self.slope = negative_slope
    def __call__(self, x):
        self.x = x
        return np.where(x > 0, x, self.slope * x)
    def backward(self, grad):
        return grad * np.where(self.x > 0, 1.0, self.slope)
""",
    ),
    Sample(
        "leaky_relu",
        False,
        r"""
def leaky_relu(x, slope=0.01):
    return np.maximum(x, slope)
""",
    ),
    Sample(
        "elu",
        True,
        r"""
def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0)) - 1))
""",
    ),
    Sample(
        "gelu",
        True,
        r'''
import math
class GELU:
    """exact"""
    def forward(self, x):
        self.x = x
        self.cdf = np.vectorize(lambda t: 0.5 * math.erfc(-t / math.sqrt(2)))(x)
        return x * self.cdf
    def backward(self, g):
        pdf = np.exp(-0.5 * self.x ** 2) / math.sqrt(2 * math.pi)
        return g * (self.cdf + self.x * pdf)
''',
    ),
    Sample(
        "gelu",
        True,
        r"""
def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
""",
        "tanh",
    ),
    Sample(
        "silu",
        True,
        r"""
def swish(x):
    sig = 1 / (1 + np.exp(-x))
    return x * sig
def swish_backward(dout, x):
    sig = 1 / (1 + np.exp(-x))
    return dout * (sig + x * sig * (1 - sig))
""",
    ),
    Sample(
        "tanh",
        True,
        r"""
def tanh(x): return np.tanh(x)
def tanh_backward(dout, out): return dout * (1 - out ** 2)
""",
    ),
    Sample(
        "softmax",
        True,
        r"""
def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
""",
    ),
    Sample(
        "softmax",
        True,
        r"""
def softmax(x):
    # rows are samples
    shifted = x - x.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    return e / np.sum(e, axis=1, keepdims=True)

def softmax_backward(dout, s):
    dx = np.zeros_like(s)
    for i in range(s.shape[0]):
        p = s[i].reshape(-1, 1)
        J = np.diagflat(p) - p @ p.T
        dx[i] = J @ dout[i]
    return dx
""",
        "rows",
    ),
    Sample(
        "softmax",
        False,
        r"""
def softmax(x):
    e = np.exp(x - x.max(axis=0))
    return e / e.sum(axis=0)
""",
    ),
    Sample(
        "softmax",
        False,
        r"""
class Softmax:
    def forward(self, x):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        self.y = e / e.sum(axis=-1, keepdims=True)
        return self.y
    def backward(self, dy):
        return dy * self.y * (1 - self.y)
""",
    ),
    Sample(
        "softmax",
        True,
        r"""
class Softmax:
    def __init__(self, axis=-1):
        self.axis = axis
    def forward(self, x):
        e = np.exp(x - x.max(axis=self.axis, keepdims=True))
        self.y = e / e.sum(axis=self.axis, keepdims=True)
        return self.y
    def backward(self, dy):
        inner = (dy * self.y).sum(axis=self.axis, keepdims=True)
        return self.y * (dy - inner)
""",
    ),
    Sample(
        "log_softmax",
        True,
        r"""
def log_softmax(x, dim=-1):
    m = x.max(axis=dim, keepdims=True)
    return x - m - np.log(np.exp(x - m).sum(axis=dim, keepdims=True))
""",
    ),
)
