"""Normalization whose eps is written into the code, next to the same with a mistake."""

from parity_tests.samples.native import Sample

LAYER = r"""
def layer_norm(x, gamma, beta):
    mean, var = x.mean(-1, keepdims=True), {var}
    return gamma * (x - mean) / {root} + beta
"""
LAYER_OBJECT = r"""
class LayerNorm:
    def __init__(self, dim):
        self.eps = {eps}
        self.gamma, self.beta = np.ones(dim), np.zeros(dim)

    def forward(self, x):
        mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        self.std = np.sqrt(var + self.eps)
        self.x_hat = (x - mean) / self.std
        return self.gamma * self.x_hat + self.beta

    def backward(self, dout):
        axes = tuple(range(dout.ndim - 1))
        self.dgamma, self.dbeta = (dout * self.x_hat).sum(axes), dout.sum(axes)
        g = dout * self.gamma
        along = {along}
        return (g - g.mean(-1, keepdims=True) - self.x_hat * along) / self.std
"""
SHAPED = r"""
def layer_norm(x, weight, bias, normalized_shape):
    axes = {axes}
    out = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-6)
    if weight is not None:
        out = out * weight
    return out if bias is None else out + bias
"""
TAKES = r"""
def layer_norm(x, gamma, beta, {takes}):
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(var + {eps}) + beta
"""
RMS = r"""
def rms_norm(x, w):
    return w * x / {root}
"""
GROUP = r"""
def group_norm(x, gamma, beta, num_groups):
    groups = x.reshape(len(x), num_groups, -1)
    mean, var = groups.mean(-1, keepdims=True), groups.var(-1, keepdims=True{ddof})
    x_hat = ((groups - mean) / np.sqrt(var + {eps})).reshape(x.shape)
    shape = (1, -1) + (1,) * (x.ndim - 2)
    return x_hat * gamma.reshape(shape) + beta.reshape(shape)
"""
INSTANCE = r"""
def instance_norm(x, gamma, beta):
    mean, var = x.mean((2, 3), keepdims=True), x.var((2, 3), keepdims=True)
    return gamma[:, None, None] * (x - mean) / {root} + beta[:, None, None]
"""
BATCH = r"""
def batch_norm(x, gamma, beta):
    return gamma * (x - x.mean(0)) / {root} + beta
"""
BATCH_OBJECT = r"""
class BatchNorm:
    def __init__(self, dim, momentum={momentum}):
        self.momentum = momentum
        self.gamma, self.beta = np.ones(dim), np.zeros(dim)
        self.running_mean, self.running_var = np.zeros(dim), np.ones(dim)

    def forward(self, x, training=True):
        self.training = training
        mean, var = self.running_mean, self.running_var
        if training:
            mean, var = x.mean(0), x.var(0{ddof})
            self.running_mean = {keep} * self.running_mean + {take} * mean
            self.running_var = {keep} * self.running_var + {take} * x.var(0, ddof=1)
        self.std = np.sqrt(var + 1e-8)
        self.x_hat = (x - mean) / self.std
        return self.gamma * self.x_hat + self.beta

    def backward(self, dout):
        self.dgamma, self.dbeta = (dout * self.x_hat).sum(0), dout.sum(0)
        g = dout * self.gamma
        if self.training:
            g = g - g.mean(0) - self.x_hat * (g * self.x_hat).mean(0)
        return g / self.std
"""
VAR, ROOT = "x.var(-1, keepdims=True)", "np.sqrt(var + {eps})"
KEPT = {"momentum": "0.9", "keep": "self.momentum", "take": "(1 - self.momentum)"}
TAKEN = {"momentum": "0.1", "keep": "(1 - self.momentum)", "take": "self.momentum"}
SHARE = "its eps is 1e-08; its momentum is the share of the old statistics"


def _layer(eps: str, said: str) -> Sample:
    return Sample("layer_norm", True, LAYER.format(var=VAR, root=ROOT.format(eps=eps)), f"its eps is {said}")


