"""What the pytest plugin says of its targets, as plain data that can be sent to other processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from parity_tests.catalogue import find
from parity_tests.checking import Checked
from parity_tests.commands.check import DIALECTS, split_target
from parity_tests.engine.results import GREEN, Result, Status
from parity_tests.expectations import Expectation, Place, expected, read, unmet
from parity_tests.folders import check_all
from parity_tests.machine import cores
from parity_tests.people.finding import Wanted, near_misses
from parity_tests.people.targets import submissions
from parity_tests.posing import Exam
from parity_tests.reports.terminal import failures


def examine(option: Any) -> dict[str, Any]:
    """All files of all targets: ``{"files": [{"file", "checks": [{"name", "status", …}]}], "notes": […]}``.

    Raises ValueError for a target, an algorithm, a dialect or a file of expectations that is none.
    """
    return Session(
        tuple(option.parity),
        as_=option.parity_as,
        only=_known(option.parity_only),
        dialect=option.parity_dialect,
        required=_known(option.parity_require),
        expectations=read(option.parity_expect) if option.parity_expect else (),
        timeout=option.parity_timeout,
    ).examine()


def _known(given: Sequence[str]) -> tuple[str, ...]:
    """The names in words with commas.  Raises ValueError for one that the catalogue lacks."""
    return tuple(find(name.strip()).name for words in given for name in words.split(",") if name.strip())


@dataclass
class Session:
    """The targets of one run of pytest, what is asked of them, and what was found out so far."""

    targets: tuple[str, ...]
    as_: str = ""
    only: tuple[str, ...] = ()
    dialect: str = ""
    required: tuple[str, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    timeout: float = 10.0
    isolations: set[str] = field(default_factory=set)
    ran: list[tuple[str, Place]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def examine(self) -> dict[str, Any]:
        if self.dialect and self.dialect not in DIALECTS:
            raise ValueError(f"there is no dialect called {self.dialect!r}; there are {', '.join(DIALECTS)}")
        if self.as_:
            find(self.as_)
        files = [file for target in dict.fromkeys(self.targets) for file in self._target(target)]
        for problem in unmet(self.expectations, self.ran, only=self.only):
            source = self.expectations[0].source
            files.append({"file": source, "checks": [_told(problem, f"expected::{problem.id}")]})
        notes = [f"isolation: {' and '.join(sorted(self.isolations))}"] if self.isolations else []
        return {"files": files, "notes": [*notes, *self.notes]}

    def _target(self, target: str) -> Iterator[dict[str, Any]]:
        path, member = split_target(target)
        wanted = Wanted(member, self.as_, self.dialect, frozenset(self.only))
        there: set[str] = set()
        for checked in check_all(submissions(path), wanted, Exam(), jobs=cores(), timeout=self.timeout):
            there.update(outcome.algorithm for outcome in checked.outcomes)
            self.isolations.update([checked.isolation] if checked.isolation else [])
            self._note(checked)
            yield {"file": checked.label, "checks": list(self._checks(checked))}
        lacking = [self._lacking(name, target) for name in self.required if name not in there]
        if lacking:
            yield {"file": target, "checks": lacking}

    def _lacking(self, name: str, target: str) -> dict[str, Any]:
        message = f"{name} is required, and {target} has nothing that is one"
        result = Result(name, "implementation", "f64", Status.ERROR, message)
        return _told(result, f"required::{result.id}")

    def _note(self, checked: Checked) -> None:
        """What the file has that looks like something known, and is checked by nothing."""
        for theirs, ours in near_misses(checked.unknown).items():
            self.notes.append(f"{checked.label}: {theirs} was not checked; if it is {ours}, call it so")

    def _checks(self, checked: Checked) -> Iterator[dict[str, Any]]:
        if checked.error:
            result = Result("file", "loads", "f64", Status.ERROR, checked.error)
            yield _told(result, "loads")
            return
        times = Counter(outcome.algorithm for outcome in checked.outcomes)
        for outcome in checked.outcomes:
            member = outcome.members[0]
            place = Place(checked.label, member)
            for result in outcome.results():
                self.ran.append((result.id, place))
                again = outcome.again(result.reproduce) if result.reproduce else ""
                said = replace(result, reproduce=again)
                said = self._required(expected(said, self.expectations, place))
                twice = times[result.algorithm] > 1
                yield _told(said, f"{member}::{said.id}" if twice else said.id, outcome.line)
        for unbound in checked.unbound:
            result = Result(unbound.name, "form", "f64", Status.SKIPPED, f"{unbound.name}: {unbound.reason}")
            yield _told(result, f"{unbound.name}/form", unbound.line)

    def _required(self, result: Result) -> Result:
        if result.status is not Status.ABSENT or result.algorithm not in self.required:
            return result
        message = f"{result.algorithm} is required, and absent: {result.message}"
        return replace(result, status=Status.ERROR, message=message)


def said(result: Result) -> str:
    """All that a result says beside its id: what differs, and how to see it again."""
    failed = replace(result, status=Status.FAILED) if result.status in GREEN else result
    _, *lines = failures([failed])
    return "\n".join(line.plain.strip() for line in lines)


def _told(result: Result, name: str, line: int = 0) -> dict[str, Any]:
    """A result as an item of pytest: its name there, and what it says."""
    return {
        "name": name,
        "status": str(result.status),
        "reason": result.message,
        "text": said(result),
        "line": line,
    }
