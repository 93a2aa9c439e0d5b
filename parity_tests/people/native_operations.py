"""Native operations: functions that map arrays to arrays, with or without a backward."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm
from parity_tests.engine.cases import Draw
from parity_tests.engine.operations import split, upstream_for
from parity_tests.engine.questions import Answer, Question
from parity_tests.engine.trees import fresh
from parity_tests.people import native_backward
from parity_tests.people.answers import empty, tensor
from parity_tests.people.binding import Abilities, Beyond, Binding, Member, Parameter, Reading, Unbound
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Host, TheirError
from parity_tests.people.native_answers import (
    Right,
    complete,
    divide,
    gradients_by_name,
    right_answer,
    scaled,
    times_jacobian,
)
from parity_tests.people.native_backward import Partner
from parity_tests.people.native_in_place import changed_by
from parity_tests.people.native_views import View, views
from parity_tests.people.signatures import Match, match
from parity_tests.sandbox.wire import Record, Ref, WireError

IN_PLACE = ("running_mean", "running_var")  # what batch normalisation may change where it is
NO_BACKWARD = "it returned no backward, so that its gradients were not checked"


@dataclass(frozen=True)
class Names:
    """What goes into an algorithm, by scratch's names."""

    arrays: tuple[str, ...]
    options: tuple[str, ...]
    required: frozenset[str]
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, entry: Algorithm) -> Names:
        parameters = inspect.signature(entry.scratch).parameters.values()
        empty = inspect.Parameter.empty
        # What isn't keyword-only is an array, but for a shape or a name.
        arrays = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        if not entry.draw(Draw()).arrays:
            arrays = []
        return cls(
            tuple(arrays),
            tuple(p.name for p in parameters if p.name not in arrays),
            frozenset(p.name for p in parameters if p.default is empty),
            {p.name: p.default for p in parameters if p.default is not empty},
        )

    @property
    def positional(self) -> tuple[str, ...]:
        """What may be matched by position: arrays, needed ones first, and options without default."""
        return (
            *(name for name in self.arrays if name in self.required),
            *(name for name in self.arrays if name not in self.required),
            *(name for name in self.options if name in self.required),
        )


def bind_operation(
    entry: Algorithm, member: Member, members: Mapping[str, Member], wanted: Wanted
) -> Binding | Unbound:
    """Bind a function in any of the forms that people write, or a class with forward and backward."""
    from parity_tests.people.native_classes import bind_class  # noqa: PLC0415 (it uses this module)
    from parity_tests.people.native_special import SPECIAL, SPECIAL_CLASSES  # noqa: PLC0415 (so does this)

    special = (SPECIAL_CLASSES if member.kind == "class" else SPECIAL).get(entry.name)
    made = special(entry, member, members, wanted) if special is not None else None
    if made is not None:
        return made
    if member.kind == "class":
        return bind_class(entry, member, wanted)
    return bind_function(entry, member, members, wanted)


def bind_function(
    entry: Algorithm,
    member: Member,
    members: Mapping[str, Member],
    wanted: Wanted,
    *,
    more: Sequence[View] = (),
) -> Binding | Unbound:
    """Bind a function by the names and the order of its parameters."""
    names = Names.of(entry)
    found = match(
        member.parameters,
        (*names.arrays, *names.options),
        by_position=names.positional,
        map_=dict(wanted.map),
    )
    if found.unknown:
        return Unbound(member.name, _no_place(entry, names, found), member.line)
    missing = {name for name in names.arrays if name in names.required and not found.takes(name)}
    momentum = next(
        (p.default for p in member.parameters or () if p.name == found.theirs.get("momentum")), None
    )
    known = [view for view in [*views(entry.name, momentum), *more] if missing == view.without]
    if not known:
        takes = ", ".join(names.arrays)
        return Unbound(
            member.name,
            f"it takes no {', no '.join(sorted(missing))}; {entry.name} takes ({takes})",
            member.line,
        )
    other = native_backward.partner_of(member, entry.name, members)
    given = partners_for(entry, names, other, found)
    readings = []
    for view in known:
        for partner in given:
            said = "; ".join(filter(None, (view.convention, partner.convention if partner else "")))
            formula = view.formula
            readings.append(
                Reading(
                    Asking(
                        member.name,
                        found,
                        names,
                        view,
                        partner,
                        formula or entry.scratch,
                        *wanting(member.parameters, found),
                    ),
                    said,
                    formula,
                    view.narrowed(found.theirs),
                    view.if_raises(found.theirs),
                )
            )
    return Binding(
        entry.name,
        "native",
        (member.name, *([other.name] if other else ())),
        tuple(readings),
        abilities(names, found, () if found.takes("training") else no_switch(names)),
        member.line,
        remarks=default_remarks(member, names, found),
    )


