"""Forms in which what is wrong looks like what is right, and the other way round."""

from parity_tests.samples.native import Sample

LAYER_NORM = """
def layer_norm(x, gamma, beta, eps=1e-5):
    xc = x - x.mean(-1, keepdims=True)
    inv = 1 / np.sqrt((xc ** 2).mean(-1, keepdims=True) + eps)
    return xc * inv * gamma + beta, (xc * inv, inv, gamma)

def layer_norm_backward(dy, cache):
    xh, inv, gamma = cache
    d = dy * gamma
    dx = inv * (d - d.mean(-1, keepdims=True) - xh * (d * xh).mean(-1, keepdims=True))
    return dx, ({second}).sum(axis=tuple(range(dy.ndim - 1)))
"""
CLIP_NORM = """
def clip_gradients(grads, clip_value):
    total = np.sqrt(sum((g ** 2).sum() for g in grads.values()))
    if total > clip_value:
        for k in grads:
            grads[k] = grads[k] * {scale} / (total + 1e-6)
    return grads
"""
IN_CACHE = """
def mse_loss(p, t):
    d = p - t
    return ({half}d ** 2).mean(), (d,)
"""
BIAS_NUMBER = """
def linear_regression(x, y, w, b):
    e = x @ w + b - y
    return (e ** 2).mean(), (2 * x.T @ e * {factor} / e.size, 2 * e.sum() / e.size)
"""
DROPOUT_EVAL = """
class Dropout:
    def __init__(self, p=0.5):
        self.p, self.training = p, True

    def forward(self, x):
        if not self.training:
            return x
        self.mask = (np.random.rand(*x.shape) > self.p) / (1 - self.p)
        return x * self.mask

    def backward(self, dy):
        if not self.training:
            return {evaluated}
        return dy * self.mask
"""
REBOUND = """
class Adam:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params, self.lr, self.betas, self.eps = params, lr, betas, eps
        self.m = [np.zeros_like(p) for p in params]
        self.v = [np.zeros_like(p) for p in params]
        self.t = 0

    def step(self, grads):
        self.t += 1
        b1, b2 = self.betas
        for i, (p, g) in enumerate(zip(self.params, grads)):
            self.m[i] = b1 * self.m[i] + (1 - b1) * g
            self.v[i] = b2 * self.v[i] + (1 - b2) * g * g
            m_hat, v_hat = self.m[i] / (1 - b1 ** self.t), self.v[i] / (1 - b2 ** self.t)
            p {change} self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
"""
CROSS_ENTROPY = """
def cross_entropy(y, t):
    return -np.sum(np.log(y[np.arange(len(y)), t])) / {count}
"""
BATCH_NORM = """
class BatchNormalization:
    def __init__(self, gamma, beta, momentum=0.9, running_mean=None, running_var=None):
        self.gamma, self.beta, self.momentum = gamma, beta, momentum
        self.running_mean, self.running_var = running_mean, running_var

    def forward(self, x, train_flg=True):
        if train_flg:
            mu, var = x.mean(axis=0), x.var(axis=0)
            n = len(x)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var * n / (n - 1)
            xn = (x - mu) / np.sqrt(var + 1e-5)
        else:
            xn = (x {sign} self.running_mean) / np.sqrt(self.running_var + 1e-5)
        return self.gamma * xn + self.beta
"""

TEMPTING = [
    Sample("layer_norm", True, LAYER_NORM.format(second="dy * xh"), "it returned no grad bias"),
    Sample("layer_norm", False, LAYER_NORM.format(second="dy")),  # of beta, in the place of gamma's
    Sample("clip_grad_norm", True, CLIP_NORM.format(scale="clip_value")),
    Sample("clip_grad_norm", False, CLIP_NORM.format(scale="clip_value * 0.5")),
    Sample("mse_loss", True, IN_CACHE.format(half="")),
    Sample("mse_loss", False, IN_CACHE.format(half="3 * ")),
    Sample("dropout", True, DROPOUT_EVAL.format(evaluated="dy")),
    Sample("dropout", False, DROPOUT_EVAL.format(evaluated="dyy")),
    Sample("adam", True, REBOUND.format(change="-=")),
    Sample("adam", False, REBOUND.format(change="= p -")),  # which is no parameter any more
    Sample("cross_entropy", True, CROSS_ENTROPY.format(count="len(y)"), "it takes probabilities"),
    Sample("cross_entropy", False, CROSS_ENTROPY.format(count="(len(y) + 1)")),
    Sample("batch_norm", True, BATCH_NORM.format(sign="-"), "the share of the old statistics that stays"),
    Sample("batch_norm", False, BATCH_NORM.format(sign="+")),
]
