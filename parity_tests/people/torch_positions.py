"""Sinusoidal positions: a module that adds them to its input, or a function that returns them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm
from parity_tests.engine.questions import Answer, Question
from parity_tests.people.answers import answer
from parity_tests.people.binding import Abilities, Absent, Beyond, Binding, Member, Reading, Unbound
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Host
from parity_tests.people.signatures import match
from parity_tests.people.torch_operations import WIDENED, also, forward_of, is_function, tell
from parity_tests.people.torch_words import FEATURES

NAMES = {
    "d_model": (*FEATURES, "num_hiddens", "embed_size", "d_embed"),
    "max_len": (
        "max_seq_len",
        "max_length",
        "seq_len",
        "length",
        "context_length",
        "block_size",
        "n",
        "max_seq_length",
    ),
    "dropout": ("p", "drop", "dropout_rate", "drop_prob"),
    "base": ("n", "theta"),
    "length": ("max_len", "seq_len", "n_positions", "num_positions", "position", "positions", "t"),
    "x": ("input", "src", "tokens", "emb", "token_embedding", "embeddings", "inputs"),
}
LONGEST = 320  # more than any case asks for
TIME_FIRST = "its sequences come first, before the batch"


def bind_positions(entry: Algorithm, member: Member, wanted: Wanted) -> Binding | Unbound:
    """Bind ``PositionalEncoding(d_model, dropout, max_len)``, or ``f(length, d_model)``."""
    map_ = dict(wanted.map)
    if is_function(member):
        made = match(
            member.parameters or (),
            ("length", "d_model", "base"),
            by_position=("length", "d_model"),
            synonyms=NAMES,
            map_=map_,
        )
        call, needed = made, {"length", "d_model"}
    else:
        made = match(
            member.parameters or (),
            ("d_model", "max_len", "dropout", "base"),
            by_position=("d_model",),
            synonyms=NAMES,
            map_=map_,
        )
        call, needed = (
            match(forward_of(member) or (), ("x",), by_position=("x",), synonyms=NAMES),
            {"d_model"},
        )
    unknown = (*made.unknown, *call.unknown)
    if unknown or needed - set(made.theirs):
        which = ", ".join(unknown) or "its size"
        return Unbound(
            member.name, f"what {which} is can't be told; (d_model, dropout, max_len) are known", member.line
        )

    def send(host: Host, L: int, last: int, options: dict[str, Any], *, time_first: bool, widen: bool) -> Any:
        told = {"algorithm": entry.name, "forbidden": [], "widen": widen}
        if is_function(member):
            args, kwargs = made.place({**options, "length": last})
            return host.tensors("call", member.name, args, kwargs, arrays={}, **told)
        args, kwargs = made.place({**options, "max_len": LONGEST, "dropout": 0.0})
        built = host.tensors("build", member.name, args, kwargs, widen=widen)
        x = np.zeros((last, 1, options["d_model"]) if time_first else (1, last, options["d_model"]))
        args, kwargs = call.place({"x": {"$": "x"}})
        return host.tensors(
            *("call", built["instance"], args, kwargs), arrays={"x": x}, training=False, **told
        )

    def ask(time_first: bool, widen: bool, host: Host, question: Question) -> Answer:
        position, options = question.case.arrays["position"], dict(question.case.options)
        start = int(position[0])
        L = len(position)
        if start and not is_function(member) and "max_len" not in made.theirs:
            raise Beyond("it is not told how long sequences may be")
        told = tell(host, lambda: dict(send(host, L, start + L, options, time_first=time_first, widen=widen)))
        found = told["outputs"][0]
        if found is None:
            raise Absent("it returns None")
        rows = np.asarray(found)
        if rows.size >= (start + L) * options["d_model"] and rows.shape[-1] == options["d_model"]:
            rows = rows.reshape(-1, options["d_model"])[start : start + L]
        return answer(question, rows)

    readings = []
    for widen in (False, True):
        for time_first in (False,) if is_function(member) else (False, True):
            said = (
                also(TIME_FIRST if time_first else "", WIDENED) if widen else TIME_FIRST if time_first else ""
            )
            readings.append(Reading(partial(ask, time_first, widen), said))
    options = frozenset({"d_model"} | ({"base"} & set(made.theirs)))
    return Binding(entry.name, "torch", (member.name,), tuple(readings), Abilities(options), member.line)
