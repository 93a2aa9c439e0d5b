import numpy as np


def linear_forward(A, W, b):
    return np.einsum("oi,im->om", W, A) + b, (A, W, b)


def linear_backward(dZ, cache):
    A_prev, W, _ = cache
    m = A_prev.shape[1]
    dW = sum(np.outer(dZ[:, k], A_prev[:, k]) for k in range(m)) / m
    return W.T @ dZ, dW, dZ.mean(axis=1, keepdims=True)


def compute_cost(AL, Y):
    return float(np.mean(-np.where(Y == 1, 1, Y) * np.log(AL) - (1 - Y) * np.log(1 - AL)))


def propagate(w, b, X, Y):
    A = 1 / (1 + np.exp(-(w.T @ X + b)))
    cost = -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    error = A - Y
    return {"dw": X @ error.T / X.shape[1], "db": error.mean()}, cost


def sigmoid_backward(dA, cache):
    t = np.tanh(cache / 2)
    return dA * (1 - t * t) / 4


def compute_cost_with_regularization(A3, Y, parameters, lambd):
    m = Y.shape[1]
    cost = -(Y * np.log(A3) + (1 - Y) * np.log(1 - A3)).sum() / m
    for name, value in parameters.items():
        if name.startswith("W"):
            cost += lambd / (2 * m) * np.linalg.norm(value) ** 2
    return cost


def backward_propagation_with_regularization(X, Y, cache, lambd):
    m = X.shape[1]
    (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3) = cache
    dZ3 = A3 - Y
    dZ2 = (W3.T @ dZ3) * (Z2 > 0)
    dZ1 = (W2.T @ dZ2) * (Z1 > 0)
    grads = {}
    for l, dZ, A, W in ((1, dZ1, X, W1), (2, dZ2, A1, W2), (3, dZ3, A2, W3)):
        grads[f"dW{l}"] = (dZ @ A.T + lambd * W) / m
        grads[f"db{l}"] = dZ.sum(axis=1, keepdims=True) / m
    return grads
