"""Whether what somebody says with --map makes sense: OURS=THEIRS, each a name that there is."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from parity_tests.catalogue import Algorithm, algorithms, find
from parity_tests.people.binding import Member, UsageError
from parity_tests.people.native_vocabulary import STEP_INPUTS, STEP_OPTIONS
from parity_tests.people.signatures import SYNONYMS, plain

METHODS = ("step", "forward", "backward")
MOST = 14


def check_map(pairs: Sequence[tuple[str, str]], members: Sequence[Member], member: str, as_: str) -> None:
    """Raise UsageError where a name of --map is none, saying which there are.

    Args:
        pairs: what was said, ours and theirs.
        members: what the file defines.
        member: the function or class that is meant, if it was named.
        as_: the algorithm that it is said to be, if any.
    """
    meant = [one for one in members if one.name == member] or list(members)
    theirs = {name for one in members for name in (one.name, *_names(one), *one.methods, *one.uses)}
    told = next((one.implements for one in meant if one.implements), "")
    known = _ours(as_ or told)
    for ours, name in pairs:
        if name not in theirs:
            owner = f"{member} has" if member else "the file has"
            there = _told(dict.fromkeys(each for one in meant for each in _names(one)), name)
            raise UsageError(f"--map {ours}={name}: {owner} no parameter or method {name!r}{there}")
        if ours not in METHODS and plain(ours) not in {plain(each) for each in (*known, *_others(known))}:
            raise UsageError(
                f"--map {ours}={name}: {ours!r} is no name of ours{_told([*known, *METHODS], ours)}"
            )


def _names(member: Member) -> Iterable[str]:
    """Its parameters, its methods, and the parameters of those."""
    yield from member.takes
    for name, parameters in member.methods.items():
        if not name.startswith("__"):
            yield name
        yield from (p.name for p in parameters or () if not p.variadic)


def _ours(algorithm: str) -> list[str]:
    """What may be said for a parameter, or for a method, of an algorithm, or of any."""
    entries: Sequence[Algorithm] = algorithms()
    if algorithm:
        with suppress(ValueError):  # said elsewhere
            entries = [find(algorithm)]
    names: dict[str, Any] = {}
    for entry in entries:
        names |= dict.fromkeys(inspect.signature(entry.scratch).parameters)
    if "betas" in names:
        names |= dict.fromkeys(("beta1", "beta2"))
    if any(entry.protocol == "optimizer" for entry in entries):
        names |= dict.fromkeys(STEP_INPUTS)
    return list(names)


def _others(names: Iterable[str]) -> Iterable[str]:
    """Their other names."""
    for name in names:
        for row in (SYNONYMS, STEP_INPUTS, STEP_OPTIONS):
            yield from row.get(name, ())


def _told(names: Iterable[str], near: str) -> str:
    """The names that there are, or the nearest of many."""
    all_ = list(names)
    if not all_:
        return ""
    close = difflib.get_close_matches(near, all_, n=3)
    if close and len(all_) > MOST:
        return f"; did you mean {' or '.join(close)}?"
    return f"; there is {', '.join(all_[:MOST])}{', …' if len(all_) > MOST else ''}"
