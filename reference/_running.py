"""One `torch.optim` object that trains one module, and its states in the words of `scratch`."""

from typing import Any

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_, get_total_norm

from reference import optimizers


class Running:
    """The optimizer of that name, on all parameters of a module for a whole training."""

    def __init__(self, module: nn.Module, optimizer: str, *, lr: float, **options: Any) -> None:
        self.protocol = getattr(optimizers, optimizer)
        if self.protocol.zeros:
            raise ValueError(f"torch.optim has no {optimizer} that could run by itself")
        if self.protocol.adapt is not None:
            _, options = self.protocol.adapt({}, **options)
        self.module = module
        self.optimizer = self.protocol.torch_class(module.parameters(), lr=lr, **options)
        self.states: dict[str, Any] = {}

    def update(self, loss: torch.Tensor, *, max_norm: float | None = None) -> dict[str, torch.Tensor]:
        """Step by the gradients of the loss, clipped or not; return the norm of each layer's before."""
        named = dict(self.module.named_parameters())
        self.optimizer.zero_grad()
        loss.backward()
        norms = norms_of_layers({key: parameter.grad for key, parameter in named.items()})
        if max_norm is not None:
            clip_grad_norm_(named.values(), max_norm)
        with optimizers.scalars_in_float64():
            self.optimizer.step()
        self.states = {
            key: self.protocol.read(parameter, self.optimizer.state[parameter], self.states.get(key))
            for key, parameter in named.items()
        }
        return norms


def norms_of_layers(grads: dict[str, Any], norm_type: float = 2.0) -> dict[str, torch.Tensor]:
    layers: dict[str, list[torch.Tensor]] = {}
    for key, grad in grads.items():
        layers.setdefault(key.rpartition(".")[0], []).append(grad)
    return {layer: get_total_norm(members, norm_type) for layer, members in layers.items()}
