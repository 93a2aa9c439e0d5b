import numpy as np


def train_val_test_split(X, y, permutation, fractions=(0.6, 0.2, 0.2)):
    n = len(X)
    sizes = [int(n * f) for f in fractions]
    left = n - sum(sizes)
    sizes = [s + (1 if i < left else 0) for i, s in enumerate(sizes)]
    X = X[permutation]
    first, second = sizes[0], sizes[0] + sizes[1]
    y_train, y_val, y_test = y[permutation[:first]], y[first:second], y[permutation[second:]]
    return (X[:first], y_train), (X[first:second], y_val), (X[second:], y_test)
