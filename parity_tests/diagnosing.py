"""How often the diagnosis of the corpus's mistakes is right: ``python -m parity_tests.diagnosing``.

Of every wrong submission the corpus says which line of the formula is at fault, and which mistake it is.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from parity_tests import Verdict
from parity_tests.checking import Checked, Outcome
from parity_tests.engine.results import Diagnosis
from parity_tests.folders import check_all
from parity_tests.mistakes import MISTAKES, Mistake
from parity_tests.mistakes.driving import DRIVINGS, Driving
from parity_tests.people.complaints import MASKINGS, Masking
from parity_tests.people.finding import Wanted
from parity_tests.people.targets import submissions
from parity_tests.posing import Exam

CORPUS = Path(__file__).parent / "corpus"
KNOWN: tuple[Mistake | Driving | Masking, ...] = (*MISTAKES, *DRIVINGS, *MASKINGS)
NAMED = {(one.id, one.text) for one in KNOWN}
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
    def right(self) -> bool:
        """Whether it says what is wrong, at first place."""
        return self.hit in (Hit.NAME, Hit.LINE)

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
        agree = [bool(o.reads) and (self.line in o.reads or o.reads in self.line) for o in self.diagnosis]
        return Hit.LINE if agree[0] else Hit.LATER if any(agree) else Hit.OTHER


def diagnosed(mistakes: Iterable[dict[str, Any]], checked: Mapping[str, Checked]) -> list[Diagnosed]:
    """The diagnosis of every submission that entries of wrong.toml list and that is called wrong.

    checked: what was found in the files, by their paths in the corpus.
    """
    found = []
    for mistake in mistakes:
        for made in mistake["submission"]:
            outcome = _outcome(checked[made["file"]], made)
            if outcome is not None and outcome.verdict is Verdict.WRONG:
                facts = (made["file"], made["member"], made["line"])
                found.append(Diagnosed(mistake["id"], *facts, outcome.diagnosis))
    return found


def _outcome(checked: Checked, made: Mapping[str, Any]) -> Outcome | None:
    wanted = (made["algorithm"], made["dialect"])
    bound = (one for one in checked.outcomes if (one.algorithm, one.dialect) == wanted)
    return next((one for one in bound if made["member"] in one.members), None)


def check_corpus(kind: str, exam: Exam, *, diagnose: bool, jobs: int = 2) -> dict[str, Checked]:
    """What is found in every file of the corpus that is "wrong" or "right", by its path there."""
    folder = CORPUS / kind
    files = submissions(str(folder))
    checked = check_all(files, Wanted(), exam, jobs=jobs, timeout=30, diagnose=diagnose)
    return {Path(one.label).relative_to(folder).as_posix(): one for one in checked}


def main() -> None:
    import tomllib  # noqa: PLC0415 (only the command reads the list)

    listed = tomllib.loads((CORPUS / "wrong.toml").read_text())["mistake"]
    found = diagnosed(listed, check_corpus("wrong", Exam(examples=0), diagnose=True))
    for one in found:
        if not one.right:
            print(f"{one.hit}: {one.mistake}, {one.member} in {one.file}\n    {one.line}")
            for told in one.diagnosis[:MOST_SHOWN]:
                print(f"    - {told.text}\n      {told.reads}  ->  {told.instead}")
    counted = Counter(one.hit for one in found)
    for hit in Hit:
        print(f"{counted[hit]:4} of {len(found)}: {hit}", file=sys.stderr)


if __name__ == "__main__":
    main()
