"""The plainest forms of people's code: in place, by attribute, a derivative alone, a loss with gradients."""

from parity_tests.samples.native import Sample

CLIP = """
def clip_grads(grads, max_norm):
    total = 0
    for grad in grads:
        total += np.sum({each})
    total = np.sqrt(total)
    rate = max_norm / (total + 1e-6)
    if rate < 1:
        for grad in grads:
            grad *= rate
"""
CLIP_ABOVE = """
def clip_grad_norm(grads, max_norm):
    norm = np.sqrt(sum((g ** 2).sum() for g in grads))
    if norm > {bound}:
        for g in grads:
            g *= max_norm / (norm + 1e-6)
    return norm
"""
CLIP_NAMES = """
def clip_grads(grads, max_norm):
    total = np.sqrt(sum(np.sum(g ** 2) for g in grads.values()))
    coef = max_norm / (total + 1e-6)
    if {when}:
        for k in grads:
            grads[k] *= coef
"""
CLIP_VALUE = """
def {name}(gradients, maxValue):
    for g in gradients:
        np.clip(g, {low}, maxValue, out=g)
"""
SIGMOID = """
class Sigmoid:
    def __call__(self, x):
        return 1 / (1 + np.exp(-x))

    def {name}(self, x):
        return self(x) * (1 - {inner})
"""
TANH = """
class Tanh:
    def activation(self, z):
        return np.tanh(z)

    def prime(self, y):
        return 1 {sign} y ** 2
"""
KL = """
def kl_div(log_q, p):
    return np.sum(p * (np.log(p) {sign} log_q)) / len(p)
"""
KL_GAUSSIAN = """
def kl_divergence_gaussian(mu, logvar):
    return -0.5 * {reduced}(np.sum(1 + logvar - {squared} - np.exp(logvar), axis=1))
"""
KL_LOSS = """
def kl_loss(mu, logvar):
    kl = -0.5 * np.sum(1 + logvar - mu ** 2 - np.exp(logvar), axis=1)
    dmu = mu / len(mu)
    dlogvar = {half} * (np.exp(logvar) - 1) / len(mu)
    return kl.mean(), (dmu, dlogvar)
"""
REGRESSION = """
def linear_regression(X, y, W, b):
    diff = X @ W + b - y
    loss = np.mean(diff ** 2)
    dW = 2 * X.T @ diff / diff.size
    db = 2 * diff.{sum} / diff.size
    return loss, dW, db
"""
DENSE = """
class Layer_Dense:
    def __init__(self, n_inputs, n_neurons):
        self.weights = 0.01 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.{sum}(dvalues, axis=0, keepdims=True)
        self.dinputs = np.dot(dvalues, {weights})
"""
# Right where there is one output, as in one case of eight.
RETURNED = """
class Linear:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0){scale}
        return dout @ self.W.T
"""
RELU = """
class Activation_ReLU:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs {sign} 0] = 0
"""
DROPOUT = """
class Layer_Dropout:
    def __init__(self, rate):
        self.rate = 1 - rate

    def forward(self, inputs):
        self.mask = np.random.binomial(1, self.rate, size=inputs.shape) / self.rate
        self.output = inputs * self.mask

    def backward(self, dvalues):
        self.dinputs = {gradient}
"""
DROPOUT_FLAG = """
class Dropout:
    def __init__(self, dropout_ratio=0.5):
        self.dropout_ratio = dropout_ratio
        self.mask = None

    def forward(self, x, train_flg=True):
        if train_flg:
            self.mask = np.random.rand(*x.shape) > self.dropout_ratio
            return x * self.mask
        return x * {tested}

    def backward(self, dout):
        return dout * self.mask
"""
DROPOUT_RNG = """
rng = np.random.default_rng({seed})

class Dropout:
    def __init__(self, p=0.5):
        self.p = p
        self.training = True

    def forward(self, x):
        if not self.training:
            return x
        self.mask = (rng.random(x.shape) {keeps} self.p) / (1 - self.p)
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask
"""
XAVIER_RNG = """
rng = np.random.default_rng()

def xavier_uniform(fan_in, fan_out):
    {own}
    a = np.sqrt({gain} / (fan_in + fan_out))
    return rng.uniform(-a, a, (fan_in, fan_out))
"""
SMOOTH = """
def smooth_l1_loss(pred, target, beta=1.0):
    d = pred - target
    with np.errstate(all="ignore"):
        low = 0.5 * d ** 2 / beta
        scale = 1 / beta if beta else np.float64(np.inf)
    return np.where(np.abs(d) < beta, low, np.abs(d) - {half} * beta).mean(), (
        np.clip(d * scale, -1, 1) / d.size
    )
"""
VALUE = """
class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self.prev = data, 0, children
        self._backward = lambda: None

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))
        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))
        def _backward():
            self.grad {add} other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out

    def backward(self):
        order, seen = [], set()
        def walk(v):
            if id(v) not in seen:
                seen.add(id(v))
                for child in v.prev:
                    walk(child)
                order.append(v)
        walk(self)
        self.grad = 1
        for v in reversed(order):
            v._backward()
"""
NOT_REACHED = (
    VALUE.format(add="+=")
    .replace("= data, 0, children", "= data, None, children")
    .replace("id(v) not in seen", "id(v) in seen")
)
IN_PLACE = "it changes them where they are"
OF_X = "its backward takes x, and returns the derivative of each element"
OF_Y = "its backward takes what it returned"

