"""Attention of many heads: where the projections lie, whose mask means what, who attends to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm
from parity_tests.engine.questions import Answer, Question
from parity_tests.people.answers import answer
from parity_tests.people.binding import Abilities, Absent, Beyond, Binding, Member, Reading, Unbound
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Host, TheirError
from parity_tests.people.signatures import Match, match
from parity_tests.people.torch_attention import MASKS, NAMES, NOBODY, sees_nobody, translated
from parity_tests.people.torch_layouts import heads_layout
from parity_tests.people.torch_names import FORBIDDEN
from parity_tests.people.torch_operations import WIDENED, expected_only, forward_of, is_function, tell
from scratch.attention import Attention, multi_head_attention


def attend(of_itself: bool, causal: bool, *, weights: bool) -> Any:
    """The formula of a module that returns the output alone, and may attend to nothing but its input."""

    def formula(
        query: Any,
        key: Any,
        value: Any,
        params: Any,
        key_padding_mask: Any = None,
        attn_mask: Any = None,
        **options: Any,
    ) -> Any:
        options.pop("dropout_mask", None)
        if not weights:
            options["need_weights"] = False
        if causal:
            options["is_causal"], attn_mask = True, None
        if not of_itself:
            return multi_head_attention(query, key, value, params, key_padding_mask, attn_mask, **options)
        y, backward = multi_head_attention(
            query, query, query, params, key_padding_mask, attn_mask, **options
        )

        def through(dy: Any) -> Any:
            grads = backward(dy)
            query = grads["query"] + grads.pop("key") + grads.pop("value")
            return {**grads, "query": query}

        return Attention(y.output, y.weights), through

    return formula


FORMULAS = {
    how: attend(how[0], how[1], weights=how[2])
    for how in product((False, True), (False, True), (False, True))
}


@dataclass(frozen=True)
class Way:
    """How a module of many heads may be meant."""

    masks: str = "blocks"
    rows: str = "thirds"
    transposed: bool = False
    causal: bool = False
    time_first: bool = False
    widen: bool = False

    @property
    def said(self) -> tuple[str, ...]:
        rows = {"by head": "in the rows of its fused projection each head has its q, k and v together"}
        flags = {
            "its weight matrices lie as (in, out)": self.transposed,
            "no query sees a later key": self.causal,
            "its sequences come first, before the batch": self.time_first,
            WIDENED: self.widen,
        }
        return (
            *(rows[self.rows] for _ in [0] if self.rows in rows),
            *(text for text, on in flags.items() if on),
        )


@dataclass(frozen=True)
class Heads:
    """A module of many heads."""

    entry: Algorithm
    member: Member
    construct: Match
    call: Match
    required: tuple[str, ...] = ()
    probed: dict[Way, int] = field(default_factory=dict, compare=False)

    @property
    def of_itself(self) -> bool:
        return "key" not in self.call.theirs

    def ask(self, way: Way, host: Host, question: Question) -> Answer:
        arrays = {name: value for name, value in question.case.arrays.items() if value is not None}
        options = question.case.options
        L = arrays["query"].shape[1]
        self._possible(arrays, options, way, L)
        told = tell(host, self.send, way, host, arrays, options, question.upstream)
        if told["outputs"][0] is None:
            raise Absent("it returns None")
        names = list(question.parts[0].expected)
        outputs = [_turned(output, way) for output in told["outputs"][: len(names)]]
        gradients = told["gradients"]
        if gradients is not None:
            gradients = {name: _turned(grad, way) for name, grad in gradients.items()}
            gradients |= {f"params.{name}": grad for name, grad in told["params"].items()}
            gradients = expected_only(question, gradients)
        return answer(question, dict(zip(names, outputs, strict=False)), gradients)

    def _possible(self, arrays: dict[str, Any], options: Mapping[str, Any], way: Way, L: int) -> None:
        if (
            self.of_itself
            and arrays["key"].shape[1] != L
            and ("attn_mask" in arrays or "key_padding_mask" in arrays)
        ):
            raise Beyond("it attends to its own input alone")
        mask = arrays.get("attn_mask")
        if mask is not None and mask.ndim == 3:
            raise Beyond("it takes one mask for all heads")
        if (mask is not None and mask.dtype != bool) and way.masks not in ("adds", "torch"):
            raise Beyond("its mask takes truth values alone")
        keeps = None if mask is None else ~mask if mask.dtype == bool else np.isfinite(mask)
        padding = arrays.get("key_padding_mask")
        seen = (
            padding is None or not (padding if padding.dtype == bool else ~np.isfinite(padding)).all(-1).any()
        )
        kept = (
            None
            if padding is None
            else (~padding if padding.dtype == bool else np.isfinite(padding))[:, None]
        )
        is_causal = bool(options.get("is_causal")) or way.causal
        source = {**arrays, "key": arrays["query"]} if self.of_itself else arrays
        if not seen or sees_nobody(keeps, is_causal, source, kept):
            raise Beyond(NOBODY)

    def _mask_axes(self, way: Way, host: Host) -> int:
        """How many axes its mask has, (L, S) or more before them: the first number that it takes."""
        if way not in self.probed:
            self.probed[way] = next((axes for axes in (2, 3, 4) if self._takes(axes, way, host)), 2)
        return self.probed[way]

    def _takes(self, axes: int, way: Way, host: Host) -> bool:
        L, S = 5, 5 if self.of_itself else 7
        sizes = sizes_of(4, 2, 7, bias=True, time_first=way.time_first)
        arrays = {"query": np.ones((2, L, 4)), "key": np.ones((2, S, 4)), "value": np.ones((2, S, 4))}
        mask = mask_of_module(np.zeros((L, S), bool), way.masks)
        given = {name: _turned(value, way) for name, value in arrays.items() if name in self.call.theirs}
        given["attn_mask"] = mask.reshape((1,) * (axes - 2) + mask.shape)
        try:
            instance = self._build(host, sizes, widen=False)["instance"]
            marked: dict[str, Any] = {**dict.fromkeys(self.required), **{name: {"$": name} for name in given}}
            args, kwargs = self.call.place(marked)
            told = host.tensors(
                *("call", instance, args, kwargs), arrays=given, algorithm="", forbidden=[], training=False
            )
        except TheirError:
            return False
        return np.size(told["outputs"][0]) == 2 * L * 4

    def _build(self, host: Host, sizes: Mapping[str, Any], *, widen: bool) -> dict[str, Any]:
        args, kwargs = self.construct.place(sizes)
        config = configuration(sizes) if "config" in self.construct.theirs else None
        names = settings(sizes)
        return dict(
            host.tensors(
                "build", self.member.name, args, kwargs, config=config, widen=widen, module_names=names
            )
        )

    def send(
        self,
        way: Way,
        host: Host,
        arrays: dict[str, Any],
        options: Mapping[str, Any],
        upstream: Sequence[Any],
    ) -> dict[str, Any]:
        params = dict(arrays.pop("params"))
        E, H = arrays["query"].shape[-1], options["num_heads"]
        biased = "in_proj_bias" in params
        longest = max(arrays[name].shape[1] for name in ("query", "key"))
        sizes = sizes_of(E, H, longest, bias=biased, time_first=way.time_first)
        built = self._build(host, sizes, widen=way.widen)
        theirs = {name: tuple(shape) for name, shape in built["parameters"].items()}
        layout = heads_layout(
            params, theirs, H, linear=frozenset(built["linear"]), how=way.rows, transposed=way.transposed
        )
        given = {name: _turned(value, way) for name, value in arrays.items() if name in self.call.theirs}
        if "attn_mask" in given:
            mask = mask_of_module(arrays["attn_mask"], way.masks)
            given["attn_mask"] = mask.reshape((1,) * (self._mask_axes(way, host) - 2) + mask.shape)
        if self.of_itself:
            given.pop("key", None)
        plain = {**options, **dict.fromkeys(self.required), "dropout": 0.0}
        args, kwargs = self.call.place({**plain, **{name: {"$": name} for name in given}})
        values = layout.values({name: params[name] for name in layout.run.shapes})
        told = dict(
            host.tensors(
                *("call", built["instance"], args, kwargs),
                arrays=given,
                values=values,
                algorithm=self.entry.name,
                forbidden=list(FORBIDDEN[self.entry.name]),
                upstream=[
                    _turned(dy, way) if dy.ndim == 3 and i == 0 else dy for i, dy in enumerate(upstream)
                ],
                training=False,
                widen=way.widen,
            )
        )
        told["params"] = layout.gradients(told["learnt"]) if told["gradients"] is not None else {}
        return told


def _turned(value: Any, way: Way) -> Any:
    """Batch and time exchanged, where they come the other way round."""
    return np.swapaxes(value, 0, 1) if way.time_first and np.ndim(value) == 3 else value


def mask_of_module(mask: np.ndarray, masks: str) -> np.ndarray:
    """The formula's mask, in which True blocks, in the words of theirs."""
    if mask.dtype != bool or masks == "torch":
        return mask
    return translated(~mask, masks)


