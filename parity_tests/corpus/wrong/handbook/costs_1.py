import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def compute_cost(AL, Y):
    m = Y.shape[1]
    cost = -np.sum(Y * np.log2(AL) + (1 - Y) * np.log2(1 - AL)) / m
    return np.squeeze(cost)


def propagate(w, b, X, Y):
    m = X.shape[1]
    A = sigmoid(np.dot(w.T, X) + b)
    cost = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m
    dw = np.dot(X, (A - Y).T)
    db = np.sum(A - Y)
    return {"dw": dw, "db": db}, np.squeeze(cost)


def compute_cost_with_regularization(A3, Y, parameters, lambd):
    m = Y.shape[1]
    cross_entropy_cost = -np.sum(Y * np.log(A3) + (1 - Y) * np.log(1 - A3)) / m
    total = sum(np.sum(np.square(parameters["W%d" % l])) for l in (1, 2, 3))
    return cross_entropy_cost + lambd / m * total
