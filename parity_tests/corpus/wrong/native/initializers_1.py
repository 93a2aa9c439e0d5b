import numpy as np


def kaiming_normal(shape, rng):
    fan = shape[0]
    return rng.standard_normal(shape) * np.sqrt(2.0 / fan)


def xavier_uniform(shape, rng):
    fan_out, fan_in = shape[0], shape[1]
    limit = np.sqrt(2.0 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, size=shape)


def lecun_normal(shape, rng):
    return np.zeros(shape)
