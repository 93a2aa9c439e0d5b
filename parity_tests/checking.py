"""Check somebody's implementations: in a file, isolated, or one's own objects, in this process."""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from parity_tests.catalogue import find
from parity_tests.engine.compare import Divergence
from parity_tests.engine.results import Result, Status
from parity_tests.judging import Exam, Examined, Finding, Verdict, examine, worst_first
from parity_tests.people.binding import Binding, Member, Unbound
from parity_tests.people.finding import Found, Wanted, find_all
from parity_tests.people.host import Here, Host, Isolated, Lost, TheirError
from parity_tests.people.targets import Submission
from parity_tests.sandbox import loading
from parity_tests.sandbox.standins import REFUSED
from parity_tests.sandbox.wire import WireError

if TYPE_CHECKING:
    from parity_tests.diagnosis import Diagnosis


@dataclass(frozen=True)
class Outcome:
    """One implementation in a file: what it was bound as, and what was found out about it.

    `words` are the command that checks it alone.
    """

    algorithm: str
    dialect: str
    members: tuple[str, ...]
    line: int
    examined: Examined
    words: tuple[str, ...] = ()
    diagnosis: tuple[Diagnosis, ...] = ()

    @classmethod
    def of(cls, binding: Binding, examined: Examined, label: str, wanted: Wanted) -> Outcome:
        """The outcome for a binding in the file that is called `label`."""
        words = ["parity", "check", f"{label}:{binding.members[0]}"]
        words += ["--as", wanted.as_] if wanted.as_ else ["--only", binding.algorithm]
        words += ["--dialect", wanted.dialect] if wanted.dialect else []
        for ours, theirs in wanted.map:
            words += ["--map", f"{ours}={theirs}"]
        examined = _renamed(examined, binding.names)
        return cls(binding.algorithm, binding.dialect, binding.members, binding.line, examined, tuple(words))

    def again(self, case: str) -> str:
        """The line that puts one case to it again."""
        return shlex.join([*self.words, "--case", case])

    @property
    def verdict(self) -> Verdict:
        return self.examined.verdict

    def results(self) -> list[Result]:
        """A check for each kind and regime: ``adam/trajectory[f64-normal]``."""
        return results(self.examined)


def _renamed(examined: Examined, names: Mapping[str, str]) -> Examined:
    """The findings in their author's own words."""

    def told(divergence: Divergence) -> Divergence:
        return replace(divergence, tensor=names.get(divergence.tensor, divergence.tensor))

    findings = (replace(f, divergences=tuple(map(told, f.divergences))) for f in examined.findings)
    return replace(examined, findings=tuple(findings)) if names else examined


@dataclass(frozen=True)
class Checked:
    """All that is said of one file. `error` is why nothing could be said."""

    label: str
    isolation: str = ""
    seconds: float = 0.0
    outcomes: tuple[Outcome, ...] = ()
    unbound: tuple[Unbound, ...] = ()
    unknown: tuple[str, ...] = ()
    notes: tuple[dict[str, Any], ...] = ()
    error: str = ""

    @property
    def dialects(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(outcome.dialect for outcome in self.outcomes))


def results(examined: Examined) -> list[Result]:
    """What was found out, as checks: one for each kind and regime, with an id that stays.

    An implementation that is absent has one check, which says so.
    """
    if examined.verdict is Verdict.ABSENT:
        message = examined.absent or "no question could be put to it: " + "; ".join(examined.beyond)
        status = Status.ABSENT if examined.absent else Status.ERROR
        return [Result(examined.algorithm, "implementation", "f64", status, message)]
    grouped: dict[tuple[str, str], list[Finding]] = {}
    for finding in examined.findings:
        grouped.setdefault((finding.kind, finding.regime), []).append(finding)
    return [_result(examined.algorithm, kind, regime, found) for (kind, regime), found in grouped.items()]


def _result(algorithm: str, kind: str, regime: str, found: list[Finding]) -> Result:
    worst = worst_first(found)[0]
    wrong = worst.verdict is Verdict.WRONG
    message = "" if worst.verdict is Verdict.EXACT else f"{worst.verdict}: {worst.differences[0]}"
    return Result(
        algorithm,
        kind,
        f"f64-{regime}",
        Status.FAILED if wrong else Status.PASSED,
        message,
        max((f.worst for f in found if f.worst is not None), default=None),
        divergences=tuple(d for f in found if f.verdict is Verdict.WRONG for d in f.divergences),
        cases=len(found),
        reproduce=worst.case.spec if wrong else "",
    )


def diagnosed(examined: Examined) -> tuple[Diagnosis, ...]:
    """What is different in a wrong implementation."""
    if examined.verdict is not Verdict.WRONG:
        return ()
    from parity_tests.diagnosis import diagnose  # noqa: PLC0415 (what is right needs no mutants)

    return diagnose(examined)


