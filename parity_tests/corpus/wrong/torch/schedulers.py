import math

from torch.optim.lr_scheduler import LRScheduler


class CosineAnnealingLR:
    def __init__(self, optimizer, T_max, eta_min=0.0):
        self.optimizer = optimizer
        self.T_max = T_max
        self.eta_min = eta_min
        self.base_lrs = [g["lr"] for g in optimizer.param_groups]
        self.epoch = 0

    def step(self):
        self.epoch += 1
        factor = 1 + math.cos(math.pi * self.epoch / self.T_max)
        for lr, group in zip(self.base_lrs, self.optimizer.param_groups):
            group["lr"] = self.eta_min + (lr - self.eta_min) * factor


class MultiStepLR(LRScheduler):
    def __init__(self, optimizer, milestones, gamma=0.1, last_epoch=-1):
        self.milestones = milestones
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        k = len([m for m in self.milestones if m < self.last_epoch])
        return [base_lr * self.gamma ** k for base_lr in self.base_lrs]


class LinearWarmup(LRScheduler):
    def __init__(self, optimizer, warmup_steps, last_epoch=-1):
        self.warmup_steps = warmup_steps
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        scale = min(1.0, self.last_epoch / self.warmup_steps)
        return [lr * scale for lr in self.base_lrs]
