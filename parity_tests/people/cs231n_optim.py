"""optim.py: ``next_w, config = f(w, dw, config)``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.engine.questions import Answer, Question
from parity_tests.people.answers import empty, named
from parity_tests.people.binding import Abilities, Absent, Ask, Reading
from parity_tests.people.cs231n_pairs import careful
from parity_tests.people.host import Host, TheirError
from scratch.optimizers import MomentumState, adam


@dataclass(frozen=True)
class Rule:
    """An update rule: `config` has their names of scratch's options; `again` other ways to mean it."""

    algorithm: str
    config: tuple[tuple[str, str], ...] = ()
    formula: Any = None
    again: tuple[tuple[str, Any, tuple[tuple[str, Any], ...]], ...] = ()

    @property
    def abilities(self) -> Abilities:
        options = {"betas" if ours.startswith("beta") else ours for ours, _ in self.config}
        return Abilities(options=frozenset({"lr", *options}))

    def readings(self, name: str) -> tuple[Reading, ...]:
        """The usual one, and each other with what there is to say, its formula and how its config begins."""
        usual = Reading(careful(self._asking(name, {})), formula=self.formula, narrow=_arrays_only)
        others = (
            Reading(careful(self._asking(name, dict(first))), text, formula, _arrays_only)
            for text, formula, first in self.again
        )
        return (usual, *others)

    def _asking(self, name: str, first: Mapping[str, Any]) -> Ask:
        def ask(host: Host, question: Question) -> Answer:
            case = question.case
            params = {key: value.copy() for key, value in case.arrays["params"].items()}
            configs: dict[str, dict[str, Any]] = {}
            answers = []
            for part, grads, lr in zip(question.parts, case.arrays["grads"], case.extra["lrs"], strict=True):
                for key, grad in grads.items():
                    if grad is None:
                        continue
                    before = configs.get(key) or {**self.settings(case.options), **first}
                    config = {**before, "learning_rate": lr}
                    params[key], configs[key] = stepped(host, name, params[key], grad, config)
                answers.append(named(part, {f"param.{key}": value for key, value in params.items()}))
            return answers

        return ask

    def settings(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The config before the first step."""
        options = dict(options)
        if "betas" in options:
            options["beta1"], options["beta2"] = options.pop("betas")
        return {theirs: options[ours] for ours, theirs in self.config}


def stepped(
    host: Host, name: str, param: Any, grad: Any, config: Mapping[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """The next parameter and config.  Raises Absent for None."""
    returned = host.call(name, param, grad, dict(config))
    if empty(returned) or (isinstance(returned, tuple | list) and returned[0] is None):
        raise Absent("it returns None")
    if not (isinstance(returned, tuple | list) and len(returned) == 2 and isinstance(returned[1], dict)):
        raise TheirError("TypeError", f"{name} did not return next_w and config")
    return returned[0], returned[1]


def _arrays_only(case: Case) -> Case:
    """Parameters of at least one axis."""
    arrays = {
        "params": {name: np.atleast_1d(value) for name, value in case.arrays["params"].items()},
        "grads": [
            {name: None if g is None else np.atleast_1d(g) for name, g in grads.items()}
            for grads in case.arrays["grads"]
        ],
    }
    return replace(case, arrays=arrays)


# ---- what the row does not compute ----


def adam_eps_hat(param: Any, grad: Any, state: Any, *, lr: float, betas: Any, eps: float) -> Any:
    """Adam with ε beside √v in place of √v̂: θ − α √(1 − β2ᵗ) / (1 − β1ᵗ) · m / (√v + ε)."""
    t = state.t + 1
    return adam(param, grad, state, lr=lr, betas=betas, eps=eps / np.sqrt(1 - betas[1] ** t))


def nesterov_lr_inside(param: Any, grad: Any, state: Any, *, lr: float, momentum: float) -> Any:
    """v_t = μ v_{t−1} + η g,  θ_t = θ_{t−1} + μ v_{t−1} − (1 + μ) v_t."""
    v = momentum * state.velocity + lr * grad
    return param + momentum * state.velocity - (1 + momentum) * v, MomentumState(v)


FROM_2 = "a fresh config has t = 1, so that the first step is corrected as the second; with t = 0 it is right"
EPS_HAT = "epsilon is added to √v before the correction (the form at the end of section 2 of Kingma & Ba)"

RULES = {
    "sgd": Rule("gradient_descent"),
    "sgd_momentum": Rule("momentum_lr_inside", (("momentum", "momentum"),)),
    "nesterov_momentum": Rule("momentum_lr_inside", (("momentum", "momentum"),), nesterov_lr_inside),
    "rmsprop": Rule("rmsprop", (("alpha", "decay_rate"), ("eps", "epsilon"))),
    "adagrad": Rule("adagrad", (("eps", "epsilon"),)),
    "adam": Rule(
        "adam",
        (("beta1", "beta1"), ("beta2", "beta2"), ("eps", "epsilon")),
        again=(
            (FROM_2, None, (("t", 0),)),
            (EPS_HAT, adam_eps_hat, ()),
            (f"{EPS_HAT}; {FROM_2}", adam_eps_hat, (("t", 0),)),
        ),
    ),
}
RULES |= dict.fromkeys(("sgd_nesterov", "sgd_nesterov_momentum", "nesterov"), RULES["nesterov_momentum"])
