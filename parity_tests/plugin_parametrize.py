"""Tests in one's own repository, one for each check of one's own implementation.

    @parity_tests.parametrize(MyAdam, as_="adam")
    def test_adam(check):
        check()

The ids are known without running anything (``test_adam[adam/trajectory[f64-wide]]``); the implementation is
examined once, when the first of them runs. The plugin is not needed for it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import pytest

from parity_tests.catalogue import Algorithm, find
from parity_tests.checking import Report, check, results
from parity_tests.engine.questions import Question
from parity_tests.engine.results import Result, Status
from parity_tests.plugin_checks import said
from parity_tests.posing import Exam

# Kinds of check that people's code faces; what there is beside them counts as one with the whole.
ASKED = {
    "operation": ("outputs", "gradients"),
    "function": ("outputs",),
    "optimizer": ("trajectory",),
    "schedule": ("trajectory",),
}
WHOLE = ("implementation", "f64")


@dataclass(frozen=True)
class Examination:
    """One implementation, and what there is to say of it; found out when somebody asks."""

    implementation: Callable[..., Any]
    as_: str
    backward: Callable[..., Any] | None
    exam: Exam

    @functools.cached_property
    def report(self) -> Report:
        exam = self.exam
        options: dict[str, Any] = {"examples": exam.examples, "seed": exam.seed, "against": exam.against}
        return check(self.implementation, as_=self.as_, backward=self.backward, **options)

    @functools.cached_property
    def results(self) -> dict[tuple[str, str], Result]:
        return {(result.kind, result.setting): result for result in results(self.report.examined)}


@dataclass(frozen=True)
class Check:
    """One check of an implementation: call it to make it."""

    kind: str
    setting: str
    examination: Examination = field(repr=False)
    ids: frozenset[tuple[str, str]] = field(repr=False)
    asked: list[bool] = field(default_factory=list, repr=False, compare=False)

    is_parity_check: ClassVar[bool] = True  # to be known by, where nothing may be imported

    @property
    def id(self) -> str:
        return f"{self.examination.as_}/{self.kind}[{self.setting}]"

    def __str__(self) -> str:
        return self.id

    def __call__(self) -> None:
        """Raise AssertionError that says what differs, if the check fails; skip what can't be asked."""
        __tracebackhide__ = True
        self.raise_if_failed()

    def raise_if_failed(self) -> None:
        __tracebackhide__ = True
        self.asked.append(True)
        found = self.result
        if found.status is Status.SKIPPED:
            pytest.skip(found.message)
        if found.status is not Status.PASSED:
            raise AssertionError(said(found))

    @property
    def result(self) -> Result:
        """What the examination says of this check."""
        key, examination = (self.kind, self.setting), self.examination
        if key == WHOLE:
            return self._whole()
        if key in examination.results:
            return _with_again(examination.results[key], examination)
        examined = examination.report.examined
        reason = examined.absent or "; ".join(examined.beyond) or "it has nothing of the kind"
        return Result(examination.as_, *key, Status.SKIPPED, f"not asked: {reason}")

    def _whole(self) -> Result:
        """That there is an implementation at all, and whatever the catalogue's ids do not tell of."""
        examination = self.examination
        others = [found for key, found in examination.results.items() if key not in self.ids or key == WHOLE]
        bad = next((found for found in others if found.status is not Status.PASSED), None)
        if bad is None:
            return Result(examination.as_, *WHOLE, Status.PASSED)
        if bad.status is Status.ABSENT:
            bad = replace(bad, message=f"absent: {bad.message}")
        return _with_again(bad, examination)


def _with_again(result: Result, examination: Examination) -> Result:
    if not result.reproduce:
        return result
    name = getattr(examination.implementation, "__name__", "…")
    again = f"parity_tests.check({name}, as_={examination.as_!r}, case={result.reproduce!r})"
    return replace(result, reproduce=again)


def parametrize(
    implementation: Callable[..., Any],
    *,
    as_: str,
    backward: Callable[..., Any] | None = None,
    examples: int = 4,
    seed: int = 0,
    against: str = "scratch",
) -> Callable[[Callable[..., Any]], Any]:
    """Give a test one argument, `check`, for every check of an implementation.

    Args:
        implementation, as_, backward, examples, seed, against: as for `parity_tests.check`.

    Raises ValueError for a name that the catalogue lacks.
    """
    examination = Examination(implementation, as_, backward, Exam(examples, seed, against=against))
    ids = _ids(find(as_), examination.exam)
    checks = [Check(kind, setting, examination, frozenset(ids)) for kind, setting in ids]
    return lambda test: pytest.mark.parametrize("check", checks, ids=str)(_asking(test))


def _ids(entry: Algorithm, exam: Exam) -> list[tuple[str, str]]:
    """Kinds and settings of the checks that the catalogue has: the whole of it first, then by regime."""
    cases = entry.cases("float64", examples=exam.examples, seed=exam.seed)
    regimes = dict.fromkeys(Question(case, ()).regime for case in cases)
    kinds = [kind for kind in ASKED.get(entry.protocol, ()) if kind in entry.kinds]
    return [WHOLE, *((kind, f"f64-{regime}") for kind in kinds for regime in regimes)]


def _asking(test: Callable[..., Any]) -> Callable[..., Any]:
    """The test, which fails if it ends without having made its check."""
    if inspect.iscoroutinefunction(test):
        return test  # whoever runs it would no longer know it for one

    @functools.wraps(test)
    def asking(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        kwargs["check"].asked.clear()
        returned = test(*args, **kwargs)
        if not kwargs["check"].asked:
            raise AssertionError(f"{test.__name__} did not make its check: call check()")
        return returned

    return asking
