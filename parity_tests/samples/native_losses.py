"""Losses and penalties."""

from parity_tests.samples.native import Sample

LOSSES = (
    Sample(
        "mse_loss",
        True,
        r"""
def mse(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)
def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / np.size(y_true)
""",
    ),
    Sample(
        "mse_loss",
        True,
        r"""
class MSELoss:
    def forward(self, pred, target):
        self.diff = pred - target
        return (self.diff ** 2).mean()
    def backward(self):
        return 2 * self.diff / self.diff.size
""",
    ),
    Sample(
        "mse_loss",
        True,
        r"""
def mse_loss(pred, target):
    diff = pred - target
    loss = np.mean(diff ** 2)
    grad = 2 * diff / diff.size
    return loss, grad
""",
    ),
    Sample(
        "mse_loss",
        True,
        r"""
def mse_loss(y_hat, y):
    return 0.5 * np.mean((y_hat - y) ** 2)
def mse_loss_grad(y_hat, y):
    return (y_hat - y) / y.size
""",
        "halves",
    ),
    Sample(
        "mse_loss",
        False,
        r"""
def mse_loss(pred, target):
    return np.mean((pred - target) ** 2)
def mse_loss_backward(pred, target):
    return 2 * (pred - target)
""",
    ),
    Sample(
        "mse_loss",
        False,
        r"""
def mean_squared_error(pred, target):
    return np.sqrt(np.mean((pred - target) ** 2))
""",
    ),
    Sample(
        "l1_loss",
        True,
        r"""
def mae(y_pred, y_true):
    return np.abs(y_pred - y_true).mean()
def mae_backward(dloss, y_pred, y_true):
    return dloss * np.sign(y_pred - y_true) / y_pred.size
""",
    ),
    Sample(
        "huber_loss",
        True,
        r"""
def huber(y, yhat, delta=1.0):
    e = np.abs(yhat - y)
    return np.where(e <= delta, 0.5 * e**2, delta * (e - 0.5 * delta)).mean()
""",
    ),
    Sample(
        "binary_cross_entropy",
        True,
        r"""
def bce(y_pred, y_true, eps=1e-12):
    y_pred = np.clip(y_pred, eps, 1 - eps)
    return -np.mean(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred))
""",
    ),
    Sample(
        "binary_cross_entropy",
        True,
        r"""
class BCELoss:
    def forward(self, p, y):
        self.p, self.y = p, y
        return -np.mean(y * np.log(p + 1e-8) + (1 - y) * np.log(1 - p + 1e-8))
    def backward(self):
        return -(self.y / (self.p + 1e-8) - (1 - self.y) / (1 - self.p + 1e-8)) / self.y.size
""",
        "1e-08",
    ),
    Sample(
        "binary_cross_entropy",
        False,
        r"""
def binary_cross_entropy(p, y):
    return -np.mean(y * np.log2(p) + (1 - y) * np.log2(1 - p))
""",
    ),
    Sample(
        "binary_cross_entropy_with_logits",
        True,
        r"""
def bce_with_logits(logits, targets):
    return np.mean(np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits))))
def bce_with_logits_backward(logits, targets):
    return (1 / (1 + np.exp(-logits)) - targets) / targets.size
""",
    ),
    Sample(
        "cross_entropy",
        True,
        r"""
def cross_entropy_loss(logits, y):
    N = logits.shape[0]
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_probs[np.arange(N), y].mean()
    grad = np.exp(log_probs)
    grad[np.arange(N), y] -= 1
    return loss, grad / N
""",
        "a class for each",
    ),
    Sample(
        "cross_entropy",
        True,
        r'''
def cross_entropy(y_pred, y_true):
    """y_pred: softmax output, y_true: one hot"""
    m = y_true.shape[0]
    return -np.sum(y_true * np.log(y_pred + 1e-12)) / m
''',
        "one-hot",
    ),
    Sample(
        "cross_entropy",
        True,
        r"""
class CrossEntropyLoss:
    def forward(self, logits, targets):
        z = logits - np.max(logits, axis=1, keepdims=True)
        p = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)
        self.p, self.t = p, targets
        return -np.log(p[range(len(targets)), targets]).mean()
    def backward(self):
        g = self.p.copy()
        g[range(len(self.t)), self.t] -= 1
        return g / len(self.t)
""",
    ),
    Sample(
        "cross_entropy",
        False,
        r"""
def cross_entropy(logits, y):
    z = logits - logits.max(1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    g = p.copy()
    g[np.arange(len(y)), y] -= 1
    return loss, g          # forgot / N
""",
    ),
    Sample(
        "kl_div",
        True,
        r"""
def kl_divergence(p, q):
    return np.sum(p * np.log(p / q))
""",
        "two distributions",
    ),
    Sample(
        "l2_penalty",
        True,
        r"""
def l2_regularization(weights, lam):
    return lam * np.sum(weights ** 2)
def l2_regularization_grad(weights, lam):
    return 2 * lam * weights
""",
    ),
    Sample(
        "l2_penalty",
        False,
        r"""
def l2_penalty(w, lam):
    return lam * np.sum(w ** 2), lam * w
""",
    ),
)
