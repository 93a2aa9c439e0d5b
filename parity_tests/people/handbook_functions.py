"""Somebody's functions as the handbook and the deeplearning.ai exercises write them: how they are called.

What they return stays where it is, as a `Ref`, so that a cache or a dictionary goes back to its author as
the very object that it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity_tests.engine.questions import Answer, Question
from parity_tests.people.answers import empty, named, tensor
from parity_tests.people.binding import Abilities, Absent, Beyond, Binding, Member, Reading
from parity_tests.people.host import Host, TheirError
from parity_tests.people.signatures import Match, match, plain
from parity_tests.sandbox.wire import Ref

# What the exercises of different years call the same thing.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "parameters": ("params", "param", "weights"),
    "grads": ("gradients", "grad", "gradient"),
    "learning_rate": ("lr", "alpha", "eta", "learningrate"),
    "beta": ("momentum", "gamma", "mu", "rho", "decayrate", "beta1", "beta2"),
    "beta1": ("b1",),
    "beta2": ("b2",),
    "epsilon": ("eps", "e"),
    "weight_decay": ("wd", "lambd", "lambda_", "decay", "l2"),
    "v": ("velocity", "velocities", "vel"),
    "s": ("squared", "cache", "r"),
    "t": ("step", "iteration", "i", "counter", "adamcounter"),
    "Z": ("x", "z", "t", "a", "input", "inputs"),
    "A": ("aprev", "x"),
    "dA": ("da", "dout", "grad"),
    "cache": ("activationcache", "z", "x", "caches", "linearcache"),
    "alpha": ("slope", "negativeslope", "leak", "a"),
    "AL": ("a3", "a2", "a", "yhat", "ypred", "al", "predictions"),
    "Y": ("labels", "ytrue", "target", "targets"),
    "layers_dims": ("layerdims", "layersdims", "layerdimensions", "dims", "layers", "sizes"),
    "lambd": ("lambda_", "lam", "lmbda", "reg", "regularization"),
    "keep_prob": ("keepprob", "keep"),
    "mini_batch_size": ("batchsize", "minibatchsize", "size"),
    "hparameters": ("hparams", "hyperparameters"),
    "xt": ("x",),
    "learning_rate0": ("learningrate", "lr0", "lr", "initiallearningrate"),
    "epoch_num": ("epoch", "epochnum", "epochs", "step", "t"),
    "decay_rate": ("decay", "decayrate"),
    "time_interval": ("interval", "timeinterval", "drop"),
    "pos": ("position", "positions"),
    "i": ("k",),
    "d": ("dmodel", "embeddingdim"),
    "positions": ("position", "maxlen", "length", "n"),
    "q": ("query",),
    "k": ("key",),
    "maxValue": ("maxvalue", "maxval", "threshold", "clipvalue"),
}
# What can only be meant by its name: anything else in its place would be another function.
BY_NAME = frozenset({"parameters", "grads", "hparameters", "cache", "caches", "t", "beta1", "beta2"})

UNAVAILABLE = "is not available to code that is checked"


@dataclass(frozen=True)
class Function:
    """A function of theirs, and which of its parameters takes what."""

    member: Member
    match: Match

    @property
    def name(self) -> str:
        return self.member.name

    def takes(self, name: str) -> bool:
        return name in self.match.theirs

    def __call__(self, host: Host, **values: Any) -> Ref:
        """What it returns, kept there."""
        args, kwargs = self.match.place({name: v for name, v in values.items() if self.takes(name)})
        return made(host, self.name, *args, **kwargs)


def function(member: Member | None, takes: str, optional: str = "") -> Function | None:
    """The member as a function that takes these, or None if it is none."""
    if member is None or member.kind != "function" or member.parameters is None:
        return None
    needed, may = takes.split(), optional.split()
    found = match(
        member.parameters,
        [*needed, *may],
        by_position=[name for name in needed if name not in BY_NAME],
        synonyms=SYNONYMS,
    )
    fits = not found.unknown and all(name in found.theirs for name in needed)
    return Function(member, found) if fits else None


def made(host: Host, name: str, *args: Any, **kwargs: Any) -> Ref:
    """What a call returns, kept there.

    Raises Absent for an exercise that still has its None in place of code, Beyond for one that needs a
    module that is not here.
    """
    try:
        ref = host.make(name, *args, **kwargs)
    except TheirError as error:
        if error.kind in ("TypeError", "AttributeError") and "NoneType" in str(error):
            raise Absent(f"it is not finished: {error}") from None
        if UNAVAILABLE in str(error) or "StandIn" in str(error):
            raise Beyond(f"it needs a module that is not here: {error}") from None
        raise
    if ref.type == "StandIn":
        raise Beyond("it needs a module that is not here")
    return ref


def item(host: Host, ref: Ref, index: int | str) -> Ref:
    """What they returned, or one of several things; the only thing is the first."""
    if ref.type == "NoneType":
        raise Absent("it returns None")
    if index == 0 and ref.type not in ("tuple", "list"):
        return ref
    return host.operate("getitem", ref, index)


def value(host: Host, ref: Ref, index: int | None = None) -> Any:
    """Its value, or that of one of several things.  Raises Absent for None."""
    got = host.get(ref if index is None else item(host, ref, index))
    if empty(got):
        raise Absent("it returns None")
    if isinstance(got, Ref) and got.type == "StandIn":
        raise Beyond("it needs a module that is not here")
    return got


def entries(host: Host, ref: Ref, index: int | None, names: Mapping[str, str]) -> dict[str, Any]:
    """The entries of a dictionary of theirs, by our names for theirs.

    Raises Absent where one of them is None, and TheirError where one is missing.
    """
    got = value(host, ref, index)
    if not isinstance(got, Mapping):
        raise TheirError("TypeError", f"it returned a {type(got).__name__}, where a dictionary was expected")
    for theirs in names:
        if theirs not in got:
            raise TheirError("KeyError", f"the dictionary that it returned has no {theirs!r}")
        if got[theirs] is None:
            raise Absent(f"{theirs} is still None")
    return {ours: got[theirs] for theirs, ours in names.items()}


# ---- layouts ----


def columns(x: np.ndarray) -> np.ndarray:
    """(..., features) as (features, examples)."""
    return x.reshape(-1, x.shape[-1]).T


def column(x: np.ndarray) -> np.ndarray:
    """A vector as (n, 1)."""
    return x.reshape(-1, 1)


def fields(count: int) -> list[tuple[str, str]]:
    """W1, b1, …, WL, bL by the keys of an `mlp`."""
    return [
        (f"{letter}{layer + 1}", f"{2 * layer}.{name}")
        for layer in range(count)
        for letter, name in (("W", "weight"), ("b", "bias"))
    ]


def dictionary(params: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """W1, b1, …, WL, bL of the parameters of an `mlp`, each b as (n, 1)."""
    return {
        theirs: params[ours] if theirs[0] == "W" else column(params[ours])
        for theirs, ours in fields(len(params) // 2)
    }


# ---- answers ----


def outputs(question: Question, values: Any) -> Answer:
    """An answer that has outputs alone."""
    return [named(part, values) if part.kind == "outputs" else None for part in question.parts]


def gradients(question: Question, values: Mapping[str, Any]) -> Answer:
    """An answer that has gradients alone, by name; those that nobody asks for are left out."""
    answers: list[Any] = []
    for part in question.parts:
        asked = {f"grad {name}": v for name, v in values.items() if f"grad {name}" in part.expected}
        answers.append(named(part, asked) if part.kind == "gradients" else None)
    return answers


def sound(question: Question, name: str, *got: Any) -> None:
    """Raise Beyond unless these are the right outputs, by and large: what a backward pass is given comes
    from a forward pass of theirs, and it is not to blame for that one."""
    expected = list(question.parts[0].expected.values())
    for right, theirs in zip(expected, got, strict=False):
        array = tensor(theirs)
        same = array.size == np.size(right)
        scale = float(np.max(np.abs(right), initial=0.0))
        off = np.abs(array.reshape(np.shape(right)) - right) if same else np.array([np.inf])
        if not np.all(off <= 1e-6 * scale):
            raise Beyond(f"its cache comes from {name}, which is wrong here")


ANYTHING = Abilities()


@dataclass(frozen=True)
class Maker:
    """Makes the bindings of one function: those of its parameters that fit, in the file it stands in."""

    members: Mapping[str, Member]
    member: Member

    def other(self, name: str, takes: str, optional: str = "") -> Function | None:
        """Another function of the file."""
        return function(self.members.get(name), takes, optional)

    def binding(
        self,
        algorithm: str,
        *asks: Reading | Callable[[Host, Question], Answer],
        abilities: Abilities = ANYTHING,
        formula: Callable[..., Any] | None = None,
        beside: tuple[str, ...] = (),
        remarks: tuple[str, ...] = (),
    ) -> Binding:
        """A binding of this function; `formula` is that of the readings that are no Reading yet."""
        readings = tuple(ask if isinstance(ask, Reading) else Reading(ask, formula=formula) for ask in asks)
        names = (self.member.name, *(name for name in beside if name in self.members))
        return Binding(algorithm, "handbook", names, readings, abilities, self.member.line, remarks=remarks)


def called_so(names: tuple[str, ...], member: Member) -> bool:
    """Whether it has a parameter of one of these names."""
    return any(plain(name) in {plain(n) for n in names} for name in member.takes)
