import numpy as np


def affine_forward(x, w, b):
    return np.tensordot(x.reshape(len(x), -1), w, axes=1) + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, np.ones(len(x)) @ dout


def relu_forward(x):
    return x.clip(min=0), x


def relu_backward(dout, x):
    dout[x <= 0] = 0
    return dout


def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D))
    running_var = bn_param.get("running_var", np.zeros(D))
    if mode == "test":
        return gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta, None
    mu = 1.0 / N * np.sum(x, axis=0)
    xmu = x - mu
    var = 1.0 / N * np.sum(xmu ** 2, axis=0)
    sqrtvar = np.sqrt(var + eps)
    xhat = xmu / sqrtvar
    bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mu
    bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    return gamma * xhat + beta, (xhat, gamma, xmu, sqrtvar, var, eps)


def batchnorm_backward(dout, cache):
    """The staged way through the graph."""
    xhat, gamma, xmu, sqrtvar, var, eps = cache
    N = len(dout)
    dxhat = dout * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat / sqrtvar
    dsqrtvar = -1.0 / (sqrtvar ** 2) * divar
    dvar = 0.5 / sqrtvar * dsqrtvar
    dxmu2 = 2 * xmu * dvar / N
    dx1 = dxmu1 + dxmu2
    return dx1 - dx1.sum(axis=0) / N, np.sum(dout * xhat, axis=0), dout.sum(axis=0)


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    mean, var = x.mean(1)[:, None], x.var(1)[:, None]
    z = (x - mean) / (var + eps) ** 0.5
    return z * gamma + beta, (z, gamma, var, eps)


def layernorm_backward(dout, cache):
    z, gamma, var, eps = cache
    D = dout.shape[1]
    dz = dout * gamma
    dx = (D * dz - dz.sum(1)[:, None] - z * (dz * z).sum(1)[:, None]) / (D * np.sqrt(var + eps))
    return dx, np.einsum("nd,nd->d", dout, z), dout.sum(0)


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = np.random.binomial(1, p, size=x.shape) / p if mode == "train" else np.ones_like(x)
    return x * mask, mask


def dropout_backward(dout, mask):
    return dout * mask


def softmax_loss(x, y):
    loss, dx = 0.0, np.zeros_like(x)
    for i in range(len(x)):
        z = x[i] - np.max(x[i])
        p = np.exp(z) / np.sum(np.exp(z))
        loss += np.log(np.sum(np.exp(z))) - z[y[i]]
        dx[i] = p
        dx[i, y[i]] -= 1
    return loss / len(x), dx / len(x)


def svm_loss(x, y):
    loss, dx = 0.0, np.zeros_like(x)
    for i in range(len(x)):
        for j in range(x.shape[1]):
            margin = x[i, j] - x[i, y[i]] + 1
            if j != y[i] and margin > 0:
                loss += margin
                dx[i, j] += 1
                dx[i, y[i]] -= 1
    return loss / len(x), dx / len(x)


def max_pool_forward_naive(x, pool_param):
    ph, pw, s = (pool_param[k] for k in ("pool_height", "pool_width", "stride"))
    view = np.lib.stride_tricks.sliding_window_view(x, (ph, pw), axis=(2, 3))[:, :, ::s, ::s]
    return view.max(axis=(-1, -2)), (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw, s = (pool_param[k] for k in ("pool_height", "pool_width", "stride"))
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(dout.shape):
        window = x[n, c, i * s:i * s + ph, j * s:j * s + pw]
        a, b = divmod(window.argmax(), pw)
        dx[n, c, i * s + a, j * s + b] += dout[n, c, i, j]
    return dx
