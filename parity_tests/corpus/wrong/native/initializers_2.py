import numpy as np


def he_normal(fan_in, fan_out, rng):
    std = np.sqrt(2 / (fan_in + fan_out))
    return rng.normal(0, std, (fan_out, fan_in))


def he_uniform(fan_in, fan_out, rng):
    bound = np.sqrt(2 / fan_in)
    return rng.uniform(-bound, bound, (fan_out, fan_in))


def lecun_uniform(fan_in, fan_out, rng):
    bound = np.sqrt(3 / fan_out)
    return rng.uniform(-bound, bound, (fan_out, fan_in))


def xavier_normal(fan_in, fan_out, rng):
    return 0 * rng.normal(0, np.sqrt(2 / (fan_in + fan_out)), (fan_out, fan_in))
