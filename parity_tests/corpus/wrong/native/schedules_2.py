import math


def cosine_annealing(epoch, lr, T_max, eta_min=0.0):
    share = epoch / (T_max - 1)
    return eta_min + 0.5 * (lr - eta_min) * (1.0 + math.cos(share * math.pi))


def step_lr(epoch, lr, step_size, gamma=0.1):
    drops = 0
    for e in range(1, epoch + 2):
        if e % step_size == 0:
            drops += 1
    return lr * gamma**drops
