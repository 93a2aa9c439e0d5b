import math


class StepLR:
    def __init__(self, lr, step_size, gamma=0.1):
        self.base_lr, self.size, self.gamma = lr, step_size, gamma
        self.epoch = 0

    def get_lr(self):
        return self.base_lr * math.pow(self.gamma, (self.epoch - 1) // self.size)

    def step(self):
        self.epoch += 1


class CosineAnnealingLR:
    def __init__(self, lr, T_max, eta_min=0.0):
        self.base_lr, self.T_max, self.eta_min = lr, T_max, eta_min
        self.last_epoch = 0

    def get_lr(self):
        angle = math.pi * self.last_epoch / (self.T_max - 1)
        return self.eta_min + (self.base_lr - self.eta_min) * math.cos(angle / 2) ** 2

    def step(self):
        self.last_epoch += 1
