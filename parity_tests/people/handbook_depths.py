"""The exercises whose networks have two or three layers: with weight decay, with dropout, or plain."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from parity_tests.engine.questions import Answer, Question
from parity_tests.people import handbook_formulas as formulas
from parity_tests.people.answers import tensor
from parity_tests.people.binding import Absent, Beyond, Binding, Reading, Unbound
from parity_tests.people.handbook_functions import Function, Maker, function, item, outputs, value
from parity_tests.people.handbook_networks import Given, back, of_network, parameter_gradients, unbound
from parity_tests.people.host import Host, TheirError


def bind_forward_propagation(maker: Maker) -> Binding | Unbound:
    """Bind ``forward_propagation(X, parameters)`` of the exercises with two or three layers."""
    theirs = function(maker.member, "X parameters")
    if theirs is None:
        return unbound(maker, "X, parameters")

    def ask(host: Host, question: Question) -> Answer:
        given = Given.of(question)
        shape = np.shape(question.parts[0].expected["y"])
        try:
            AL = value(host, theirs(host, X=given.X, parameters=given.parameters), 0)
        except TheirError as error:
            if given.layers == 3 and _works_with_two(theirs, host):
                raise Beyond("it has two layers") from None
            if error.kind == "KeyError" and "3" in str(error).partition("(")[0]:
                raise Beyond("it has three layers") from None
            raise
        if given.layers == 3 and tensor(AL).shape[:1] == (len(given.parameters["W2"]),) != (1,):
            raise Beyond("it has two layers")
        return outputs(question, back(AL, shape))

    return of_network(
        maker,
        *(
            Reading(
                ask,
                "" if i == 0 else f"its hidden layers have {hidden}",
                formulas.NETWORKS[hidden],
                formulas.TWO_OR_THREE,
            )
            for i, hidden in enumerate(_hidden(maker))
        ),
    )


def _works_with_two(theirs: Function, host: Host) -> bool:
    """Whether two layers are enough for it."""
    parameters = {"W1": np.ones((3, 2)), "b1": np.ones((3, 1)), "W2": np.ones((1, 3)), "b2": np.ones((1, 1))}
    try:
        value(host, theirs(host, X=np.ones((2, 4)), parameters=parameters), 0)
    except TheirError:
        return False
    return True


def _hidden(maker: Maker) -> tuple[str, ...]:
    """The activations that its hidden layers may have, the likely one first."""
    uses = maker.member.uses | getattr(maker.members.get("forward_propagation"), "uses", frozenset())
    return ("tanh", "relu") if "tanh" in uses else ("relu", "tanh")


def bind_backward_propagation(maker: Maker) -> Binding | Unbound:
    """Bind ``backward_propagation(parameters, cache, X, Y)`` and ``backward_propagation(X, Y, cache)``."""
    two = function(maker.member, "parameters cache X Y")
    three = None if two is not None else function(maker.member, "X Y cache")
    theirs = two or three
    if theirs is None:
        return unbound(maker, "X, Y, cache")
    forward = maker.other("forward_propagation", "X parameters")
    known = "parameters" in theirs.match.theirs

    def ask(hidden: str, host: Host, question: Question) -> Answer:
        given = Given.of(question)
        cache = _own_cache(forward, host, given, hidden) or _tuple_or_dict(given, hidden, as_dict=known)
        returned = theirs(host, X=given.X, Y=given.Y, cache=cache, parameters=given.parameters)
        return parameter_gradients(host, question, given, returned)

    return of_network(
        maker,
        *(
            Reading(
                partial(ask, hidden),
                "" if i == 0 else f"its hidden layers have {hidden}",
                formulas.COSTS[hidden],
                formulas.TWO if known else formulas.THREE,
            )
            for i, hidden in enumerate(_hidden(maker))
        ),
        beside=("forward_propagation",) if forward is not None else (),
    )


def _own_cache(forward: Function | None, host: Host, given: Given, hidden: str, masks: Any = None) -> Any:
    """What their own forward pass left, if there is one, and it is right."""
    if forward is None:
        return None
    try:
        returned = forward(host, X=given.X, parameters=given.parameters, keep_prob=formulas.KEEP_PROB)
        AL = tensor(value(host, returned, 0))
    except (Absent, TheirError):
        return None
    right = given.forward(hidden, masks)[-1][1]
    if AL.shape != right.shape or not np.allclose(AL, right, rtol=1e-6, atol=1e-300):
        return None
    return item(host, returned, 1)


def _tuple_or_dict(given: Given, hidden: str, *, as_dict: bool = False, masks: Any = None) -> Any:
    """The cache of the exercises: Z1, A1, W1, b1, …, with D1 behind Z1 for dropout."""
    cache: list[tuple[str, np.ndarray]] = []
    for number, (Z, A) in enumerate(given.forward(hidden, masks), start=1):
        W, b = given.layer(number)
        cache.append((f"Z{number}", Z))
        if masks is not None and number < given.layers:
            cache.append((f"D{number}", masks[number - 1].T.astype(bool)))
        cache += [(f"A{number}", A), (f"W{number}", W), (f"b{number}", b)]
    return dict(cache) if as_dict else tuple(array for _, array in cache)


def bind_regularized_backward(maker: Maker) -> Binding | Unbound:
    """Bind ``backward_propagation_with_regularization(X, Y, cache, lambd)``."""
    theirs = function(maker.member, "X Y cache lambd")
    if theirs is None:
        return unbound(maker, "X, Y, cache, lambd")
    forward = maker.other("forward_propagation", "X parameters")

    def ask(host: Host, question: Question) -> Answer:
        given = Given.of(question)
        cache = _own_cache(forward, host, given, "relu") or _tuple_or_dict(given, "relu")
        returned = theirs(host, X=given.X, Y=given.Y, cache=cache, lambd=formulas.LAMBD)
        return parameter_gradients(host, question, given, returned)

    return of_network(maker, Reading(ask, "", formulas.COST_WITH_PENALTY, formulas.THREE))


# ---- dropout ----


def bind_dropout_forward(maker: Maker) -> Binding | Unbound:
    """Bind ``forward_propagation_with_dropout(X, parameters, keep_prob)``.

    Its masks are those of ``np.random.seed(1)`` and ``np.random.rand``, in the exercise; where it draws
    them otherwise, those that it left in its cache are what counts, if they keep as many as they should.
    """
    theirs = function(maker.member, "X parameters keep_prob")
    if theirs is None:
        return unbound(maker, "X, parameters, keep_prob")

    def ask(host: Host, question: Question) -> Answer:
        given = Given.of(question)
        host.seed(1)
        returned = theirs(host, X=given.X, parameters=given.parameters, keep_prob=formulas.KEEP_PROB)
        AL = back(value(host, returned, 0), (given.X.shape[1], 1))
        expected = question.parts[0].expected["y"]
        if AL.shape != expected.shape or not np.allclose(AL, expected, rtol=1e-9, atol=0, equal_nan=True):
            masks = _masks(host.get(returned), given)
            if masks is not None and _keeps_enough(theirs, host):
                own = given.forward("relu", masks)[-1][1].T
                AL = (
                    np.where(np.isclose(AL, own, rtol=1e-9, atol=0), expected, AL)
                    if AL.shape == own.shape
                    else AL
                )
        return outputs(question, AL)

    return of_network(maker, Reading(ask, "", formulas.DROPPED, formulas.THREE))


def _masks(returned: Any, given: Given) -> list[np.ndarray] | None:
    """D1 and D2 of a cache of the exercise, examples first."""
    try:
        cache = returned[1]
        masks = [np.asarray(cache[1], np.float64).T, np.asarray(cache[6], np.float64).T]
    except (TypeError, IndexError, KeyError, ValueError):
        return None
    shapes = [(given.X.shape[1], len(given.parameters[name])) for name in ("W1", "W2")]
    fits = [m.shape for m in masks] == shapes and all(np.isin(m, (0, 1)).all() for m in masks)
    return masks if fits else None


def _keeps_enough(theirs: Function, host: Host) -> bool:
    """Whether it keeps about keep_prob of many units."""
    random = np.random.RandomState(0)
    sizes, m = (3, 60, 50, 1), 80
    parameters = {}
    for number in (1, 2, 3):
        parameters[f"W{number}"] = random.randn(sizes[number], sizes[number - 1])
        parameters[f"b{number}"] = np.zeros((sizes[number], 1))
    keep_prob = 0.8
    returned = theirs(host, X=random.randn(3, m), parameters=parameters, keep_prob=keep_prob)
    given = Given(np.zeros((3, m)), parameters, np.zeros((1, m)))
    masks = _masks(host.get(returned), given)
    # Five deviations of the mean of 4000 draws.
    return masks is not None and all(abs(float(mask.mean()) - keep_prob) < 5 * 0.4 / 63 for mask in masks)


def bind_dropout_backward(maker: Maker) -> Binding | Unbound:
    """Bind ``backward_propagation_with_dropout(X, Y, cache, keep_prob)``."""
    theirs = function(maker.member, "X Y cache keep_prob")
    if theirs is None:
        return unbound(maker, "X, Y, cache, keep_prob")
    forward = maker.other("forward_propagation_with_dropout", "X parameters keep_prob")

    def ask(host: Host, question: Question) -> Answer:
        given = Given.of(question)
        params = question.case.arrays["params"]
        masks = formulas.dropout_masks(given.X.shape[1], params, formulas.KEEP_PROB)
        # Their own cache counts where their masks are those that the question is about.
        host.seed(1)
        own = _own_cache(forward, host, given, "relu", masks)
        cache = own or _tuple_or_dict(given, "relu", masks=masks)
        returned = theirs(host, X=given.X, Y=given.Y, cache=cache, keep_prob=formulas.KEEP_PROB)
        return parameter_gradients(host, question, given, returned)

    return of_network(maker, Reading(ask, "", formulas.COST_WITH_DROPOUT, formulas.THREE))