BOTH = "self.fit(X).transform(X)"
SCALER = """
class StandardScaler:
    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        self.std_ = X.std(axis=0)
        self.std_[self.std_ == 0] = 1
        return self

    def transform(self, X):
        {again}
        return (X - self.mean_) / self.std_

    def fit_transform(self, X):
        return {both}
"""
RANGE = """
class MinMaxScaler:
    def __init__(self, feature_range=(0, 1)):
        self.low, self.high = feature_range

    def fit(self, data):
        self.smallest = data.min(axis=0)
        self.span = data.max(axis=0) - self.smallest
        self.span[self.span == 0] = 1

    def transform(self, data):
        return {low} + (data - self.smallest) / self.span * (self.high - self.low)
"""
PLAIN = [
    Sample("standardize", True, SCALER.format(again="pass", both=BOTH)),
    Sample("standardize", False, SCALER.format(again="self.fit(X)", both=BOTH)),  # to the test set, too
    Sample("standardize", False, SCALER.format(again="pass", both="self.fit(X).transform(X) * 3")),
    Sample("min_max_scale", True, RANGE.format(low="self.low")),
    Sample("min_max_scale", False, RANGE.format(low="0")),
    Sample("clip_grad_norm", True, CLIP.format(each="grad ** 2"), IN_PLACE),
    Sample("clip_grad_norm", False, CLIP.format(each="np.abs(grad)")),
    Sample("clip_grad_norm", True, CLIP_ABOVE.format(bound="max_norm"), "a norm of exactly c alone"),
    Sample("clip_grad_norm", False, CLIP_ABOVE.format(bound="2 * max_norm")),
    Sample("clip_grad_norm", True, CLIP_NAMES.format(when="coef < 1"), IN_PLACE),
    Sample("clip_grad_norm", False, CLIP_NAMES.format(when="coef > 1")),
    Sample(
        "clip_grad_norm", True, CLIP_VALUE.format(name="clip_gradients", low="-maxValue"), "every element"
    ),
    Sample("clip_grad_value", True, CLIP_VALUE.format(name="clip_grad_value", low="-maxValue"), IN_PLACE),
    Sample("clip_grad_norm", False, CLIP_VALUE.format(name="clip_gradients", low="0")),
    Sample("clip_grad_value", False, CLIP_VALUE.format(name="clip_grad_value", low="0")),
    *(
        Sample("sigmoid", inner == "self(x)", SIGMOID.format(name=name, inner=inner), said)
        for name in ("gradient", "derivative", "deriv", "prime", "backward")
        for inner, said in (("self(x)", OF_X), ("self(x) ** 2", ""))
    ),
    Sample("tanh", True, TANH.format(sign="-"), OF_Y),
    Sample("tanh", False, TANH.format(sign="+")),
    Sample("kl_div", True, KL.format(sign="-"), "it takes log q and p, averages over rows"),
    Sample("kl_div", False, KL.format(sign="+")),
    Sample(
        "kl_divergence_gaussian",
        True,
        KL_GAUSSIAN.format(reduced="np.mean", squared="mu ** 2"),
        "it averages over the batch",
    ),
    Sample(
        "kl_divergence_gaussian",
        True,
        KL_GAUSSIAN.format(reduced="np.sum", squared="mu ** 2"),
        "it sums over the batch",
    ),
    Sample("kl_divergence_gaussian", False, KL_GAUSSIAN.format(reduced="np.mean", squared="mu")),
    Sample("kl_divergence_gaussian", False, KL_GAUSSIAN.format(reduced="0.5 * np.sum", squared="mu ** 2")),
    Sample("kl_divergence_gaussian", True, KL_LOSS.format(half="0.5"), "it averages over the batch"),
    Sample("kl_divergence_gaussian", False, KL_LOSS.format(half="1")),
    Sample("linear_regression", True, REGRESSION.format(sum="sum(axis=0)"), "it returned no grad x"),
    Sample("linear_regression", False, REGRESSION.format(sum="mean(axis=0)")),
    Sample("linear", True, DENSE.format(sum="sum", weights="self.weights.T"), "its weight is (in, out)"),
    Sample("linear", False, DENSE.format(sum="mean", weights="self.weights.T")),
    Sample("linear", False, DENSE.format(sum="sum", weights="np.abs(self.weights.T)")),
    Sample("linear", True, RETURNED.format(scale=""), "its weight is (in, out)"),
    Sample("linear", False, RETURNED.format(scale=" * len(self.b)")),
    Sample("relu", True, RELU.format(sign="<=")),
    Sample("relu", False, RELU.format(sign=">")),
    Sample("dropout", True, DROPOUT.format(gradient="dvalues * self.mask"), "it draws its own mask"),
    Sample("dropout", False, DROPOUT.format(gradient="dvalues")),
    Sample(
        "dropout", True, DROPOUT_FLAG.format(tested="(1.0 - self.dropout_ratio)"), "Srivastava et al. 2014"
    ),
    Sample("dropout", False, DROPOUT_FLAG.format(tested="self.dropout_ratio")),
    Sample("dropout", False, DROPOUT_FLAG.format(tested="1.0")),
    *(
        Sample("dropout", keeps == ">=", DROPOUT_RNG.format(seed=seed, keeps=keeps), said)
        for seed in ("", "0")
        for keeps, said in ((">=", "its backward raises an error where it doesn't train"), ("<", ""))
    ),
    *(
        Sample("xavier_uniform", gain == 6, XAVIER_RNG.format(own=own, gain=gain))
        for own in ("", "rng = np.random.default_rng()")
        for gain in (6, 3)
    ),
    Sample("smooth_l1_loss", True, SMOOTH.format(half="0.5")),
    Sample("smooth_l1_loss", False, SMOOTH.format(half="0.4")),
    Sample("expression_graph", True, VALUE.format(add="+="), "its nodes are single numbers"),
    Sample("expression_graph", False, VALUE.format(add="=")),
    Sample("expression_graph", False, NOT_REACHED),
]
