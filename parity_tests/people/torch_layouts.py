"""Where the formula's parameters lie in somebody's module: by name, by shape, fused, split or transposed.

All of the formula's parameters are one flat run of numbers. What is known of a parameter of theirs is where
each of its elements comes from: an array of positions in that run, or several that are added up. So values
go in and gradients come out by the same table, whatever was sliced, transposed or put together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity_tests.people.binding import Beyond

Shape = tuple[int, ...]
NEUTRAL = {"weight": 1.0, "bias": 0.0}
# What people call the two parameters of a layer, beside torch's own names.
LIKE_WEIGHT = (
    "weight",
    "w",
    "gamma",
    "g",
    "scale",
    "a",
    "alpha",
    "kernel",
    "filters",
    "embedding",
    "table",
    "emb",
)
LIKE_BIAS = ("bias", "b", "beta", "shift", "offset")


class Run:
    """The formula's parameters one after the other, and after them a 0 and a 1."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.shapes, self.starts, at = dict(shapes), {}, 0
        for name, shape in shapes.items():
            self.starts[name] = at
            at += int(np.prod(shape))
        self.size = at

    def of(self, name: str) -> np.ndarray:
        """The positions of a parameter, in its shape."""
        shape = self.shapes[name]
        return self.starts[name] + np.arange(int(np.prod(shape))).reshape(shape)

    def constant(self, value: float, shape: Shape) -> np.ndarray:
        return np.full(shape, self.size + int(value))


Sources = Sequence[np.ndarray]


