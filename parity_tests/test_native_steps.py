"""Native optimizers, schedules and initializers: every form that people write, right and wrong."""

import inspect
import sys
import textwrap
import types
from typing import Any

import pytest

from parity_tests.catalogue import algorithms, find
from parity_tests.judging import examine
from parity_tests.people.binding import Binding, Member, Unbound
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Here, Isolated
from parity_tests.people.native import BINDERS
from parity_tests.posing import Exam
from parity_tests.samples import native_others as others
from parity_tests.samples.native_steps_wrong import RIGHT, WRONG
from parity_tests.sandbox import loading
from parity_tests.verdicts import Examined, Verdict

QUICK = Exam(examples=0)


def bound(source: str, algorithm: str, as_: str = "") -> tuple[Binding | Unbound, Here]:
    """The last function or class of the source, bound, and the host that it is on."""
    module = types.ModuleType("theirs")
    sys.modules["theirs"] = module
    exec(textwrap.dedent(source), module.__dict__)
    things = {
        name: thing for name, thing in vars(module).items() if getattr(thing, "__module__", "") == "theirs"
    }
    members = {name: Member.of(loading.member(name, thing)) for name, thing in things.items()}
    entry = find(algorithm)
    binding = BINDERS[entry.protocol](entry, list(members.values())[-1], members, Wanted(as_=as_))
    return binding, Here(**things)


def examined(source: str, algorithm: str, as_: str = "") -> Examined:
    binding, host = bound(source, algorithm, as_)
    assert isinstance(binding, Binding), binding.reason
    return examine(binding, host, QUICK)


@pytest.mark.parametrize("name", RIGHT)
def test_right_in_every_form(name: str) -> None:
    algorithm, source = RIGHT[name]
    found = examined(source, algorithm)
    assert found.verdict is Verdict.EXACT, found.findings[0]
    assert len(found.findings) > 0


@pytest.mark.parametrize("name", WRONG)
def test_wrong_in_every_way(name: str) -> None:
    algorithm, source = WRONG[name]
    assert examined(source, algorithm).verdict is Verdict.WRONG


@pytest.mark.parametrize("name", others.ABSENT)
def test_what_is_unfinished_is_absent(name: str) -> None:
    algorithm, source = others.ABSENT[name]
    assert examined(source, algorithm).verdict is Verdict.ABSENT


@pytest.mark.parametrize("name", others.UNBOUND)
def test_what_has_no_known_form_says_why(name: str) -> None:
    algorithm, source, reason = others.UNBOUND[name]
    binding, _ = bound(source, algorithm)
    assert isinstance(binding, Unbound)
    assert reason in binding.reason


@pytest.mark.parametrize("name", others.CONVENTIONS)
def test_a_convention_is_named(name: str) -> None:
    algorithm, source, said = others.CONVENTIONS[name]
    found = examined(source, algorithm)
    assert found.verdict is Verdict.EXACT
    assert any(said in remark for remark in found.remarks), found.remarks


def test_an_average_is_no_momentum_of_the_name_that_was_given() -> None:
    _, source, _ = others.CONVENTIONS["momentum as an average"]
    assert examined(source, "sgd", as_="sgd").verdict is Verdict.WRONG
    assert examined(source, "momentum_ema", as_="momentum_ema").verdict is Verdict.EXACT


def test_a_file_in_the_sandbox() -> None:
    algorithm, source = RIGHT["a list that is changed in place"]
    with Isolated() as host:
        text = {"name": "theirs", "file": "theirs.py", "text": textwrap.dedent(source), "package": False}
        members = [Member.of(told) for told in host.load([text], "theirs")["members"]]
        binding = BINDERS["optimizer"](find(algorithm), members[-1], {m.name: m for m in members}, Wanted())
        assert isinstance(binding, Binding)
        assert examine(binding, host, QUICK).verdict is Verdict.EXACT


# ---- scratch itself, in other people's clothes ----


def options_of(name: str, leave_out: tuple[str, ...] = ()) -> tuple[str, str]:
    """The options of a scratch function as parameters, and as arguments."""
    parameters = inspect.signature(find(name).scratch).parameters.values()
    options = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in leave_out]
    options.sort(key=lambda p: p.default is not p.empty)
    taken = ", ".join(p.name if p.default is p.empty else f"{p.name}={p.default!r}" for p in options)
    return taken, ", ".join(f"{p.name}={p.name}" for p in options)


