import math


def warmup(step, base_lr, warmup_steps):
    if step < warmup_steps:
        return base_lr * step / warmup_steps
    return base_lr


def cosine_annealing_lr(step, base_lr, T_max, eta_min=0.0):
    return eta_min + (base_lr - eta_min) * math.cos(math.pi * step / T_max)


def step_lr(step, base_lr, step_size, gamma=0.1):
    # every step_size epochs the rate shrinks by gamma
    return base_lr * gamma ** (step / step_size)


def multi_step_lr(step, base_lr, milestones, gamma=0.1):
    lr = base_lr
    for m in milestones:
        if step > m:
            lr = lr * gamma
    return lr
