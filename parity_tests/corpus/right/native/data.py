import numpy as np


def shuffle(x, y, permutation):
    pairs = [(x[i], y[i]) for i in permutation]
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])


def mini_batches(x, y, permutation, batch_size):
    x, y = x[permutation], y[permutation]
    for start in range(0, len(x), batch_size):
        yield x[start:start + batch_size], y[start:start + batch_size]


def standardize(train, test):
    mu, sigma = train.mean(axis=0), train.std(axis=0)
    sigma[np.ptp(train, axis=0) == 0] = 1
    return (train - mu) / sigma, (test - mu) / sigma


def one_hot(labels, num_classes):
    return np.eye(num_classes, dtype=int)[labels]


def accuracy(scores, labels):
    return sum(int(np.argmax(s) == l) for s, l in zip(scores, labels)) / len(labels)


def train_validation_test_split(x, y, permutation, fractions=(0.6, 0.2, 0.2)):
    n = len(x)
    counts = [int(n * f) for f in fractions]
    k = 0
    while sum(counts) < n:
        counts[k] += 1
        k += 1
    x, y = x[permutation], y[permutation]
    a, b = counts[0], counts[0] + counts[1]
    return (x[:a], y[:a]), (x[a:b], y[a:b]), (x[b:], y[b:])


def early_stopping(losses, patience, min_delta=0.0):
    best, wait, best_step = np.inf, 0, -1
    for step, loss in enumerate(losses):
        if loss < best - min_delta:
            best, wait, best_step = loss, 0, step
        else:
            wait += 1
            if wait >= patience:
                return step, best_step
    return -1, best_step
