"""How well a diagnosis meets what the corpus says."""

import pytest

from parity_tests.diagnosing import Diagnosed, Hit
from parity_tests.engine.results import Diagnosis
from parity_tests.mistakes import MISTAKES

LINE = "m_hat = m / (1 - beta1**t)"
OTHERS = "v = beta2 * state.v + (1 - beta2) * g**2"
NAMED = next(mistake for mistake in MISTAKES if mistake.id == "no-bias-correction")
ELSEWHERE = next(mistake for mistake in MISTAKES if mistake.id == "padding-not-cropped")
BEHAVES = "it behaves exactly like the formula with one line changed"
HITS = {
    "its name": (Hit.NAME, [Diagnosis(NAMED.text, reads=OTHERS)]),
    "its name among two": (Hit.NAME, [Diagnosis(f"{NAMED.text}; and {ELSEWHERE.text}")]),
    "another name": (Hit.OTHER, [Diagnosis(ELSEWHERE.text, reads=OTHERS)]),
    "another name without a line": (Hit.OTHER, [Diagnosis(ELSEWHERE.text)]),
    "its line": (Hit.LINE, [Diagnosis(BEHAVES, reads=LINE), Diagnosis(BEHAVES, reads=OTHERS)]),
    "its line at second place": (Hit.LATER, [Diagnosis(BEHAVES, reads=o) for o in (OTHERS, LINE)]),
    "another line": (Hit.OTHER, [Diagnosis(BEHAVES, reads=OTHERS)]),
    "a clue": (Hit.CLUE, [Diagnosis("the gradient of x is 2 times the right one")]),
    "nothing": (Hit.NOTHING, []),
    "that nothing is known": (Hit.NOTHING, [Diagnosis("not known: …")]),
}


@pytest.mark.parametrize("hit", HITS)
def test_a_diagnosis_is_held_against_the_corpus(hit: str) -> None:
    expected, diagnosis = HITS[hit]
    found = Diagnosed("no-bias-correction", "adam.py", "adam", LINE, tuple(diagnosis))
    assert found.hit is expected
    assert found.right == (expected in (Hit.NAME, Hit.LINE))
