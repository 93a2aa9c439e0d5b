"""Cells, attention, graphs and networks."""

from parity_tests.samples.native import Sample

CELLS = (
    Sample(
        "expression_graph",
        True,
        r"""
import math
class Value:
    # a number, the numbers that it was made of, and how fast it changes with each
    def __init__(self, data, parents=()):
        self.data, self.grad = data, 0.0
        self.parents = parents          # pairs of a node and the derivative by it
    @staticmethod
    def of(x):
        return x if isinstance(x, Value) else Value(x)
    def __add__(self, other):
        other = Value.of(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))
    def __mul__(self, other):
        other = Value.of(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))
    def __pow__(self, k):
        return Value(self.data ** k, ((self, k * self.data ** (k - 1)),))
    def __neg__(self): return self * -1
    def __sub__(self, other): return self + (-Value.of(other))
    def __truediv__(self, other): return self * Value.of(other) ** -1
    def tanh(self):
        y = math.tanh(self.data)
        return Value(y, ((self, 1 - y * y),))
    def relu(self):
        on = float(self.data > 0)
        return Value(on * self.data, ((self, on),))
    def backward(self):
        order, known = [], set()
        def visit(node):
            if id(node) in known: return
            known.add(id(node))
            for parent, _ in node.parents: visit(parent)
            order.append(node)
        visit(self)
        self.grad = 1.0
        while order:
            node = order.pop()
            for parent, slope in node.parents:
                parent.grad += slope * node.grad
""",
        "single numbers",
    ),
    Sample(
        "expression_graph",
        False,
        r"""
class Value:
    def __init__(self, data, made_of=()):
        self.data, self.grad, self.made_of = data, 0.0, made_of
        self.pass_on = lambda: None
    def __add__(self, other):
        y = Value(self.data + other.data, (self, other))
        def pass_on():
            self.grad = y.grad           # = and not +=
            other.grad = y.grad
        y.pass_on = pass_on
        return y
    def __mul__(self, other):
        y = Value(self.data * other.data, (self, other))
        def pass_on():
            self.grad = other.data * y.grad
            other.grad = self.data * y.grad
        y.pass_on = pass_on
        return y
    def backward(self):
        order = []
        def visit(node):
            if any(node is seen for seen in order): return
            for part in node.made_of: visit(part)
            order.append(node)
        visit(self)
        self.grad = 1.0
        for node in order[::-1]: node.pass_on()
""",
    ),
    Sample(
        "numerical_gradient",
        True,
        r"""
def numerical_gradient(f, x, h=1e-5):
    grad = np.empty(x.shape)
    for place in np.ndindex(*x.shape):
        here = x[place]
        values = []
        for move in (h, -h):
            x[place] = here + move       # in place, and back afterwards
            values.append(f(x))
        x[place] = here
        grad[place] = (values[0] - values[1]) / (2 * h)
    return grad
""",
    ),
    Sample(
        "numerical_gradient",
        False,
        r"""
def numerical_gradient(f, x, h=1e-5):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        p = x.copy(); p[i] += h
        m = x.copy(); m[i] -= h
        grad[i] = (f(p) - f(m)) / h
    return grad
""",
    ),
    Sample(
        "rnn_cell",
        True,
        r"""
def rnn_cell(x, h_prev, Wx, Wh, b):
    h = np.tanh(x @ Wx.T + h_prev @ Wh.T + b)
    return h, (x, h_prev, Wx, Wh, h)
def rnn_cell_backward(dh, cache):
    x, h_prev, Wx, Wh, h = cache
    dz = dh * (1 - h ** 2)
    return dz @ Wx, dz @ Wh, dz.T @ x, dz.T @ h_prev, dz.sum(0)
""",
    ),
    Sample(
        "lstm_cell",
        True,
        r"""
def lstm_cell(x, h, c, W_ih, W_hh, b_ih, b_hh):
    H = h.shape[1]
    z = x @ W_ih.T + b_ih + h @ W_hh.T + b_hh
    s = lambda a: 1 / (1 + np.exp(-a))
    i, f, g, o = s(z[:, :H]), s(z[:, H:2*H]), np.tanh(z[:, 2*H:3*H]), s(z[:, 3*H:])
    c_new = f * c + i * g
    h_new = o * np.tanh(c_new)
    cache = (x, h, c, W_ih, W_hh, i, f, g, o, c_new)
    return h_new, c_new, cache
def lstm_cell_backward(dh, dc, cache):
    x, h, c, W_ih, W_hh, i, f, g, o, c_new = cache
    t = np.tanh(c_new)
    dc = dc + dh * o * (1 - t ** 2)
    dz = np.hstack([dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g ** 2), dh * t * o * (1 - o)])
    return dz @ W_ih, dz @ W_hh, dc * f, dz.T @ x, dz.T @ h, dz.sum(0), dz.sum(0)
""",
    ),
    Sample(
        "lstm_cell",
        False,
        r"""
def lstm_cell(x, h, c, W_ih, W_hh, b_ih, b_hh):
    H = h.shape[1]
    z = x @ W_ih.T + b_ih + h @ W_hh.T + b_hh
    s = lambda a: 1 / (1 + np.exp(-a))
    i, o, f, g = s(z[:, :H]), s(z[:, H:2*H]), s(z[:, 2*H:3*H]), np.tanh(z[:, 3*H:])
    c_new = f * c + i * g
    return o * np.tanh(c_new), c_new
""",
    ),
    Sample(
        "lstm_cell",
        True,
        r"""
def lstm_cell(xt, h_prev, c_prev, Wf, bf, Wi, bi, Wc, bc, Wo, bo):
    z = np.concatenate([h_prev, xt], axis=1)
    sig = lambda a: 1 / (1 + np.exp(-a))
    f = sig(z @ Wf.T + bf); i = sig(z @ Wi.T + bi)
    cc = np.tanh(z @ Wc.T + bc); o = sig(z @ Wo.T + bo)
    c = f * c_prev + i * cc
    return o * np.tanh(c), c
""",
        "[h, x]",
    ),
    Sample(
        "gru_cell",
        True,
        r"""
def gru_cell(x, params, h):
    s = lambda a: 1 / (1 + np.exp(-a))
    gi = x @ params["weight_ih"].T + params["bias_ih"]
    gh = h @ params["weight_hh"].T + params["bias_hh"]
    ir, iz, i_n = np.split(gi, 3, axis=1); hr, hz, hn = np.split(gh, 3, axis=1)
    r, z = s(ir + hr), s(iz + hz)
    n = np.tanh(i_n + r * hn)
    return (1 - z) * n + z * h
""",
    ),
    Sample(
        "gru_cell",
        False,
        r"""
def gru_cell(x, params, h):
    s = lambda a: 1 / (1 + np.exp(-a))
    gi = x @ params["weight_ih"].T + params["bias_ih"]
    gh = h @ params["weight_hh"].T + params["bias_hh"]
    ir, iz, i_n = np.split(gi, 3, axis=1); hr, hz, hn = np.split(gh, 3, axis=1)
    r, z = s(ir + hr), s(iz + hz)
    n = np.tanh(i_n + r * hn)
    return z * n + (1 - z) * h
""",
    ),
    Sample(
        "rnn_cell",
        True,
        r"""
class RNNCell:
    def __init__(self, input_size, hidden_size):
        self.W_ih = np.random.randn(hidden_size, input_size)
        self.W_hh = np.random.randn(hidden_size, hidden_size)
        self.b_ih = np.zeros(hidden_size)
        self.b_hh = np.zeros(hidden_size)
    def forward(self, x, h):
        return np.tanh(x @ self.W_ih.T + self.b_ih + h @ self.W_hh.T + self.b_hh)
""",
    ),
    Sample(
        "multi_head_attention",
        True,
        r"""
def multi_head_attention(x, Wq, Wk, Wv, Wo, num_heads):
    B, T, D = x.shape
    d = D // num_heads
    split = lambda a: a.reshape(B, T, num_heads, d).transpose(0, 2, 1, 3)
    q, k, v = split(x @ Wq), split(x @ Wk), split(x @ Wv)
    s = q @ k.transpose(0, 1, 3, 2) / np.sqrt(d)
    s = np.exp(s - s.max(-1, keepdims=True)); s /= s.sum(-1, keepdims=True)
    out = (s @ v).transpose(0, 2, 1, 3).reshape(B, T, D)
    return out @ Wo
""",
        "itself",
    ),
    Sample(
        "multi_head_attention",
        False,
        r"""
def multi_head_attention(x, Wq, Wk, Wv, Wo, num_heads):
    B, T, D = x.shape
    d = D // num_heads
    split = lambda a: a.reshape(B, T, num_heads, d).transpose(0, 2, 1, 3)
    q, k, v = split(x @ Wq), split(x @ Wk), split(x @ Wv)
    s = q @ k.transpose(0, 1, 3, 2) / np.sqrt(D)
    s = np.exp(s - s.max(-1, keepdims=True)); s /= s.sum(-1, keepdims=True)
    out = (s @ v).transpose(0, 2, 1, 3).reshape(B, T, D)
    return out @ Wo
""",
    ),
    Sample(
        "scaled_dot_product_attention",
        True,
        r"""
def scaled_dot_product_attention(Q, K, V, mask=None):
    d_k = Q.shape[-1]
    scores = Q @ np.swapaxes(K, -1, -2) / np.sqrt(d_k)
    if mask is not None:
        scores = np.where(mask, scores, -1e9)
    w = np.exp(scores - scores.max(-1, keepdims=True))
    w = w / w.sum(-1, keepdims=True)
    return w @ V, w
""",
    ),
    Sample(
        "scaled_dot_product_attention",
        False,
        r"""
def attention(Q, K, V):
    scores = Q @ np.swapaxes(K, -1, -2) / Q.shape[-1]
    w = np.exp(scores - scores.max(-1, keepdims=True))
    w = w / w.sum(-1, keepdims=True)
    return w @ V
""",
    ),
    Sample(
        "sinusoidal_positions",
        True,
        r"""
def positional_encoding(seq_len, d_model):
    pe = np.zeros((seq_len, d_model))
    for pos in range(seq_len):
        for i in range(0, d_model, 2):
            pe[pos, i] = np.sin(pos / 10000 ** (i / d_model))
            if i + 1 < d_model:
                pe[pos, i + 1] = np.cos(pos / 10000 ** (i / d_model))
    return pe
""",
        "length",
    ),
    Sample(
        "mlp",
        True,
        r"""
def mlp_gradients(x, y, w1, b1, w2, b2):
    z = x @ w1 + b1
    h = np.maximum(0, z)
    p = h @ w2 + b2
    loss = np.mean((p - y) ** 2)
    dp = 2 * (p - y) / y.size
    dw2, db2 = h.T @ dp, dp.sum(0)
    dh = dp @ w2.T * (z > 0)
    return loss, {"w1": x.T @ dh, "b1": dh.sum(0), "w2": dw2, "b2": db2}
""",
        "relu",
    ),
    Sample(
        "mlp",
        False,
        r"""
def mlp_gradients(x, y, w1, b1, w2, b2):
    z = x @ w1 + b1
    h = np.maximum(0, z)
    p = h @ w2 + b2
    loss = np.mean((p - y) ** 2)
    dp = 2 * (p - y) / y.size
    dw2, db2 = h.T @ dp, dp.sum(0)
    dh = dp @ w2.T
    return loss, {"w1": x.T @ dh, "b1": dh.sum(0), "w2": dw2, "b2": db2}
""",
    ),
)
