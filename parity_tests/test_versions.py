"""What is allowed is what is tried: pyproject.toml, the workflow and the README name the same versions."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"

pytestmark = pytest.mark.skipif(
    not WORKFLOW.exists(), reason="the workflow is not installed with the package"
)


def bounds() -> dict[str, tuple[str, str]]:
    """The oldest version that is allowed of each package that the tests need, and the first that is not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = {"python": (project["requires-python"].removeprefix(">="), "")}
    for wanted in (*project["dependencies"], *project["optional-dependencies"]["test"]):
        name, oldest, _, beyond = re.fullmatch(r"([\w-]+)>=([\d.]+)(,<([\d.]+))?", wanted).groups("")  # type: ignore[union-attr]
        found[name] = oldest, beyond
    return found


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


def corners() -> list[dict[str, str]]:
    """The rows of the workflow's matrix."""
    rows = re.findall(r"- \{ (python: .*) \}", WORKFLOW.read_text(encoding="utf-8"))
    return [dict(re.findall(r'(\w+): "?([^",]+)"?', row)) for row in rows]


def test_the_workflow_tries_the_ends_of_the_range() -> None:
    ranges, rows = bounds(), corners()
    assert {row["others"] for row in rows} == {"oldest", "newest"}
    for name in ("python", "torch", "numpy"):
        tried = {numbers(row[name]) for row in rows}
        assert numbers(ranges[name][0]) in tried, f"the oldest {name}"
    major, minor = numbers(ranges["torch"][1])
    assert max(numbers(row["torch"]) for row in rows) == (major, minor - 1), "the newest torch"
    assert max(numbers(row["numpy"]) for row in rows) < numbers(ranges["numpy"][1])


def test_the_workflow_tries_the_oldest_of_the_others() -> None:
    pinned = dict(re.findall(r'"([\w-]+)==([\d.]+?)(?:\.\*)?"', WORKFLOW.read_text(encoding="utf-8")))
    oldest = {name: ends[0] for name, ends in bounds().items() if name not in ("python", "torch", "numpy")}
    assert pinned == oldest


def test_the_readme_names_the_same_versions() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Versions\n")[2]
    table = {
        row[0].lower(): row[1:] for row in re.findall(r"^\| (\S+) \| (.+?) \| (.+?) \| (.+?) \|$", text, re.M)
    }
    ranges = bounds()
    assert set(table) == set(ranges)
    for name, (allowed, oldest, newest) in table.items():
        low, beyond = ranges[name]
        assert allowed.startswith(f"{low} "), name
        assert numbers(low) <= numbers(oldest) <= numbers(newest)
        if beyond:
            assert numbers(newest) < numbers(beyond)
