"""How often the diagnosis of the corpus's mistakes is right: ``python -m parity_tests.diagnosing``.

Of every wrong submission the corpus says which line of the formula is at fault, and which mistake it is.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from parity_tests import Verdict
from parity_tests.checking import Outcome
from parity_tests.engine.results import Diagnosis
from parity_tests.folders import check_all
from parity_tests.judging import Exam
from parity_tests.mistakes import MISTAKES
from parity_tests.mistakes.driving import DRIVINGS
from parity_tests.people.finding import Wanted
from parity_tests.people.targets import submissions

CORPUS = Path(__file__).parent / "corpus"
NAMED = {(one.id, one.text) for one in MISTAKES} | {(one.id, one.text) for one in DRIVINGS}
MOST_SHOWN = 4


class Hit(StrEnum):
    """How well a diagnosis meets what the corpus says."""

    NAME = "the mistake, by its name"
    LINE = "the line, at first place"
    LATER = "the line, at a later place"
    CLUE = "what holds of it"
    NOTHING = "not known"
    OTHER = "another line or name"


@dataclass(frozen=True)
class Diagnosed:
    """A wrong submission of the corpus and its diagnosis."""

    mistake: str
    file: str
    member: str
    line: str
    diagnosis: tuple[Diagnosis, ...]

    @property
    def hit(self) -> Hit:
        """By the first diagnosis, if there is one that says where."""
        if not self.diagnosis or self.diagnosis[0].text.startswith("not known"):
            return Hit.NOTHING
        first = self.diagnosis[0]
        names = {name for name, text in NAMED if text in first.text}
        if self.mistake in names:
            return Hit.NAME
        if not names and not first.reads:
            return Hit.CLUE
        agree = [self.line in one.reads or one.reads in self.line for one in self.diagnosis]
        return Hit.LINE if agree[0] else Hit.LATER if any(agree) else Hit.OTHER


def diagnosed(
    mistakes: list[dict[str, Any]], folder: Path = CORPUS / "wrong", jobs: int = 2
) -> list[Diagnosed]:
    """The diagnosis of every submission that the entries of wrong.toml list and that is called wrong."""
    wanted = {made["file"] for mistake in mistakes for made in mistake["submission"]}
    files = [one for one in submissions(str(folder)) if _name(one.label, folder) in wanted]
    checked = check_all(files, Wanted(), Exam(examples=0), jobs=jobs, timeout=30)
    outcomes: dict[tuple[str, str, str], Outcome] = {}
    for file in checked:
        for outcome in file.outcomes:
            for member in outcome.members:
                outcomes[_name(file.label, folder), member, outcome.algorithm] = outcome
    found = []
    for mistake in mistakes:
        for made in mistake["submission"]:
            bound = outcomes.get((made["file"], made["member"], made["algorithm"]))
            if bound is not None and bound.verdict is Verdict.WRONG:
                facts = (made["file"], made["member"], made["line"])
                found.append(Diagnosed(mistake["id"], *facts, bound.diagnosis))
    return found


def _name(label: str, folder: Path) -> str:
    return Path(label).relative_to(folder).as_posix()


def main() -> None:
    import tomllib  # noqa: PLC0415 (only the command reads the list)

    found = diagnosed(tomllib.loads((CORPUS / "wrong.toml").read_text())["mistake"])
    for one in found:
        if one.hit not in (Hit.NAME, Hit.LINE):
            print(f"{one.hit}: {one.mistake}, {one.member} in {one.file}\n    {one.line}")
            for told in one.diagnosis[:MOST_SHOWN]:
                print(f"    - {told.text}\n      {told.reads}  ->  {told.instead}")
    counted = Counter(one.hit for one in found)
    for hit in Hit:
        print(f"{counted[hit]:4} of {len(found)}: {hit}", file=sys.stderr)


if __name__ == "__main__":
    main()