NORMS = [
    *(
        _layer(eps, said)
        for eps, said in (
            ("1e-8", "1e-08"),
            ("10e-8", "1e-07"),
            ("10e-7", "1e-06"),
            ("1e-10", "1e-10"),
            ("1e-12", "1e-12"),
            ("1e-3", "0.001"),
            ("0", "0, so that it may divide by 0"),
        )
    ),
    Sample(
        "layer_norm", False, LAYER.format(var="x.var(-1, keepdims=True, ddof=1)", root="np.sqrt(var + 1e-6)")
    ),
    Sample("layer_norm", False, LAYER.format(var=VAR, root="(np.sqrt(var) + 1e-6)")),
    Sample("layer_norm", False, LAYER.format(var=VAR, root="(np.sqrt(var) + 1e-12)")),
    Sample("layer_norm", False, LAYER.format(var=VAR, root="np.sqrt(var + 3e-6)")),
    Sample(
        "layer_norm",
        True,
        LAYER_OBJECT.format(eps="1e-6", along="(g * self.x_hat).mean(-1, keepdims=True)"),
        "its eps is 1e-06",
    ),
    Sample("layer_norm", False, LAYER_OBJECT.format(eps="1e-6", along="(g * self.x_hat).mean()")),
    Sample(
        "layer_norm",
        True,
        SHAPED.format(axes="tuple(range(-len(normalized_shape), 0))"),
        "its eps is 1e-06",
    ),
    Sample("layer_norm", False, SHAPED.format(axes="-1")),
    Sample("layer_norm", True, TAKES.format(takes="eps=1e-6", eps="eps"), "its default eps is 1e-06"),
    Sample("layer_norm", False, TAKES.format(takes="eps=1e-6", eps="1e-6")),
    Sample("layer_norm", False, TAKES.format(takes="**options", eps="1e-6")),
    Sample(
        "rms_norm", True, RMS.format(root="np.sqrt((x ** 2).mean(-1, keepdims=True) + 1e-5)"), "eps is 1e-05"
    ),
    Sample(
        "rms_norm", True, RMS.format(root="np.sqrt((x ** 2).mean(-1, keepdims=True) + 1e-8)"), "eps is 1e-08"
    ),
    Sample("rms_norm", False, RMS.format(root="(np.sqrt((x ** 2).mean(-1, keepdims=True)) + 1e-5)")),
    Sample("rms_norm", False, RMS.format(root="np.sqrt((x ** 2).sum(-1, keepdims=True) + 1e-5)")),
    Sample("group_norm", True, GROUP.format(ddof="", eps="1e-6"), "its eps is 1e-06"),
    Sample("group_norm", True, GROUP.format(ddof="", eps="1e-10"), "its eps is 1e-10"),
    Sample("group_norm", False, GROUP.format(ddof=", ddof=1", eps="1e-6")),
    Sample(
        "instance_norm", True, INSTANCE.format(root="np.sqrt(var + 1e-8)"), "convention: its eps is 1e-08"
    ),
    Sample("instance_norm", False, INSTANCE.format(root="(np.sqrt(var) + 1e-8)")),
    Sample(
        "batch_norm",
        True,
        BATCH.format(root="np.sqrt(x.var(0) + 1e-8)"),
        "its eps is 1e-08; it keeps no running statistics; it takes rows",
    ),
    Sample("batch_norm", False, BATCH.format(root="np.sqrt(x.var(0, ddof=1) + 1e-8)")),
    Sample("batch_norm", False, BATCH.format(root="(np.sqrt(x.var(0)) + 1e-8)")),
    Sample("batch_norm", True, BATCH_OBJECT.format(ddof="", **KEPT), SHARE),
    Sample("batch_norm", False, BATCH_OBJECT.format(ddof=", ddof=1", **KEPT)),
    Sample("batch_norm", True, BATCH_OBJECT.format(ddof="", **TAKEN), "its eps is 1e-08; it takes rows"),
    Sample("batch_norm", False, BATCH_OBJECT.format(ddof="", **{**TAKEN, "take": "self.momentum ** 2"})),
]