def sizes_of(E: int, H: int, longest: int, *, bias: bool, time_first: bool) -> dict[str, Any]:
    """What a constructor may be told."""
    each = dict.fromkeys(("head_dim", "head_size", "d_k", "d_v"), E // H)
    return {
        **{"embed_dim": E, "d_out": E, "query_size": E, "num_heads": H, "context_length": longest, **each},
        **{"bias": bias, "dropout": 0.0, "batch_first": not time_first},
    }


def configuration(sizes: Mapping[str, Any]) -> dict[str, Any]:
    """Sizes under all the names that configurations have for them."""
    config = {name: value for name, value in sizes.items() if isinstance(value, int | float | bool)}
    for name, value in sizes.items():
        config |= dict.fromkeys(NAMES.get(name, ()), value)
    drops = (
        "attn_pdrop",
        "resid_pdrop",
        "drop_rate",
        "dropout_rate",
        "attention_dropout",
        "embd_pdrop",
        "drop",
    )
    return {**config, **dict.fromkeys(drops, 0.0), "qkv_bias": sizes["bias"], "vocab_size": 11, "n_layer": 1}


def settings(sizes: Mapping[str, Any]) -> dict[str, Any]:
    """The same as globals of a file, as in the lecture that nanoGPT comes from."""
    names = {
        "n_embd": "embed_dim",
        "n_head": "num_heads",
        "block_size": "context_length",
        "dropout": "dropout",
    }
    return {theirs: sizes[ours] for theirs, ours in names.items()}


def bind_heads(entry: Algorithm, member: Member, wanted: Wanted) -> Binding | Unbound:
    """Bind a module of many heads, of a sequence to itself or to another, causal or not."""
    forward = forward_of(member)
    if is_function(member) or forward is None:
        return Unbound(
            member.name, "a class with forward is expected for attention of many heads", member.line
        )
    inputs: tuple[str, ...] = ("query", "key", "value", "attn_mask")
    if len([p for p in forward if not p.variadic]) <= 2:
        inputs = ("query", "attn_mask")
    names = (*inputs, "key_padding_mask", "need_weights", "average_attn_weights", "is_causal")
    call = match(forward, names, by_position=inputs, synonyms=NAMES, map_=dict(wanted.map))
    sizes = ("config", *sizes_of(1, 1, 1, bias=True, time_first=False))
    construct = match(
        member.parameters or (),
        sizes,
        by_position=("embed_dim", "num_heads"),
        synonyms=NAMES,
        map_=dict(wanted.map),
    )
    unknown = (*construct.unknown, *call.unknown)
    if unknown:
        reason = (
            f"what {', '.join(unknown)} is can't be told; (embed_dim, num_heads, dropout, bias) are known"
        )
        return Unbound(member.name, reason, member.line)
    required = tuple(
        ours for ours, theirs in call.theirs.items() if any(p.name == theirs and p.required for p in forward)
    )
    heads = Heads(entry, member, construct, call, required)
    whole = "need_weights" in call.theirs
    named_causal = any(word in member.name.lower() for word in ("causal", "masked"))
    takes_mask = "attn_mask" in call.theirs
    causal = [True] if named_causal and not takes_mask else [False, True]
    if takes_mask or "is_causal" in call.theirs:
        causal = [False]
    masks = ["blocks"]
    if takes_mask:
        masks = ["torch"] if whole else ["keeps", "blocks", "adds", "keeps in numbers"]
        masks = ["adds", *masks] if member.uses & {"is_floating_point", "dtype"} and not whole else masks
    one_head = "num_heads" not in construct.theirs and "config" not in construct.theirs
    base = [Way(masks=mask, causal=flag) for mask in masks for flag in causal]
    ways = list(base)
    ways += [replace(way, rows="by head") for way in base]
    ways += [replace(way, transposed=True) for way in base]
    if "batch_first" not in construct.theirs:
        ways += [replace(way, time_first=True) for way in base]
    ways += [replace(way, widen=True) for way in base]
    readings = []
    for way in ways:
        said = (
            way.said
            if len(causal) > 1 or not way.causal
            else tuple(t for t in way.said if "later key" not in t)
        )
        said = (
            (MASKS[way.masks], *said) if takes_mask and way.masks in MASKS and way.masks != masks[0] else said
        )
        readings.append(
            Reading(
                partial(heads.ask, way),
                "; ".join(said),
                FORMULAS[heads.of_itself, way.causal, whole],
            )
        )
    options = {"num_heads"} | ({"is_causal", "need_weights", "average_attn_weights"} & set(call.theirs))
    fixed = (("num_heads", 1),) if one_head else ()
    arrays = {"key_padding_mask", "attn_mask"} & set(call.theirs)
    can = Abilities(frozenset(options), frozenset(arrays), fixed=fixed)
    return Binding(entry.name, "torch", (member.name,), tuple(readings), can, member.line)
