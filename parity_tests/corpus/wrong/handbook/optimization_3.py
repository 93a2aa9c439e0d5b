import numpy as np


def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01,
                                beta1=0.9, beta2=0.999, epsilon=1e-8):
    for key in parameters:
        dkey = "d" + key
        v[dkey] = beta1 * v[dkey] + (1 - beta1) * grads[dkey]
        v[dkey] = v[dkey] / (1 - beta1 ** t)
        s[dkey] = beta2 * s[dkey] + (1 - beta2) * grads[dkey] ** 2
        s[dkey] = s[dkey] / (1 - beta2 ** t)
        parameters[key] = parameters[key] - learning_rate * v[dkey] / (np.sqrt(s[dkey]) + epsilon)
    return parameters, v, s


def update_parameters_with_adamw(parameters, grads, v, s, t, learning_rate=0.01,
                                 beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01):
    for key in parameters:
        dkey = "d" + key
        v[dkey] = beta1 * v[dkey] + (1 - beta1) * grads[dkey]
        s[dkey] = beta2 * s[dkey] + (1 - beta2) * grads[dkey] ** 2
        m_hat = v[dkey] / (1 - beta1 ** t)
        v_hat = s[dkey] / (1 - beta2 ** t)
        parameters[key] -= learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)
        parameters[key] -= learning_rate * weight_decay * parameters[key]
    return parameters, v, s