@dataclass(frozen=True)
class Layout:
    """Where each parameter of theirs comes from."""

    run: Run
    sources: Mapping[str, Sources]

    def values(self, ours: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        flat = np.concatenate([np.ravel(ours[name]) for name in self.run.shapes] + [np.array([0.0, 1.0])])
        return {name: sum(flat[positions] for positions in found) for name, found in self.sources.items()}  # type: ignore[misc]

    def gradients(self, theirs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The gradients by our names, of those parameters that lie in any of theirs."""
        flat, reached = np.zeros(self.run.size + 2), np.zeros(self.run.size + 2, bool)
        for name, found in self.sources.items():
            for positions in found:
                np.add.at(flat, positions, np.asarray(theirs[name], np.float64).reshape(positions.shape))
                reached[positions] = True
        named = {}
        for name in self.run.shapes:
            positions = self.run.of(name)
            if reached[positions].all():
                named[name] = flat[positions]
        return named


def words(name: str) -> list[str]:
    """The parts of a name, in lower case: ``wq`` of "attn.Wq.weight" is a part, and so is "attn"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return [word for word in re.split(r"[._]+", spaced.lower()) if word]


def shaped(positions: np.ndarray, shape: Shape, *, transposed: bool = False) -> np.ndarray | None:
    """The positions in a shape that differs by axes of length 1, or by a transpose; None if it is another."""
    if transposed and positions.ndim == 2:
        positions = positions.T
    if positions.shape == shape:
        return positions
    if [n for n in positions.shape if n != 1] == [n for n in shape if n != 1]:
        return positions.reshape(shape)
    if positions.ndim == 2 and positions.T.shape == shape and not transposed:
        return positions.T
    return None


def plain_layout(
    ours: Mapping[str, Shape],
    theirs: Mapping[str, Shape],
    *,
    linear: frozenset[str] = frozenset(),
    neutral: Sequence[str] = (),
    transposed: bool = False,
    map_: Mapping[str, str] | None = None,
) -> Layout:
    """One of theirs for each of ours, by name, then by shape where only one fits.

    Args:
        ours: the parameters that this case has.
        linear: those of theirs that belong to torch's Linear.
        neutral: those of ours that a layer may have though the case leaves them out.
        transposed: whether square matrices of their own lie the other way round.
        map_: what the person says, theirs by ours.

    Raises Beyond where one of either has no counterpart.
    """
    run, left, sources = Run(ours), dict(theirs), {}
    waiting = list(ours)

    def fits(our: str, their: str) -> np.ndarray | None:
        return shaped(run.of(our), left[their], transposed=transposed and their not in linear)

    def take(our: str, their: str) -> None:
        positions = fits(our, their)
        assert positions is not None
        sources[their] = [positions]
        waiting.remove(our)
        del left[their]

    by_name: list[Callable[[str, str], bool]] = [
        lambda our, their: (map_ or {}).get(our) == their,
        lambda our, their: our == their,
        lambda our, their: our.rpartition(".")[2] == their.rpartition(".")[2],
        lambda our, their: bool(set(_alike(our)) & {re.sub(r"\d+$", "", w) for w in words(their)[-2:]}),
        lambda our, their: True,
    ]
    for same in by_name:
        for our in list(waiting):
            found = [their for their in left if same(our, their) and fits(our, their) is not None]
            alone = len({left[their] for their in found}) == len(found) == 1
            if alone and (same is not by_name[-1] or _only(our, waiting, ours)):
                take(our, found[0])
    for their, shape in left.items():
        kind = next((kind for kind in neutral if set(_alike(kind)) & set(words(their))), None)
        if kind is None:
            raise Beyond(f"nothing here belongs to its parameter {their} of shape {shape}")
        sources[their] = [run.constant(NEUTRAL[kind], shape)]
    if waiting:
        raise Beyond(f"it has no parameter for {waiting[0]}")
    return Layout(run, sources)


def _alike(our: str) -> tuple[str, ...]:
    last = our.rpartition(".")[2]
    return LIKE_WEIGHT if last == "weight" else LIKE_BIAS if last == "bias" else (last,)


def _only(our: str, waiting: Sequence[str], shapes: Mapping[str, Shape]) -> bool:
    return all(shapes[other] != shapes[our] for other in waiting if other != our)


# ---- attention of many heads ----

ROLES = {
    "q": ("q", "query", "queries", "wq", "toq"),
    "k": ("k", "key", "keys", "wk", "tok"),
    "v": ("v", "value", "values", "wv", "tov"),
    "o": ("o", "out", "proj", "output", "wo", "fc", "final", "c", "dense", "projection", "unify", "linear"),
    "qkv": ("qkv", "in", "attn", "kqv", "wqkv", "toqkv", "cattn"),
}


def heads_layout(
    params: Mapping[str, np.ndarray],
    theirs: Mapping[str, Shape],
    H: int,
    *,
    linear: frozenset[str],
    how: str = "thirds",
    transposed: bool = False,
) -> Layout:
    """Where torch's four parameters lie: as they are, a matrix for each of q, k, v, or one head by head."""
    shapes = {name: value.shape for name, value in params.items()}
    if set(theirs) >= {"in_proj_weight", "out_proj.weight"}:
        return plain_layout(shapes, theirs, neutral=("bias",))
    run = Run(shapes)
    E = params["in_proj_weight"].shape[1]
    if how == "by head" and not any(3 * E in shape for shape in theirs.values()):
        raise Beyond("its projections lie apart")
    if transposed and linear >= {name for name, shape in theirs.items() if len(shape) == 2}:
        raise Beyond("its matrices are torch's")
    head = E // H
    biased = "in_proj_bias" in params
    rows = {name: np.arange(i * E, (i + 1) * E) for i, name in enumerate("qkv")}
    by_head = [rows[name][h * head : (h + 1) * head] for h in range(H) for name in "qkv"]
    rows["qkv"] = np.concatenate(by_head) if how == "by head" else np.arange(3 * E)
    sources: dict[str, Sequence[np.ndarray]] = {}
    for name, shape in theirs.items():
        role, which = _role(name, shape, E, list(theirs))
        of, taken = ("out_proj.", np.arange(E)) if role == "o" else ("in_proj_", rows[role])
        if which is not None:
            taken = taken[which * head : (which + 1) * head]
        if len(shape) > 1:
            wanted = run.of(f"{of}weight")[taken]
        else:
            wanted = run.of(f"{of}bias")[taken] if biased else run.constant(0.0, (len(taken),))
        positions = shaped(wanted, shape, transposed=transposed and name not in linear)
        if positions is None:
            raise Beyond(f"its parameter {name} has shape {shape}, where {wanted.shape} was expected")
        sources[name] = [positions]
    covered = np.concatenate([np.ravel(found[0]) for found in sources.values()] or [np.zeros(0, int)])
    known = {name for name in shapes if np.isin(run.of(name), covered).all()}
    for name in shapes:
        if name not in known and (name.endswith("weight") or np.any(params[name])):
            raise Beyond(f"it has no parameter for {name}")
    return Layout(run, sources)


def _role(name: str, shape: Shape, E: int, names: Sequence[str]) -> tuple[str, int | None]:
    """Whether a parameter projects queries, keys, values, all of them or the output, and of which head."""
    parts = [word for word in words(name) if word not in ("weight", "bias")]
    head = next((int(word) for word in parts if word.isdigit()), None)
    if 3 * E in shape:
        return "qkv", None
    for role in ("q", "k", "v", "o"):
        for word in reversed(parts):
            bare = word.strip("0123456789_")
            if bare in ROLES[role] or (len(bare) > 1 and bare[0] == "w" and bare[1:] in ROLES[role]):
                of_head = (
                    head if E not in shape[:1] or len([n for n in names if f".{head}." in n]) > 2 else None
                )
                return role, of_head if role != "o" and "heads" in parts else None
    if parts[:1] == ["linears"] and head is not None and head < 4:  # as in the Annotated Transformer
        return "qkvo"[head], None
    raise Beyond(f"what its parameter {name} projects can't be told from its name")
