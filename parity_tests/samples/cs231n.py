"""Functions as people hand them in for cs231n, in the styles of several years: for its tests."""

from typing import NamedTuple


class Sample(NamedTuple):
    """A file, the algorithms in it, in the order in which they are found, and what is said of them."""

    text: str
    algorithms: tuple[str, ...]
    says: str = ""


STYLES = {
    "affine, as notes have it": Sample(
        '''
def affine_forward(x, w, b):
  """
  Computes the forward pass for an affine (fully-connected) layer.
  Returns a tuple of:
  - out: output, of shape (N, M)
  - cache: (x, w, b)
  """
  out = None
  N = x.shape[0]
  D = np.prod(x.shape[1:])
  x_vec = np.reshape(x, (N, D))
  out = x_vec.dot(w) + b
  cache = (x, w, b)
  return out, cache

def affine_backward(dout, cache):
  x, w, b = cache
  dx, dw, db = None, None, None
  x_vec = np.reshape(x, (x.shape[0], -1))
  dx = np.reshape(np.dot(dout, w.T), x.shape)
  dw = np.dot(x_vec.T, dout)
  db = np.dot(dout.T, np.ones(x.shape[0]))
  return dx, dw, db
''',
        ("linear",),
    ),
    "affine, a cache that is popped and a row of biases": Sample(
        """
def affine_forward(x, w, b):
    flat = x.reshape(x.shape[0], -1)
    return flat @ w + b, [b, w, flat, x.shape]

def affine_backward(dout, cache):
    shape = cache.pop()
    flat = cache.pop()
    w = cache.pop()
    return [dout.dot(w.T).reshape(shape), flat.T.dot(dout), dout.sum(0, keepdims=True)]
""",
        ("linear",),
    ),
    "relu in place": Sample(
        """
def relu_forward(x):
    out = x.copy()
    out[out < 0] = 0
    return out, x

def relu_backward(dout, cache):
    dout[cache <= 0] = 0
    return dout
""",
        ("relu",),
    ),
    "relu with a cached mask, and prints": Sample(
        """
def relu_forward(x):
    mask = x > 0
    print("relu", x.shape)
    return x * mask, {"mask": mask}

def relu_backward(dout, cache):
    dx = np.where(cache["mask"], dout, 0)
    return dx
""",
        ("relu",),
    ),
    "leaky relu": Sample(
        """
def leaky_relu_forward(x, lrelu_param):
    a = lrelu_param.get("alpha", 2e-3)
    out = np.maximum(a * x, x)
    return out, (x, lrelu_param)

def leaky_relu_backward(dout, cache):
    x, param = cache
    dx = np.array(dout, copy=True)
    dx[x < 0] *= param["alpha"]
    dx[x == 0] *= param["alpha"]
    return dx
""",
        ("leaky_relu",),
    ),
    "batch norm, node by node": Sample(
        """
def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
    out, cache = None, None
    if mode == 'train':
        mu = 1. / N * np.sum(x, axis=0)
        xmu = x - mu
        sq = xmu ** 2
        var = 1. / N * np.sum(sq, axis=0)
        sqrtvar = np.sqrt(var + eps)
        ivar = 1. / sqrtvar
        xhat = xmu * ivar
        out = gamma * xhat + beta
        cache = (xhat, gamma, xmu, ivar, sqrtvar, var, eps)
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
    elif mode == 'test':
        out = (x - running_mean) / np.sqrt(running_var + eps) * gamma + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache

def batchnorm_backward(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1. / (sqrtvar ** 2) * divar
    dvar = 0.5 * 1. / np.sqrt(var + eps) * dsqrtvar
    dsq = 1. / N * np.ones((N, D)) * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dx1, axis=0)
    return dx1 + 1. / N * np.ones((N, D)) * dmu, dgamma, dbeta

def batchnorm_backward_alt(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N = dout.shape[0]
    dgamma = (dout * xhat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dx = gamma * ivar / N * (N * dout - xhat * dgamma - dbeta)
    return dx, dgamma, dbeta
""",
        ("batch_norm", "batch_norm"),
    ),
    "batch norm with unbiased running variances, in rows": Sample(
        """
def batchnorm_forward(x, gamma, beta, bn_param):
    eps, m = bn_param['eps'], bn_param['momentum']
    if bn_param['mode'] == 'train':
        mu, var = x.mean(0, keepdims=True), x.var(0, keepdims=True)
        n = len(x)
        bn_param['running_mean'] = m * bn_param['running_mean'] + (1 - m) * mu
        bn_param['running_var'] = m * bn_param['running_var'] + (1 - m) * x.var(0, ddof=1, keepdims=True)
    else:
        mu, var = bn_param['running_mean'], bn_param['running_var']
    return (x - mu) / np.sqrt(var + eps) * gamma + beta, None
""",
        ("batch_norm",),
        "unbiased variances",
    ),
    "spatial batch norm by transposing": Sample(
        """
def batchnorm_forward(x, gamma, beta, bn_param):
    eps, m = bn_param.get('eps', 1e-5), bn_param.get('momentum', 0.9)
    if bn_param['mode'] == 'train':
        mu, var = x.mean(0), x.var(0)
        bn_param['running_mean'] = m * bn_param['running_mean'] + (1 - m) * mu
        bn_param['running_var'] = m * bn_param['running_var'] + (1 - m) * var
    else:
        mu, var = bn_param['running_mean'], bn_param['running_var']
    xhat = (x - mu) / np.sqrt(var + eps)
    return gamma * xhat + beta, dict(xhat=xhat, gamma=gamma, std=np.sqrt(var + eps))

def batchnorm_backward(dout, cache):
    xhat, g = cache['xhat'], dout * cache['gamma']
    dx = (g - g.mean(0) - xhat * np.mean(g * xhat, 0)) / cache['std']
    return dx, np.sum(dout * xhat, 0), np.sum(dout, 0)

def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    x = x.transpose(0, 2, 3, 1).reshape(N * H * W, C)
    out, cache = batchnorm_forward(x, gamma, beta, bn_param)
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), cache

def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    dx, dgamma, dbeta = batchnorm_backward(dout.transpose(0, 2, 3, 1).reshape(-1, C), cache)
    return dx.reshape(N, H, W, C).transpose(0, 3, 1, 2), dgamma, dbeta
""",
        ("batch_norm", "batch_norm"),
    ),
    "layer norm": Sample(
        """
def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    mu = np.mean(x, axis=1, keepdims=True)
    var = np.var(x, axis=1, keepdims=True)
    x_norm = (x - mu) / np.sqrt(var + eps)
    out = gamma * x_norm + beta
    return out, (x_norm, gamma, var, eps)

def layernorm_backward(dout, cache):
    x_norm, gamma, var, eps = cache
    D = dout.shape[1]
    dgamma = np.sum(dout * x_norm, 0)
    dbeta = np.sum(dout, 0)
    dxn = dout * gamma
    dx = 1 / D / np.sqrt(var + eps) * (
        D * dxn - np.sum(dxn, axis=1, keepdims=True) - x_norm * np.sum(dxn * x_norm, axis=1, keepdims=True))
    return dx, dgamma, dbeta
""",
        ("layer_norm",),
    ),
    "group norm": Sample(
        """
def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps',1e-5)
    N, C, H, W = x.shape
    grouped = x.reshape(N, G, C // G, H, W)
    mean = grouped.mean(axis=(2, 3, 4), keepdims=True)
    var = grouped.var(axis=(2, 3, 4), keepdims=True)
    x_norm = ((grouped - mean) / np.sqrt(var + eps)).reshape(N, C, H, W)
    out = x_norm * gamma + beta
    return out, (x_norm, gamma, var, eps, G)

def spatial_groupnorm_backward(dout, cache):
    x_norm, gamma, var, eps, G = cache
    N, C, H, W = dout.shape
    dgamma = np.sum(dout * x_norm, axis=(0, 2, 3), keepdims=True)
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    g = (dout * gamma).reshape(N, G, C // G, H, W)
    xn = x_norm.reshape(g.shape)
    ax = (2, 3, 4)
    dx = (g - g.mean(ax, keepdims=True) - xn * (g * xn).mean(ax, keepdims=True)) / np.sqrt(var + eps)
    return dx.reshape(N, C, H, W), dgamma, dbeta
""",
        ("group_norm",),
    ),
    "group norm, parameters of (C,)": Sample(
        """
def spatial_groupnorm_forward(x, gamma, beta, G, bn_param):
    N, C, H, W = x.shape
    g = x.reshape(N * G, -1)
    xn = ((g - g.mean(1)[:, None]) / np.sqrt(g.var(1)[:, None] + bn_param['eps'])).reshape(x.shape)
    assert gamma.shape == (C,)
    return gamma[None, :, None, None] * xn + beta.reshape(1, C, 1, 1), None
""",
        ("group_norm",),
        "(C,)",
    ),
    "dropout, keep": Sample(
        '''
def dropout_forward(x, dropout_param):
    """- p: Dropout parameter. We keep each neuron output with probability p."""
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mask = None
    out = None
    if mode == 'train':
        mask = np.random.binomial(1, p, size=x.shape) / p
        out = x * mask
    elif mode == 'test':
        out = x
    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)
    return out, cache

def dropout_backward(dout, cache):
    dropout_param, mask = cache
    mode = dropout_param['mode']
    dx = None
    if mode == 'train':
        dx = dout * mask
    elif mode == 'test':
        dx = dout
    return dx
''',
        ("dropout",),
    ),
    "dropout, drop": Sample(
        '''
def dropout_forward(x, dropout_param):
    """p: Dropout parameter. We drop each neuron output with probability p."""
    p = dropout_param['p']
    if dropout_param['mode'] == 'test':
        return x, (dropout_param, None)
    keep = 1 - p
    mask = (np.random.random_sample(x.shape) >= p) / keep
    return x * mask, (dropout_param, mask)

def dropout_backward(dout, cache):
    param, mask = cache
    return dout if param['mode'] == 'test' else mask * dout
''',
        ("dropout",),
    ),
    "dropout that keeps although it says drop": Sample(
        '''
def dropout_forward(x, dropout_param):
    """p: Dropout parameter. We drop each neuron output with probability p."""
    p, mask = dropout_param['p'], None
    if dropout_param['mode'] == 'train':
        mask = (np.random.rand(*x.shape) < p) / p
        x = x * mask
    return x, (dropout_param, mask)
''',
        ("dropout",),
        "keeping, whatever the docstring says",
    ),
    "convolution, six loops": Sample(
        """
def conv_forward_naive(x, w, b, conv_param):
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    P, S = conv_param['pad'], conv_param['stride']
    x_pad = np.pad(x, ((0,), (0,), (P,), (P,)), mode='constant', constant_values=0)
    Ho = int(1 + (H + 2 * P - HH) / S)
    Wo = int(1 + (W + 2 * P - WW) / S)
    out = np.zeros((N, F, Ho, Wo))
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    out[n, f, i, j] = np.sum(x_pad[n, :, i*S:i*S+HH, j*S:j*S+WW] * w[f]) + b[f]
    cache = (x, w, b, conv_param)
    return out, cache

def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    P, S = conv_param['pad'], conv_param['stride']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    _, _, Ho, Wo = dout.shape
    x_pad = np.pad(x, [(0, 0), (0, 0), (P, P), (P, P)], 'constant')
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
    dx_pad = np.zeros_like(x_pad)
    for n in range(N):
        for f in range(F):
            db[f] += np.sum(dout[n, f])
            for i in range(Ho):
                for j in range(Wo):
                    dw[f] += x_pad[n, :, i*S:i*S+HH, j*S:j*S+WW] * dout[n, f, i, j]
                    dx_pad[n, :, i*S:i*S+HH, j*S:j*S+WW] += w[f] * dout[n, f, i, j]
    dx = dx_pad[:, :, P:P+H, P:P+W]
    return dx, dw, db
""",
        ("conv2d",),
    ),
    "convolution by im2col, under its fast name": Sample(
        """
def get_im2col_indices(x_shape, HH, WW, pad, stride):
    N, C, H, W = x_shape
    oh, ow = (H + 2 * pad - HH) // stride + 1, (W + 2 * pad - WW) // stride + 1
    i0 = np.tile(np.repeat(np.arange(HH), WW), C)
    i1 = stride * np.repeat(np.arange(oh), ow)
    j0 = np.tile(np.arange(WW), HH * C)
    j1 = stride * np.tile(np.arange(ow), oh)
    k = np.repeat(np.arange(C), HH * WW).reshape(-1, 1)
    return k, i0.reshape(-1, 1) + i1, j0.reshape(-1, 1) + j1, oh, ow

def conv_forward_im2col(x, w, b, conv_param):
    N, (F, _, HH, WW) = len(x), w.shape
    pad, stride = conv_param['pad'], conv_param['stride']
    k, i, j, oh, ow = get_im2col_indices(x.shape, HH, WW, pad, stride)
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    cols = xp[:, k, i, j].transpose(1, 2, 0).reshape(k.shape[0], -1)
    out = (w.reshape(F, -1) @ cols + b.reshape(-1, 1)).reshape(F, oh, ow, N).transpose(3, 0, 1, 2)
    return out, (x, w, b, conv_param, cols)

def conv_backward_im2col(dout, cache):
    x, w, b, conv_param, cols = cache
    (F, _, HH, WW), pad, stride = w.shape, conv_param['pad'], conv_param['stride']
    k, i, j, oh, ow = get_im2col_indices(x.shape, HH, WW, pad, stride)
    d = dout.transpose(1, 2, 3, 0).reshape(F, -1)
    dcols = (w.reshape(F, -1).T @ d).reshape(k.shape[0], -1, len(x)).transpose(2, 0, 1)
    xp = np.zeros((len(x), x.shape[1], x.shape[2] + 2 * pad, x.shape[3] + 2 * pad), dtype=x.dtype)
    np.add.at(xp, (slice(None), k, i, j), dcols)
    dx = xp if pad == 0 else xp[:, :, pad:-pad, pad:-pad]
    return dx, (d @ cols.T).reshape(w.shape), dout.sum((0, 2, 3))
""",
        ("conv2d",),
    ),
    "max pool, a mask in which ties share": Sample(
        """
def max_pool_forward_naive(x, pool_param):
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    out = np.zeros((N, C, (H - ph) // s + 1, (W - pw) // s + 1))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = x[:, :, i*s:i*s+ph, j*s:j*s+pw].max(axis=(2, 3))
    return out, (x, pool_param)

def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            win = x[:, :, i*s:i*s+ph, j*s:j*s+pw]
            m = (win == win.max(axis=(2, 3), keepdims=True)).astype(float)
            m /= m.sum(axis=(2, 3), keepdims=True)
            dx[:, :, i*s:i*s+ph, j*s:j*s+pw] += m * dout[:, :, i:i+1, j:j+1]
    return dx
""",
        ("max_pool2d",),
        "share its gradient",
    ),
    "max pool, every tie": Sample(
        """
def max_pool_forward_naive(x, pool_param):
    h, w, s = [pool_param[k] for k in ('pool_height', 'pool_width', 'stride')]
    N, C, H, W = x.shape
    Ho, Wo = int((H - h) / s) + 1, int((W - w) / s) + 1
    out = np.empty((N, C, Ho, Wo))
    for n in range(N):
        for c in range(C):
            for i in range(Ho):
                for j in range(Wo):
                    out[n, c, i, j] = np.max(x[n, c, i*s:i*s+h, j*s:j*s+w])
    return out, (x, pool_param)

def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    h, w, s = [pool_param[k] for k in ('pool_height', 'pool_width', 'stride')]
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(dout.shape):
        win = x[n, c, i*s:i*s+h, j*s:j*s+w]
        dx[n, c, i*s:i*s+h, j*s:j*s+w] += (win == np.max(win)) * dout[n, c, i, j]
    return dx
""",
        ("max_pool2d",),
        "each gets the whole gradient",
    ),
    "max pool, the last of several": Sample(
        """
def max_pool_forward_naive(x, pool_param):
    h, w, s = [pool_param[k] for k in ('pool_height', 'pool_width', 'stride')]
    N, C, H, W = x.shape
    Ho, Wo = (H - h) // s + 1, (W - w) // s + 1
    out = np.zeros((N, C, Ho, Wo))
    switches = {}
    for n, c, i, j in np.ndindex(N, C, Ho, Wo):
        best = -np.inf
        for a in range(h):
            for b in range(w):
                if x[n, c, i*s+a, j*s+b] >= best:
                    best = x[n, c, i*s+a, j*s+b]
                    switches[n, c, i, j] = (i*s+a, j*s+b)
        out[n, c, i, j] = best
    return out, (switches, x.shape)

def max_pool_backward_naive(dout, cache):
    switches, shape = cache
    dx = np.zeros(shape)
    for (n, c, i, j), (a, b) in switches.items():
        dx[n, c, a, b] += dout[n, c, i, j]
    return dx
""",
        ("max_pool2d",),
        "the last of them",
    ),
    "softmax loss without a shift": Sample(
        """
def softmax_loss(x, y):
    probs = np.exp(x)
    probs /= np.sum(probs, axis=1, keepdims=True)
    N = x.shape[0]
    loss = -np.sum(np.log(probs[np.arange(N), y])) / N
    dx = probs.copy()
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx
""",
        ("cross_entropy",),
    ),
    "svm loss": Sample(
        """
def svm_loss(x, y):
    N = x.shape[0]
    correct_class_scores = x[np.arange(N), y]
    margins = np.maximum(0, x - correct_class_scores[:, np.newaxis] + 1.0)
    margins[np.arange(N), y] = 0
    loss = np.sum(margins) / N
    num_pos = np.sum(margins > 0, axis=1)
    dx = np.zeros_like(x)
    dx[margins > 0] = 1
    dx[np.arange(N), y] -= num_pos
    dx /= N
    return loss, dx
""",
        ("multi_margin_loss",),
    ),
    "linear classifiers": Sample(
        """
from random import shuffle

def softmax_loss_naive(W, X, y, reg):
  loss = 0.0
  dW = np.zeros_like(W)
  num_train = X.shape[0]
  for i in xrange(num_train):
    f = X[i].dot(W)
    f -= np.max(f)
    p = np.exp(f) / np.sum(np.exp(f))
    loss += -np.log(p[y[i]])
    for k in xrange(W.shape[1]):
      dW[:, k] += (p[k] - (k == y[i])) * X[i]
  loss = loss / num_train + reg * np.sum(W * W)
  dW = dW / num_train + 2 * reg * W
  return loss, dW

def svm_loss_vectorized(W, X, y, reg):
  N = X.shape[0]
  scores = X.dot(W)
  margins = np.maximum(0, scores - scores[range(N), y].reshape(-1, 1) + 1)
  margins[range(N), y] = 0
  loss = margins.sum() / N + reg * np.sum(W * W)
  mask = (margins > 0).astype(float)
  mask[range(N), y] = -mask.sum(axis=1)
  return loss, X.T.dot(mask) / N + 2 * reg * W
""",
        ("multinomial_regression", "multi_margin_loss"),
    ),
    "a linear classifier with half the penalty": Sample(
        """
def softmax_loss_vectorized(W, X, y, reg):
    z = X @ W
    z = z - z.max(1)[:, None]
    p = np.exp(z); p = p / p.sum(1)[:, None]
    n = len(y)
    loss = -np.log(p[range(n), y]).mean() + 0.5 * reg * (W ** 2).sum()
    p[range(n), y] -= 1
    return loss, X.T @ p / n + reg * W
""",
        ("multinomial_regression",),
        "½ · reg",
    ),
    "a linear classifier with examples as columns": Sample(
        """
def svm_loss_naive(W, X, y, reg):
    dW = np.zeros(W.shape)
    num_classes, num_train = W.shape[0], X.shape[1]
    loss = 0.0
    for i in range(num_train):
        scores = W.dot(X[:, i])
        for j in range(num_classes):
            if j == y[i]:
                continue
            margin = scores[j] - scores[y[i]] + 1
            if margin > 0:
                loss += margin
                dW[j] += X[:, i]
                dW[y[i]] -= X[:, i]
    loss = loss / num_train + 0.5 * reg * np.sum(W * W)
    return loss, dW / num_train + reg * W
""",
        ("multi_margin_loss",),
        "columns of X",
    ),
    "layers one after the other": Sample(
        """
def affine_forward(x, w, b):
    return x.reshape(len(x), -1) @ w + b, (x, w, b)
def affine_backward(dout, cache):
    x, w, b = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(0)
def relu_forward(x):
    return np.maximum(0, x), x
def relu_backward(dout, cache):
    return np.where(cache > 0, dout, 0)
def norm(x, gamma, beta, bn_param):
    mu, var = x.mean(0), x.var(0)
    xhat = (x - mu) / np.sqrt(var + bn_param.get('eps', 1e-5))
    return gamma * xhat + beta, (xhat, gamma, np.sqrt(var + bn_param.get('eps', 1e-5)))
def norm_back(dout, cache):
    xhat, gamma, std = cache
    g = dout * gamma
    return (g - g.mean(0) - xhat * (g * xhat).mean(0)) / std, (dout * xhat).sum(0), dout.sum(0)

def affine_relu_forward(x, w, b):
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (fc_cache, relu_cache)

def affine_relu_backward(dout, cache):
    fc_cache, relu_cache = cache
    return affine_backward(relu_backward(dout, relu_cache), fc_cache)

def affine_bn_relu_forward(x, w, b, gamma, beta, bn_param):
    a, fc_cache = affine_forward(x, w, b)
    n, bn_cache = norm(a, gamma, beta, bn_param)
    out, relu_cache = relu_forward(n)
    return out, (fc_cache, bn_cache, relu_cache)

def affine_bn_relu_backward(dout, cache):
    fc_cache, bn_cache, relu_cache = cache
    da, dgamma, dbeta = norm_back(relu_backward(dout, relu_cache), bn_cache)
    dx, dw, db = affine_backward(da, fc_cache)
    return dx, dw, db, dgamma, dbeta
""",
        ("linear", "relu", "linear", "linear"),
    ),
    "convolutions one after the other": Sample(
        """
def conv_forward_fast(x, w, b, conv_param):
    p, s = conv_param['pad'], conv_param['stride']
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    v = np.lib.stride_tricks.sliding_window_view(xp, w.shape[2:], (2, 3))[:, :, ::s, ::s]
    return np.einsum('ncijkl,fckl->nfij', v, w) + b[:, None, None], (x.shape, v, w, p, s)
def conv_backward_fast(dout, cache):
    shape, v, w, p, s = cache
    dxp = np.zeros((shape[0], shape[1], shape[2] + 2 * p, shape[3] + 2 * p))
    for k in range(w.shape[2]):
        for l in range(w.shape[3]):
            part = np.einsum('nfij,fc->ncij', dout, w[:, :, k, l])
            dxp[:, :, k:k + s * dout.shape[2]:s, l:l + s * dout.shape[3]:s] += part
    dx = dxp[:, :, p:p + shape[2], p:p + shape[3]]
    return dx, np.einsum('ncijkl,nfij->fckl', v, dout), dout.sum((0, 2, 3))
def max_pool_forward_fast(x, pool_param):
    h, s = pool_param['pool_height'], pool_param['stride']
    v = np.lib.stride_tricks.sliding_window_view(x, (h, pool_param['pool_width']), (2, 3))[:, :, ::s, ::s]
    flat = v.reshape(*v.shape[:4], -1)
    return flat.max(-1), (x.shape, flat.argmax(-1), h, pool_param['pool_width'], s)
def max_pool_backward_fast(dout, cache):
    shape, arg, h, w, s = cache
    dx = np.zeros(shape)
    for n, c, i, j in np.ndindex(dout.shape):
        a, b = divmod(arg[n, c, i, j], w)
        dx[n, c, i * s + a, j * s + b] += dout[n, c, i, j]
    return dx

def conv_relu_forward(x, w, b, conv_param):
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    return np.maximum(0, a), (conv_cache, a)
def conv_relu_backward(dout, cache):
    conv_cache, a = cache
    return conv_backward_fast(dout * (a > 0), conv_cache)
def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    a, conv_cache = conv_relu_forward(x, w, b, conv_param)
    out, pool_cache = max_pool_forward_fast(a, pool_param)
    return out, (conv_cache, pool_cache)
def conv_relu_pool_backward(dout, cache):
    conv_cache, pool_cache = cache
    return conv_relu_backward(max_pool_backward_fast(dout, pool_cache), conv_cache)
def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    ax, col = (0, 2, 3), (1, -1, 1, 1)
    std = np.sqrt(a.var(ax, keepdims=True) + bn_param.get('eps', 1e-5))
    xhat = (a - a.mean(ax, keepdims=True)) / std
    an = gamma.reshape(col) * xhat + beta.reshape(col)
    return np.maximum(an, 0), (conv_cache, xhat, std, gamma.reshape(col), an)
def conv_bn_relu_backward(dout, cache):
    conv_cache, xhat, std, gamma, an = cache
    d, ax = dout * (an > 0), (0, 2, 3)
    g = d * gamma
    da = (g - g.mean(ax, keepdims=True) - xhat * (g * xhat).mean(ax, keepdims=True)) / std
    dx, dw, db = conv_backward_fast(da, conv_cache)
    return dx, dw, db, (d * xhat).sum(ax), d.sum(ax)
""",
        ("conv2d", "max_pool2d", "conv2d", "conv2d", "conv2d"),
    ),
    "word embedding": Sample(
        """
def word_embedding_forward(x, W):
    out = W[x, :]
    return out, (x, W.shape)

def word_embedding_backward(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    np.add.at(dW, x, dout)
    return dW
""",
        ("embedding",),
    ),
    "temporal affine": Sample(
        """
def temporal_affine_forward(x, w, b):
    N, T, D = x.shape
    M = b.shape[0]
    out = x.reshape(N * T, D).dot(w).reshape(N, T, M) + b
    return out, (x, w, b, out)

def temporal_affine_backward(dout, cache):
    x, w, b, out = cache
    N, T, D = x.shape
    M = b.shape[0]
    dx = dout.reshape(N * T, M).dot(w.T).reshape(N, T, D)
    dw = dout.reshape(N * T, M).T.dot(x.reshape(N * T, D)).T
    db = dout.sum(axis=(0, 1))
    return dx, dw, db
""",
        ("linear",),
    ),
    "temporal loss": Sample(
        """
def temporal_softmax_loss(x, y, mask, verbose=False):
    N, T, V = x.shape
    x_flat, y_flat, mask_flat = x.reshape(N * T, V), y.reshape(N * T), mask.reshape(N * T)
    probs = np.exp(x_flat - np.max(x_flat, axis=1, keepdims=True))
    probs /= np.sum(probs, axis=1, keepdims=True)
    loss = -np.sum(mask_flat * np.log(probs[np.arange(N * T), y_flat])) / N
    dx_flat = probs.copy()
    dx_flat[np.arange(N * T), y_flat] -= 1
    dx_flat /= N
    dx_flat *= mask_flat[:, None]
    if verbose: print('dx_flat: ', dx_flat.shape)
    return loss, dx_flat.reshape(N, T, V)
""",
        ("cross_entropy",),
    ),
}

