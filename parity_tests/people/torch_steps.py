"""Optimizers over tensors, and schedules around an optimizer."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm
from parity_tests.engine.questions import Answer, Question
from parity_tests.people.answers import named
from parity_tests.people.binding import Abilities, Beyond, Binding, Member, Reading, Unbound
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Host, TheirError
from parity_tests.people.signatures import match
from parity_tests.people.torch_operations import WIDENED, tell
from scratch import optimizers

NAMES = {
    "params": ("parameters", "model_parameters", "param", "model_params", "weights", "p"),
    "model": ("net", "network", "module"),
    "grads": ("gradients", "grad"),
    "lr": ("learning_rate", "alpha", "eta", "step_size", "rate", "stepsize", "lrate"),
    "eps": ("epsilon", "e", "delta"),
    "betas": ("beta",),
    "beta1": ("b1", "beta_1", "rho1"),
    "beta2": ("b2", "beta_2", "rho2"),
    "momentum": ("mu", "beta", "gamma", "mom"),
    "weight_decay": ("wd", "decay", "l2", "lambda_", "weight_decay_rate", "lmbda", "lambd"),
    "alpha": ("rho", "decay_rate", "gamma", "beta", "smoothing"),
    "rho": ("decay", "beta", "alpha", "gamma"),
    "amsgrad": (),
}


def bind_optimizer(entry: Algorithm, member: Member, wanted: Wanted) -> Binding | Unbound:
    """Bind a class over parameters with ``step()``, or a function of parameters and their gradients."""
    ours = [
        name
        for name, p in inspect.signature(entry.scratch).parameters.items()
        if p.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    is_class = member.kind == "class"
    first = ("params", "model") if is_class else ("params", "grads")
    names = [*first, *ours, "batch_size", *(("beta1", "beta2") if "betas" in ours else ())]
    found = match(
        member.parameters or (), names, by_position=("params",), synonyms=NAMES, map_=dict(wanted.map)
    )
    forms = "a class with __init__(params, lr, …) and step(), or f(params, lr) that uses each .grad"
    if found.unknown or not {"params", "model"} & set(found.theirs):
        which = (
            f"what {', '.join(found.unknown)} is can't be told" if found.unknown else "it takes no parameters"
        )
        return Unbound(member.name, f"{which}; known are {forms}", member.line)
    if is_class and ("step" not in member.methods or any(p.required for p in member.methods["step"] or ())):
        own = not any(base.startswith("torch.optim") for base in member.bases)
        if own or "step" in member.methods:
            return Unbound(
                member.name, f"its step takes arguments, or is missing; known are {forms}", member.line
            )
    form = ("model" if "model" in found.theirs else "class") if is_class else "function"
    if not is_class and "grads" in found.theirs:
        form = "gradients"
    rate = found.theirs.get("lr", "")
    options = {name for name in ours if name in found.theirs}
    if {"beta1", "beta2"} <= set(found.theirs):
        options.add("betas")

    def kwargs_of(question: Question) -> dict[str, Any]:
        given = {"batch_size": 1, **question.case.options}  # the gradients are averages already
        if "betas" in given and "betas" not in found.theirs:
            given["beta1"], given["beta2"] = given.pop("betas")
        return {
            found.theirs[name]: value
            for name, value in given.items()
            if name in found.theirs and name != "lr"
        }

    def ask(widen: bool, host: Host, question: Question) -> Answer:
        case = question.case
        lrs = case.extra.get("lrs") if rate else None
        told = _asked(
            host,
            lambda: {
                "steps": host.tensors(
                    *("descend", member.name, kwargs_of(question)),
                    params={name: np.asarray(value) for name, value in case.arrays["params"].items()},
                    grads=case.arrays["grads"],
                    lrs=lrs,
                    form=form,
                    rate=rate or "lr",
                    widen=widen,
                )
            },
        )
        steps = told["steps"]
        return [
            named(part, {f"param.{key}": value for key, value in step.items()})
            for part, step in zip(question.parts, steps, strict=True)
        ]

    derived = any(base.startswith("torch.optim") for base in member.bases)
    readings = [Reading(lambda host, question: ask(False, host, question))]
    if entry.name == "sgd" and options <= {"lr", "momentum"} and "momentum" in options:
        conventions = [(optimizers.momentum_lr_inside, "the learning rate goes into its velocity")]
        if not derived:  # torch's SGD has a definition, which a class derived as torch's is claims for itself
            said = "its velocity is a running mean: the gradient counts 1 − momentum"
            conventions.append((optimizers.momentum_ema, said))
        for formula, said in conventions:
            readings.append(Reading(lambda host, question: ask(False, host, question), said, formula))
    readings.append(Reading(lambda host, question: ask(True, host, question), WIDENED))
    can = Abilities(
        frozenset(options), missing_gradients=derived, changing_lr=is_class is False or bool(rate)
    )
    return Binding(entry.name, "torch", (member.name,), tuple(readings), can, member.line)


def _asked(host: Host, send: Any) -> dict[str, Any]:
    """Raises Beyond for a rate that can't be changed on the way."""
    try:
        return tell(host, send)
    except TheirError as error:
        if error.kind == "UnknownRateError":
            raise Beyond(str(error)) from None
        raise


