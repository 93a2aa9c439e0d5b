"""What is unfinished, what has no form that is known, and what follows a convention of its own."""

Sample = tuple[str, str]

ABSENT: dict[str, Sample] = {
    "a step that passes": (
        "adam",
        """
class Adam:
    def __init__(self, params, lr=0.1):
        self.params = params
    def step(self, grads):
        # TODO
        pass
""",
    ),
    "NotImplementedError": ("adam", "def adam(param, grad, state, lr=0.1):\n    raise NotImplementedError\n"),
    "a schedule that passes": ("warmup", "def warmup(step, lr, warmup_steps):\n    pass\n"),
    "an initializer that passes": ("xavier_normal", "def xavier_normal(shape, rng):\n    pass\n"),
}

UNBOUND: dict[str, tuple[str, str, str]] = {
    "a model": (
        "adam",
        """
class Adam:
    def __init__(self, model, lr=0.1):
        self.model = model
    def step(self):
        ...
""",
        "nothing is known to pass for model",
    ),
    "no step": (
        "adam",
        "class Adam:\n    def __init__(self, params, lr=0.1):\n        self.lr = lr\n",
        "it has no method",
    ),
    "no rate": ("sgd", "def sgd(w, dw):\n    return w - 0.1 * dw\n", "no learning rate"),
    "everything written into the code": (
        "step_decay",
        """
import math
def step_decay(epoch):
    return 0.1 * math.pow(0.5, math.floor(epoch / 10.0))
""",
        "it takes no lr and decay and epochs_drop",
    ),
    "a standard deviation written into the code": (
        "normal",
        "import numpy as np\ndef normal(shape):\n    return 0.01 * np.random.randn(*shape)\n",
        "it takes no std",
    ),
}

ADAGRAD = """
import numpy as np
class AdaGrad:
    def __init__(self, lr=0.01):
        self.lr = lr
        self.squares = {}
    def update(self, params, grads):
        for name, g in grads.items():
            self.squares[name] = self.squares.get(name, 0.0) + g ** 2
            params[name] -= self.lr * g / (1e-7 + np.sqrt(self.squares[name]))
"""

CONVENTIONS: dict[str, tuple[str, str, str]] = {
    "momentum as an average": (
        "sgd",
        """
def momentum(w, dw, v, lr=0.1, beta=0.9):
    v = beta * v + (1 - beta) * dw
    w = w - lr * v
    return w, v
""",
        "its velocity is an average",
    ),
    "the rate inside the velocity": (
        "sgd",
        """
class SGD:
    def __init__(self, lr=0.1, momentum=0.9):
        self.lr, self.momentum, self.v = lr, momentum, None
    def step(self, params, grads):
        if self.v is None: self.v = [0 for _ in params]
        for i in range(len(params)):
            self.v[i] = self.momentum * self.v[i] - self.lr * grads[i]
            params[i] += self.v[i]
        return params
""",
        "the rate inside",
    ),
    "the rate inside, and nesterov": (
        "sgd",
        """
class Nesterov:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr, self.mu, self.speed = lr, momentum, {}
    def update(self, params, grads):
        for name, g in grads.items():
            old = self.speed.get(name, 0.0)
            new = self.mu * old - self.lr * g
            params[name] += self.mu * new - self.lr * g  # looks one step ahead
            self.speed[name] = new
""",
        "the rate inside",
    ),
    "an eps of its own": ("adagrad", ADAGRAD, "its eps is 1e-07"),
    "t from 0": (
        "adam",
        """
import numpy as np
def adam_update(w, dw, m, v, t, alpha=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    t += 1
    m = beta1*m + (1-beta1)*dw
    v = beta2*v + (1-beta2)*dw**2
    w = w - alpha*(m/(1-beta1**t))/(np.sqrt(v/(1-beta2**t))+eps)
    return w, m, v, t
""",
        "from 0",
    ),
    "nadam without a schedule": (
        "nadam",
        """
import numpy as np
def nadam(theta, grad, m, v, t, lr=0.002, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    theta = theta - lr / (np.sqrt(v_hat) + eps) * (beta1 * m_hat + (1 - beta1) * grad / (1 - beta1**t))
    return theta, m, v
""",
        "no schedule",
    ),
    "adamax with eps where it divides": (
        "adamax",
        """
import numpy as np
class Adamax:
    def __init__(self, params, lr=0.002, betas=(0.9, 0.999), eps=1e-8):
        self.params, self.lr, self.betas, self.eps, self.t = params, lr, betas, eps, 0
        self.m = {k: np.zeros_like(p) for k, p in params.items()}
        self.u = {k: np.zeros_like(p) for k, p in params.items()}
    def step(self, grads):
        self.t += 1
        b1, b2 = self.betas
        for k, g in grads.items():
            self.m[k] = b1 * self.m[k] + (1 - b1) * g
            self.u[k] = np.maximum(b2 * self.u[k], np.abs(g))
            self.params[k] -= self.lr / (1 - b1**self.t) * self.m[k] / (self.u[k] + self.eps)
""",
        "not inside the maximum",
    ),
    "amsgrad over the corrected": (
        "amsgrad",
        """
import numpy as np
def amsgrad(w, g, state=None, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    t, m, v, vmax = state or (0, np.zeros_like(w), np.zeros_like(w), np.zeros_like(w))
    t += 1
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    vmax = np.maximum(vmax, v / (1 - beta2**t))
    return w - lr * m / (1 - beta1**t) / (np.sqrt(vmax) + eps), (t, m, v, vmax)
""",
        "over the corrected v",
    ),
    "a rate that step returns": (
        "cosine_annealing_lr",
        """
import numpy as np
class CosineAnnealingLR:
    def __init__(self, lr, T_max, eta_min=0.0):
        self.base_lr = lr
        self.T_max, self.eta_min = T_max, eta_min
        self.t = 0
        self.lr = None
    def step(self):
        self.lr = self.eta_min + (self.base_lr - self.eta_min) * (1 + np.cos(np.pi * self.t / self.T_max)) / 2
        self.t += 1
        return self.lr
""",
        "what step() returns",
    ),
    "steps from 1 in the paper": (
        "inverse_sqrt",
        """
def noam(step, d_model, warmup=4000):
    step = max(step, 1)
    return d_model ** -0.5 * min(step ** -0.5, step * warmup ** -1.5)
""",
        "from 1",
    ),
    "Xavier, and uniform": (
        "xavier_normal",
        """
import numpy as np
def xavier(n_in, n_out):
    limit = np.sqrt(6 / (n_in + n_out))
    return np.random.uniform(-limit, limit, (n_in, n_out))
""",
        "as xavier_uniform does",
    ),
    "its own seed": (
        "kaiming_normal",
        """
import numpy as np
def he_init(fan_in, fan_out):
    np.random.seed(3)
    return np.random.randn(fan_out, fan_in) * np.sqrt(2 / fan_in)
""",
        "it seeds the generator itself",
    ),
}
