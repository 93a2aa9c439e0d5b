"""Recurrent cells, and what runs them along a sequence. All of them are correct.

parity check examples/torch/cells.py
"""

import torch
from torch import Tensor, nn


class RNNCell(nn.Module):
    """One matrix for the input and the state side by side."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.both = nn.Linear(input_size + hidden_size, hidden_size)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        return self.both(torch.hstack([x, h])).tanh()


class GRUCell(nn.Module):
    """All gates in one matrix for the input and one for the state. The update gate keeps the old state."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True):
        super().__init__()
        self.x_to_gates = nn.Linear(input_size, 3 * hidden_size, bias)
        self.h_to_gates = nn.Linear(hidden_size, 3 * hidden_size, bias)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        from_x, from_h = self.x_to_gates(x).tensor_split(3, -1), self.h_to_gates(h).tensor_split(3, -1)
        reset, update = ((a + b).sigmoid() for a, b in zip(from_x[:2], from_h[:2], strict=True))
        candidate = (from_x[2] + reset * from_h[2]).tanh()
        return update * h + (1 - update) * candidate


class LSTMCell(nn.Module):
    """A layer for each gate, over the state and the input side by side."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        names = ("input", "forget", "candidate", "output")
        self.gates = nn.ModuleDict({name: nn.Linear(hidden_size + input_size, hidden_size) for name in names})

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        if state is None:
            state = (x.new_zeros(len(x), self.hidden_size),) * 2
        h, c = state
        both = torch.cat([h, x], -1)
        gate = {name: layer(both) for name, layer in self.gates.items()}
        kept, added = gate["forget"].sigmoid() * c, gate["input"].sigmoid() * gate["candidate"].tanh()
        c = kept + added
        return gate["output"].sigmoid() * c.tanh(), c


class RNN(nn.Module):
    """Time comes first; the matrices are those of the formula, W x + U h + b."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.W = nn.Parameter(torch.randn(hidden_size, input_size) / input_size**0.5)
        self.U = nn.Parameter(torch.randn(hidden_size, hidden_size) / hidden_size**0.5)
        self.b = nn.Parameter(torch.zeros(hidden_size))

    def forward(self, x: Tensor, h: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h = x.new_zeros(x.shape[1], len(self.b)) if h is None else h.reshape(-1, len(self.b))
        seen = []
        for now in x:
            h = torch.tanh(now @ self.W.T + h @ self.U.T + self.b)
            seen.append(h)
        return torch.stack(seen), h