RECURRENT = {
    "rnn, a loop back through time": Sample(
        """
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h ** 2)
    return da.dot(Wx.T), da.dot(Wh.T), x.T.dot(da), prev_h.T.dot(da), da.sum(axis=0)

def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h, cache, prev = np.zeros((N, T, h0.shape[1])), [], h0
    for t in range(T):
        prev, c = rnn_step_forward(x[:, t, :], prev, Wx, Wh, b)
        h[:, t, :] = prev
        cache.append(c)
    return h, cache

def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx, dprev = np.zeros((N, T, D)), np.zeros((N, H))
    dWx, dWh, db = np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)
    for t in reversed(range(T)):
        dx[:, t], dprev, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dprev, cache.pop())
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dprev, dWx, dWh, db
""",
        ("rnn_cell", "rnn"),
    ),
    "lstm": Sample(
        """
def sigmoid(x):
    pos_mask = (x >= 0)
    neg_mask = (x < 0)
    z = np.zeros_like(x)
    z[pos_mask] = np.exp(-x[pos_mask])
    z[neg_mask] = np.exp(x[neg_mask])
    top = np.ones_like(x)
    top[neg_mask] = z[neg_mask]
    return top / (1 + z)

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b
    ai, af, ao, ag = np.split(a, 4, axis=1)
    i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)

def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    tc = np.tanh(next_c)
    dnext_c += dnext_h * o * (1 - tc ** 2)
    do = dnext_h * tc
    di, df, dg, dprev_c = dnext_c * g, dnext_c * prev_c, dnext_c * i, dnext_c * f
    da = np.hstack((di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g ** 2)))
    return da @ Wx.T, da @ Wh.T, dprev_c, x.T @ da, prev_h.T @ da, da.sum(0)

def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h, cache = np.zeros((N, T, H)), {}
    prev_h, prev_c = h0, np.zeros((N, H))
    for t in range(T):
        prev_h, prev_c, cache[t] = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        h[:, t] = prev_h
    return h, cache

def lstm_backward(dh, cache):
    N, T, H = dh.shape
    dx, dprev_h, dprev_c = [], 0, np.zeros((N, H))
    dWx = dWh = db = 0
    for t in range(T - 1, -1, -1):
        dxt, dprev_h, dprev_c, a, c, d = lstm_step_backward(dh[:, t] + dprev_h, dprev_c + 0, cache[t])
        dx.insert(0, dxt)
        dWx, dWh, db = dWx + a, dWh + c, db + d
    return np.stack(dx, axis=1), dprev_h, dWx, dWh, db
""",
        ("lstm_cell", "lstm"),
    ),
    "lstm with a naive sigmoid and slices": Sample(
        """
def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    i = sigmoid(a[:, 0:H]); f = sigmoid(a[:, H:2*H]); o = sigmoid(a[:, 2*H:3*H]); g = np.tanh(a[:, 3*H:])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    cache = None
    return next_h, next_c, cache
""",
        ("lstm_cell",),
    ),
}

