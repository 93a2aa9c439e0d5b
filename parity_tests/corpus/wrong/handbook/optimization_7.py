import numpy as np


def update_parameters_with_rmsprop(parameters, grads, s, learning_rate=0.01, beta=0.9, epsilon=1e-8):
    for key in parameters:
        s["d" + key] = beta * s["d" + key] + (1 - beta) * np.sum(grads["d" + key] ** 2)
        parameters[key] = parameters[key] - learning_rate * grads["d" + key] / (np.sqrt(s["d" + key]) + epsilon)
    return parameters, s


def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01,
                                beta1=0.9, beta2=0.999, epsilon=1e-8):
    for key in parameters:
        v["d" + key] = beta1 * v["d" + key] + (1 - beta1) * grads["d" + key]
        s["d" + key] = beta2 * s["d" + key] + (1 - beta2) * np.square(v["d" + key])
        v_corr = v["d" + key] / (1 - np.power(beta1, t))
        s_corr = s["d" + key] / (1 - np.power(beta2, t))
        parameters[key] = parameters[key] - learning_rate * v_corr / (np.sqrt(s_corr) + epsilon)
    return parameters, v, s
