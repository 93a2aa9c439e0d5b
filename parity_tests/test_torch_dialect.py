"""The torch dialect on files as people write them: the examples, and the examples with a mistake put in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from parity_tests.judging import Exam, Examined, Verdict, examine
from parity_tests.people.binding import Bound, Member
from parity_tests.people.finding import Found, Wanted, find_all
from parity_tests.people.host import Isolated
from parity_tests.people.torch import bind
from parity_tests.sandbox.standins import REFUSED

EXAMPLES = Path(__file__).parent.parent / "examples" / "torch"
EXAM = Exam(examples=2)

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def host() -> Iterator[Isolated]:
    with Isolated(torch=True, timeout=30) as isolated:
        yield isolated


def found_in(host: Isolated, text: str, wanted: Wanted | None = None) -> Found:
    source = {"name": "theirs", "file": "theirs.py", "text": text, "package": False}
    told = host.load((source,), "theirs", refused=sorted(REFUSED - {"torch"}))
    members = [Member.of(member) for member in told["members"]]
    return find_all(members, wanted or Wanted(dialect="torch"))


def examined_in(host: Isolated, text: str, member: str, as_: str = "") -> Examined:
    found = found_in(host, text, Wanted(member=member, as_=as_, dialect="torch"))
    assert found.bindings, found.unbound
    return examine(found.bindings[0], host, EXAM)


def text_of(name: str) -> str:
    return (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")


RIGHT = {
    "modules": (
        "LayerNorm RMSNorm BatchNorm2d LSTMCell scaled_dot_product_attention MultiHeadAttention "
        "PositionalEncoding Adam CosineAnnealingLR"
    ),
    "language_models": (
        "LayerNorm NewGELU CausalSelfAttention CausalAttention MultiHeadAttention attention "
        "MultiHeadedAttention PositionalEncoding SelfAttention MultiheadAttention"
    ),
    "layers": (
        "Linear BatchNorm1d MyReLU softmax log_softmax SiLU LeakyReLU mse_loss CrossEntropyLoss "
        "binary_cross_entropy HuberLoss Embedding GroupNorm Conv2d Dropout"
    ),
    "cells": "LSTM LSTMCell GRUCell RNNCell RNN",
    "encoder": "MultiHeadSelfAttention EncoderLayer TransformerBlock",
    "optimizers": "AdamW Momentum RMSprop StepLR WarmupScheduler",
    "functions": "batch_norm softmax relu cross_entropy sgd SGD dropout_layer DotProductAttention",
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_never_called_wrong(host: Isolated, name: str) -> None:
    found = found_in(host, text_of(name))
    assert {binding.members[0] for binding in found.bindings} == set(RIGHT[name].split())
    for binding in found.bindings:
        examined = examine(binding, host, EXAM)
        assert examined.verdict in (Verdict.EXACT, Verdict.LOSES, Verdict.UNSTABLE), (
            binding,
            examined.findings,
        )
        assert any(finding.kind in ("gradients", "trajectory") for finding in examined.findings) or (
            binding.algorithm == "sinusoidal_positions"
        ), binding


def test_what_is_wrong_is_called_wrong(host: Isolated) -> None:
    found = found_in(host, text_of("modules_wrong"))
    assert len(found.bindings) == 10
    for binding in found.bindings:
        assert examine(binding, host, EXAM).verdict is Verdict.WRONG, binding


MISTAKES = (
    ("modules", "LayerNorm", "torch.sqrt(var + self.eps)", "(torch.sqrt(var) + self.eps)"),
    (
        "modules",
        "LayerNorm",
        "var = x.var(dim=-1, keepdim=True, unbiased=False)",
        "var = x.var(-1, False, keepdim=True).detach()",
    ),
    ("modules", "BatchNorm2d", "self.momentum * var * n / (n - 1)", "self.momentum * var"),
    (
        "modules",
        "BatchNorm2d",
        "mean = x.mean(dim=(0, 2, 3))",
        "mean = x.mean(dim=(0, 1, 2, 3)).expand(x.size(1))",
    ),
    ("modules", "MultiHeadAttention", "math.sqrt(self.head_dim)", "math.sqrt(E)"),
    ("modules", "MultiHeadAttention", "y.transpose(1, 2).reshape(N, S, E)", "y.reshape(N, S, E)"),
    ("modules", "Adam", 'v_hat = v / (1 - beta2 ** state["step"])', "v_hat = v"),
    ("modules", "Adam", 'v_hat.sqrt() + group["eps"]', '(v_hat + group["eps"]).sqrt()'),
    ("language_models", "CausalSelfAttention", ":T, :T] == 0", ":T, :T] == 1"),
    ("language_models", "CausalSelfAttention", "q, k, v = self", "k, q, v = self"),
    ("language_models", "MultiheadAttention", "math.sqrt(q.size()[-1])", "q.size()[-1]"),
    ("encoder", "EncoderLayer", "x = self.norm1(x + self", "x = self.norm1(self"),
    ("encoder", "TransformerBlock", "diagonal=1", "diagonal=2"),
    ("layers", "softmax", "e.sum(dim=dim", "e.sum(dim=0"),
    ("layers", "CrossEntropyLoss", "targets].mean()", "targets].sum()"),
    (
        "layers",
        "CrossEntropyLoss",
        "log_probs = logits -",
        "logits = torch.softmax(logits, 1)\n        log_probs = logits -",
    ),
    ("layers", "Dropout", "x * mask / (1 - self.p)", "x * mask"),
    ("layers", "Dropout", "torch.full_like(x, 1 - self.p)", "torch.full_like(x, self.p)"),
    ("layers", "Dropout", "not self.training or self.p == 0", "self.p == 0"),
    ("layers", "MyReLU", "grad_input[x < 0]", "grad_input[grad_output < 0]"),
    ("layers", "GroupNorm", "self.num_groups, -1)", "C, -1)"),
    (
        "cells",
        "GRUCell",
        "newgate + inputgate * (hidden - newgate)",
        "hidden + inputgate * (newgate - hidden)",
    ),
    ("cells", "LSTMCell", "c = f * c_prev +", "c = i * c_prev +"),
    ("optimizers", "AdamW", "p.mul_(1 - self.lr * self.weight_decay)", "p.mul_(1 - self.weight_decay)"),
    ("optimizers", "RMSprop", 'sq.sqrt().add_(group["eps"])', 'sq.add(group["eps"]).sqrt()'),
    (
        "optimizers",
        "StepLR",
        "self.epoch += 1\n        if self.epoch %",
        "self.epoch += 1\n        if (self.epoch + 1) %",
    ),
)


@pytest.mark.parametrize(("name", "member", "right", "wrong"), MISTAKES)
def test_a_mistake_is_found(host: Isolated, name: str, member: str, right: str, wrong: str) -> None:
    text = text_of(name)
    start = text.index(f"{'def' if member == 'softmax' else 'class'} {member}")
    assert right in text[start:]
    mistaken = text[:start] + text[start:].replace(right, wrong, 1)
    assert examined_in(host, mistaken, member).verdict is Verdict.WRONG


WRAPPERS = {
    "layer_norm": "def layer_norm(x, weight, bias): return F.layer_norm(x, x.shape[-1:], weight, bias)",
    "LayerNorm": (
        "class LayerNorm(nn.Module):\n"
        "    def __init__(self, dim, eps=1e-5):\n"
        "        super().__init__()\n"
        "        self.inner = nn.LayerNorm(dim, eps=eps)\n"
        "    def forward(self, x): return self.inner(x)"
    ),
    "softmax": "def softmax(x, dim):\n    with torch._C.DisableTorchFunction(): return torch.softmax(x, dim)",
    "tanh": (
        "@torch.jit.script\ndef inner(x): return torch.tanh(x)\ndef tanh(x: torch.Tensor): return inner(x)"
    ),
    "LSTMCell": (
        "class LSTMCell(nn.Module):\n"
        "    def __init__(self, input_size, hidden_size):\n"
        "        super().__init__()\n"
        "        self.cell = nn.LSTMCell(input_size, hidden_size)\n"
        "    def forward(self, x, state=None): return self.cell(x, state)"
    ),
    "Adam": "class Adam(torch.optim.Adam):\n    def __init__(self, params, lr): super().__init__(params, lr)",
}
IMPORTS = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"


@pytest.mark.parametrize("member", WRAPPERS)
def test_what_calls_torchs_own_is_no_implementation(host: Isolated, member: str) -> None:
    examined = examined_in(host, IMPORTS + WRAPPERS[member], member)
    assert examined.verdict is Verdict.WRONG
    assert any("of its own" in text for finding in examined.findings for text in finding.differences)


def test_building_blocks_of_torch_are_no_wrappers(host: Isolated) -> None:
    examined = examined_in(host, text_of("modules"), "MultiHeadAttention")
    assert examined.verdict is Verdict.EXACT


@pytest.mark.parametrize(
    "text",
    [
        "def softmax(x: torch.Tensor):\n    pass",
        "class LayerNorm(nn.Module):\n    def __init__(self, dim):\n        super().__init__()\n"
        "        self.w = nn.Parameter(torch.ones(dim))\n"
        "    def forward(self, x):\n        raise NotImplementedError",
    ],
)
def test_what_is_not_finished_is_absent(host: Isolated, text: str) -> None:
    found = found_in(host, IMPORTS + text)
    examined = examine(found.bindings[0], host, EXAM)
    assert examined.verdict is Verdict.ABSENT
    assert examined.absent


def test_float32_inside_loses_digits_and_is_not_wrong(host: Isolated) -> None:
    text = IMPORTS + "def sigmoid(x):\n    x = x.to(torch.float32)\n    return 1 / (1 + torch.exp(-x))"
    assert examined_in(host, text, "sigmoid").verdict in (Verdict.LOSES, Verdict.UNSTABLE)


def test_a_result_that_is_cut_off_from_its_inputs_is_told(host: Isolated) -> None:
    text = IMPORTS + "def sigmoid(x):\n    return torch.tensor(1 / (1 + torch.exp(-x.detach())))"
    examined = examined_in(host, text, "sigmoid")
    assert examined.verdict is Verdict.WRONG
    assert "no gradient flows" in examined.findings[0].differences[0]


def test_conventions_are_said(host: Isolated) -> None:
    text = text_of("language_models")
    said = {name: examined_in(host, text, name).remarks for name in ("NewGELU", "MultiheadAttention")}
    assert "tanh" in said["NewGELU"][0]
    assert "each head has its q, k and v" in said["MultiheadAttention"][0]


def test_numpy_code_is_left_to_the_other_dialects(host: Isolated) -> None:
    text = (
        "import numpy as np\n"
        "def softmax(x):\n    e = np.exp(x - x.max(-1, keepdims=True))\n"
        "    return e / e.sum(-1, keepdims=True)\n"
    )
    assert not found_in(host, text, Wanted()).bindings or all(
        binding.dialect != "torch" for binding in found_in(host, text, Wanted()).bindings
    )


def test_what_has_no_known_form_says_which_forms_would_do(host: Isolated) -> None:
    text = (
        IMPORTS
        + "class Adam:\n    def __init__(self, secret, params): self.params = params\n"
        + "    def step(self): torch.ones(1)"
    )
    found = found_in(host, text)
    assert not found.bindings
    assert "secret" in found.unbound[0].reason
    assert "step()" in found.unbound[0].reason


def test_nothing_is_bound_where_nothing_is_written_for_torch() -> None:
    assert bind([Member("softmax", "function", uses=frozenset({"np", "exp"}))], Wanted()) == Bound()
