"""`parity new`: what it writes is Python, and found to be absent, whatever the algorithm and the dialect."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parity_tests import starters
from parity_tests.catalogue import algorithms, find
from parity_tests.checking import check, check_submission
from parity_tests.cli import main
from parity_tests.commands.check import DIALECTS
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Isolated
from parity_tests.people.targets import submissions
from parity_tests.posing import Exam
from parity_tests.verdicts import Verdict

ALL = [(entry.name, dialect) for dialect in DIALECTS for entry in algorithms()]
KNOWN = [(name, dialect) for dialect in DIALECTS for name in starters.known(dialect)]


@pytest.fixture(scope="module")
def hosts() -> Iterator[dict[bool, Isolated]]:
    with Isolated() as numpy, Isolated(torch=True, timeout=60.0) as torch:
        yield {False: numpy, True: torch}


@pytest.mark.parametrize(("name", "dialect"), KNOWN, ids=[f"{dialect}-{name}" for name, dialect in KNOWN])
def test_a_starter_is_absent_in_its_dialect(
    name: str, dialect: str, tmp_path: Path, hosts: dict[bool, Isolated]
) -> None:
    file = tmp_path / f"{name}.py"
    file.write_text(starters.text(find(name), dialect, file.name), encoding="utf-8")
    (submission,) = submissions(str(file))
    assert submission.uses_torch == (dialect == "torch")
    one = Exam(case=find(name).cases("float64", examples=0)[0].spec)
    checked = check_submission(submission, Wanted(only=frozenset({name})), one, hosts[submission.uses_torch])
    assert not checked.error
    assert not checked.unbound
    found = [outcome for outcome in checked.outcomes if outcome.algorithm == name]
    assert [outcome.dialect for outcome in found] == [dialect] * len(found)
    assert found, f"bound as {[outcome.algorithm for outcome in checked.outcomes]}, unknown {checked.unknown}"
    for outcome in found:
        assert outcome.verdict is Verdict.ABSENT
        assert "NotImplementedError" in outcome.examined.absent


def test_every_algorithm_has_a_starter_or_a_reason_why_not() -> None:
    for name, dialect in sorted(set(ALL) - set(KNOWN)):
        with pytest.raises(ValueError, match=r"dialect has no|so that no dialect has it") as raised:
            starters.text(find(name), dialect, "file.py")
        nowhere = find(name).protocol == "run" or name in starters.TAKE_FUNCTIONS
        assert ("no dialect has it" in str(raised.value)) == nowhere


@pytest.mark.parametrize("name", [name for name, dialect in KNOWN if dialect == "native"])
def test_native_signatures_are_those_of_scratch(name: str) -> None:
    tree = ast.parse(starters.text(find(name), "native", "file.py"))
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if name not in defined:
        (begin, _) = next(node for node in tree.body if isinstance(node, ast.ClassDef)).body[1:]
        assert isinstance(begin, ast.FunctionDef)
        assert begin.args.args[1].arg == "params"
        return
    arguments = defined[name].args
    ours = [
        p.name
        for p in inspect.signature(find(name).scratch).parameters.values()
        if p.kind is not p.VAR_KEYWORD
    ]
    theirs = [argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)]
    assert theirs == [o for o in ours if o != "model"]


OPERATIONS = [name for name, dialect in KNOWN if dialect == "native" and find(name).protocol == "operation"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_native_starter_that_is_filled_in_is_right(name: str) -> None:
    """The form that it proposes is one that binds, with its gradients."""
    entry = find(name)
    text = starters.text(entry, "native", "file.py")
    forward, backward = (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))
    given = ", ".join(
        f"{argument.arg}={argument.arg}" for argument in (*forward.args.args, *forward.args.kwonlyargs)
    )
    upstream = ", ".join(argument.arg for argument in backward.args.args[:-1])
    bodies = (
        f"y, back = right({given}); return (*y, [back]) if isinstance(y, tuple) else (y, [back])",
        f"return cache[0]({upstream})",
    )
    for body in bodies:
        text = text.replace(starters.BODY, body, 1)
    filled: dict[str, Any] = {"right": entry.scratch}
    exec(text, filled)
    case = entry.cases("float64", examples=0)[0].spec
    report = check(filled[name], as_=name, backward=filled[f"{name}_backward"], case=case)
    assert report.verdict is Verdict.EXACT, str(report)
    assert "gradients" in {finding.kind for finding in report.examined.findings}


def test_the_formula_is_there() -> None:
    assert "(x − μ) / √(σ² + ε)" in starters.text(find("layer_norm"), "cs231n", "file.py")
    assert "(1 − β1ᵗ)" in starters.text(find("adam"), "handbook", "file.py")
    for name, dialect in KNOWN:
        assert "{formula}" not in starters.text(find(name), dialect, "file.py")


def test_no_line_is_too_long() -> None:
    for name, dialect in KNOWN:
        lines = starters.text(find(name), dialect, "file.py").splitlines()
        assert max(map(len, lines)) <= 120, (name, dialect)


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "layer_norm", "--dialect", "cs231n"]) == 0
    assert "parity check layer_norm.py" in capsys.readouterr().out
    written = Path("layer_norm.py").read_text(encoding="utf-8")
    assert "def layernorm_forward(x, gamma, beta, ln_param):" in written

    Path("layer_norm.py").write_text("# mine", encoding="utf-8")
    assert main(["new", "layer_norm"]) == 2
    assert "there already" in capsys.readouterr().err
    assert Path("layer_norm.py").read_text(encoding="utf-8") == "# mine"

    assert main(["new", "adam", "--dialect", "handbook", "--output", "my optim.py"]) == 0
    assert "parity check 'my optim.py'" in capsys.readouterr().out
    assert main(["new", "adam", "--output", "nowhere/adam.py"]) == 2
    assert "can't be written" in capsys.readouterr().err
    assert main(["new", "adam", "--output", "-"]) == 0
    assert "class Adam:" in capsys.readouterr().out
    assert sorted(file.name for file in tmp_path.iterdir()) == ["layer_norm.py", "my optim.py"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["new", "adm"], "did you mean adam"),
        (
            ["new", "encoder_layer", "--dialect", "handbook"],
            "the handbook dialect has no encoder_layer; there it is: native",
        ),
        (["new", "train"], "a whole training"),
    ],
)
def test_what_can_not_be_begun(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert says in capsys.readouterr().err
