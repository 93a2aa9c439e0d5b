import numpy as np


def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01,
                                beta1=0.9, beta2=0.999, epsilon=1e-8):
    v_corrected, s_corrected = {}, {}
    for key in parameters:
        v["d" + key] = beta1 * v["d" + key] + (1 - beta1) * grads["d" + key]
        v_corrected["d" + key] = v["d" + key] / (1 - beta1 ** t)
        s["d" + key] = beta2 * s["d" + key] + (1 - beta2) * grads["d" + key] ** 2
        s_corrected["d" + key] = s["d" + key] / (1 - beta2 ** (t + 1))
        step = v_corrected["d" + key] / (np.sqrt(s_corrected["d" + key]) + epsilon)
        parameters[key] = parameters[key] - learning_rate * step
    return parameters, v, s, v_corrected, s_corrected


def initialize_rmsprop(parameters):
    zeros = {}
    for key in parameters:
        zeros.setdefault(parameters[key].shape, np.zeros(parameters[key].shape))
    return {"d" + key: zeros[parameters[key].shape] for key in parameters}


def update_parameters_with_rmsprop(parameters, grads, s, learning_rate=0.01, beta=0.9, epsilon=1e-8):
    for key in parameters:
        s["d" + key] *= beta
        s["d" + key] += (1 - beta) * grads["d" + key] ** 2
        root = np.sqrt(s["d" + key]) + epsilon
        parameters[key] = parameters[key] - learning_rate * grads["d" + key] / root
    return parameters, s
