"""Schedules and initializers as people write them, all of them right: the algorithm and the source."""

RATES = {
    "a function of the epoch": (
        "step_decay",
        """
import math
def step_decay(epoch, initial_lr, drop=0.5, epochs_drop=10):
    return initial_lr * math.pow(drop, math.floor(epoch / epochs_drop))
""",
    ),
    "the rate first": (
        "exponential_decay",
        """
import numpy as np
def exponential_decay(lr0, t, k):
    return lr0 * np.exp(-k * t)
""",
    ),
    "t and T": (
        "cosine_annealing_lr",
        """
import math
def cosine_annealing(t, T, lr_max, lr_min=0.0):
    return lr_min + 0.5 * (lr_max - lr_min) * (1 + math.cos(math.pi * t / T))
""",
    ),
    "a schedule that is called": (
        "cosine_annealing_lr",
        """
import numpy as np
class CosineAnnealing:
    def __init__(self, base_lr, total_steps, min_lr=0.0):
        self.base_lr, self.total_steps, self.min_lr = base_lr, total_steps, min_lr
    def __call__(self, step):
        c = 0.5 * (1 + np.cos(np.pi * step / self.total_steps))
        return self.min_lr + (self.base_lr - self.min_lr) * c
""",
    ),
    "a scheduler around an optimizer": (
        "cosine_annealing_lr",
        """
import numpy as np
class CosineAnnealingLR:
    def __init__(self, optimizer, T_max, eta_min=0.0):
        self.optimizer = optimizer
        self.base_lr = optimizer.lr
        self.T_max, self.eta_min = T_max, eta_min
        self.t = 0
    def step(self):
        self.t += 1
        self.optimizer.lr = self.get_lr()
    def get_lr(self):
        return self.eta_min + (self.base_lr - self.eta_min) * (1 + np.cos(np.pi * self.t / self.T_max)) / 2
""",
    ),
    "param_groups": (
        "step_lr",
        """
class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer = optimizer; self.step_size = step_size; self.gamma = gamma
        self.base_lrs = [g["lr"] for g in optimizer.param_groups]
        self.last_epoch = 0
    def step(self):
        self.last_epoch += 1
        for g, b in zip(self.optimizer.param_groups, self.base_lrs):
            g["lr"] = b * self.gamma ** (self.last_epoch // self.step_size)
""",
    ),
    "milestones": (
        "multi_step_lr",
        """
def multi_step_lr(epoch, lr, milestones, gamma=0.1):
    for m in milestones:
        if epoch >= m:
            lr = lr * gamma
    return lr
""",
    ),
    "warm-up": (
        "warmup",
        """
def warmup(step, base_lr, warmup_steps):
    if step < warmup_steps:
        return base_lr * (step + 1) / warmup_steps
    return base_lr
""",
    ),
    "a plateau": (
        "reduce_lr_on_plateau",
        """
class ReduceLROnPlateau:
    def __init__(self, lr, factor=0.1, patience=10, min_lr=0.0, threshold=1e-4):
        self.lr, self.factor, self.patience = lr, factor, patience
        self.min_lr, self.threshold = min_lr, threshold
        self.best = float("inf"); self.bad = 0
    def step(self, val_loss):
        if val_loss < self.best * (1 - self.threshold):
            self.best = val_loss; self.bad = 0
        else:
            self.bad += 1
        if self.bad > self.patience:
            new = max(self.lr * self.factor, self.min_lr)
            if self.lr - new > 1e-8: self.lr = new
            self.bad = 0
        return self.lr
""",
    ),
    "a closure": (
        "time_based_decay",
        """
def time_decay(lr, decay_rate):
    def schedule(epoch):
        return lr / (1 + decay_rate * epoch)
    return schedule
""",
    ),
    "a triangle": (
        "cyclic_lr",
        """
import numpy as np
def clr(iteration, stepsize, base_lr, max_lr):
    cycle = np.floor(1 + iteration / (2 * stepsize))
    x = np.abs(iteration / stepsize - 2 * cycle + 1)
    return base_lr + (max_lr - base_lr) * np.maximum(0, 1 - x)
""",
    ),
    "a shape and a generator": (
        "kaiming_normal",
        """
import numpy as np
def he_normal(shape, rng):
    return rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
""",
    ),
    "fans, and the global generator": (
        "xavier_uniform",
        """
import numpy as np
def xavier_uniform(n_in, n_out):
    limit = np.sqrt(6 / (n_in + n_out))
    return np.random.uniform(-limit, limit, (n_in, n_out))
""",
    ),
    "an SVD": (
        "orthogonal",
        """
import numpy as np
def orthogonal(shape, gain=1.0):
    a = np.random.randn(shape[0], int(np.prod(shape[1:])))
    u, _, vt = np.linalg.svd(a, full_matrices=False)
    q = u if u.shape == a.shape else vt
    return gain * q.reshape(shape)
""",
    ),
    "zeros": (
        "zeros",
        """import numpy as np
def zeros(shape):
    return np.zeros(shape)
""",
    ),
    "a constant": (
        "constant",
        """import numpy as np
def constant(shape, value):
    return np.full(shape, value)
""",
    ),
    "an initializer that is called": (
        "kaiming_uniform",
        """
import numpy as np
class HeUniform:
    def __init__(self, mode="fan_in"):
        self.mode = mode
    def __call__(self, shape):
        k = int(np.prod(shape[2:]))
        fan = shape[1]*k if self.mode == "fan_in" else shape[0]*k
        b = np.sqrt(6 / fan)
        return np.random.uniform(-b, b, size=shape)
""",
    ),
    "a seed": (
        "normal",
        """import numpy as np
def normal(shape, mean=0.0, std=0.01, seed=None):
    return np.random.default_rng(seed).normal(mean, std, shape)
""",
    ),
    "a matrix alone": (
        "xavier_normal",
        """
import numpy as np
def xavier_normal(shape):
    np.random.seed(42)
    n_out, n_in = shape
    return np.random.randn(n_out, n_in) * np.sqrt(2/(n_in+n_out))
""",
    ),
}