def partners_for(entry: Algorithm, names: Names, other: Member | None, found: Match) -> list[Partner | None]:
    """The ways in which the function of gradients may be called; None alone where there is none."""
    if other is None:
        return [None]
    inputs = [name for name in names.arrays if name in found.theirs]
    everything = (*names.arrays, *names.options)
    return list(native_backward.partners(other, everything, inputs, _differentiable(entry), found.theirs))


def _differentiable(entry: Algorithm) -> tuple[str, ...]:
    """The outputs that have an upstream gradient, by scratch's names."""
    case = entry.draw(Draw())
    y, backward = split(entry.scratch(**fresh(case.arrays), **case.options))
    if backward is None or not hasattr(y, "_fields"):
        return ("y",)
    return tuple(y._fields[: len(upstream_for(entry.scratch, case))])


def abilities(names: Names, found: Match, fixed: Sequence[tuple[str, Any]] = ()) -> Abilities:
    """What can be asked of somebody who takes these."""
    if found.takes_any:
        return Abilities(fixed=tuple(fixed))
    return Abilities(
        frozenset(name for name in names.options if found.takes(name)),
        frozenset(name for name in names.arrays if found.takes(name)),
        tuple(fixed),
    )


def no_switch(names: Names) -> tuple[tuple[str, Any], ...]:
    """What has no switch for training always trains."""
    return (("training", True),) if "training" in names.options else ()


def default_remarks(member: Member, names: Names, found: Match) -> tuple[str, ...]:
    """What is to be said of defaults that are not torch's."""
    ours = {theirs: name for name, theirs in found.theirs.items()}
    remarks = []
    for parameter in member.parameters or ():
        name = ours.get(parameter.name)
        if name is None or parameter.required or name not in names.defaults or parameter.default is None:
            continue
        default = names.defaults[name]
        if default is not None and default not in (parameter.default, "mean"):
            remarks.append(f"its default {parameter.name} is {parameter.default!r}, torch's is {default!r}")
    return tuple(remarks)


def _no_place(entry: Algorithm, names: Names, found: Match) -> str:
    wanted = ", ".join([*names.arrays, *names.options])
    unknown = ", ".join(found.unknown)
    return f"nothing is known to give for {unknown}; {entry.name} takes ({wanted}): --map says which is which"


def wanting(
    parameters: Sequence[Parameter] | None, found: Match
) -> tuple[frozenset[str], frozenset[str], tuple[str, ...]]:
    """Our names for what they always take, for what is not None by default, and all in their order."""
    ours = {theirs: name for name, theirs in found.theirs.items()}
    own = [p for p in parameters or () if p.name in ours]
    return (
        frozenset(ours[p.name] for p in own if p.required),
        frozenset(ours[p.name] for p in own if p.required or p.default is not None),
        tuple(ours[p.name] for p in own),
    )


def filled(values: dict[str, Any], required: frozenset[str], defaulted: frozenset[str]) -> dict[str, Any]:
    """The values without a None that they have no meaning for.  Raises Beyond where that can't be."""
    if "stride" in defaulted and "stride" in values and values["stride"] is None:
        values = {**values, "stride": values["kernel_size"]}
    if "normalized_shape" in required and values.get("normalized_shape") is None:
        values = {**values, "normalized_shape": np.shape(values["x"])[-1:]}  # what None means
    for name in required:
        if values.get(name) is None and name not in ("normalized_shape", "padding_idx"):
            raise Beyond(f"it always takes {name}")
    for name in ("eps", "momentum"):
        if name in defaulted and name in values and values[name] is None:
            raise Beyond(f"it has no {name} of None")
    return values