ADAM = """
def adam(w, dw, config=None):
    if config is None: config = {}
    config.setdefault('learning_rate', 1e-3)
    config.setdefault('beta1', 0.9)
    config.setdefault('beta2', 0.999)
    config.setdefault('epsilon', 1e-8)
    config.setdefault('m', np.zeros_like(w))
    config.setdefault('v', np.zeros_like(w))
    config.setdefault('t', T0)
    next_w = None
    config['t'] += 1
    beta1, beta2 = config['beta1'], config['beta2']
    eps, learning_rate = config['epsilon'], config['learning_rate']
    m, v, t = config['m'], config['v'], config['t']
    m = beta1 * m + (1 - beta1) * dw
    v = beta2 * v + (1 - beta2) * (dw * dw)
UPDATE
    config['m'], config['v'] = m, v
    return next_w, config
"""
PLAIN = """    mb = m / (1 - beta1 ** t)
    vb = v / (1 - beta2 ** t)
    next_w = w - learning_rate * mb / (np.sqrt(vb) + eps)"""
EPS_HAT = """    alpha = learning_rate * np.sqrt(1 - beta2 ** t) / (1 - beta1 ** t)
    w -= alpha * (m / (np.sqrt(v) + eps))
    next_w = w"""
OPTIMIZERS = {
    "adam": Sample(ADAM.replace("T0", "0").replace("UPDATE", PLAIN), ("adam",)),
    "adam from t = 1": Sample(ADAM.replace("T0", "1").replace("UPDATE", PLAIN), ("adam",), "t = 1"),
    "adam, eps-hat": Sample(
        ADAM.replace("T0", "0").replace("UPDATE", EPS_HAT), ("adam",), "epsilon is added"
    ),
    "adam, eps-hat from t = 1": Sample(
        ADAM.replace("T0", "1").replace("UPDATE", EPS_HAT), ("adam",), "epsilon is added to √v before the"
    ),
    "of 2015": Sample(
        """
def sgd_momentum(x, dx, config=None):
  if config is None: config = {}
  config.setdefault('learning_rate', 1e-2)
  config.setdefault('momentum', 0.9)
  v = config.get('velocity', np.zeros(x.shape, dtype=np.float64))
  v = config['momentum'] * v - config['learning_rate'] * dx
  x += v
  next_x = x
  config['velocity'] = v
  return next_x, config

def nesterov_momentum(x, dx, config=None):
  mu, lr = config['momentum'], config['learning_rate']
  v_prev = config.get('velocity', np.zeros_like(x))
  v = mu * v_prev - lr * dx
  config['velocity'] = v
  return x - mu * v_prev + (1 + mu) * v, config

def rmsprop(x, dx, config=None):
  if config is None: config = {}
  config.setdefault('cache', np.zeros_like(x))
  cache, decay_rate = config['cache'], config['decay_rate']
  cache = decay_rate * cache + (1 - decay_rate) * dx**2
  x += - config['learning_rate'] * dx / (np.sqrt(cache) + config['epsilon'])
  config['cache'] = cache
  return x, config

def adagrad(x, dx, config=None):
  config['cache'] = config.get('cache', 0) + dx ** 2
  return x - config['learning_rate'] * dx / (np.sqrt(config['cache']) + config['epsilon']), config
""",
        ("momentum_lr_inside", "momentum_lr_inside", "rmsprop", "adagrad"),
    ),
}

