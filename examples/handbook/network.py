"""A network for yes or no: hidden layers with relu, a sigmoid at the end.  One column is one example."""

import numpy as np

# ---- what each unit does, and what it needs to remember: Z ----


def sigmoid(Z):
    return 1.0 / (1.0 + np.exp(-Z)), Z


def relu(Z):
    return Z * (Z > 0), Z


def sigmoid_backward(dA, cache):
    A, _ = sigmoid(cache)
    return dA * A * (1 - A)


def relu_backward(dA, cache):
    return np.where(cache > 0, dA, 0.0)


UNITS = {"sigmoid": (sigmoid, sigmoid_backward), "relu": (relu, relu_backward)}


# ---- one layer ----


def linear_forward(A, W, b):
    return W @ A + b, (A, W, b)


def linear_backward(dZ, cache):
    A_prev, W, b = cache
    examples = A_prev.shape[1]
    dW = dZ @ A_prev.T / examples
    db = dZ.mean(axis=1).reshape(b.shape)
    return W.T @ dZ, dW, db


def linear_activation_forward(A_prev, W, b, activation):
    Z, of_linear = linear_forward(A_prev, W, b)
    A, of_unit = UNITS[activation][0](Z)
    return A, (of_linear, of_unit)


def linear_activation_backward(dA, cache, activation):
    of_linear, of_unit = cache
    return linear_backward(UNITS[activation][1](dA, of_unit), of_linear)


# ---- all of them ----


def activations_of(depth):
    return ["relu"] * (depth - 1) + ["sigmoid"]


def L_model_forward(X, parameters):
    depth = len(parameters) // 2
    A, caches = X, []
    for number, activation in enumerate(activations_of(depth), start=1):
        A, cache = linear_activation_forward(A, parameters[f"W{number}"], parameters[f"b{number}"], activation)
        caches.append(cache)
    return A, caches


def compute_cost(AL, Y):
    surprise = Y * np.log(AL) + (1 - Y) * np.log(1 - AL)  # the logarithm of what was given to the truth
    return -surprise.mean()


def L_model_backward(AL, Y, caches):
    depth = len(caches)
    grads = {}
    dA = (1 - Y) / (1 - AL) - Y / AL
    for number, activation in reversed(list(enumerate(activations_of(depth), start=1))):
        dA, dW, db = linear_activation_backward(dA, caches[number - 1], activation)
        grads |= {f"dA{number - 1}": dA, f"dW{number}": dW, f"db{number}": db}
    return grads


def update_parameters(parameters, grads, learning_rate):
    return {name: value - learning_rate * grads["d" + name] for name, value in parameters.items()}
