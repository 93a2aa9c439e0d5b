"""Definitions, layouts and forms of textbooks, which torch has otherwise: each with a twin that is wrong."""

from parity_tests.samples.native import Sample


def _twins(algorithm: str, source: str, right: str, wrong: str, said: str = "") -> tuple[Sample, Sample]:
    """The source, and the same with a mistake."""
    assert right in source
    return Sample(algorithm, True, source, said), Sample(algorithm, False, source.replace(right, wrong))


TEXTBOOK = (
    *_twins(
        "multi_head_attention",
        """
def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)

class MultiHeadAttention:
    def __init__(self, d_model, n_heads):
        self.d_model, self.n_heads = d_model, n_heads
        self.Wq, self.Wk, self.Wv, self.Wo = (np.random.randn(d_model, d_model) for _ in range(4))

    def forward(self, x):
        B, T, C = x.shape
        H = self.n_heads
        heads = [(x @ W).reshape(B, T, H, C // H) for W in (self.Wq, self.Wk, self.Wv)]
        q, k, v = (part.transpose(0, 2, 1, 3) for part in heads)
        a = softmax(q @ k.transpose(0, 1, 3, 2) / np.sqrt(C // H))
        return (a @ v).transpose(0, 2, 1, 3).reshape(B, T, C) @ self.Wo
""",
        "np.sqrt(C // H)",
        "np.sqrt(C)",
        "it has no biases",
    ),
    *_twins(
        "gru_cell",
        """
def sigmoid(x):
    return 1 / (1 + np.exp(-x))

class GRUCell:
    def __init__(self, input_size, hidden_size):
        D, H = input_size, hidden_size
        self.Wz, self.Uz, self.bz = np.random.randn(D, H), np.random.randn(H, H), np.zeros(H)
        self.Wr, self.Ur, self.br = np.random.randn(D, H), np.random.randn(H, H), np.zeros(H)
        self.Wh, self.Uh, self.bh = np.random.randn(D, H), np.random.randn(H, H), np.zeros(H)

    def forward(self, x, h):
        z = sigmoid(x @ self.Wz + h @ self.Uz + self.bz)
        r = sigmoid(x @ self.Wr + h @ self.Ur + self.br)
        n = np.tanh(x @ self.Wh + (r * h) @ self.Uh + self.bh)
        return (1 - z) * h + z * n
""",
        "(r * h) @ self.Uh",
        "(z * h) @ self.Uh",
        "Cho et al. 2014",
    ),
    *_twins(
        "lstm_cell",
        """
def sigmoid(x):
    return 1 / (1 + np.exp(-x))

class LSTMCell:
    def __init__(self, input_size, hidden_size):
        self.H = hidden_size
        self.W = np.random.randn(input_size + hidden_size, 4 * hidden_size)
        self.b = np.zeros(4 * hidden_size)

    def forward(self, x, h, c):
        f, i, g, o = np.split(np.concatenate([x, h], axis=1) @ self.W + self.b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
""",
        "sigmoid(o) * np.tanh(c), c",
        "sigmoid(o) * c, c",
        "in the order f, i, g, o",
    ),
    *_twins(
        "early_stopping",
        """
class EarlyStopping:
    def __init__(self, patience=5, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta
        self.best, self.counter, self.early_stop = float("inf"), 0, False

    def __call__(self, val_loss):
        if val_loss < self.best - self.min_delta:
            self.best, self.counter = val_loss, 0
        else:
            self.counter += 1
            if self.counter >= self.patience:
                self.early_stop = True
""",
        ">= self.patience",
        "> self.patience",
    ),
    *_twins(
        "accuracy",
        "def accuracy(y_true, y_pred):\n    return np.mean(y_true == y_pred)\n",
        "np.mean(y_true == y_pred)",
        "np.sum(y_true == y_pred)",
        "it takes classes for both",
    ),
    *_twins(
        "softplus",
        "def softplus(x):\n    return np.log1p(np.exp(x))\n",
        "np.log1p(np.exp(x))",
        "np.log1p(np.exp(-x))",
    ),
    *_twins("softplus", "def softplus(x):\n    return np.logaddexp(0, x)\n", "(0, x)", "(1, x)"),
    *_twins(
        "binary_cross_entropy",
        "def bce(p, y):\n    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))\n",
        "(1 - y) * np.log",
        "y * np.log",
        "probabilities of 0 and 1",
    ),
    *_twins(
        "clip_grad_norm",
        """
def clip_gradients(grads, max_norm):
    total = np.sqrt(sum((g ** 2).sum() for g in grads))
    if total > max_norm:
        grads = [g * max_norm / total for g in grads]
    return grads
""",
        "g * max_norm / total",
        "g * max_norm / np.linalg.norm(g)",
        "it scales by c / ‖g‖",
    ),
    *_twins(
        "clip_grad_norm",
        """
def clip_grad_norm(grads, max_norm):
    total_norm = np.sqrt(sum(np.sum(g ** 2) for g in grads))
    clip_coef = max_norm / (total_norm + 1e-6)
    if clip_coef < 1:
        for g in grads:
            g *= clip_coef
    return total_norm
""",
        "sum(np.sum(g ** 2) for g in grads)",
        "max(np.sum(g ** 2) for g in grads)",
        "it changes them where they are",
    ),
    *_twins(
        "dropout",
        """
class Dropout:
    def __init__(self, p=0.5):
        self.p, self.training = p, True

    def forward(self, x):
        if self.training:
            self.mask = np.random.rand(*x.shape) > self.p
            return x * self.mask
        return x * (1 - self.p)

    def backward(self, d):
        return d * self.mask if self.training else d * (1 - self.p)
""",
        "return x * (1 - self.p)",
        "return x",
        "Srivastava et al. 2014",
    ),
    *_twins(
        "dropout",
        """
def dropout(x, p=0.5, training=True):
    if not training:
        return x
    mask = np.random.rand(*x.shape) >= p
    return x * mask / (1 - p)
""",
        "mask = np",
        "np.random.seed(0); mask = np",
    ),
    *_twins(
        "conv2d",
        """
def conv2d(image, kernel):
    H, W = image.shape
    kh, kw = kernel.shape
    out = np.zeros((H - kh + 1, W - kw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(image[i:i+kh, j:j+kw] * kernel)
    return out
""",
        "* kernel)",
        "* kernel[::-1])",
        "one image of one channel",
    ),
    *_twins(
        "max_pool2d",
        """
class MaxPool2D:
    def __init__(self, pool_size=2):
        self.k = pool_size

    def forward(self, x):
        N, C, H, W = x.shape
        k = self.k
        self.x = x
        self.out = x.reshape(N, C, H // k, k, W // k, k).max(axis=(3, 5))
        return self.out

    def backward(self, d):
        up = np.repeat(np.repeat(self.out, self.k, 2), self.k, 3)
        return (self.x == up) * np.repeat(np.repeat(d, self.k, 2), self.k, 3)
""",
        "(self.x == up)",
        "(self.x != up)",
        "equally large",
    ),
    *_twins(
        "r2_score",
        """
def r2_score(y_true, y_pred):
    return 1 - ((y_true - y_pred) ** 2).sum() / ((y_true - y_true.mean()) ** 2).sum()
""",
        "y_true.mean()",
        "y_pred.mean()",
        "one output",
    ),
    *_twins(
        "one_hot",
        """
def one_hot(Y):
    out = np.zeros((Y.size, Y.max() + 1))
    out[np.arange(Y.size), Y] = 1
    return out
""",
        "np.arange(Y.size), Y]",
        "np.arange(Y.size), Y - 1]",
        "as many classes",
    ),
    *_twins(
        "linear",
        """
class Linear:
    def __init__(self, n_in, n_out):
        self.W, self.b = np.random.randn(n_in, n_out), np.zeros(n_out)
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, d):
        self.dW += self.x.T @ d
        self.db += d.sum(0)
        return d @ self.W.T
""",
        "d.sum(0)",
        "d.mean(0)",
        "add up from call to call",
    ),
    *_twins(
        "batch_norm",
        """
class BatchNorm1d:
    def __init__(self, n, eps=1e-5, momentum=0.9):
        self.gamma, self.beta, self.eps, self.momentum = np.ones(n), np.zeros(n), eps, momentum
        self.running_mean, self.running_var, self.training = np.zeros(n), np.ones(n), True

    def forward(self, x):
        if self.training:
            mu, var, n = x.mean(0), x.var(0), len(x)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var * n / (n - 1)
        else:
            mu, var = self.running_mean, self.running_var
        return self.gamma * (x - mu) / np.sqrt(var + self.eps) + self.beta
""",
        "momentum=0.9",
        "momentum=0.1",
        "share of the old statistics",
    ),
)