UNFINISHED = (
    """
def affine_forward(x, w, b):
    out = None
    # TODO: Implement the affine forward pass. Store the result in out.
    pass
    cache = (x, w, b)
    return out, cache

def affine_backward(dout, cache):
    x, w, b = cache
    dx, dw, db = None, None, None
    pass
    return dx, dw, db
""",
    """
def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    next_h, next_c, cache = None, None, None
    return next_h, next_c, cache

def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    mask, out = None, None
    if mode == "train":
        pass
    elif mode == "test":
        pass
    return out, (dropout_param, mask)

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    out, cache = None, None
    bn_param["running_mean"] = bn_param.get("running_mean", np.zeros(x.shape[1]))
    return out, cache

def conv_forward_naive(x, w, b, conv_param):
    raise NotImplementedError

def max_pool_forward_naive(x, pool_param):
    pass
""",
    """
def softmax_loss_naive(W, X, y, reg):
    # Initialize the loss and gradient to zero.
    loss = 0.0
    dW = np.zeros_like(W)
    return loss, dW

def softmax_loss(x, y):
    loss, dx = None, None
    return loss, dx

def sgd_momentum(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    v = config.get("velocity", np.zeros_like(w))
    next_w = None
    config["velocity"] = v
    return next_w, config

def adam(w, dw, config=None):
    next_w = None
    return next_w, config
""",
)
