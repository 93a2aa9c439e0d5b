"""Mistakes in what is asked for by a parameter, next to code that is right and asks for less."""

from parity_tests.samples.native import Sample

CONV = r"""
def conv2d(x, weight, bias=None, stride=1, padding=0):
    {unpack}
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    N, C, H, W = x.shape
    F, _, kh, kw = weight.shape
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    oh, ow = (H + 2 * ph - kh) // sh + 1, (W + 2 * pw - kw) // sw + 1
    out = np.zeros((N, F, oh, ow))
    for i in range(oh):
        for j in range(ow):
            window = x[:, :, i * sh:i * sh + kh, j * sw:j * sw + kw]
            out[:, :, i, j] = np.tensordot(window, weight, axes=([1, 2, 3], [1, 2, 3]))
    return out if bias is None else out + bias[None, :, None, None]
"""
POOL = r"""
def avg_pool2d(x, kernel_size, stride=None, padding=0):
    {unpack}
    sh, sw = (kh, kw) if stride is None else (stride, stride) if isinstance(stride, int) else stride
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    N, C, H, W = x.shape
    oh, ow = (H - kh) // sh + 1, (W - kw) // sw + 1
    out = np.zeros((N, C, oh, ow))
    for i in range(oh):
        for j in range(ow):
            out[:, :, i, j] = x[:, :, i * sh:i * sh + kh, j * sw:j * sw + kw].mean(axis=(2, 3))
    return out
"""
LAYER_NORM = r"""
def layer_norm(x, weight, bias, normalized_shape, eps=1e-5):
    {axes}
    mean = x.mean(axis=axes, keepdims=True)
    var = x.var(axis=axes, keepdims=True)
    out = (x - mean) / np.sqrt(var + eps)
    if weight is not None:
        out = out * weight
    return out if bias is None else out + bias
"""
SPLIT = r"""
def train_validation_test_split(x, target, permutation, fractions=(0.6, 0.2, 0.2)):
    n = len(permutation)
    {sizes}
    parts = permutation[:a], permutation[a:a + b], permutation[a + b:]
    return [(x[part], target[part]) for part in parts]
"""
HUBER = r"""
def huber_loss(y_pred, y_true, delta=1.0, reduction="mean"):
    r = y_pred - y_true
    each = np.where(np.abs(r) <= delta, 0.5 * r ** 2, delta * (np.abs(r) - 0.5 * delta))
    {reduced}
"""
LINEAR = r"""
def linear(x, W, b):
    return x @ W.T + b, (x, W)

def linear_backward(dout, cache):
    x, W = cache
    {gradients}
"""
RELU = r"""
def relu(x):
    return np.maximum(x, 0), x

def relu_backward(dout, cache):
    {refused}
    return dout * (cache > 0)
"""
KAIMING = r"""
def kaiming_uniform(shape, rng):
    {fan}
    bound = np.sqrt(6.0 / fan_in)
    return rng.uniform(-bound, bound, size=shape)
"""
PAIR = "sh, sw = (stride, stride) if isinstance(stride, int) else stride"
KERNEL = "kh, kw = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size"

REVIEW = [
    Sample("conv2d", True, CONV.replace("{unpack}", PAIR)),
    Sample("conv2d", True, CONV.replace("{unpack}", "sh = sw = int(stride)"), "one number for both axes"),
    Sample("conv2d", False, CONV.replace("{unpack}", PAIR.replace("sh, sw =", "sw, sh ="))),
    Sample("avg_pool2d", True, POOL.replace("{unpack}", KERNEL)),
    Sample("avg_pool2d", False, POOL.replace("{unpack}", KERNEL.replace("kh, kw =", "kw, kh ="))),
    Sample(
        "layer_norm", True, LAYER_NORM.replace("{axes}", "axes = tuple(range(-len(normalized_shape), 0))")
    ),
    Sample("layer_norm", False, LAYER_NORM.replace("{axes}", "axes = -1")),
    Sample(
        "train_validation_test_split",
        True,
        SPLIT.replace("{sizes}", "a, b = int(fractions[0] * n), int(fractions[1] * n)"),
    ),
    Sample(
        "train_validation_test_split",
        False,
        SPLIT.replace("{sizes}", "a, b = int(np.ceil(fractions[0] * n)), int(np.ceil(fractions[1] * n))"),
    ),
    Sample(
        "huber_loss",
        True,
        HUBER.replace(', reduction="mean"', "").replace("{reduced}", "return each.sum()"),
        "it sums",
    ),
    Sample(
        "huber_loss",
        True,
        HUBER.replace(
            "{reduced}",
            "return each if reduction == 'none' else each.sum() if reduction == 'sum' else each.mean()",
        ),
    ),
    Sample("huber_loss", False, HUBER.replace("{reduced}", "return each.sum()")),
    Sample(
        "linear",
        True,
        LINEAR.replace(
            "{gradients}",
            "rows = dout.reshape(-1, dout.shape[-1])\n"
            "    return dout @ W, rows.T @ x.reshape(-1, x.shape[-1]), rows.sum(axis=0)",
        ),
    ),
    Sample("linear", False, LINEAR.replace("{gradients}", "return dout @ W, None, None")),
    Sample("linear", False, LINEAR.replace("{gradients}", "return {'dx': dout @ W, 'dW': None, 'db': None}")),
    Sample("linear", True, LINEAR.replace("{gradients}", "return None, None, None"), "gradient"),
    Sample("relu", True, RELU.replace("{refused}", "")),
    Sample("relu", True, RELU.replace("{refused}", "return None"), "gradient"),
    Sample("relu", False, RELU.replace("{refused}", "if dout.ndim > 1: return None")),
    Sample("kaiming_uniform", True, KAIMING.replace("{fan}", "fan_in = np.prod(shape[1:])")),
    Sample("kaiming_uniform", True, KAIMING.replace("{fan}", "fan_out, fan_in = shape")),
    Sample("kaiming_uniform", False, KAIMING.replace("{fan}", "fan_in = shape[1]")),
    Sample("kaiming_uniform", False, KAIMING.replace("{fan}", "fan_in = {2: shape[1]}[len(shape)]")),
]