def named(protocol: str) -> list[str]:
    return [entry.name for entry in algorithms() if entry.protocol == protocol]


@pytest.mark.parametrize("name", named("optimizer"))
def test_scratch_as_a_class_and_as_a_function_with_a_state(name: str) -> None:
    taken, given = options_of(name)
    kept = given.replace("lr=lr", "lr=self.lr")
    klass = f"""
        from scratch.optimizers import {name} as oracle, {name}_init as begin
        class Optimizer:
            def __init__(self, params, {taken}):
                self.params, self.lr = params, lr
                self.states = [begin(p) for p in params]
                self.options = dict({given})
            def step(self, grads):
                self.options["lr"] = self.lr
                for i, (p, g) in enumerate(zip(self.params, grads)):
                    self.params[i], self.states[i] = oracle(p, g, self.states[i], **self.options)
    """
    function = f"""
        from scratch.optimizers import {name} as oracle, {name}_init as begin
        def optimizer(param, grad, state=None, {taken}):
            return oracle(param, grad, begin(param) if state is None else state, {given})
    """
    assert kept
    for source in (klass, function):
        assert examined(source, name).verdict is Verdict.EXACT


@pytest.mark.parametrize("name", named("schedule"))
def test_scratch_as_a_schedule_of_three_forms(name: str) -> None:
    taken, given = options_of(name)
    function = f"""
        from scratch.schedules import {name} as oracle
        def rate(epoch, {taken}):
            return oracle(epoch, {given})
    """
    called = f"""
        from scratch.schedules import {name} as oracle
        class Schedule:
            def __init__(self, {taken}):
                self.options = dict({given})
            def __call__(self, step):
                return oracle(step, **self.options)
    """
    stepped = f"""
        from scratch.schedules import {name} as oracle
        class Schedule:
            def __init__(self, {taken}):
                self.options, self.t = dict({given}), 0
            def step(self):
                self.t += 1
            @property
            def lr(self):
                return oracle(self.t, **self.options)
    """
    for source in (function, called, stepped):
        found = examined(source, name)
        assert found.verdict is Verdict.EXACT, (source, found)


@pytest.mark.parametrize("name", named("initializer"))
def test_scratch_as_an_initializer_of_two_forms(name: str) -> None:
    taken, given = options_of(name, ("rng", "dtype"))
    comma = ", " if taken else ""
    function = f"""
        from scratch.initialization import {name} as oracle
        def draw(shape, rng{comma}{taken}):
            return oracle(shape, rng=rng{comma}{given})
    """
    klass = f"""
        import numpy as np
        from scratch.initialization import {name} as oracle
        class Init:
            def __init__(self{comma}{taken}):
                self.options = dict({given})
            def __call__(self, shape):
                return oracle(shape, rng=np.random.default_rng(np.random.randint(2**31)), **self.options)
    """
    for source in (function, klass):
        found: Any = examined(source, name)
        assert found.verdict is Verdict.EXACT, (source, found)


VELOCITY = """
class SGD:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr, self.momentum, self.v = lr, momentum, None

    def step(self, w, g):
        if self.v is None:
            self.v = g.copy()
        else:
            self.v *= self.momentum
            self.v += g
        w -= self.lr * self.v
        return w
"""


def test_a_velocity_that_is_the_gradients_array_is_wrong() -> None:
    """The gradients of a training loop may be in the same arrays at every step."""
    assert examined(VELOCITY, "sgd").verdict is Verdict.EXACT
    assert examined(VELOCITY.replace("g.copy()", "g"), "sgd").verdict is Verdict.WRONG


def test_gradients_that_are_changed_are_remarked() -> None:
    changed = "it changes the gradients that it is given"
    assert changed not in examined(VELOCITY, "sgd").remarks
    assert changed in examined(VELOCITY.replace("return w", "g *= 0; return w"), "sgd").remarks


def test_a_polynomial_is_not_asked_beyond_its_last_step() -> None:
    source = "def polynomial_decay(t, lr, total, power):\n    return lr * (1 - t / total) ** power\n"
    assert examined(source, "polynomial_lr").verdict is Verdict.EXACT
    assert examined(source.replace("1 -", "1.1 -"), "polynomial_lr").verdict is Verdict.WRONG
