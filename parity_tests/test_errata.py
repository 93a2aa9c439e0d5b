"""Every erratum is one: torch says so, and would say otherwise if the misprint were right."""

import inspect
import io
import tokenize
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratch
from parity_tests.catalogue import find
from parity_tests.catalogue.errata import PROOFS
from scratch import _erratum
from scratch.errata import ERRATA, errata_of
from scratch.optimizers import adam_init

IDS = {
    # activations and losses
    "chain-rule-dz",
    "cost-log-of-zero",
    "cost-not-averaged",
    "house-price-cross-entropy",
    "sigmoid-derivative",
    "sigmoid-sign",
    "softmax-hidden",
    # normalization
    "batchnorm-gaussian",
    "batchnorm-gradients",
    "batchnorm-parentheses",
    "batchnorm-two-variances",
    # layers, initialization and models
    "backprop-example",
    "bias-gradient-unsummed",
    "bias-trick",
    "relu-layers-collapse",
    "residual-gradient",
    "weight-gradient-is-dz",
    "xavier-variance",
    # optimizers, schedules and clipping
    "adam-code-truncated",
    "adam-no-eps",
    "adam-second-derivative",
    "adam-v-hat-from-m",
    "adamw-bias-decays-weights",
    "adamw-stale-weights",
    "clip-eps",
    "gd-convex-any-rate",
    "momentum-two-definitions",
    "rmsprop-average-magnitude",
    "rmsprop-eps-two-places",
    "rmsprop-hessian",
    "time-decay-linear",
    # regularization and data
    "dropout-no-rescale",
    "dropout-test-scale",
    "l1-exact-zeros",
    "l2-against-weight-decay",
    "scaling-constant-feature",
}
every_erratum = pytest.mark.parametrize("id", sorted(IDS))


@every_erratum
def test_torch_proves_it(id: str) -> None:
    PROOFS[id].prove(ERRATA[id].misprint)


@every_erratum
def test_the_proof_fails_for_what_is_right(id: str) -> None:
    with pytest.raises(AssertionError):
        PROOFS[id].prove(PROOFS[id].correct)


@every_erratum
def test_the_entry_is_complete(id: str) -> None:
    erratum = ERRATA[id]
    assert erratum.id == id
    assert erratum in errata_of(erratum.algorithm)
    assert find(erratum.algorithm).name == erratum.algorithm
    assert erratum.misprint.__name__ == id.replace("-", "_")
    for text in (erratum.where, erratum.printed, erratum.right, erratum.shows):
        assert text == text.strip() != ""
    assert erratum.where[:3] in {"000", "001", "002", "003", "004"}, "a document comes first"


def test_all_are_registered_and_proven() -> None:
    assert set(ERRATA) == IDS
    assert set(PROOFS) == IDS


def test_an_algorithm_without_errata_has_none() -> None:
    assert errata_of("gelu") == []
    assert [erratum.id for erratum in errata_of("adamw")] == [
        "adamw-stale-weights",
        "adamw-bias-decays-weights",
    ]


def test_an_id_is_registered_once() -> None:
    with pytest.raises(ValueError, match="clip-eps is registered already"):
        _erratum.erratum("clip-eps", algorithm="a", where="b", printed="c", right="d", shows="e")(
            lambda: None
        )


# ---- the comments in scratch that carry the ids ----


def comments() -> dict[str, set[str]]:
    """Which ids the comments ``# erratum ID`` and ``# errata ID, ID`` of each file of scratch name."""
    named: dict[str, set[str]] = {}
    for file in sorted(Path(inspect.getfile(scratch)).parent.glob("*.py")):
        for token in tokenize.generate_tokens(io.StringIO(file.read_text(encoding="utf-8")).readline):
            word, _, ids = token.string.lstrip("# ").partition(" ")
            if token.type == tokenize.COMMENT and word in ("erratum", "errata"):
                named.setdefault(file.name, set()).update(ids.split(", "))
    return named


def test_the_comments_name_registered_errata() -> None:
    unknown = {file: ids - set(ERRATA) for file, ids in comments().items() if ids - set(ERRATA)}
    assert not unknown


def test_the_corrected_lines_carry_their_ids() -> None:
    carried = set().union(*comments().values())
    missing = {erratum.id for erratum in ERRATA.values() if not erratum.in_words} - carried
    assert not missing


# ---- the misprints as functions ----


def test_misprints_leave_their_inputs_alone() -> None:
    param, grad = np.array([[1.0], [2.0]]), np.array([[0.5], [-0.5]])
    before = param.copy(), grad.copy()
    options: dict[str, dict[str, Any]] = {
        "adamw-bias-decays-weights": {"weights": np.ones((2, 1))},
        "adam-second-derivative": {"curvature": np.ones((2, 1))},
    }
    for erratum in [*errata_of("adam"), *errata_of("adamw")]:
        misprint: Callable[..., Any] = erratum.misprint
        if erratum.id != "adam-code-truncated":
            misprint(param, grad, adam_init(param), **options.get(erratum.id, {}))
    assert np.array_equal(param, before[0])
    assert np.array_equal(grad, before[1])
