import numpy as np


def mse_loss(image, reference):
    """For the PSNR of two images."""
    image, reference = np.asarray(image, np.uint8), np.asarray(reference, np.uint8)
    return ((image - reference) ** 2).mean()


def l1_loss(pred, target):
    pred, target = pred.ravel(), target.ravel()
    n_batches = -(-len(pred) // 4)
    total = 0.0
    for i in range(n_batches):
        total += np.abs(pred[4 * i:4 * i + 4] - target[4 * i:4 * i + 4]).mean()
    return total / n_batches


def mini_batches(x, y, permutation, batch_size):
    out = []
    for start in range(0, len(x), batch_size):
        chosen = permutation[start:start + batch_size]
        out.append((x[chosen], y[start:start + batch_size]))
    return out
