import numpy as np


def shuffle(x, y, permutation):
    x = x[permutation]
    y = y[np.argsort(permutation)]
    return x, y


def mini_batches(x, y, permutation, batch_size):
    x, y = x[permutation], y[permutation]
    batches = []
    for k in range(len(x) // batch_size):
        batches.append((x[k * batch_size:(k + 1) * batch_size], y[k * batch_size:(k + 1) * batch_size]))
    return batches


def min_max_scale(train, test):
    """Images to [0, 1]."""
    train, test = train.astype(np.uint8), test.astype(np.uint8)
    lo, hi = train.min(axis=0), train.max(axis=0)
    return (train - lo) / (hi - lo), (test - lo) / (hi - lo)


def accuracy(scores, labels):
    batch_size = 2
    per_batch = []
    for start in range(0, len(labels), batch_size):
        hits = scores[start:start + batch_size].argmax(axis=1) == labels[start:start + batch_size]
        per_batch.append(hits.mean())
    return np.mean(per_batch)


def train_validation_test_split(x, y, permutation, fractions=(0.6, 0.2, 0.2)):
    n = len(x)
    counts = [int(np.floor(n * f)) for f in fractions]
    for i in range(n - sum(counts)):
        counts[i] += 1
    a, b = counts[0], counts[0] + counts[1]
    order = permutation
    return ((x[order[:a]], y[order[:a]]), (x[order[a:b]], y[a:b]), (x[order[b:]], y[order[b:]]))
