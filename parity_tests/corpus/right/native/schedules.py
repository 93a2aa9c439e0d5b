import math


def step_lr(epoch, base_lr, step_size, gamma=0.1):
    lr = base_lr
    for e in range(1, epoch + 1):
        if e % step_size == 0:
            lr *= gamma
    return lr


class CosineAnnealingLR:
    def __init__(self, lr, T_max, eta_min=0.0):
        self.base, self.T_max, self.eta_min, self.t = lr, T_max, eta_min, 0

    def step(self):
        self.t += 1

    def get_lr(self):
        return self.eta_min + (self.base - self.eta_min) * math.cos(math.pi * self.t / self.T_max / 2) ** 2


def warmup(step, base_lr, warmup_steps):
    return base_lr * (step + 1) / warmup_steps if step + 1 < warmup_steps else base_lr


def multi_step_lr(epoch, base_lr, milestones, gamma=0.1):
    for m in milestones:
        if epoch >= m:
            base_lr = base_lr * gamma
    return base_lr


def exponential_lr(epoch, base_lr, gamma):
    return base_lr * math.exp(epoch * math.log(gamma))
