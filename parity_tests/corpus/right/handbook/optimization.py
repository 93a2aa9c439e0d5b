import numpy as np


def update_parameters_with_gd(parameters, grads, learning_rate):
    return {key: value - learning_rate * grads["d" + key] for key, value in parameters.items()}


def initialize_velocity(parameters):
    return {"d" + key: 0 * value for key, value in parameters.items()}


def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    for key in parameters:
        v["d" + key] += (1 - beta) * (grads["d" + key] - v["d" + key])
        parameters[key] = parameters[key] - learning_rate * v["d" + key]
    return parameters, v


def update_parameters_with_rmsprop(parameters, grads, s, learning_rate=0.01, beta=0.9, epsilon=1e-8):
    for key in sorted(parameters):
        g = grads["d" + key]
        s["d" + key] = beta * s["d" + key] + (1 - beta) * g * g
        parameters[key] = parameters[key] - learning_rate * g / (epsilon + np.sqrt(s["d" + key]))
    return parameters, s


def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01,
                                beta1=0.9, beta2=0.999, epsilon=1e-8):
    updated = {}
    for key, theta in parameters.items():
        d = "d" + key
        v[d], s[d] = beta1 * v[d] + (1 - beta1) * grads[d], beta2 * s[d] + (1 - beta2) * grads[d] ** 2
        vc, sc = v[d] / (1 - beta1 ** t), s[d] / (1 - beta2 ** t)
        updated[key] = theta - learning_rate * vc / (np.sqrt(sc) + epsilon)
    return updated, v, s


def random_mini_batches(X, Y, mini_batch_size=64, seed=0):
    rng = np.random.RandomState(seed)
    order = rng.permutation(X.shape[1])
    X, Y = X[:, order], Y[:, order]
    edges = range(mini_batch_size, X.shape[1], mini_batch_size)
    return list(zip(np.split(X, edges, axis=1), np.split(Y, edges, axis=1)))


def initialize_parameters_he(layers_dims):
    parameters = {}
    for l, (n_in, n_out) in enumerate(zip(layers_dims, layers_dims[1:]), start=1):
        parameters[f"W{l}"] = np.sqrt(2) * np.random.standard_normal((n_out, n_in)) / np.sqrt(n_in)
        parameters[f"b{l}"] = np.zeros((n_out, 1))
    return parameters


def update_lr(learning_rate0, epoch_num, decay_rate):
    return learning_rate0 / (1 + decay_rate * epoch_num)
