"""Functions as people hand them in for cs231n, in the styles of several years: for its tests."""

from typing import NamedTuple


class Sample(NamedTuple):
    """A file, the algorithms in it, in the order in which they are found, and what is said of them."""

    text: str
    algorithms: tuple[str, ...]
    says: str = ""


STYLES = {
    "affine, with indents of two": Sample(
        '''
def affine_forward(x, w, b):
  """ y = xw + b, every example flattened first """
  rows = np.reshape(x, (len(x), np.prod(x.shape[1:])))
  return np.add(rows.dot(w), b), (x, w, b)

def affine_backward(dout, cache):
  x, w, b = cache
  n = x.shape[0]
  back_to_x = np.reshape(np.dot(dout, w.T), x.shape)
  ones = np.ones(n)
  return back_to_x, np.dot(np.reshape(x, (n, -1)).T, dout), np.dot(dout.T, ones)
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
    "batch norm, each node of the graph by itself": Sample(
        """
def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get('eps', 1e-5)
    keep = bn_param.get('momentum', 0.9)
    zeros = np.zeros(x.shape[1], dtype=x.dtype)
    r_mean, r_var = bn_param.get('running_mean', zeros), bn_param.get('running_var', zeros)
    if bn_param['mode'] == 'test':
        return gamma * ((x - r_mean) / np.sqrt(r_var + eps)) + beta, None
    assert bn_param['mode'] == 'train'
    n = float(len(x))
    mean = np.sum(x, axis=0) / n            # 1
    diff = x - mean                         # 2
    square = diff * diff                    # 3
    variance = np.sum(square, axis=0) / n   # 4
    root = np.sqrt(variance + eps)          # 5
    inverse = 1.0 / root                    # 6
    normal = diff * inverse                 # 7
    bn_param['running_mean'] = keep * r_mean + (1 - keep) * mean
    bn_param['running_var'] = keep * r_var + (1 - keep) * variance
    return gamma * normal + beta, (n, diff, root, inverse, normal, gamma)

def batchnorm_backward(dout, cache):
    n, diff, root, inverse, normal, gamma = cache
    d_normal = dout * gamma
    d_inverse = np.sum(d_normal * diff, axis=0)             # 7
    d_root = -d_inverse / root ** 2                         # 6
    d_variance = d_root / (2 * root)                        # 5
    d_square = np.full(diff.shape, d_variance / n)          # 4
    d_diff = d_normal * inverse + 2 * diff * d_square       # 7 and 3
    d_mean = -np.sum(d_diff, axis=0)                        # 2
    return d_diff + d_mean / n, np.sum(dout * normal, axis=0), np.sum(dout, axis=0)

def batchnorm_backward_alt(dout, cache):
    n, diff, root, inverse, normal, gamma = cache
    by_scale, by_shift = np.sum(dout * normal, 0), np.sum(dout, 0)
    return gamma / (n * root) * (n * dout - by_shift - normal * by_scale), by_scale, by_shift
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
    """p in dropout_param is the probability of keeping a value."""
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    if dropout_param['mode'] == 'test':
        return x, (dropout_param['mode'], None)
    p = dropout_param['p']
    scaled = np.random.binomial(1, p, size=x.shape) / p
    return (x * scaled).astype(x.dtype), ('train', scaled)

def dropout_backward(dout, cache):
    mode, scaled = cache
    if mode == 'test':
        return dout
    return dout * scaled
''',
        ("dropout",),
    ),
    "dropout, drop": Sample(
        '''
def dropout_forward(x, dropout_param):
    """Here p is the probability of dropping."""
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
    """We drop each unit with probability p."""
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
    step, margin = conv_param['stride'], conv_param['pad']
    images, filters = x.shape[0], w.shape[0]
    high, wide = w.shape[2:]
    framed = np.pad(x, [(0, 0), (0, 0), (margin, margin), (margin, margin)], mode='constant')
    rows = int((framed.shape[2] - high) / step + 1)
    columns = int((framed.shape[3] - wide) / step + 1)
    out = np.zeros((images, filters, rows, columns))
    for n in range(images):
        for f in range(filters):
            for r in range(rows):
                for c in range(columns):
                    total = b[f]
                    for k in range(high):
                        for l in range(wide):
                            total = total + framed[n, :, r*step + k, c*step + l].dot(w[f, :, k, l])
                    out[n, f, r, c] = total
    return out, (framed, x.shape, w, step, margin)

def conv_backward_naive(dout, cache):
    framed, shape, w, step, margin = cache
    high, wide = w.shape[2:]
    d_framed, dw = np.zeros(framed.shape), np.zeros(w.shape)
    for n, f, r, c in np.ndindex(*dout.shape):
        g = dout[n, f, r, c]
        top, left = r*step, c*step
        dw[f] += g * framed[n, :, top:top + high, left:left + wide]
        d_framed[n, :, top:top + high, left:left + wide] += g * w[f]
    inner = d_framed[:, :, margin:margin + shape[2], margin:margin + shape[3]]
    return inner, dw, dout.sum(axis=(0, 2, 3))
""",
        ("conv2d",),
    ),
    "convolution by im2col, under its fast name": Sample(
        """
def places(shape, kernel, conv_param):
    # row and column of each element of each window, in the padded image: (kh, kw, rows, columns)
    pad, stride = conv_param['pad'], conv_param['stride']
    rows, columns = [(n + 2 * pad - k) // stride + 1 for n, k in zip(shape[2:], kernel)]
    k, l, r, c = np.indices((*kernel, rows, columns))
    return k + stride * r, l + stride * c

def conv_forward_im2col(x, w, b, conv_param):
    pad = conv_param['pad']
    at = places(x.shape, w.shape[2:], conv_param)
    framed = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    cols = framed[:, :, at[0], at[1]]                       # N, C, kh, kw, rows, columns
    N, rows, columns = len(x), *cols.shape[4:]
    cols = cols.reshape(N, w[0].size, rows * columns)
    out = w.reshape(len(w), -1) @ cols + b[:, None]
    return out.reshape(N, len(w), rows, columns), (x.shape, w, at, pad, cols)

def conv_backward_im2col(dout, cache):
    shape, w, at, pad, cols = cache
    flat = dout.reshape(*dout.shape[:2], -1)
    dw = np.einsum('nfp,nkp->fk', flat, cols).reshape(w.shape)
    dcols = (w.reshape(len(w), -1).T @ flat).reshape(*shape[:2], *at[0].shape)
    framed = np.zeros((*shape[:2], shape[2] + 2 * pad, shape[3] + 2 * pad))
    np.add.at(framed, (slice(None), slice(None), *at), dcols)
    return framed[:, :, pad:pad + shape[2], pad:pad + shape[3]], dw, flat.sum((0, 2))
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
    powers = np.exp(x)
    shares = powers / powers.sum(1)[:, None]
    target = np.eye(x.shape[1])[y]
    loss = -(target * np.log(shares)).sum() / len(y)
    return loss, (shares - target) / len(y)
""",
        ("cross_entropy",),
    ),
    "svm loss": Sample(
        """
def svm_loss(x, y):
    N = len(x)
    right = x[np.arange(N), y].reshape(N, 1)
    margins = (x + 1 - right).clip(min=0)
    margins[np.arange(N), y] = 0
    over = (margins > 0) / N
    over[np.arange(N), y] -= over.sum(axis=1)
    return margins.sum() / N, over
""",
        ("multi_margin_loss",),
    ),
    "linear classifiers": Sample(
        """
from random import shuffle

def softmax_loss_naive(W, X, y, reg):
  total, grad = 0.0, W * 0
  for example, label in zip(X, y):
    z = np.dot(example, W)
    z = z - max(z)
    log_sum = np.log(sum(np.exp(z)))
    total += log_sum - z[label]
    for k in xrange(len(z)):
      grad[:, k] += np.exp(z[k] - log_sum) * example
    grad[:, label] -= example
  return total / len(y) + reg * (W ** 2).sum(), grad / len(y) + 2 * reg * W

def svm_loss_vectorized(W, X, y, reg):
  z = X.dot(W)
  who = np.arange(len(y))
  gap = np.maximum(z - z[who, y][:, None] + 1, 0)
  gap[who, y] = 0
  pushes = (gap > 0) * 1.0
  pushes[who, y] -= pushes.sum(axis=1)
  return gap.sum() / len(y) + reg * (W ** 2).sum(), X.T.dot(pushes) / len(y) + 2 * reg * W
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
    # W is (C, D), X is (D, N)
    total, grad = 0.0, np.zeros(W.shape)
    for n, label in enumerate(y):
        column = X[:, n]
        scores = W.dot(column)
        for c, score in enumerate(scores):
            gap = score - scores[label] + 1
            if c != label and gap > 0:
                total += gap
                grad[c] += column
                grad[label] -= column
    return total / len(y) + reg * np.sum(W * W) / 2, grad / len(y) + reg * W
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
    z, first = affine_forward(x, w, b)
    y, second = relu_forward(z)
    return y, [first, second]

def affine_relu_backward(dout, cache):
    first, second = cache
    return affine_backward(relu_backward(dout, second), first)

def affine_bn_relu_forward(x, w, b, gamma, beta, bn_param):
    z, first = affine_forward(x, w, b)
    z, second = norm(z, gamma, beta, bn_param)
    y, third = relu_forward(z)
    return y, [first, second, third]

def affine_bn_relu_backward(dout, cache):
    first, second, third = cache
    d, *of_norm = norm_back(relu_backward(dout, third), second)
    return (*affine_backward(d, first), *of_norm)
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
    return np.matmul(x, w) + b, (x, w)

def temporal_affine_backward(dout, cache):
    x, w = cache
    return np.matmul(dout, w.T), np.tensordot(x, dout, axes=([0, 1], [0, 1])), dout.sum((0, 1))
""",
        ("linear",),
    ),
    "temporal loss": Sample(
        """
def temporal_softmax_loss(x, y, mask, verbose=False):
    N, T, V = x.shape
    z, mask_flat = x.reshape(-1, V), mask.reshape(-1)
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    chosen = np.arange(V) == y.reshape(-1, 1)
    if verbose: print(N, 'sequences of', T, 'words')
    loss = -(log_p[chosen] * mask_flat).sum() / N
    return loss, ((np.exp(log_p) - chosen) * mask_flat[:, None] / N).reshape(x.shape)
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
    # never a power of anything above 0
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1) / (1 + small)

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
DEFAULTS = {'learning_rate': 1e-3, 'beta1': 0.9, 'beta2': 0.999, 'epsilon': 1e-8, 't': T0}
def adam(w, dw, config=None):
    config = {} if config is None else config
    for key, value in DEFAULTS.items():
        config.setdefault(key, value)
    lr, b1, b2, eps = (config[key] for key in list(DEFAULTS)[:4])
    t = config['t'] = config['t'] + 1
    m = config['m'] = b1 * config.get('m', np.zeros_like(w)) + (1 - b1) * dw
    v = config['v'] = b2 * config.get('v', np.zeros_like(w)) + (1 - b2) * dw ** 2
UPDATE
    return w, config
"""
PLAIN = """    w = w - lr * (m / (1 - b1 ** t)) / (np.sqrt(v / (1 - b2 ** t)) + eps)"""
EPS_HAT = """    w -= lr * (1 - b2 ** t) ** 0.5 / (1 - b1 ** t) * (m / (v ** 0.5 + eps))"""
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
  if config is None: config = dict(learning_rate=1e-2, momentum=0.9)
  if 'velocity' not in config: config['velocity'] = np.zeros(x.shape, dtype=np.float64)
  config['velocity'] = config['momentum'] * config['velocity'] - config['learning_rate'] * dx
  x += config['velocity']
  return x, config

def nesterov_momentum(x, dx, config=None):
  mu, before = config['momentum'], config.get('velocity', 0 * x)
  after = config['velocity'] = mu * before - config['learning_rate'] * dx
  return x + after + mu * (after - before), config

def rmsprop(x, dx, config=None):
  decay = config['decay_rate']
  config['cache'] = decay * config.get('cache', np.zeros_like(x)) + (1 - decay) * dx**2
  x -= config['learning_rate'] * dx / (np.sqrt(config['cache']) + config['epsilon'])
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
    pass  # tomorrow
    return out, (x, w, b)

def affine_backward(dout, cache):
    x, w, b = cache
    pass
    dx = dw = db = None
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
    # only zeros so far
    loss, dW = 0.0, np.zeros_like(W)
    return loss, dW

def softmax_loss(x, y):
    loss, dx = None, None
    return loss, dx

def sgd_momentum(w, dw, config=None):
    config = config or {"learning_rate": 1e-2}
    v = config.get("velocity", np.zeros_like(w))
    next_w = None
    config["velocity"] = v
    return next_w, config

def adam(w, dw, config=None):
    next_w = None
    return next_w, config
""",
)