SCHEDULE_NAMES = {
    "optimizer": ("opt", "optim", "optimiser"),
    "lr": ("base_lr", "initial_lr", "lr0", "learning_rate", "init_lr"),
    "warmup_steps": ("warmup", "n_warmup_steps", "num_warmup_steps", "warmup_epochs", "total_iters"),
    "T_max": ("t_max", "total_steps", "max_steps", "num_steps", "max_epochs", "total_epochs"),
    "eta_min": ("min_lr", "lr_min"),
    "gamma": ("decay", "factor", "decay_rate"),
    "step_size": ("step", "every", "period"),
    "milestones": ("steps",),
    "last_epoch": (),
    "verbose": (),
}


def bind_schedule(entry: Algorithm, member: Member, wanted: Wanted) -> Binding | Unbound:
    """Bind a class around an optimizer, with ``step()``."""
    if member.kind != "class" or ("step" not in member.methods and not member.bases):
        return Unbound(member.name, "a class around an optimizer, with step(), is expected", member.line)
    ours = [
        name
        for name, p in inspect.signature(entry.scratch).parameters.items()
        if p.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    found = match(
        *(member.parameters or (), ["optimizer", *ours, "last_epoch", "verbose"]),
        by_position=("optimizer",),
        synonyms=SCHEDULE_NAMES,
        map_=dict(wanted.map),
    )
    if found.unknown or "optimizer" not in found.theirs:
        which = (
            f"what {', '.join(found.unknown)} is can't be told" if found.unknown else "it takes no optimizer"
        )
        return Unbound(member.name, f"{which}; known are (optimizer, {', '.join(ours)})", member.line)
    options = {name for name in ours if name in found.theirs} | {"lr"}

    def ask(first_step: bool, host: Host, question: Question) -> Answer:
        given = dict(question.case.options)
        last = given.pop("step")
        if "metrics" in given:
            given.pop("metrics")
            raise Beyond("a schedule by a metric is asked in no way yet")
        lr = given.get("lr", 0.1)
        kwargs = {found.theirs[name]: value for name, value in given.items() if name in found.theirs}
        told = tell(
            host,
            lambda: {
                "rates": host.tensors(
                    *("schedule", member.name, kwargs),
                    optimizer=found.theirs["optimizer"],
                    lr=lr,
                    steps=last + 1,
                    first_step=first_step,
                )
            },
        )
        return [named(part, {"lr": np.asarray(told["rates"])}) for part in question.parts]

    readings = [Reading(lambda host, question: ask(False, host, question))]
    begins = any(
        base.startswith("torch.optim") for base in member.bases
    )  # torch's own sets the rate of step 0
    if entry.name in ("warmup", "inverse_sqrt") and not begins:
        said = "its step() comes before the optimizer's, so that the first one sets the rate of step 0"
        readings.append(Reading(lambda host, question: ask(True, host, question), said))
    return Binding(
        entry.name, "torch", (member.name,), tuple(readings), Abilities(frozenset(options)), member.line
    )
