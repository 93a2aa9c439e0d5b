"""torch's own tools for data: `torch.utils.data`, `one_hot`, and reductions for the scalers."""

from typing import NamedTuple

import torch
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset, random_split

from reference._torch import function


class Scaled(NamedTuple):
    train: torch.Tensor
    validation: torch.Tensor | None
    test: torch.Tensor | None


class Examples(NamedTuple):
    x: torch.Tensor
    target: torch.Tensor


class Split(NamedTuple):
    train: Examples
    validation: Examples
    test: Examples


@function
def min_max_scale(train, validation=None, test=None, *, feature_range=(0, 1)):
    low, high = torch.aminmax(train, dim=0)
    span = (high - low).masked_fill(high == low, 1)
    a, b = feature_range
    return _each(lambda x: (x - low) / span * (b - a) + a, train, validation, test)


@function
def standardize(train, validation=None, test=None):
    std, mean = torch.std_mean(train, dim=0, correction=0)
    std = std.masked_fill((train == train[0]).all(0), 1)
    return _each(lambda x: (x - mean) / std, train, validation, test)


def _each(scale, train, validation, test):
    validation = None if validation is None else scale(validation)
    return Scaled(scale(train), validation, None if test is None else scale(test))


@function
def shuffle(x, target, permutation):
    return Examples(*TensorDataset(x, target)[permutation])


@function
def train_validation_test_split(x, target, permutation, *, fractions=(0.6, 0.2, 0.2)):
    """The sizes are those of `random_split`; who goes where is the permutation's affair."""
    subsets = random_split(TensorDataset(x), fractions, torch.Generator())
    sizes = [len(subset) for subset in subsets]
    train, validation, test = torch.split(permutation, sizes)
    dataset = TensorDataset(x, target)
    return Split(Examples(*dataset[train]), Examples(*dataset[validation]), Examples(*dataset[test]))


@function
def mini_batches(x, target, permutation=None, *, batch_size, drop_last=False):
    loader = DataLoader(
        TensorDataset(x, target),
        batch_size,
        sampler=None if permutation is None else permutation.tolist(),
        drop_last=drop_last,
        generator=torch.Generator(),
    )
    return [Examples(*batch) for batch in loader]


@function
def one_hot(target, *, num_classes, dtype="int64"):
    return functional.one_hot(target, num_classes).to(getattr(torch, dtype))
