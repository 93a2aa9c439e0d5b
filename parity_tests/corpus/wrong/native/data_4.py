import numpy as np


def standardize(train, validation, test):
    mu, sigma = np.mean(train), np.std(train)
    return [(part - mu) / sigma for part in (train, validation, test)]


def min_max_scale(train, validation, test):
    low, high = train.min(), train.max()
    return tuple((part - low) / (high - low) for part in (train, validation, test))
