"""The handbook's dialect, which is that of the deeplearning.ai exercises.

Parameters are dictionaries ``W1, b1, …, WL, bL``, a weight is (n_out, n_in), activations are (features,
examples), and gradients of parameters are means over the examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from parity_tests.people import handbook_attention as attention
from parity_tests.people import handbook_costs as costs
from parity_tests.people import handbook_depths as depths
from parity_tests.people import handbook_draws as draws
from parity_tests.people import handbook_images as images
from parity_tests.people import handbook_networks as networks
from parity_tests.people import handbook_sequences as sequences
from parity_tests.people import handbook_updates as updates
from parity_tests.people.binding import Binding, Bound, Member, Unbound
from parity_tests.people.finding import Wanted
from parity_tests.people.handbook_functions import Maker, called_so

NAME = "handbook"

Bind = Callable[[Maker], Any]

# Names that nobody else has; a file is in this dialect if it defines
# two of them, or one with parameters that are called as they are here.
OWN: dict[str, Bind] = {
    **{
        f"update_parameters_with_{kind}": partial(updates.bind_update, kind=kind)
        for kind in updates.UPDATES
        if kind
    },
    **{
        f"initialize_parameters_{kind}": partial(draws.bind_initializer, kind=kind)
        for kind in ("he", "xavier", "zeros", "random", "deep")
    },
    "update_lr": updates.bind_time_decay,
    "schedule_lr_decay": updates.bind_stepped_decay,
    "linear_forward": networks.bind_linear_forward,
    "linear_backward": networks.bind_linear_backward,
    "linear_activation_forward": networks.bind_layer_forward,
    "linear_activation_backward": networks.bind_layer_backward,
    "L_model_forward": networks.bind_model_forward,
    "L_model_backward": networks.bind_model_backward,
    "forward_propagation_with_dropout": depths.bind_dropout_forward,
    "backward_propagation_with_dropout": depths.bind_dropout_backward,
    "backward_propagation_with_regularization": depths.bind_regularized_backward,
    "backward_propagation_n": depths.bind_backward_propagation,
    "compute_cost_with_regularization": costs.bind_regularized_cost,
    "propagate": costs.bind_propagate,
    "random_mini_batches": costs.bind_mini_batches,
    "conv_single_step": images.bind_single_step,
    "pool_forward": images.bind_pool_forward,
    "pool_backward": images.bind_pool_backward,
    "rnn_cell_forward": sequences.bind_rnn_cell_forward,
    "rnn_cell_backward": sequences.bind_rnn_cell_backward,
    "lstm_cell_forward": sequences.bind_lstm_cell_forward,
    "lstm_cell_backward": sequences.bind_lstm_cell_backward,
}
# Names that others have, too: they count where the parameters are called as they are here alone, and in a
# file of this dialect where they may be meant so.
SHARED: dict[str, tuple[Bind, tuple[str, ...]]] = {
    "update_parameters": (partial(updates.bind_update, kind=""), ("parameters", "params")),
    "clip": (updates.bind_clip, ("maxValue",)),
    "compute_cost": (costs.bind_cost, ("AL", "A2", "A3")),
    "L1": (costs.bind_distance, ("yhat",)),
    "L2": (costs.bind_distance, ("yhat",)),
    "forward_propagation": (depths.bind_forward_propagation, ("parameters",)),
    "backward_propagation": (depths.bind_backward_propagation, ("cache",)),
    "conv_forward": (images.bind_conv_forward, ("hparameters", "hparams")),
    "conv_backward": (images.bind_conv_backward, ("dZ",)),
    "zero_pad": (images.bind_zero_pad, ("pad",)),
    "rnn_forward": (sequences.bind_rnn_forward, ("a0", "parameters")),
    "rnn_backward": (sequences.bind_rnn_backward, ("caches", "parameters")),
    "lstm_forward": (sequences.bind_lstm_forward, ("a0",)),
    "lstm_backward": (sequences.bind_lstm_backward, ("caches",)),
    "get_angles": (attention.bind_angles, ("pos",)),
    "positional_encoding": (attention.bind_positions, ("positions",)),
    "scaled_dot_product_attention": (attention.bind_attention, ("q",)),
    "softmax": (networks.bind_softmax, ()),
    **dict.fromkeys(("sigmoid", "relu", "tanh", "leaky_relu"), (networks.bind_activation, ())),
    **{
        f"{name}_backward": (networks.bind_activation_backward, ("dA",))
        for name in ("sigmoid", "relu", "tanh", "leaky_relu")
    },
    **{f"{name}_derivative": (networks.bind_derivative, ()) for name in ("sigmoid", "relu", "tanh")},
}
# What parameters are called in a file of this dialect.
WORDS = ("A", "A_prev", "AL", "dA", "dZ", "dH", "cache", "caches", "parameters", "params", "hparameters")
# Modules of which the names above mean something else.
FRAMEWORKS = frozenset({"tf", "tensorflow", "torch", "keras", "nn"})


def bind(members: Sequence[Member], wanted: Wanted) -> Bound:
    """Bind every function of this dialect that is not another's by its signature."""
    by_name = {m.name: m for m in members if m.kind == "function" and not m.uses & FRAMEWORKS}
    everything = {member.name: member for member in members}
    made: dict[str, tuple[Binding | Unbound, ...]] = {}
    for name, member in by_name.items():
        if name in OWN:
            made[name] = _made(OWN[name], everything, member)
    ours = wanted.dialect == NAME
    own = [by_name[name] for name, found in made.items() if any(isinstance(one, Binding) for one in found)]
    of_ours = len(own) > 1 or any(called_so(WORDS, member) for member in own)
    for name, member in by_name.items():
        if name in SHARED and (ours or _signed(member) or (of_ours and _in_our_words(member))):
            made[name] = _made(SHARED[name][0], everything, member)
    for name in [] if ours else list(made):
        # A layer goes with its backward: who has that in another form has both.
        if (
            name in SHARED
            and not _signed(by_name[name])
            and _another_has(f"{name}_backward", everything, made)
        ):
            del made[name]
    found = [one for name in made for one in made[name] if not wanted.member or name == wanted.member]
    bindings = [one for one in found if isinstance(one, Binding)]
    unbound = [one for one in found if isinstance(one, Unbound)]
    kept = tuple(one for one in bindings if not wanted.as_ or one.algorithm == wanted.as_)
    return Bound(kept, tuple(_said_once(unbound)))


def _made(bind_it: Bind, members: Mapping[str, Member], member: Member) -> tuple[Binding | Unbound, ...]:
    found = bind_it(Maker(members, member))
    return found if isinstance(found, tuple) else (found,)


def _signed(member: Member) -> bool:
    """Whether its parameters are called as they are here alone."""
    return "Z" in member.takes or called_so(SHARED[member.name][1], member)


def _in_our_words(member: Member) -> bool:
    """Whether it may be meant so in a file of this dialect: it takes one thing, or what is called so here."""
    return len(member.parameters or ()) == 1 or called_so(WORDS, member)


def _another_has(
    name: str, members: Mapping[str, Member], made: Mapping[str, tuple[Binding | Unbound, ...]]
) -> bool:
    """Whether there is a function of this name that could not be bound."""
    return name in members and not any(isinstance(one, Binding) for one in made.get(name, ()))


def _said_once(unbound: Iterable[Unbound]) -> list[Unbound]:
    return list({one.name: one for one in unbound}.values())
