"""Dropout, clipping and data."""

from parity_tests.samples.native import Sample

TRAINING = (
    Sample(
        "dropout",
        True,
        r"""
def dropout(x, p=0.5, training=True):
    if not training:
        return x
    mask = np.random.rand(*x.shape) > p
    return x * mask / (1 - p)
""",
        "own mask",
    ),
    Sample(
        "dropout",
        True,
        r"""
class Dropout:
    def __init__(self, p=0.5):
        self.p = p
        self.training = True
    def forward(self, x):
        if self.training:
            self.mask = (np.random.random(x.shape) >= self.p) / (1 - self.p)
            return x * self.mask
        self.mask = np.ones_like(x)
        return x
    def backward(self, dout):
        return dout * self.mask
""",
    ),
    Sample(
        "dropout",
        True,
        r"""
def dropout(x, keep_prob, rng):
    mask = rng.random(x.shape) < keep_prob
    return x * mask / keep_prob, (mask, keep_prob)
def dropout_backward(dout, cache):
    mask, keep_prob = cache
    return dout * mask / keep_prob
""",
    ),
    Sample(
        "dropout",
        False,
        r"""
def dropout(x, p=0.5, training=True):
    if not training:
        return x
    mask = np.random.rand(*x.shape) < p
    return x * mask / p            # keeps p
""",
    ),
    Sample(
        "dropout",
        False,
        r"""
def dropout(x, p=0.5, training=True):
    if not training:
        return x * (1 - p)
    return x * (np.random.rand(*x.shape) > p) / (1 - p)
""",
    ),
    Sample(
        "dropout",
        False,
        r"""
class Dropout:
    def __init__(self, p=0.5):
        self.p = p
    def forward(self, x, training=True):
        if not training: return x
        return x * (np.random.random(x.shape) >= self.p) / (1 - self.p)
    def backward(self, dout):
        return dout * (np.random.random(dout.shape) >= self.p) / (1 - self.p)
""",
    ),
    Sample(
        "dropout",
        False,
        r"""
def dropout(x, p=0.5, training=True):
    if not training: return x
    mask = np.random.rand(x.shape[-1]) > p
    return x * mask / (1 - p)
""",
    ),
    Sample(
        "dropout",
        True,
        r"""
def dropout(x, mask, p, training=True):
    if not training:
        return x
    if p == 1: return np.zeros_like(x)
    return np.where(mask, x / (1 - p), 0)
""",
    ),
    Sample(
        "clip_grad_norm",
        True,
        r"""
def clip_grad_norm(grads, max_norm):
    total = np.sqrt(sum((g ** 2).sum() for g in grads))
    scale = min(1.0, max_norm / (total + 1e-6))
    return [g * scale for g in grads], total
""",
        "list",
    ),
    Sample(
        "clip_grad_norm",
        True,
        r"""
def clip_gradients(grads, max_norm=1.0):
    total = np.sqrt(sum(np.sum(g ** 2) for g in grads.values() if g is not None))
    scale = max_norm / (total + 1e-6)
    if scale < 1:
        for k in grads:
            if grads[k] is not None:
                grads[k] = grads[k] * scale
    return grads
""",
        "first result alone",
    ),
    Sample(
        "clip_grad_norm",
        False,
        r"""
def clip_grad_norm(grads, max_norm):
    out = {}
    for k, g in grads.items():                # per tensor
        n = np.sqrt((g ** 2).sum())
        out[k] = g * min(1, max_norm / (n + 1e-6))
    return out
""",
    ),
    Sample(
        "clip_grad_value",
        True,
        r"""
def clip_by_value(grads, clip_value):
    return [np.clip(g, -clip_value, clip_value) for g in grads]
""",
    ),
    Sample(
        "standardize",
        True,
        r"""
def standardize(train, test):
    mu, sigma = train.mean(axis=0), train.std(axis=0)
    sigma[train.max(0) == train.min(0)] = 1
    return (train - mu) / sigma, (test - mu) / sigma
""",
    ),
    Sample(
        "standardize",
        False,
        r"""
def standardize(train, test):
    f = lambda a: (a - a.mean(0)) / np.where(a.std(0) < 1e-12, 1, a.std(0))
    return f(train), f(test)
""",
    ),
    Sample(
        "min_max_scale",
        True,
        r"""
def min_max_scale(X_train, X_test):
    lo, hi = X_train.min(0), X_train.max(0)
    span = np.where(hi > lo, hi - lo, 1.0)
    return (X_train - lo) / span, (X_test - lo) / span
""",
    ),
    Sample(
        "one_hot",
        True,
        r"""
def one_hot(y, num_classes):
    out = np.zeros((len(y), num_classes))
    out[np.arange(len(y)), y] = 1
    return out
""",
    ),
    Sample(
        "accuracy",
        True,
        r"""
def accuracy(y_pred, y_true):
    return np.mean(np.argmax(y_pred, axis=1) == y_true)
""",
    ),
    Sample(
        "train_validation_test_split",
        True,
        r"""
def train_val_test_split(X, y, indices):
    n = len(X)
    a, b = int(0.6 * n), int(0.8 * n)
    tr, va, te = indices[:a], indices[a:b], indices[b:]
    return X[tr], X[va], X[te], y[tr], y[va], y[te]
""",
    ),
    Sample(
        "mini_batches",
        True,
        r"""
def mini_batches(X, y, perm, batch_size):
    for start in range(0, len(X), batch_size):
        idx = perm[start:start + batch_size]
        yield X[idx], y[idx]
""",
    ),
)
