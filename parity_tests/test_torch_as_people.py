"""torch's own modules, put through the checks that people's code faces: none of them is wrong."""

from functools import partial

import numpy as np
import pytest

from parity_tests.catalogue import Algorithm, algorithms, find
from parity_tests.engine.operations import drive
from parity_tests.engine.questions import Answer, Question
from parity_tests.engine.trajectories import moments
from parity_tests.engine.trees import flatten
from parity_tests.judging import Subject
from parity_tests.people.binding import Abilities, Binding, Reading
from parity_tests.people.host import Here
from parity_tests.posing import Exam, questions
from parity_tests.verdicts import Finding, Verdict

ASKED = [
    entry for entry in algorithms() if entry.protocol in ("operation", "function", "optimizer", "schedule")
]


def answer(entry: Algorithm, question: Question) -> Answer:
    """What torch says to a question."""
    case = question.case
    if entry.protocol == "optimizer":
        import reference.optimizers

        step = partial(reference.optimizers.step, entry.reference)
        return [flatten({"param": moment.params}) for moment in list(moments(step, case))[1:]]
    if entry.protocol == "schedule":
        options = dict(case.options)
        rates = [entry.reference(step, **options) for step in range(options.pop("step") + 1)]
        return [{"lr": np.array(rates, np.float64)}]
    got = drive(entry.reference, case, question.upstream)
    return [got.outputs if part.kind == "outputs" else got.gradients for part in question.parts]


def judged(entry: Algorithm) -> list[Finding]:
    """All findings about torch as if it were somebody's code."""
    reading = Reading(lambda _, question: answer(entry, question))
    subject = Subject(entry, Binding(entry.name, "torch", (), (reading,)), reading, Here(), Exam())
    asked, _ = questions(entry.name, Abilities(), Exam())
    return [finding for question in asked for finding in subject.judged(question, answer(entry, question))]


@pytest.mark.parametrize("entry", ASKED, ids=lambda entry: entry.name)
def test_torch_is_not_called_wrong(entry: Algorithm) -> None:
    findings = judged(entry)
    assert findings
    for finding in findings:
        assert finding.verdict is not Verdict.WRONG, (finding.case.spec, finding.differences[:3])


def test_another_function_of_torch_is_called_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    import reference.activations

    monkeypatch.setattr(reference.activations, "silu", reference.activations.gelu)
    assert any(finding.verdict is Verdict.WRONG for finding in judged(find("silu")))
