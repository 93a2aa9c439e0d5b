"""Every algorithm of the catalogue in every form of native code, with scratch's own function in it."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import parity_tests
from parity_tests.catalogue import Algorithm, algorithms
from parity_tests.engine.operations import split
from parity_tests.judging import examine
from parity_tests.people import native
from parity_tests.people.binding import Binding, Member
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Here
from parity_tests.people.native_operations import Names
from parity_tests.posing import Exam
from parity_tests.sandbox import loading
from parity_tests.verdicts import Verdict

# They take functions, which don't travel.
TAKE_FUNCTIONS = {"numerical_gradient", "gradient_check", "learning_curves"}


def forward_alone() -> str:
    return "def theirs({signature}):\n    return split(scratch({call}))[0]\n"


def cache_and_tuple() -> str:
    return """
def theirs({signature}):
    y, backward = split(scratch({call}))
    return *outputs(y), backward
def theirs_backward({upstream}, cache):
    gradients = cache(*present({upstream}))
    return tuple(gradients[name] for name in {arrays} if name in gradients)
"""


def cache_and_dict() -> str:
    return """
def theirs({signature}):
    y, backward = split(scratch({call}))
    return *outputs(y), backward
def theirs_bwd({upstream}, cache):
    return {{"d" + name: gradient for name, gradient in cache(*present({upstream})).items()}}
"""


def from_inputs() -> str:
    return """
def theirs({signature}):
    return split(scratch({call}))[0]
def theirs_grad({upstream}, {signature}):
    gradients = split(scratch({call}))[1](*present({upstream}))
    return [gradients[name] for name in {arrays} if name in gradients]
"""


def in_the_form(entry: Algorithm, form: Callable[[], str]) -> tuple[Binding, Here]:
    """scratch's own function, in the clothes of somebody else's."""
    names = Names.of(entry)
    parameters = inspect.signature(entry.scratch).parameters
    required = [name for name in (*names.arrays, *names.options) if name in names.required]
    optional = [name for name in (*names.arrays, *names.options) if name not in names.required]
    defaults = {name: parameters[name].default for name in optional}
    case = entry.case("float64", "seed=0")
    y = split(entry.scratch(**case.arrays, **case.options))[0]
    several = isinstance(y, tuple) and hasattr(y, "_fields")
    upstream = [f"d{name}" for name in y._fields if name not in STATES] if several else ["dy"]
    source = form().format(
        signature=", ".join([*required, *(f"{name}=defaults['{name}']" for name in optional)]),
        call=", ".join([*names.arrays, *(f"{name}={name}" for name in names.options)])
        if names.arrays
        else ", ".join(f"{name}={name}" for name in names.options),
        arrays=list(names.arrays),
        upstream=", ".join(upstream),
    )
    members: dict[str, Any] = {
        "scratch": entry.scratch,
        "split": split,
        "defaults": defaults,
        "present": lambda *upstream: [dy for dy in upstream if dy is not None],
        "outputs": lambda y: y if several else (y,),
    }
    exec(source, members)
    own = {name: thing for name, thing in members.items() if name.startswith("theirs")}
    found = native.bind(
        [Member.of(loading.member(name, thing)) for name, thing in own.items()],
        Wanted(member="theirs", as_=entry.name),
    )
    assert found.bindings, f"{entry.name} was not bound: {found.unbound}"
    return found.bindings[0], Here(**own)


STATES = ("running_mean", "running_var", "num_batches_tracked", "buffers")
DRIVEN = [e for e in algorithms() if e.protocol in ("operation", "function") and e.name not in TAKE_FUNCTIONS]


@pytest.mark.parametrize("entry", DRIVEN, ids=lambda entry: entry.name)
def test_every_algorithm_binds_in_each_form(entry: Algorithm) -> None:
    forms = [forward_alone]
    if entry.protocol == "operation":
        forms += [cache_and_tuple, cache_and_dict, from_inputs]
    for form in forms:
        binding, host = in_the_form(entry, form)
        found = examine(binding, host, Exam(examples=0))
        assert found.verdict is Verdict.EXACT, (
            form.__name__,
            found.beyond,
            [f.differences for f in found.findings],
        )
        kinds = {finding.kind for finding in found.findings}
        assert ("gradients" in kinds) is (form is not forward_alone and entry.protocol == "operation"), (
            form.__name__
        )


def more(value: Any) -> Any:
    """A millionth more in every number."""
    if isinstance(value, dict):
        return {key: more(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return type(value)(*map(more, value)) if hasattr(value, "_fields") else tuple(map(more, value))
    if isinstance(value, list):
        return list(map(more, value))
    return value if value is None else np.asarray(value) * (1 + 1e-6) + 1e-6


@pytest.mark.parametrize("entry", DRIVEN, ids=lambda entry: entry.name)
def test_no_algorithm_passes_when_it_is_a_millionth_off(entry: Algorithm) -> None:
    """Neither its outputs nor its gradients, in any reading."""

    def outputs_off(*args: Any, **kwargs: Any) -> Any:
        return more(split(entry.scratch(*args, **kwargs))[0])

    def gradients_off(*args: Any, **kwargs: Any) -> Any:
        y, backward = entry.scratch(*args, **kwargs)
        return y, lambda *dy: more(backward(*dy))

    for off in [outputs_off, *([gradients_off] if entry.protocol == "operation" else [])]:
        vars(off)["__signature__"] = inspect.signature(entry.scratch)
        assert parity_tests.check(off, as_=entry.name, examples=0).verdict is Verdict.WRONG, off.__name__
