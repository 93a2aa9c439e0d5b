"""The assignments of Stanford's cs231n: layers, losses, recurrent layers, optimizers, linear classifiers.

A function is known by its name and by how many arguments it takes. ``f_forward`` goes with the ``f_backward``
of the same ending (``conv_forward_naive`` with ``conv_backward_naive``), and every further backward
(``batchnorm_backward_alt``) is checked with the cache of the plain forward.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from parity_tests.people import cs231n_chains as chains
from parity_tests.people import cs231n_dropout as dropout
from parity_tests.people import cs231n_layers as layers
from parity_tests.people import cs231n_losses as losses
from parity_tests.people import cs231n_recurrent as recurrent
from parity_tests.people.binding import Binding, Bound, Member, Reading, Unbound
from parity_tests.people.cs231n_optim import RULES
from parity_tests.people.cs231n_pairs import Heard, Layer, Loss, asking, asking_loss, needed, noted, readings
from parity_tests.people.finding import Wanted

NAME = "cs231n"
LAYERS: dict[str, Layer] = {
    "affine": layers.AFFINE,
    "relu": layers.RELU,
    "leaky_relu": layers.LEAKY_RELU,
    "batchnorm": layers.BATCHNORM,
    "spatial_batchnorm": layers.SPATIAL_BATCHNORM,
    "layernorm": layers.LAYERNORM,
    "spatial_groupnorm": layers.GROUPNORM,
    "spatial_quick_groupnorm": layers.GROUPNORM,
    "dropout": dropout.LAYER,
    "conv": layers.CONV,
    "max_pool": layers.MAX_POOL,
    "affine_relu": chains.AFFINE_RELU,
    "affine_bn_relu": chains.AFFINE_BN_RELU,
    "affine_batchnorm_relu": chains.AFFINE_BN_RELU,
    "affine_norm_relu": chains.AFFINE_BN_RELU,
    "conv_relu": chains.CONV_RELU,
    "conv_bn_relu": chains.CONV_BN_RELU,
    "conv_batchnorm_relu": chains.CONV_BN_RELU,
    "conv_relu_pool": chains.CONV_RELU_POOL,
    "rnn_step": recurrent.RNN_STEP,
    "rnn": recurrent.RNN,
    "lstm_step": recurrent.LSTM_STEP,
    "lstm": recurrent.LSTM,
    "word_embedding": layers.EMBEDDING,
    "temporal_affine": layers.TEMPORAL_AFFINE,
}
LOSSES: dict[str, tuple[Loss, ...]] = {
    "softmax_loss": (losses.SOFTMAX_LOSS,),
    "svm_loss": (losses.SVM_LOSS,),
    "temporal_softmax_loss": (losses.TEMPORAL_SOFTMAX_LOSS,),
}
for _ending in ("naive", "vectorized"):
    LOSSES[f"softmax_loss_{_ending}"] = losses.SOFTMAX_CLASSIFIER
    LOSSES[f"svm_loss_{_ending}"] = losses.SVM_CLASSIFIER
# Whoever calls a dict of settings otherwise means something else by the function's name.
SETTINGS = re.compile(r"param|config|conf|cfg|opt|setting|dict|args|hyper", re.IGNORECASE)


def bind(members: Sequence[Member], wanted: Wanted) -> Bound:
    """Bind every function that has the name and the arguments of one of the assignments."""
    functions = {member.name: member for member in members if member.kind == "function"}
    bindings: list[Binding] = []
    unbound: list[Unbound] = []
    for found in (*_pairs(functions), *_losses(functions), *_rules(functions)):
        (bindings if isinstance(found, Binding) else unbound).append(found)  # type: ignore[arg-type]
    if wanted.member:
        bindings = [binding for binding in bindings if wanted.member in binding.members]
        unbound = [one for one in unbound if one.name == wanted.member]
    if wanted.as_:
        bindings = [binding for binding in bindings if binding.algorithm == wanted.as_]
    return Bound(tuple(bindings), tuple(unbound))


# ---- forward and backward ----


def _pairs(functions: Mapping[str, Member]) -> Iterator[Binding | Unbound]:
    for prefix, layer in LAYERS.items():
        forwards = _endings(functions, f"{prefix}_forward")
        backwards = _endings(functions, f"{prefix}_backward")
        for ending, forward in forwards.items():
            if not _fits(forward, layer.parameters):
                yield Unbound(forward.name, _would_do(layer.form, "out, cache"), forward.line)
                continue
            backward = backwards.pop(ending, None) or functions.get(f"{forward.name}_backward")
            yield from _paired(layer, forward, backward)
        plain = forwards.get("") or forwards.get("_naive")
        for backward in backwards.values():
            if plain is None:
                yield Unbound(
                    backward.name, f"there is no {prefix}_forward whose cache it could take", backward.line
                )
            elif _fits(plain, layer.parameters):
                yield from _paired(layer, plain, backward, first=backward)


def _endings(functions: Mapping[str, Member], name: str) -> dict[str, Member]:
    """Functions of this name by what follows it: "", "_naive", "_fast", "_alt"."""
    return {
        member.removeprefix(name): functions[member]
        for member in functions
        if re.fullmatch(
            rf"{name}(_(naive|fast|alt|alternative|vectorized|im2col|strides|reshape|\w*\d))?", member
        )
    }


def _paired(
    layer: Layer, forward: Member, backward: Member | None, first: Member | None = None
) -> Iterator[Binding | Unbound]:
    upstream = ["dout"] * layer.returns
    remarks: tuple[str, ...] = ()
    if backward is not None and not _fits(backward, (*upstream, "cache")):
        yield Unbound(
            backward.name,
            f"a form such as {backward.name}({', '.join(upstream)}, cache) would do",
            backward.line,
        )
        backward = None
    if backward is None:
        if first is not None:
            return
        remarks = ("there is no backward, so that its gradients were not checked",)
    name = "" if backward is None else backward.name
    main = first or forward
    members = dict.fromkeys(member.name for member in (main, forward, backward) if member is not None)
    made = _readings(layer, forward, name, noted if first is None else needed)
    yield Binding(layer.algorithm, NAME, tuple(members), made, line=main.line, remarks=remarks)


def _readings(layer: Layer, forward: Member, backward: str, heard: Heard) -> tuple[Reading, ...]:
    if layer.algorithm == "dropout":
        return dropout.readings(forward.name, backward, forward.doc)
    ask = asking(layer, forward.name, backward, heard)
    if layer in (layers.CONV, layers.MAX_POOL):
        ask = layers.whole_windows(layer, ask)
    made = readings(layer, ask)
    if layer is layers.GROUPNORM:
        flat = readings(layers.GROUPNORM_FLAT, asking(layers.GROUPNORM_FLAT, forward.name, backward, heard))
        made += (replace(flat[0], convention=layers.FLAT),)
    return made


# ---- losses and update rules ----


def _losses(functions: Mapping[str, Member]) -> Iterator[Binding | Unbound]:
    for name, ways in LOSSES.items():
        member = functions.get(name)
        if member is None:
            continue
        loss = ways[0]
        if not _fits(member, loss.parameters):
            yield Unbound(name, _would_do(loss.form, "loss, gradient"), member.line)
            continue
        made: tuple[Reading, ...] = ()
        for turned, way in enumerate(ways):
            for reading in readings(way, asking_loss(way, name)):
                said = [reading.convention, losses.COLUMNS if turned else ""]
                made += (replace(reading, convention="; ".join(filter(None, said))),)
        yield Binding(loss.algorithm, NAME, (name,), made, line=member.line)


def _rules(functions: Mapping[str, Member]) -> Iterator[Binding | Unbound]:
    for name, member in functions.items():
        rule = RULES.get(name.lower())
        if rule is None or not _has_config(member):
            continue
        yield Binding(rule.algorithm, NAME, (name,), rule.readings(name), rule.abilities, member.line)


def _has_config(member: Member) -> bool:
    """``(w, dw, config=None)``: the name of the third is what tells it from others of its name."""
    return _fits(member, ("w", "dw", "config")) and bool(SETTINGS.search(member.takes[2]))


def _fits(member: Member, parameters: Sequence[str]) -> bool:
    """Whether it can be called with so many arguments, and has dicts where the assignment has them."""
    if member.parameters is None:
        return True
    named = [p for p in member.parameters if not p.variadic and p.kind != "KEYWORD_ONLY"]
    required = sum(p.required for p in named)
    if not required <= len(parameters) <= len(named):
        return False
    pairs = zip(named, parameters, strict=False)
    return all(SETTINGS.search(p.name) for p, ours in pairs if ours.endswith("_param"))


def _would_do(form: str, returns: str) -> str:
    return f"a form such as {form} -> {returns} would do"
