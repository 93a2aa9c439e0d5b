"""Native scalers, as scikit-learn has them: `fit` keeps the statistics, `transform` scales by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from parity_tests.catalogue import Algorithm
from parity_tests.engine.questions import Answer, Question
from parity_tests.people.answers import tensor
from parity_tests.people.binding import Absent, Binding, Member, Reading, Unbound
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Host
from parity_tests.people.native_answers import complete
from parity_tests.people.native_operations import Names, abilities, default_remarks
from parity_tests.people.native_views import View, views
from parity_tests.people.signatures import Match, match
from parity_tests.sandbox.wire import Ref

SCALES = frozenset({"fit", "transform"})  # the methods of a scaler
SETS = ("train", "validation", "test")


def bind_scaler(
    entry: Algorithm, member: Member, members: Mapping[str, Member], wanted: Wanted
) -> Binding | Unbound | None:
    """A class such as `StandardScaler`: it is fitted to the training set, and transforms all three."""
    if not set(member.methods) >= SCALES:
        return None
    names = Names.of(entry)
    made = match(member.parameters, names.options, map_=dict(wanted.map))
    if made.unknown:
        return Unbound(
            member.name,
            f"nothing is known to give its constructor for {', '.join(made.unknown)}",
            member.line,
        )
    taken = abilities(names, Match({**made.theirs, **{name: name for name in SETS}}))
    readings = tuple(
        Reading(
            _Asking(member.name, made, view, "fit_transform" in member.methods),
            view.convention,
            view.formula,
            view.narrowed(dict.fromkeys(SETS)),
        )
        for view in views(entry.name, None)
    )
    remarks = default_remarks(member, names, made)
    return Binding(entry.name, "native", (member.name,), readings, taken, member.line, remarks=remarks)


@dataclass(frozen=True)
class _Asking:
    name: str
    made: Match
    view: View
    both: bool

    def __call__(self, host: Host, question: Question) -> Answer:
        values = self.view.give({**question.case.arrays, **question.case.options})
        _, kwargs = self.made.place({name: values[name] for name in self.made.theirs if name in values})
        scaler = host.make(self.name, **kwargs)
        host.make((scaler, "fit"), values["train"])  # what it returns, itself for one, stays there
        outputs = {
            name: self._scaled(host, scaler, "transform", values[name])
            for name in SETS
            if values.get(name) is not None
        }
        if self.both and len(outputs) > 1:  # where there is one set, it is `transform` that has scaled it
            again = host.make(self.name, **kwargs)
            outputs["train"] = self._scaled(host, again, "fit_transform", values["train"])
        return complete(question, self.view.taken(outputs), None, host)

    def _scaled(self, host: Host, scaler: Ref, method: str, x: np.ndarray) -> np.ndarray:
        returned = host.call((scaler, method), x)
        if returned is None:
            raise Absent(f"its {method} returns None")
        return tensor(returned)
