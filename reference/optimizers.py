"""torch.optim's optimizers, stepped once from a given state.

Each function is its namesake in `scratch.optimizers`: ``param, state = adam(param, grad, state, lr=…)``,
with torch's options and torch's defaults. `step` hands several parameters to one optimizer object.
The options `foreach`, `fused` and `capturable` choose torch's other implementations of the same step.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from reference._torch import function


class Optimizer:
    """One optimizer of torch.optim as a pure function.

    Args:
        torch_class: the class that is stepped.
        keys: torch's name for each field of the state, in the order of the fields. "t" is counted
            here where torch does not count.
        adapt: makes the gradient and the options those of the torch class, where it is not the
            algorithm itself.
        zeros: whether the state begins as zeros rather than as torch begins it.
    """

    def __init__(
        self,
        torch_class: type[torch.optim.Optimizer],
        keys: dict[str, str],
        *,
        adapt: Callable[..., tuple[Any, dict[str, Any]]] | None = None,
        zeros: bool = False,
    ) -> None:
        self.torch_class, self.keys, self.adapt, self.zeros = torch_class, keys, adapt, zeros
        self.State: Any = namedtuple("State", list(keys))  # type: ignore[misc]

    def __call__(self, param: Any, grad: Any, state: Any = None, **options: Any) -> tuple[Any, Any]:
        states = {} if state is None else {"": state}
        params, states = step(self, {"": param}, {"": grad}, states, **options)
        return params[""], states[""]

    def load(
        self, param: torch.Tensor, state: Any, *, fused: bool = False, capturable: bool = False
    ) -> dict[str, Any]:
        """The state in torch's words."""
        loaded: dict[str, Any] = {key: getattr(state, field) for field, key in self.keys.items()}
        # Whoever steps in one kernel, or in a graph, keeps the scalars beside the parameter.
        place = param.device if fused or capturable else "cpu"
        scalar = torch.float32 if fused else torch.float64
        loaded["step"] = torch.tensor(float(loaded.get("step", 0)), dtype=scalar, device=place)
        if "mu_product" in loaded:
            loaded["mu_product"] = torch.tensor(loaded["mu_product"], dtype=torch.float64, device=place)
        if self.torch_class is torch.optim.SGD and getattr(state, "t", 1) == 0:
            loaded["momentum_buffer"] = None
        return loaded

    def read(self, param: torch.Tensor, state: dict[str, Any], before: Any) -> Any:
        """The state in the words of `scratch`; what torch did not need is still zero."""
        fields = {}
        for field, key in self.keys.items():
            value = state.get(key)
            if field == "t":
                counted = self.torch_class is not torch.optim.SGD
                fields[field] = int(value) if counted else (0 if before is None else before.t) + 1  # type: ignore[arg-type]
            elif field == "mu_product":
                fields[field] = float(value)  # type: ignore[arg-type]
            elif value is None:
                fields[field] = torch.zeros_like(param) if before is None else getattr(before, field)
            else:
                fields[field] = value
        return self.State(**fields)


@contextmanager
def scalars_in_float64() -> Iterator[None]:
    """torch keeps an optimizer's scalars in the default dtype; NAdam's product of μ needs all its digits."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@function
def step(
    optimizer: Optimizer,
    params: dict[str, Any],
    grads: dict[str, Any],
    states: dict[str, Any],
    **options: Any,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """One step of one torch optimizer over all parameters; see `scratch.optimizers.step`."""
    grads = {name: grad for name, grad in grads.items() if grad is not None}
    if optimizer.adapt is not None:
        grads, options = optimizer.adapt(grads, **options)
    options = {"foreach": False, **options}
    if options.get("fused"):
        del options["foreach"]
    leaves = {name: torch.nn.Parameter(param.clone()) for name, param in params.items()}
    with scalars_in_float64():
        stepped = optimizer.torch_class(leaves.values(), **options)
        for name, grad in grads.items():
            leaves[name].grad = grad
            if name in states:
                where = {key: bool(options.get(key)) for key in ("fused", "capturable")}
                stepped.state[leaves[name]] = optimizer.load(leaves[name], states[name], **where)
            elif optimizer.zeros:
                stepped.state[leaves[name]] = {
                    key: torch.zeros_like(leaves[name]) for key in optimizer.keys.values()
                }
        stepped.step()
    after = {
        name: optimizer.read(leaves[name], stepped.state[leaves[name]], states.get(name)) for name in grads
    }
    return {name: leaf.detach() for name, leaf in leaves.items()}, {**states, **after}


def _lr_in_the_velocity(
    grads: dict[str, Any], *, lr: float = 1e-3, momentum: float = 0.9, **options: Any
) -> Any:
    """v = γ v + η g is torch's velocity of the gradient η g, taken at a rate of 1."""
    return {name: lr * grad for name, grad in grads.items()}, {"lr": 1.0, "momentum": momentum, **options}


def _average(grads: dict[str, Any], *, momentum: float = 0.9, **options: Any) -> Any:
    """v = β v + (1 − β) g is torch's velocity with a dampening of β, once it does not begin with g."""
    return grads, {"momentum": momentum, "dampening": momentum, **options}


def _amsgrad(grads: dict[str, Any], **options: Any) -> Any:
    return grads, {"amsgrad": True, **options}


ADAM = {"t": "step", "m": "exp_avg", "v": "exp_avg_sq"}
VELOCITY = {"velocity": "momentum_buffer"}

gradient_descent = Optimizer(torch.optim.SGD, {})
sgd = Optimizer(torch.optim.SGD, {"t": "step", **VELOCITY})
momentum_lr_inside = Optimizer(torch.optim.SGD, VELOCITY, adapt=_lr_in_the_velocity, zeros=True)
momentum_ema = Optimizer(torch.optim.SGD, VELOCITY, adapt=_average, zeros=True)
adagrad = Optimizer(torch.optim.Adagrad, {"t": "step", "s": "sum"})
rmsprop = Optimizer(torch.optim.RMSprop, {"v": "square_avg", "g_avg": "grad_avg", **VELOCITY})
adadelta = Optimizer(torch.optim.Adadelta, {"v": "square_avg", "u": "acc_delta"})
adam = Optimizer(torch.optim.Adam, ADAM)
adamw = Optimizer(torch.optim.AdamW, ADAM)
amsgrad = Optimizer(torch.optim.Adam, {**ADAM, "v_max": "max_exp_avg_sq"}, adapt=_amsgrad)
adamax = Optimizer(torch.optim.Adamax, {"t": "step", "m": "exp_avg", "u": "exp_inf"})
nadam = Optimizer(torch.optim.NAdam, {**ADAM, "mu_product": "mu_product"})
radam = Optimizer(torch.optim.RAdam, ADAM)
