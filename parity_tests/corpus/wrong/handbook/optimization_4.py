import numpy as np


def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01,
                                beta1=0.9, beta2=0.999, epsilon=1e-8):
    L = len(parameters) // 2
    for l in range(L):
        for k in ["W%d" % (l + 1), "b%d" % (l + 1)]:
            v["d" + k] = beta1 * v["d" + k] + (1 - beta1) * grads["d" + k]
            s["d" + k] = beta2 * s["d" + k] + (1 - beta2) * grads["d" + k] ** 2
            vc = v["d" + k] / (1 - beta1 * t)
            sc = s["d" + k] / (1 - beta2 ** t)
            parameters[k] = parameters[k] - learning_rate * vc / (np.sqrt(sc) + epsilon)
    return parameters, v, s


def update_parameters_with_adamw(parameters, grads, v, s, t, learning_rate=0.01,
                                 beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01):
    L = len(parameters) // 2
    for l in range(L):
        for k in ["W%d" % (l + 1), "b%d" % (l + 1)]:
            grad = grads["d" + k] + learning_rate * weight_decay * parameters[k]
            v["d" + k] = beta1 * v["d" + k] + (1 - beta1) * grad
            s["d" + k] = beta2 * s["d" + k] + (1 - beta2) * grad ** 2
            vc = v["d" + k] / (1 - beta1 ** t)
            sc = s["d" + k] / (1 - beta2 ** t)
            parameters[k] = parameters[k] - learning_rate * vc / (np.sqrt(sc) + epsilon)
    return parameters, v, s
