import numpy as np


def he_normal(fan_in, fan_out, rng):
    return rng.normal(0.0, np.sqrt(2.0 / fan_in), (fan_out, fan_in))


def xavier_uniform(shape, rng):
    field = int(np.prod(shape[2:]))
    limit = np.sqrt(6.0 / (shape[1] * field + shape[0] * field))
    return (2 * rng.random(shape) - 1) * limit


def lecun_normal(fan_in, fan_out, rng):
    return rng.standard_normal((fan_out, fan_in)) / fan_in ** 0.5
