"""Failures that are expected, each with a reason, read from a TOML file.

    [[expected]]
    id = "adam/trajectory[f64-wide]"
    reason = "eps is outside of the correction, as in the course's notes"
    match = "step 1, param"                  # optional: a regular expression that is found in what is said
    issue = "https://example.org/issues/7"   # optional
    file = "week2/*.py"                      # optional: where several files are checked
    member = "Adam*"                         # optional: where a file has an algorithm twice

Strict: an expected failure that passes, that fails in another way or that never ran is an error, which says
what to do. So the list can only be as long as it has to be.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from parity_tests.engine.results import Result, Status


class Place(NamedTuple):
    """Where a check was made: the file as it is reported, and the member's own name."""

    file: str = ""
    member: str = ""


NOWHERE = Place()


@dataclass(frozen=True)
class Expectation:
    """One check that is expected to fail, and why; `source` is the file that says so."""

    id: str
    reason: str
    match: str = ""
    issue: str = ""
    file: str = ""
    member: str = ""
    source: str = ""

    @property
    def algorithm(self) -> str:
        return self.id.partition("/")[0]

    @property
    def words(self) -> str:
        """The reason, and the issue where there is one."""
        return f"{self.reason} ({self.issue})" if self.issue else self.reason

    def means(self, result_id: str, place: Place) -> bool:
        """Whether this is the check that is meant."""
        return (
            self.id == result_id
            and (not self.file or PurePath(place.file).match(self.file))
            and (not self.member or fnmatchcase(place.member, self.member))
        )


KEYS = tuple(field.name for field in fields(Expectation) if field.name != "source")


def read(path: str) -> tuple[Expectation, ...]:
    """The expectations of a TOML file.  Raises ValueError for a file that is not as above."""
    import tomllib  # noqa: PLC0415 (hardly any command needs it)

    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"the expected failures can't be read from {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is no TOML: {error}") from None
    rows = content.pop("expected", [])
    if content or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        unknown = ", ".join(content) or "expected"
        raise ValueError(
            f"{path}: {unknown} is not understood there; the file is made of [[expected]] tables"
        )
    found = tuple(_expectation(path, number, row) for number, row in enumerate(rows, start=1))
    for number, expectation in enumerate(found, start=1):
        if expectation in found[: number - 1]:
            raise ValueError(
                f"{path}: [[expected]] number {number} ({expectation.id}) is there twice; remove one"
            )
    return found


def _expectation(path: str, number: int, row: dict[str, Any]) -> Expectation:
    where = f"{path}: [[expected]] number {number}" + (f" ({row['id']})" if "id" in row else "")
    for key, value in row.items():
        if key not in KEYS:
            raise ValueError(f"{where}: there is no key {key!r}; there are {', '.join(KEYS)}")
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{where}: {key} must be a text that is not empty")
    for key, example in {"id": "adam/trajectory[f64-wide]", "reason": "why it fails, for now"}.items():
        if key not in row:
            raise ValueError(f'{where} has no {key}; add {key} = "{example}"')
    try:
        re.compile(row.get("match", ""))
    except re.error as error:
        raise ValueError(f"{where}: match is no regular expression: {error}") from None
    # An id may be copied from pytest, with the file and the member in front.
    *places, last = row["id"].split("::")
    given = dict(zip(("file", "member"), places, strict=False))
    return Expectation(**{**given, **row, "id": last}, source=path)


def apply(
    results: Sequence[Result],
    expectations: Iterable[Expectation],
    places: Sequence[Place] = (),
    *,
    only: Collection[str] = (),
) -> list[Result]:
    """The results with expected failures as such, and an error for each expectation that nothing belongs to.

    Args:
        results: of all that was checked.
        expectations: from `read`.
        places: where each of the results was made, if files or members are to be told apart.
        only: the algorithms that were asked for, if not all: expectations of others are set aside.
    """
    expectations = tuple(expectations)
    where = places or [NOWHERE] * len(results)
    marked = [expected(result, expectations, place) for result, place in zip(results, where, strict=True)]
    return [
        *marked,
        *unmet(expectations, [(r.id, p) for r, p in zip(results, where, strict=True)], only=only),
    ]


def expected(result: Result, expectations: Iterable[Expectation], place: Place = NOWHERE) -> Result:
    """One result in the light of what is expected of it."""
    expectation = next((e for e in expectations if e.means(result.id, place)), None)
    if expectation is None or result.status in (Status.ERROR, Status.XFAIL, Status.XPASS):
        return result
    source = expectation.source or "the expected failures"
    match result.status:
        case Status.FAILED:
            said = "\n".join([result.message, *map(str, result.divergences)])
            if re.search(expectation.match, said):
                return replace(result, status=Status.XFAIL, message=f"{expectation.words}: {result.message}")
            message = (
                f"it fails, but not as expected ({expectation.reason}): {result.message!r} does not match "
                f"{expectation.match!r}; correct the code, or `match` in {source}"
            )
            return replace(result, status=Status.ERROR, message=message, divergences=())
        case Status.PASSED:
            message = (
                f"it passes, but was expected to fail ({expectation.words}); remove it from {source}, "
                "or say with `file` or `member` which one is meant"
            )
            return replace(result, status=Status.XPASS, message=message)
    message = f"it was expected to fail ({expectation.words}), but did not run: {result.message}; "
    return replace(result, status=Status.ERROR, message=f"{message}remove it from {source}")


def unmet(
    expectations: Iterable[Expectation],
    ran: Collection[tuple[str, Place]],
    *,
    only: Collection[str] = (),
) -> list[Result]:
    """An error for each expectation that no check belongs to."""
    return [
        Result(*_parts(expectation.id), Status.ERROR, _unknown(expectation, ran))
        for expectation in expectations
        if not (only and expectation.algorithm not in only)
        and not any(expectation.means(identity, place) for identity, place in ran)
    ]


def _parts(identity: str) -> tuple[str, str, str]:
    """Algorithm, kind and setting of an id; what is no id is an algorithm's name as a whole."""
    found = re.fullmatch(r"([^/]+)/([^\[]+)\[(.*)\]", identity)
    return (found[1], found[2], found[3]) if found else (identity, "expected", "f64")


def _unknown(expectation: Expectation, ran: Collection[tuple[str, Place]]) -> str:
    here = [place for identity, place in ran if identity == expectation.id]
    if here:
        asked = {"file": expectation.file, "member": expectation.member}
        wanted = " and ".join(f"{key} = {value!r}" for key, value in asked.items() if value)
        seen = ", ".join(sorted({"::".join(filter(None, place)) for place in here}))
        hint = f"it ran in {seen}, which is not {wanted}."
    else:
        near = difflib.get_close_matches(
            expectation.id, sorted({identity for identity, _ in ran}), n=2, cutoff=0.5
        )
        hint = (
            f"did you mean {' or '.join(near)}?"
            if near
            else f"{len(ran) or 'no'} checks ran, and none is nearly called so."
        )
    source = expectation.source or "the expected failures"
    return f"no such check ran, though it is expected to fail; {hint} Correct it in {source}, or remove it."
