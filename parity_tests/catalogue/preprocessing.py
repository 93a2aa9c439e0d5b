"""Scaling, splitting, shuffling, mini-batches, one-hot targets: their data and their permutations."""

import numpy as np

from parity_tests.catalogue._entry import Function, chapter
from parity_tests.engine.cases import Array, Case, Draw

FRACTIONS = ((0.6, 0.2, 0.2), (0.5, 0.3, 0.2), (0.34, 0.33, 0.33), (0.2, 0.2, 0.6))


def tables(d: Draw) -> dict[str, Array | None]:
    """Training, validation and test sets of the same columns, the last two now and then left out.

    A constant column is constant in the training set alone.
    """
    D, regime = d.integer("D", 1, 5), d.regime("large", "offset", "tiny", "wide")
    train = d.array("train", (d.integer("N", 3, 9), D), regime)
    if d.choice("constant_column", True, False) and D > 1:
        train[:, D // 2] = train[0, D // 2]
    sets = d.choice("sets", "train", "train and test", "all")
    validation = d.array("validation", (d.integer("M", 1, 4), D), regime) if sets == "all" else None
    test = d.array("test", (d.integer("L", 1, 4), D), regime) if sets != "train" else None
    return {"train": train, "validation": validation, "test": test}


def min_max_scale(d: Draw) -> Case:
    feature_range = d.choice("feature_range", (0, 1), (-1, 1), (-0.3, 2.5), (10, 11))
    return d.case({**tables(d)}, {"feature_range": feature_range})


def standardize(d: Draw) -> Case:
    return d.case({**tables(d)})


TABLES = (
    {"regime": "normal", "constant_column": True, "D": 3, "N": 7, "sets": "all"},
    {"regime": "offset", "constant_column": True, "D": 4, "N": 5, "sets": "train and test"},
    {"regime": "large", "constant_column": False, "D": 1, "N": 6, "sets": "train"},
    {"regime": "tiny", "constant_column": False, "D": 2, "N": 3, "sets": "all"},
)


def examples(d: Draw, *, fewest: int = 1) -> dict[str, Array]:
    """x (N, …), a target per example of any kind that there is, and a permutation of the N."""
    N = d.integer("N", fewest, 13)
    x = d.array("x", (N, *d.shape(ndim=(0, 2), side=(1, 4))))
    kind = d.choice("target", "classes", "numbers", "rows of classes", "rows")
    shape = (N, d.integer("K", 1, 3)) if kind.startswith("rows") else (N,)
    target = d.integers("labels", shape, 9) if "classes" in kind else d.array("labels", shape)
    return {"x": x, "target": target, "permutation": d.rng("permutation").permutation(N)}


def shuffle(d: Draw) -> Case:
    return d.case(examples(d, fewest=2))


def split(d: Draw) -> Case:
    return d.case(examples(d, fewest=5), {"fractions": d.choice("fractions", *FRACTIONS)})


def mini_batches(d: Draw) -> Case:
    """At least one whole batch, so that drop_last leaves something; without a permutation now and then."""
    arrays = examples(d, fewest=2)
    if not d.choice("shuffled", True, True, False):
        arrays.pop("permutation")
    batch_size = d.integer("batch_size", 1, len(arrays["x"]))
    return d.case(arrays, {"batch_size": batch_size, "drop_last": d.choice("drop_last", False, True)})


def one_hot(d: Draw) -> Case:
    num_classes = d.integer("num_classes", 1, 5)
    target = d.integers("target", d.shape(ndim=(0, 3), side=(1, 4)), num_classes)
    floating = "float32" if d.dtype == "bfloat16" else d.dtype
    return d.case(
        {"target": np.asarray(target)},
        {"num_classes": num_classes, "dtype": d.choice("dtype", floating, "int64", "int32")},
    )


CHAPTER = chapter(
    "preprocessing",
    Function(
        "min_max_scale",
        "torch.aminmax",
        "001",
        min_max_scale,
        TABLES,
        seed_row=True,
        bad_options=({"feature_range": (1, 1)}, {"feature_range": (2, -1)}),
    ),
    # Three values that happen to lie close together have a std with fewer digits: it is a sum that cancels.
    Function("standardize", "torch.std_mean", "001", standardize, TABLES, family="sums", seed_row=True),
    Function(
        "train_validation_test_split",
        "torch.utils.data.random_split, TensorDataset",
        "003",
        split,
        (
            {"N": 10, "fractions": (0.6, 0.2, 0.2), "target": "classes"},
            {"N": 11, "fractions": (0.34, 0.33, 0.33), "target": "rows"},
            {"N": 5, "fractions": (0.5, 0.3, 0.2), "target": "numbers"},
        ),
        seed_row=True,
        bad_options=(
            {"fractions": (0.8, 0.2)},
            {"fractions": (0.5, 0.3, 0.3)},
            {"fractions": (0.9, 0.3, -0.2)},
            {"fractions": (0.98, 0.01, 0.01)},
        ),
    ),
    Function("shuffle", "torch.utils.data.TensorDataset", "001", shuffle, seed_row=True),
    Function(
        "mini_batches",
        "torch.utils.data.DataLoader",
        "001",
        mini_batches,
        (
            {"N": 7, "batch_size": 3, "drop_last": False, "shuffled": True},
            {"N": 7, "batch_size": 3, "drop_last": True, "shuffled": True},
            {"N": 6, "batch_size": 3, "drop_last": True, "shuffled": False},
            {"N": 5, "batch_size": 5, "drop_last": False},
            {"N": 3, "batch_size": 1, "drop_last": False},
        ),
        seed_row=True,
        bad_options=({"batch_size": 0},),
    ),
    Function(
        "one_hot",
        "torch.nn.functional.one_hot",
        "002",
        one_hot,
        ({"shape": (4,), "num_classes": 5, "dtype": "int64"}, {"shape": (2, 3), "num_classes": 3}),
        bad_options=({"num_classes": 0},),
    ),
)
