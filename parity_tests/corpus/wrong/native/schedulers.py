import numpy as np


class StepLR:
    """The rate drops after every step_size epochs."""

    def __init__(self, lr, step_size, gamma=0.1):
        self.lr = lr
        self.step_size = step_size
        self.gamma = gamma
        self.epoch = 0

    def step(self):
        self.epoch += 1
        if self.epoch % self.step_size == 1 and self.epoch > 1 or self.step_size == 1:
            self.lr = self.lr * self.gamma


class StepDecay:
    def __init__(self, lr, decay, epochs_drop):
        self.initial = lr
        self.lr = lr
        self.decay = decay
        self.epochs_drop = epochs_drop
        self.count = 0

    def step(self):
        self.count += 1
        self.lr = self.initial * self.decay ** self.count


class CosineAnnealingWarmRestarts:
    def __init__(self, lr, T_0, eta_min=0.0):
        self.base_lr = lr
        self.T_0 = T_0
        self.eta_min = eta_min
        self.t = 0

    def get_lr(self):
        phase = np.pi * (self.t % self.T_0) / self.T_0
        return self.eta_min + (self.base_lr - self.eta_min) * (1 + np.cos(phase))

    def step(self):
        self.t += 1


class LinearWarmup:
    def __init__(self, base_lr, warmup_steps):
        self.base_lr = base_lr
        self.warmup_steps = warmup_steps
        self.current = 0

    def get_lr(self):
        return self.base_lr * min(1.0, self.current / self.warmup_steps)

    def step(self):
        self.current += 1
