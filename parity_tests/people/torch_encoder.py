"""A layer of a transformer's encoder: attention, two linear layers and two norms, wherever each lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm
from parity_tests.engine.questions import Answer, Question
from parity_tests.people.answers import answer
from parity_tests.people.binding import Abilities, Absent, Beyond, Binding, Member, Reading, Unbound
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Host
from parity_tests.people.signatures import Match, match
from parity_tests.people.torch_attention import MASKS, NAMES, NOBODY, sees_nobody
from parity_tests.people.torch_heads import configuration, mask_of_module, settings, sizes_of
from parity_tests.people.torch_layouts import LIKE_BIAS, Layout, Run, Shape, heads_layout, words
from parity_tests.people.torch_names import FORBIDDEN
from parity_tests.people.torch_operations import expected_only, forward_of, is_function, tell
from scratch.transformer import encoder_layer

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    **NAMES,
    "dim_feedforward": (
        "d_ff",
        "dff",
        "ffn_dim",
        "hidden_dim",
        "ff_dim",
        "mlp_dim",
        "ffn_hidden",
        "ff_hidden",
        "d_hidden",
    ),
    "layer_norm_eps": ("eps", "norm_eps"),
    "src": ("x", "input", "inputs", "hidden_states"),
    "src_mask": ("mask", "attn_mask", "attention_mask"),
    "norm_first": ("pre_norm", "prenorm"),
    "activation": ("act", "act_fn"),
}


@dataclass(frozen=True)
class Way:
    """How a layer may be meant, where it has no options for that."""

    masks: str
    norm_first: bool | None
    activation: str | None
    causal: bool

    @property
    def said(self) -> str:
        places = {True: "it normalizes what goes into a block", False: "", None: ""}
        kinds = {"gelu": "its activation is gelu", "relu": "", None: ""}
        causal = "no token sees a later one" if self.causal else ""
        return "; ".join(filter(None, (places[self.norm_first], kinds[self.activation], causal)))

    def formula(self, *arrays: Any, **named: Any) -> Any:
        """The layer in this way. It has no masks for each head by itself."""
        mask = named.get("src_mask")
        if mask is not None and mask.ndim != 2:
            raise ValueError("it takes one mask for all heads")
        chosen = {"norm_first": self.norm_first, "activation": self.activation}
        named |= {name: value for name, value in chosen.items() if value is not None}
        if self.causal:
            named |= {"is_causal": True, "src_mask": None}
        return encoder_layer(*arrays, **named)


@dataclass(frozen=True)
class EncoderLayer:
    """A class of such layers."""

    entry: Algorithm
    member: Member
    construct: Match
    call: Match

    def ask(self, way: Way, host: Host, question: Question) -> Answer:
        arrays = {name: value for name, value in question.case.arrays.items() if value is not None}
        mask = arrays.get("src_mask")
        if mask is not None and mask.dtype != bool and way.masks not in ("adds", "torch"):
            raise Beyond("its mask takes truth values alone")
        keeps = None if mask is None else ~mask if mask.dtype == bool else np.isfinite(mask)
        if sees_nobody(keeps, way.causal, {"query": arrays["src"], "key": arrays["src"]}):
            raise Beyond(NOBODY)
        told = tell(host, self.send, way, host, arrays, question)
        if told["outputs"][0] is None:
            raise Absent("it returns None")
        gradients = told["gradients"]
        if gradients is not None:
            gradients = expected_only(question, gradients | told["params"])
        return answer(question, told["outputs"][0], gradients)

    def send(self, way: Way, host: Host, arrays: dict[str, Any], question: Question) -> dict[str, Any]:
        params, options = arrays.pop("params"), dict(question.case.options)
        (F, E), H = params["linear1.weight"].shape, options["nhead"]
        sizes = sizes_of(E, H, arrays["src"].shape[1], bias=True, time_first=False)
        given = {**sizes, **options, "dropout": 0.0, "dim_feedforward": F}
        args, kwargs = self.construct.place(given)
        config = None
        if "config" in self.construct.theirs:
            config = configuration(sizes) | dict.fromkeys(
                ("dim_feedforward", *SYNONYMS["dim_feedforward"]), F
            )
        built = host.tensors(
            "build", self.member.name, args, kwargs, config=config, module_names=settings(sizes)
        )
        theirs = {name: tuple(shape) for name, shape in built["parameters"].items()}
        parts = encoder_layouts(params, theirs, H, frozenset(built["linear"]))
        values: dict[str, np.ndarray] = {}
        for prefix, layout in parts.items():
            values |= layout.values({name: params[prefix + name] for name in layout.run.shapes})
        inputs = {"src": arrays["src"]}
        if "src_mask" in arrays:
            inputs["src_mask"] = mask_of_module(arrays["src_mask"], way.masks)
        required = {p.name for p in forward_of(self.member) or () if p.required}
        empty = {ours: None for ours, their in self.call.theirs.items() if their in required}
        args, kwargs = self.call.place({**options, **empty, **{name: {"$": name} for name in inputs}})
        told = dict(
            host.tensors(
                *("call", built["instance"], args, kwargs),
                arrays=inputs,
                values=values,
                algorithm=self.entry.name,
                forbidden=list(FORBIDDEN[self.entry.name]),
                upstream=list(question.upstream),
                training=False,
            )
        )
        told["params"] = {}
        for prefix, layout in parts.items() if told["gradients"] is not None else ():
            found = layout.gradients(told["learnt"])
            told["params"] |= {f"params.{prefix}{name}": gradient for name, gradient in found.items()}
        return told


def encoder_layouts(
    params: Mapping[str, np.ndarray], theirs: Mapping[str, Shape], H: int, linear: frozenset[str]
) -> dict[str, Layout]:
    """The layouts of attention and of the rest, by the prefix of our names. Raises Beyond for others."""
    F, E = params["linear1.weight"].shape
    if F in (E, 3 * E):
        raise Beyond("sizes that are equal don't tell its matrices apart")
    norms = [name for name in theirs if any("norm" in word or word.startswith("ln") for word in words(name))]
    wide = [name for name in theirs if name not in norms and F in theirs[name]]
    owner = next((name.rpartition(".")[0] for name in wide if theirs[name] == (E, F)), "")
    wide += [name for name in theirs if name not in wide and owner and name.rpartition(".")[0] == owner]
    rest = {name: shape for name, shape in theirs.items() if name not in (*norms, *wide)}
    ours = {name: value.shape for name, value in params.items() if not name.startswith("self_attn.")}
    run, sources = Run(ours), {}
    places = {(F, E): "linear1.weight", (F,): "linear1.bias", (E, F): "linear2.weight", (E,): "linear2.bias"}
    for name in wide:
        sources[name] = [run.of(places[theirs[name]])]
    modules = list(dict.fromkeys(name.rpartition(".")[0] for name in norms))
    if len(modules) != 2 or len(norms) != 4 or len(wide) != 4:
        raise Beyond("two norms and two linear layers with biases are known, beside attention")
    for name in norms:
        number = modules.index(name.rpartition(".")[0]) + 1
        last = next((word for word in reversed(words(name)) if not word.isdigit()), "")
        kind = "bias" if last in LIKE_BIAS else "weight"
        sources[name] = [run.of(f"norm{number}.{kind}")]
    stem = next((name.removesuffix("in_proj_weight") for name in rest if name.endswith("in_proj_weight")), "")
    attention = {
        name.removeprefix("self_attn."): v for name, v in params.items() if name.startswith("self_attn.")
    }
    inner = heads_layout(
        attention, {name.removeprefix(stem): s for name, s in rest.items()}, H, linear=linear
    )
    attended = Layout(inner.run, {stem + name: found for name, found in inner.sources.items()})
    return {"self_attn.": attended, "": Layout(run, sources)}


def bind_encoder_layer(entry: Algorithm, member: Member, wanted: Wanted) -> Binding | Unbound:
    """Bind a module with (d_model, nhead, dim_feedforward, …), called with x and maybe a mask."""
    forward = forward_of(member)
    if is_function(member) or forward is None:
        return Unbound(member.name, "a class with forward is expected for a layer", member.line)
    options = ("dim_feedforward", "activation", "layer_norm_eps", "norm_first")
    sizes = ("config", *sizes_of(1, 1, 1, bias=True, time_first=False), *options)
    first = ("embed_dim", "num_heads", "dim_feedforward")
    map_ = dict(wanted.map)
    construct = match(member.parameters or (), sizes, by_position=first, synonyms=SYNONYMS, map_=map_)
    call = match(
        forward, ("src", "src_mask", "is_causal"), by_position=("src", "src_mask"), synonyms=SYNONYMS
    )
    if construct.unknown or call.unknown:
        reason = f"what {', '.join((*construct.unknown, *call.unknown))} is can't be told"
        return Unbound(member.name, f"{reason}; (d_model, nhead, dim_feedforward, …) are known", member.line)
    layer = EncoderLayer(entry, member, construct, call)
    masked = "src_mask" in call.theirs
    ways = [
        Way(masks, norm_first, activation, causal)
        for masks, norm_first, activation, causal in product(
            ("keeps", "torch", "blocks") if masked else ("keeps",),
            (None,) if "norm_first" in construct.theirs else (False, True),
            (None,) if "activation" in construct.theirs else ("relu", "gelu"),
            (False,) if masked else (False, True),
        )
    ]
    readings = tuple(
        Reading(
            partial(layer.ask, way),
            "; ".join(filter(None, (MASKS[way.masks] if way.masks == "blocks" else "", way.said))),
            way.formula,
        )
        for way in ways
    )
    taken = {name for name in options[1:] if name in construct.theirs}
    can = Abilities(frozenset({"nhead", *taken}), frozenset({"src_mask"} if masked else ()))
    return Binding(entry.name, "torch", (member.name,), readings, can, member.line)
