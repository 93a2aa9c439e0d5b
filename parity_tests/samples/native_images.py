"""Convolution, pooling, and layers beside them."""

from parity_tests.samples.native import Sample

IMAGES = (
    Sample(
        "conv2d",
        True,
        r"""
def conv2d(x, w, b, stride=1, padding=0):
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    oh = (H + 2 * padding - kh) // stride + 1
    ow = (W + 2 * padding - kw) // stride + 1
    out = np.zeros((N, F, oh, ow))
    for n in range(N):
        for f in range(F):
            for i in range(oh):
                for j in range(ow):
                    patch = xp[n, :, i*stride:i*stride+kh, j*stride:j*stride+kw]
                    out[n, f, i, j] = np.sum(patch * w[f]) + b[f]
    return out
""",
        "one number",
    ),
    Sample(
        "conv2d",
        False,
        r"""
def conv2d(x, w, b, stride=1, padding=0):
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    w = w[:, :, ::-1, ::-1]
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    oh = (H + 2 * padding - kh) // stride + 1
    ow = (W + 2 * padding - kw) // stride + 1
    out = np.zeros((N, F, oh, ow))
    for i in range(oh):
        for j in range(ow):
            patch = xp[:, :, i*stride:i*stride+kh, j*stride:j*stride+kw]
            out[:, :, i, j] = np.tensordot(patch, w, axes=([1, 2, 3], [1, 2, 3])) + b
    return out
""",
    ),
    Sample(
        "max_pool2d",
        True,
        r"""
class MaxPool2D:
    def __init__(self, kernel_size=2, stride=None):
        self.k = kernel_size
        self.s = stride or kernel_size
    def forward(self, x):
        self.x = x
        N, C, H, W = x.shape
        oh, ow = (H - self.k) // self.s + 1, (W - self.k) // self.s + 1
        out = np.zeros((N, C, oh, ow))
        for i in range(oh):
            for j in range(ow):
                out[:, :, i, j] = x[:, :, i*self.s:i*self.s+self.k, j*self.s:j*self.s+self.k].max(axis=(2, 3))
        return out
    def backward(self, dout):
        dx = np.zeros_like(self.x)
        N, C, oh, ow = dout.shape
        for n in range(N):
            for c in range(C):
                for i in range(oh):
                    for j in range(ow):
                        w = self.x[n, c, i*self.s:i*self.s+self.k, j*self.s:j*self.s+self.k]
                        a, b = np.unravel_index(np.argmax(w), w.shape)
                        dx[n, c, i*self.s+a, j*self.s+b] += dout[n, c, i, j]
        return dx
""",
        "one number",
    ),
    Sample(
        "max_pool2d",
        False,
        r"""
def max_pool2d(x, kernel_size, stride):
    N, C, H, W = x.shape
    oh, ow = (H - kernel_size) // stride + 1, (W - kernel_size) // stride + 1
    out = np.zeros((N, C, oh, ow))
    for i in range(oh):
        for j in range(ow):
            r, c = i * stride, j * stride
            out[:, :, i, j] = x[:, :, r:r+kernel_size, c:c+kernel_size].mean(axis=(2, 3))
    return out
""",
    ),
    Sample(
        "embedding",
        True,
        r"""
class Embedding:
    def __init__(self, vocab_size, embed_dim):
        self.W = np.random.randn(vocab_size, embed_dim)
    def forward(self, idx):
        self.idx = idx
        return self.W[idx]
    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.idx, dout)
        return None
""",
    ),
    Sample(
        "embedding",
        False,
        r"""
class Embedding:
    def __init__(self, vocab_size, embed_dim):
        self.W = np.random.randn(vocab_size, embed_dim)
    def forward(self, idx):
        self.idx = idx
        return self.W[idx]
    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        self.dW[self.idx] += dout
        return None
""",
    ),
    Sample(
        "group_norm",
        True,
        r"""
def group_norm(x, gamma, beta, G, eps=1e-5):
    N, C, H, W = x.shape
    xg = x.reshape(N, G, C // G, H, W)
    m = xg.mean(axis=(2, 3, 4), keepdims=True); v = xg.var(axis=(2, 3, 4), keepdims=True)
    xn = ((xg - m) / np.sqrt(v + eps)).reshape(x.shape)
    return xn * gamma.reshape(1, C, 1, 1) + beta.reshape(1, C, 1, 1)
""",
    ),
    Sample(
        "residual_block",
        True,
        r"""
def residual(x, W, b):
    return x + np.maximum(0, x @ W.T + b)
""",
    ),
)
