"""What is known of one departure of torch, and how its lines are run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NAN, INF = float("nan"), float("inf")
HEAD = "import math, torch\nimport torch.nn.functional as F\nD = dict(dtype=torch.float64)\n"
TAIL = 'print("torch gives", got)\nprint("right is   ", right)\n'
ISSUES = "https://github.com/pytorch/pytorch/issues/"


@dataclass(frozen=True)
class Deviation:
    """One departure.

    Args:
        id: a name that stays.
        where: the function or module of torch, and what goes in.
        script: lines that set `got` and `right`, two numbers or lists of numbers, or raise.
        gives: what torch gave in `version`: numbers, or the text of what it raised.
        should: what `right` comes to.
        because: what torch does there, in a sentence.
        algorithms: the rows of the catalogue that it concerns.
        issue: the number of the upstream thread, where there is one.
        noise: what it gives is rounding noise, of which another processor repeats only the size.
        compiled: the script calls torch.compile, which needs a C++ compiler.
        version: of torch, in which it was recorded.
    """

    id: str
    where: str
    script: str
    gives: Any
    should: Any
    because: str
    algorithms: tuple[str, ...] = ()
    issue: int = 0
    noise: bool = False
    compiled: bool = False
    version: str = "2.13.0"

    @property
    def written(self) -> tuple[str, str]:
        """What torch gives and what is right, with as many digits as tell them apart."""
        if isinstance(self.gives, str):
            return f"error: {self.gives}", _digits(self.should, 3)
        pairs = ((_digits(self.gives, n), _digits(self.should, n)) for n in range(3, 18))
        return next(pair for pair in pairs if pair[0] != pair[1])

    @property
    def url(self) -> str:
        return f"{ISSUES}{self.issue}" if self.issue else ""

    @property
    def program(self) -> str:
        """The script as a program of its own."""
        return f"{HEAD}{self.script}{TAIL}"

    def run(self) -> tuple[Any, Any]:
        """What torch gives now, and what is right. Raises what the script raises."""
        scope: dict[str, Any] = {}
        exec(HEAD + self.script, scope)
        return scope["got"], scope["right"]


def _digits(value: Any, digits: int) -> str:
    if isinstance(value, list):
        if len(value) > 1 and len({repr(part) for part in value}) == 1:
            return f"{len(value)} × {_digits(value[0], digits)}"
        return f"({', '.join(_digits(part, digits) for part in value)})"
    text = f"{value}" if isinstance(value, int) else f"{value:.{digits}g}"
    return text.replace("nan", "NaN").replace("inf", "∞").replace("-", "−")