def check_submission(
    submission: Submission, wanted: Wanted, exam: Exam, host: Isolated, *, diagnose: bool = True
) -> Checked:
    """Load a file into the host, bind what is there, examine each of it, and diagnose what is wrong.

    A process that is lost in one algorithm is started again for the next.
    """
    began = time.perf_counter()
    if submission.error:
        return Checked(submission.label, error=submission.error)
    refused = REFUSED - {"torch"} if host.torch else REFUSED
    options = {**dict(submission.options), "refused": sorted(refused)}

    def load() -> dict[str, Any]:
        return host.load(submission.sources, submission.main, **options)

    try:
        told = load()
    except Lost:
        # Endless code at the top of a script says nothing about its functions.
        options["definitions"] = True
        try:
            told = load()
        except (Lost, TheirError) as error:
            return Checked(submission.label, host.isolation, error=f"{submission.label}: {error}")
    except TheirError as error:
        return Checked(submission.label, host.isolation, error=f"{submission.label}: {error}")
    members = [Member.of(member) for member in told["members"]]
    found: Found = find_all(members, wanted)
    outcomes = []
    for binding in found.bindings:
        try:
            examined = examine(binding, host, exam)
        except WireError as error:
            examined = Examined(binding.algorithm, lost=True, absent=str(error))
        if examined.lost:
            with contextlib.suppress(Lost, TheirError):  # the next one is lost, too, and says so
                load()
        outcome = Outcome.of(binding, examined, submission.label, wanted)
        outcomes.append(replace(outcome, diagnosis=diagnosed(examined) if diagnose else ()))
    return Checked(
        submission.label,
        host.isolation,
        time.perf_counter() - began,
        tuple(outcomes),
        found.unbound,
        found.unknown,
        tuple(told["notes"]),
    )


@dataclass(frozen=True)
class Report:
    """What the checks of one implementation say; `remarks` are no mistakes, but worth knowing."""

    algorithm: str
    examined: Examined = field(repr=False)

    @property
    def verdict(self) -> Verdict:
        return self.examined.verdict

    @property
    def passed(self) -> bool:
        return self.verdict not in (Verdict.WRONG, Verdict.ABSENT)

    @property
    def bits_lost(self) -> int:
        return self.examined.bits_lost

    @property
    def remarks(self) -> tuple[str, ...]:
        return self.examined.remarks

    def raise_if_failed(self) -> None:
        """Raise AssertionError with the whole report if the implementation is wrong."""
        if not self.passed:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        findings = self.examined.findings
        worst = [f for f in worst_first(findings) if f.verdict is self.verdict]
        loses = self.verdict is Verdict.LOSES
        verdict = f"correct, but loses {self.bits_lost} bits" if loses else str(self.verdict)
        of = f"   ({len(worst)} of {len(findings)} checks)" if self.verdict is not Verdict.EXACT else ""
        lines = [f"{self.algorithm}: {verdict}{of}"]
        for finding in worst[:3] if self.verdict is not Verdict.EXACT else []:
            options = ", ".join(f"{name}={value!r}" for name, value in finding.case.options.items())
            lines += [f"  {finding.kind} with {options or 'default options'}"]
            lines += [f"    {difference}" for difference in finding.differences[:5]]
            lines += [f"    see it again: check(…, as_={self.algorithm!r}, case={finding.case.spec!r})"]
        return "\n".join([*lines, *(f"  remark: {remark}" for remark in self.remarks)])


def check(
    implementation: Callable[..., Any],
    *,
    as_: str,
    backward: Callable[..., Any] | None = None,
    examples: int = 4,
    seed: int = 0,
    case: str = "",
    against: str = "scratch",
) -> Report:
    """Check one's own implementation of the algorithm called `as_`, in this process.

    Args:
        implementation: a function or class in any of the forms that `parity check` understands.
        as_: the name in the catalogue.
        backward: the function of its gradients, where that is another one.
        examples: how many drawn cases beside the curated ones.
        seed: where the drawn cases begin.
        case: the one case that a report names, in place of all.
        against: whose answers are right: "scratch", or "torch".

    Raises ValueError for a name that the catalogue lacks, and for a form that nothing understands.
    """
    find(as_)
    name = getattr(implementation, "__name__", "implementation").strip("<>")
    things = {name: implementation}
    if backward is not None:
        things[f"{name}_backward"] = backward
    host: Host = Here(**things)
    members = [Member.of(loading.member(key, thing)) for key, thing in things.items()]
    found = find_all(members, Wanted(member=name, as_=as_))
    if not found.bindings:
        reasons = "; ".join(f"{unbound.name}: {unbound.reason}" for unbound in found.unbound)
        raise ValueError(f"{name} has no form that is known for {as_}{': ' if reasons else ''}{reasons}")
    examined = examine(found.bindings[0], host, Exam(examples, seed, case, against))
    return Report(as_, replace(examined, remarks=tuple(dict.fromkeys(examined.remarks))))
