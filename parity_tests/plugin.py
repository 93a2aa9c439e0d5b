"""The pytest plugin: ``pytest --parity TARGET`` adds an item for every check of every algorithm found there.

Without one of its options it does nothing, and imports nothing: pytest loads it wherever it is installed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

PROPERTY = "parity"  # in the reports of items that are checks, so that they can be counted wherever they ran
SHARED = "parity_examined"  # what was found out, on its way to the workers of pytest-xdist


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("parity", "parity: people's implementations of deep-learning algorithms")

    def several(name: str, metavar: str, words: str) -> None:
        group.addoption(name, action="append", default=[], metavar=metavar, help=f"{words}; may be repeated")

    several("--parity", "TARGET[:NAME]", "check what is in a file, a folder or a module")
    group.addoption(
        "--parity-as", default="", metavar="ALGORITHM", help="what NAME is, whatever it is called"
    )
    several("--parity-only", "ALGORITHMS", "these alone: adam,sgd")
    several("--parity-require", "ALGORITHMS", "what every target must have: adam,sgd")
    group.addoption(
        "--parity-dialect", default="", metavar="DIALECT", help="one dialect alone (all that fit)"
    )
    group.addoption("--parity-expect", default="", metavar="FILE", help="expected failures, in TOML")
    group.addoption(
        "--parity-timeout", type=float, default=10.0, metavar="S", help="seconds for each call (10)"
    )
    group.addoption(
        "--min-checks", type=int, default=0, metavar="N", help="fewer checks are a failure (1 with --parity)"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.option.parity or config.option.min_checks:
        config.pluginmanager.register(Parity(config), "parity-session")
    elif config.option.parity_expect or config.option.parity_require:
        raise pytest.UsageError("--parity-expect and --parity-require need a target: add --parity TARGET")


class CheckFailedError(Exception):
    """A check that is not green, in the words of its report."""


class Parity:
    """All that the plugin does in one session."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        self.ran: set[str] = set()
        self._examined: dict[str, Any] | None = None

    @property
    def examined(self) -> dict[str, Any]:
        """All there is to say of the targets, found out once: by the first of several processes."""
        if self._examined is None:
            if self.worker is not None:
                self._examined = json.loads(self.worker[SHARED])
            else:
                from parity_tests.plugin_checks import examine  # noqa: PLC0415 (for those who ask for it)

                try:
                    self._examined = examine(self.config.option)
                except ValueError as error:
                    raise pytest.UsageError(f"parity: {error}") from None
        return self._examined

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist what was found out; one that asked again might hear otherwise."""
        node.workerinput[SHARED] = json.dumps(self.examined)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Add the files of the targets to what the session collects."""
        report = yield
        if isinstance(collector, pytest.Session):
            files = [ParityFile.of(told, collector) for told in self.examined["files"]]
            report.result = [*report.result, *files]
        return report

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Mark the items of `parity_tests.parametrize`, which are checks as well."""
        callspec = getattr(item, "callspec", None)
        for value in callspec.params.values() if callspec is not None else ():
            if getattr(type(value), "is_parity_check", False):
                item.user_properties.append((PROPERTY, str(value)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        skipped = report.outcome == "skipped" and not hasattr(report, "wasxfail")
        if (
            report.when == "call"
            and not skipped
            and any(key == PROPERTY for key, _ in report.user_properties)
        ):
            self.ran.add(report.nodeid)

    @property
    def missing(self) -> str:
        """Why too little ran for the session to prove anything; empty if enough did."""
        least = max(self.config.option.min_checks, 1 if self.config.option.parity else 0)
        if len(self.ran) >= least or self.config.option.collectonly:
            return ""
        return f"{len(self.ran) or 'no'} checks ran, and at least {least} must"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        green = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if self.worker is None and self.missing and exitstatus in green:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._examined is not None:
            for note in self._examined["notes"]:
                terminalreporter.write_line(f"parity: {note}")
        if self.missing:
            terminalreporter.write_line(f"parity: {self.missing}", red=True, bold=True)


class ParityFile(pytest.Collector):
    """One file of a target."""

    checks: list[dict[str, Any]]

    @classmethod
    def of(cls, told: dict[str, Any], session: pytest.Session) -> ParityFile:
        path = Path(told["file"]).absolute()
        name = told["file"]
        if path.exists() and path.is_relative_to(session.config.rootpath):
            name = path.relative_to(session.config.rootpath).as_posix()
        place = path if path.exists() else session.path
        node: ParityFile = cls.from_parent(session, name=name, nodeid=name, path=place)
        node.checks = told["checks"]
        return node

    def collect(self) -> Iterable[pytest.Item]:
        for told in self.checks:
            yield ParityCheck.of(told, self)


class ParityCheck(pytest.Item):
    """One check of one algorithm. It was made already: running it says how it ended."""

    told: dict[str, Any]

    @classmethod
    def of(cls, told: dict[str, Any], file: ParityFile) -> ParityCheck:
        item: ParityCheck = cls.from_parent(file, name=told["name"])
        item.told = told
        item.user_properties.append((PROPERTY, told["name"]))
        if told["status"] in ("skipped", "absent"):
            item.add_marker(pytest.mark.skip(reason=told["reason"]))
        elif told["status"] == "xfail":
            item.add_marker(pytest.mark.xfail(reason=told["reason"], raises=CheckFailedError, strict=True))
        return item

    def runtest(self) -> None:
        if self.told["status"] != "passed":
            raise CheckFailedError(self.told["text"])

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What differs and how to see it again; the traceback would be the plugin's own."""
        if isinstance(excinfo.value, CheckFailedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        return self.path, max(self.told["line"] - 1, 0), self.name
