"""torch's own dropout with the masks given: its arithmetic is what is compared, not its random numbers."""

from contextlib import nullcontext

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class MasksGiven(TorchDispatchMode):
    """Inside the block torch draws no masks: each time dropout asks for one, it gets the next of these."""

    def __init__(self, masks):
        super().__init__()
        self.masks = iter(masks)

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        if op is torch.ops.aten.bernoulli_.float:
            return args[0].copy_(next(self.masks).reshape(args[0].shape))  # oneDNN unpacks equal lengths
        if op is torch.ops.aten.bernoulli.p:  # inside a transform of torch.func
            return next(self.masks).reshape(args[0].shape).to(args[0].dtype)
        if op is torch.ops.aten.native_dropout.default:  # on CUDA one kernel draws and multiplies
            (x, p, _), mask = args, next(self.masks)
            return x * mask / (1 - p), mask
        return op(*args, **(kwargs or {}))


def masks_given(masks):
    """`MasksGiven` of those that are not None; without any nothing at all, which torch.compile can follow."""
    given = [mask for mask in masks if mask is not None]
    return MasksGiven(given) if given else nullcontext()
