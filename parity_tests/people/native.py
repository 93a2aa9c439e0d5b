"""People's own NumPy code, with torch's names and argument order, in whatever shape they like."""

from __future__ import annotations

from collections.abc import Sequence

from parity_tests.catalogue import find
from parity_tests.people.binding import Binding, Bound, Member, Unbound
from parity_tests.people.finding import Wanted
from parity_tests.people.names import algorithm_of
from parity_tests.people.native_draws import bind_initializer
from parity_tests.people.native_operations import bind_operation
from parity_tests.people.native_steps import bind_optimizer, bind_schedule

NAME = "native"
BINDERS = {
    "operation": bind_operation,
    "function": bind_operation,
    "optimizer": bind_optimizer,
    "schedule": bind_schedule,
    "initializer": bind_initializer,
}


def bind(members: Sequence[Member], wanted: Wanted) -> Bound:
    """Bind every member whose name is an algorithm's, or that is said to be one."""
    bindings: list[Binding] = []
    unbound: list[Unbound] = []
    by_name = {member.name: member for member in members}
    for member in members:
        if wanted.member and member.name != wanted.member:
            continue
        name = wanted.as_ or member.implements or algorithm_of(member)
        if not name:
            continue
        try:
            entry = find(name)
        except ValueError:
            if wanted.as_ == name:
                raise
            unknown = f"it is said to implement {name[:100]!r}, which is no algorithm here"
            unbound.append(Unbound(member.name, unknown, member.line))
            continue
        binder = BINDERS.get(entry.protocol)
        if binder is None:
            unbound.append(
                Unbound(member.name, f"a {entry.protocol} can't be checked by itself", member.line)
            )
            continue
        made = binder(entry, member, by_name, wanted)
        if isinstance(made, Binding):
            bindings.append(made)
        else:
            unbound.append(made)
    return Bound(tuple(bindings), tuple(unbound))
