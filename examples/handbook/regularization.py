"""Weight decay and dropout in a network of three layers, and mini-batches."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(0, x)


def compute_cost(a3, Y):
    surprise = Y * np.log(a3) + (1 - Y) * np.log(1 - a3)
    return -surprise.mean()


def forward_propagation(X, parameters):
    A, slopes = [X], {}
    for l in (1, 2):
        Z = parameters[f"W{l}"] @ A[-1] + parameters[f"b{l}"]
        A.append(relu(Z))
        slopes[l] = Z > 0
    A.append(sigmoid(parameters["W3"] @ A[-1] + parameters["b3"]))
    return A[3], (A, slopes, parameters)


def backward_propagation(X, Y, cache):
    A, slopes, parameters = cache
    return chain_rule(Y, A, slopes, parameters)


def compute_cost_with_regularization(A3, Y, parameters, lambd):
    m = Y.shape[1]
    penalty = sum((parameters[f"W{l}"] ** 2).sum() for l in (1, 2, 3))
    return compute_cost(A3, Y) + lambd / (2 * m) * penalty


def backward_propagation_with_regularization(X, Y, cache, lambd):
    A, slopes, parameters = cache
    gradients = chain_rule(Y, A, slopes, parameters)
    for l in (1, 2, 3):
        gradients[f"dW{l}"] += lambd / Y.shape[1] * parameters[f"W{l}"]
    return gradients


def forward_propagation_with_dropout(X, parameters, keep_prob=0.5):
    np.random.seed(1)
    A, slopes = [X], {}
    for l in (1, 2):
        Z = parameters[f"W{l}"] @ A[-1] + parameters[f"b{l}"]
        kept = np.random.rand(*Z.shape) < keep_prob
        A.append(kept * relu(Z) / keep_prob)
        slopes[l] = kept & (Z > 0)
    A.append(sigmoid(parameters["W3"] @ A[-1] + parameters["b3"]))
    return A[3], (A, slopes, parameters)


def backward_propagation_with_dropout(X, Y, cache, keep_prob):
    A, slopes, parameters = cache
    return chain_rule(Y, A, {l: slope / keep_prob for l, slope in slopes.items()}, parameters)


def chain_rule(Y, A, slopes, parameters):
    """From the mean cross-entropy back to W1; slopes are those of A1 and A2, of what they are made of."""
    dZ = (A[3] - Y) / Y.shape[1]
    gradients = {}
    for l in (3, 2, 1):
        gradients[f"dW{l}"] = dZ @ A[l - 1].T
        gradients[f"db{l}"] = dZ.sum(axis=1, keepdims=True)
        if l > 1:
            dZ = slopes[l - 1] * (parameters[f"W{l}"].T @ dZ)
    return gradients


def random_mini_batches(X, Y, mini_batch_size=64, seed=0):
    order = np.random.RandomState(seed).permutation(X.shape[1])
    batches = []
    for start in range(0, len(order), mini_batch_size):
        chosen = order[start : start + mini_batch_size]
        batches.append((X[:, chosen], Y[:, chosen]))
    return batches
