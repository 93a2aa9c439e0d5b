"""The data that `parity train` learns from: scikit-learn's bundled sets, and the handbook's houses.

Nothing is downloaded. A seed decides who is in the training set (60 %), the validation set and the test
set (20 % each); every column is standardised with the mean and deviation of the training set alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from scratch.preprocessing import Examples, standardize, train_validation_test_split
from scratch.training import house_prices

Array = np.ndarray


class Dataset(NamedTuple):
    """Three sets of examples, ready to learn from, and what is learnt of them.

    x (N, D), or images (N, C, H, W), in standard deviations. target (N,) of classes with the loss
    "cross_entropy", or (N, 1) in standard deviations with "mse_loss". `outputs` is how many a network needs,
    `score` what its success is called.
    """

    train: Examples
    validation: Examples
    test: Examples
    loss: str
    outputs: int
    score: str


def digits(rng: np.random.Generator) -> tuple[Array, Array]:
    """1797 handwritten digits of 8×8 pixels, and which of ten each is.  UCI; sklearn.datasets.load_digits."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 (slow to import)

    bunch = load_digits()
    return bunch.data, bunch.target


def diabetes(rng: np.random.Generator) -> tuple[Array, Array]:
    """442 patients with 10 measurements, and how far the disease went on in a year.

    Efron et al. 2004; sklearn.datasets.load_diabetes.
    """
    from sklearn.datasets import load_diabetes  # noqa: PLC0415 (slow to import)

    bunch = load_diabetes(scaled=False)
    return bunch.data, bunch.target[:, None]


def houses(rng: np.random.Generator) -> tuple[Array, Array]:
    """1000 houses with the handbook's 4 features, and their prices: `scratch.training.house_prices`."""
    return house_prices(1000, rng=rng)


DATA: dict[str, Callable[[np.random.Generator], tuple[Array, Array]]] = {
    "digits": digits,
    "diabetes": diabetes,
    "house-prices": houses,
}


IMAGES = {"digits": (1, 8, 8)}  # channels, height and width


def load(name: str, *, rng: np.random.Generator, dtype: str = "float64", images: bool = False) -> Dataset:
    """The data set of that name, split and standardised, as images if so wanted.

    Raises ValueError for a name that is none of `DATA`, and for images of data that are none.
    """
    if name not in DATA:
        raise ValueError(f"there is no data called {name!r}; there are {', '.join(DATA)}")
    if images and name not in IMAGES:
        raise ValueError(f"there are no images in {name}; there are some in {', '.join(IMAGES)}")
    x, target = DATA[name](rng)
    sets = train_validation_test_split(x, target, rng.permutation(len(x)))
    inputs = standardize(*(examples.x for examples in sets))
    if target.dtype.kind == "i":
        loss, outputs, score = "cross_entropy", int(target.max()) + 1, "accuracy"
        targets = [examples.target for examples in sets]
    else:
        loss, outputs, score = "mse_loss", target.shape[1], "R²"
        targets = [scaled.astype(dtype) for scaled in standardize(*(examples.target for examples in sets))]
    shape = IMAGES[name] if images else x.shape[1:]
    train, validation, test = (
        Examples(x.reshape(-1, *shape).astype(dtype), t) for x, t in zip(inputs, targets, strict=True)
    )
    return Dataset(train, validation, test, loss, outputs, score)
