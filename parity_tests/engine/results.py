"""What a check says: one outcome, how far off, and where first."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from parity_tests.engine.compare import Comparison, Divergence
from parity_tests.engine.precision import PRECISIONS


class Status(StrEnum):
    """The outcomes. A check that did not run never counts as one that passed."""

    PASSED = "passed"
    FAILED = "failed"
    XFAIL = "xfail"
    XPASS = "xpass"
    SKIPPED = "skipped"
    ABSENT = "absent"
    ERROR = "error"


GREEN = {Status.PASSED, Status.XFAIL, Status.SKIPPED, Status.ABSENT}


@dataclass(frozen=True)
class Result:
    """One check of one algorithm.

    `worst` is the largest error in units of its tolerance (1 is the limit), `rounding` the largest in
    units of u·E (the factor of the tolerance is the limit); both are None where nothing was measured.
    """

    algorithm: str
    kind: str
    setting: str
    status: Status
    message: str = ""
    worst: float | None = None
    rounding: float | None = None
    divergences: tuple[Divergence, ...] = ()
    cases: int = 0
    reproduce: str = ""

    @property
    def id(self) -> str:
        """Stable and free of addresses: ``adam/trajectory[f64-cpu]``."""
        return f"{self.algorithm}/{self.kind}[{self.setting}]"


@dataclass(frozen=True)
class Diagnosis:
    """One thing that is different, as somebody who learns can read it.

    Args:
        text: in a sentence.
        line, file: where the formula has it; 0 where it has no one place.
        reads: the formula's line.
        instead: what the checked code does in its place.
        source: where the handbook has it, or the erratum that prints it.
        nudge: the same without giving it away.
    """

    text: str
    line: int = 0
    file: str = ""
    reads: str = ""
    instead: str = ""
    source: str = ""
    nudge: str = ""


def diagnosis_lines(diagnosis: Sequence[Diagnosis]) -> Iterator[str]:
    """What is different, to be read: the formula's line and theirs, or what holds."""
    for number, found in enumerate(diagnosis):
        if not number:
            yield f"What is different: {found.text}"
        elif not found.reads:
            yield f"  {found.text}"
        told = [line for line in ((found.reads, "the formula"), (found.instead, "yours")) if line[0]]
        width = max((len(text) for text, _ in told), default=0)
        for text, whose in told:
            lead = "or" if number and whose == "the formula" else ""
            yield f"  {lead:2}  {text:{width}}   {whose}"
    if diagnosis and diagnosis[0].source:
        yield f"  {diagnosis[0].source}"


def _again(algorithm: str, kind: str, setting: str, spec: str) -> str:
    """The line that reproduces a failure."""
    words = ["parity", "verify", algorithm, "--only", kind]
    for precision in PRECISIONS.values():
        if precision.short == setting.partition("-")[0]:
            words += ["--dtype", precision.dtype]
    if "cuda" in setting:
        words += ["--device", "cuda"]
    mode = "-".join(setting.split("-")[2:])
    if mode:
        words += ["--mode", mode]
    return shlex.join([*words, "--case", spec] if spec else words)


@dataclass
class Tally:
    """Comparisons of several cases, on their way to one result.

    Args:
        cap: the widest tolerance allowed on benign inputs, relative to the largest value.
    """

    cap: float | None = None
    measured: bool = False
    worst: float = 0.0
    rounding: float | None = None
    cases: int = 0
    tensors: int = 0
    divergences: list[Divergence] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    first_case: str = ""

    def add(
        self,
        comparisons: Iterable[Comparison],
        case: str,
        *,
        benign: bool,
        allow_zero: Iterable[str] = (),
        begins: bool = True,
    ) -> None:
        """Complain of a bound too wide, refuse values too small to prove anything.

        These comparisons count as a case of their own if they are those that it `begins` with.
        """
        self.cases += begins
        for comparison in comparisons:
            self.tensors += 1
            self.measured = True
            self.worst = max(self.worst, comparison.worst)
            if comparison.rounding is not None:
                self.rounding = max(self.rounding or 0.0, comparison.rounding)
            if comparison.divergence is not None:
                self.divergences.append(comparison.divergence)
                self._note(case)
            if comparison.vacuous and comparison.tensor not in allow_zero:
                self.refused.append(
                    f"{comparison.tensor}: the expected value is about zero, so nothing is proven"
                )
                self._note(case)
            if benign and self.cap is not None and comparison.tightness > self.cap:
                self.complaints.append(
                    f"{comparison.tensor}: the tolerance is {comparison.tightness:.1e} of the largest value, "
                    f"above the cap of {self.cap:.0e}: the bound is vacuous"
                )
                self._note(case)

    def complain(self, complaint: str, case: str) -> None:
        self.complaints.append(complaint)
        self._note(case)

    def _note(self, case: str) -> None:
        self.first_case = self.first_case or case

    def result(self, algorithm: str, kind: str, setting: str) -> Result:
        """Passed if there was something to compare and nothing to say against it."""
        if not self.tensors and not self.complaints and not self.refused:
            return Result(algorithm, kind, setting, Status.ERROR, "nothing was compared")
        objections = [str(divergence) for divergence in self.divergences] + self.complaints + self.refused
        return Result(
            algorithm,
            kind,
            setting,
            Status.FAILED if objections else Status.PASSED,
            objections[0] if objections else "",
            self.worst if self.measured else None,
            self.rounding,
            tuple(self.divergences),
            self.cases,
            _again(algorithm, kind, setting, self.first_case) if objections else "",
        )
