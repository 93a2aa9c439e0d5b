"""torch's regularization: its own dropout with the mask given, optimizers that decay, `renorm`, `F.pad`.

Where torch has no module (penalties, flips, noise), the formula in tensors, and autograd behind it.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional
from torch.optim.lr_scheduler import ReduceLROnPlateau

from reference._masks import MasksGiven
from reference._torch import function, operation


@operation
def l1_penalty(weight, *, alpha):
    return alpha * weight.abs().sum()


@operation
def l2_penalty(weight, *, alpha):
    return alpha * weight.square().sum()


@operation
def elastic_net(weight, *, alpha, l1_ratio=0.5):
    return alpha * (l1_ratio * weight.abs().sum() + (1 - l1_ratio) / 2 * weight.square().sum())


@function
def weight_decay(weight, *, lr, weight_decay, optimizer="SGD"):
    """One step of a torch optimizer whose gradient is zero."""
    param = nn.Parameter(weight)
    param.grad = torch.zeros_like(weight)
    getattr(torch.optim, optimizer)([param], lr=lr, weight_decay=weight_decay).step()
    return param


@function
def max_norm(weight, *, maxnorm, axis=0):
    return torch.renorm(weight, p=2, dim=axis, maxnorm=maxnorm)


@operation
def dropout(x, mask, *, p=0.5, training=True):
    with MasksGiven([mask]):
        return nn.Dropout(p).train(training)(x)


@operation
def dropout2d(x, mask, *, p=0.5, training=True):
    with MasksGiven([mask[:, :, None, None]]):
        return nn.Dropout2d(p).train(training)(x)


@operation
def label_smoothing(target, *, eps):
    return target * (1 - eps) + eps / target.shape[-1]


class EarlyStopping(NamedTuple):
    stop_step: int
    best_step: int


@function
def early_stopping(losses, *, patience, min_delta=0.0):
    """What `ReduceLROnPlateau` takes for a plateau: stop at the step that would reduce the rate."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    plateau = ReduceLROnPlateau(optimizer, patience=patience - 1, threshold=min_delta, threshold_mode="abs")
    best_step = -1
    for step, loss in enumerate(losses.tolist()):
        plateau.step(loss)
        if optimizer.param_groups[0]["lr"] < 1:
            return EarlyStopping(step, best_step)
        if plateau.num_bad_epochs == 0:
            best_step = step
    return EarlyStopping(-1, best_step)


@operation
def random_horizontal_flip(x, flip):
    return torch.where(flip[:, None, None, None], x.flip(-1), x)


@operation
def random_crop(x, offsets, *, size, padding=0):
    height, width = size
    padded = functional.pad(x, (padding, padding, padding, padding))
    crops = [
        image.narrow(1, top, height).narrow(2, left, width)
        for image, (top, left) in zip(padded, offsets.tolist(), strict=True)
    ]
    return torch.stack(crops)


@operation
def add_noise(x, noise, *, std):
    return torch.add(x, noise, alpha=std)