@dataclass(frozen=True)
class Asking:
    """Put a question to a function, in one view of it."""

    function: str
    match: Match
    names: Names
    view: View
    partner: Partner | None
    formula: Callable[..., Any]
    required: frozenset[str] = frozenset()
    defaulted: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()

    def __call__(self, host: Host, question: Question) -> Answer:
        right = right_answer(self.formula, question)
        case = question.case
        values = filled(self.view.give({**case.arrays, **case.options}), self.required, self.defaulted)
        given = {
            k: v for k, v in values.items() if v is not None or k in self.names.required or k in case.options
        }
        puts = {name: host.put(given[name]) for name in IN_PLACE if given.get(name) is not None}
        changed = {name: host.put(given[name]) for name in (self.view.changed,) if name}
        args, kwargs = self.match.place({**given, **puts, **changed})
        try:
            kept = host.make(self.function, *args, **kwargs)
        except WireError as error:
            raise Beyond(str(error)) from None
        returned = host.get(kept)
        if isinstance(returned, Ref) and returned.type == "generator":
            returned = host.get(host.operate("iconcat", [], kept))
        for name, ref in changed.items():
            returned = changed_by(self._called, host, name, ref, given, returned)
        divided = divide(returned, right)
        outputs = self.view.taken(dict(divided.outputs))
        if right.shape is None:
            outputs |= {name: host.get(ref) for name, ref in puts.items() if name not in outputs}
        gradients = None
        if right.gradients:
            rest = _kept_rest(host, kept, returned, divided.rest)
            gradients = self._gradients(host, question, right, given, outputs, rest)
            if empty(gradients):
                host.remark(NO_BACKWARD)
            if gradients is not None:
                gradients = self.view.back(dict(gradients), case.arrays)
        return complete(question, outputs, gradients, host)

    def _called(self, host: Host, values: Mapping[str, Any]) -> None:
        args, kwargs = self.match.place(values)
        host.make(self.function, *args, **kwargs)

    def _gradients(
        self,
        host: Host,
        question: Question,
        right: Right,
        values: Mapping[str, Any],
        outputs: Mapping[str, Any],
        rest: Sequence[Any],
    ) -> Mapping[str, Any] | None:
        upstream = list(question.upstream)
        order = self.order or list(self.names.arrays)

        offered = self.view.offered(dict(right.gradients))

        def named(value: Any) -> dict[str, Any]:
            return gradients_by_name(value, offered, order, self.match.theirs)

        scalar = len(upstream) == 1 and np.ndim(upstream[0]) == 0
        closure = next((item for item in rest if isinstance(item, Ref) and item.callable), None)
        if closure is not None and (self.partner is None or _is_function(closure)):
            return named(call_backward(host, closure, upstream, scalar, named))
        if self.partner is not None:
            return self._by_partner(host, upstream, values, outputs, rest, named)
        if scalar and rest and _are_gradients(rest, values, self.names.arrays):
            return scaled(named(rest[0] if len(rest) == 1 else tuple(rest)), upstream)
        return None

    def _by_partner(
        self,
        host: Host,
        upstream: Sequence[Any],
        values: Mapping[str, Any],
        outputs: Mapping[str, Any],
        rest: Sequence[Any],
        named: Callable[[Any], dict[str, Any]],
    ) -> Mapping[str, Any] | None:
        assert self.partner is not None
        output = next(iter(outputs.values()))
        partner = self.partner
        kwargs = native_backward.arguments(partner, values, upstream, output, rest)
        value = host.call(partner.name, **kwargs)
        if value is None:
            return {}
        if partner.upstream:
            return named(value)
        if len(upstream) != 1:
            raise Beyond("its derivative takes no upstream gradient")
        if not isinstance(value, tuple | list | dict | Record | Ref):
            product = times_jacobian(tensor(value), np.asarray(upstream[0]))
            if product is not None:
                return named(product)
        return scaled(named(value), upstream)


def _is_function(ref: Ref) -> bool:
    return ref.type in ("function", "method", "partial")


def call_backward(
    host: Host, target: Any, upstream: Sequence[Any], scalar: bool, named: Callable[[Any], Any]
) -> Any:
    """What a backward returns that takes the upstream gradients, or, for a loss, nothing."""
    try:
        return host.call(target, *upstream)
    except TheirError as error:
        if not (scalar and error.kind == "TypeError" and "argument" in str(error)):
            raise
    return scaled(named(host.call(target)), upstream)


LEARNT = ("weight", "bias")  # what a loss of its own parameters has gradients of


def _are_gradients(rest: Sequence[Any], values: Mapping[str, Any], arrays: Sequence[str]) -> bool:
    """Whether what stands behind a loss has the shapes of its arguments."""
    first = rest[0]
    if isinstance(first, Mapping):
        return bool(first)
    given = {name: values[name] for name in arrays if isinstance(values.get(name), np.ndarray)}
    if isinstance(first, tuple | list) and len(rest) == 1:  # of gradients, or of what a backward would need
        learnt = [value for name, value in given.items() if name in LEARNT]
        kept = all(any(np.array_equal(item, one) for one in given.values()) for item in first)
        fits = all(_fits(item, given.values()) for item in first)
        each = len(first) == len(given) > 1 and all(map(_fits, first, ([one] for one in given.values())))
        return fits and not kept and (each or any(_fits(item, learnt) for item in first))
    return _fits(first, given.values())


def _fits(item: Any, given: Iterable[np.ndarray]) -> bool:
    if isinstance(item, float):  # of a bias that is one number
        return any(one.size == 1 for one in given)
    return isinstance(item, np.ndarray) and item.dtype.kind == "f" and item.shape in map(np.shape, given)


def _kept_rest(host: Host, kept: Ref, returned: Any, rest: Sequence[Any]) -> list[Any]:
    """The rest as it is there, where a copy would be something else."""
    items = list(rest)
    if not isinstance(returned, tuple | list | Record):
        return items
    size = len(returned.fields) if isinstance(returned, Record) else len(returned)
    return [
        host.operate("getitem", kept, size - len(items) + i) if _has_record(item) else item
        for i, item in enumerate(items)
    ]


def _has_record(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_record, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_record, value))
    return isinstance(value, Record)
