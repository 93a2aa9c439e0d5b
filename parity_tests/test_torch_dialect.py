"""The torch dialect on files as people write them: the examples, samples of many styles, mistakes put in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from parity_tests.judging import Exam, examine
from parity_tests.people.binding import Bound, Member
from parity_tests.people.finding import Found, Wanted, find_all
from parity_tests.people.host import Isolated
from parity_tests.people.torch import bind
from parity_tests.samples.torch import IMPORTS
from parity_tests.samples.torch import STYLES as OTHERS
from parity_tests.samples.torch_attention import ATTENTION
from parity_tests.sandbox.standins import REFUSED
from parity_tests.verdicts import Examined, Verdict

EXAMPLES = Path(__file__).parent.parent / "examples" / "torch"
EXAM = Exam(examples=2)
STYLES = {**ATTENTION, **OTHERS}

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
    """An example by the name of its file, or a sample by its description."""
    if name in STYLES:
        return IMPORTS + STYLES[name].text
    return (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")


RIGHT = {
    "modules": (
        "LayerNorm RMSNorm BatchNorm2d Dropout MultiHeadAttention CausalSelfAttention "
        "PositionalEncoding EncoderLayer"
    ),
    "cells": "RNNCell GRUCell LSTMCell RNN",
    "optimizers": "Adam AdamW Momentum RMSprop StepLR CosineAnnealingLR Warmup",
    "functions": (
        "OwnReLU leaky_relu silu gelu softmax log_softmax mse_loss huber_loss cross_entropy "
        "scaled_dot_product_attention batch_norm dropout"
    ),
    **{name: sample.members for name, sample in STYLES.items()},
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_for_torch_is_told_from_its_words(host: Isolated, name: str) -> None:
    found = found_in(host, text_of(name), Wanted())
    assert {b.members[0] for b in found.bindings if b.dialect == "torch"} == set(RIGHT[name].split())


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_never_called_wrong(host: Isolated, name: str) -> None:
    found = found_in(host, text_of(name))
    assert [binding.members[0] for binding in found.bindings] == RIGHT[name].split()
    said = STYLES[name].said if name in STYLES else {}
    for binding in found.bindings:
        examined = examine(binding, host, EXAM)
        assert examined.verdict in (Verdict.EXACT, Verdict.LOSES, Verdict.UNSTABLE), (
            binding,
            examined.findings,
        )
        assert any(finding.kind in ("gradients", "trajectory") for finding in examined.findings) or (
            binding.algorithm == "sinusoidal_positions"
        ), binding
        assert said.get(binding.members[0], "") in " ".join(examined.remarks), (binding, examined.remarks)


def test_what_is_wrong_is_called_wrong(host: Isolated) -> None:
    found = found_in(host, text_of("modules_wrong"))
    assert len(found.bindings) == 10
    for binding in found.bindings:
        assert examine(binding, host, EXAM).verdict is Verdict.WRONG, binding


def test_torchs_own_where_a_module_of_its_own_was_asked_for_is_said(host: Isolated) -> None:
    examined = examined_in(host, text_of("modules_wrong"), "GELU")
    assert any("of its own" in text for finding in examined.findings for text in finding.differences)


CONFIGURED = "a configuration, one projection, a mask in a buffer"
BY_HEAD = "one projection whose rows go by head, and weights on demand"
NORM_FIRST = "a layer that norms before, around torch's attention"
NORMS = "norms without an eps to set, in float32, over channels"
LOSSES = "activations and losses as modules"
MISTAKES = (
    ("modules", "LayerNorm", "torch.sqrt(variance + self.eps)", "(torch.sqrt(variance) + self.eps)"),
    (
        "modules",
        "LayerNorm",
        "mean(-1, keepdim=True)\n        return",
        "mean(-1, True).detach()\n        return",
    ),
    ("modules", "BatchNorm2d", "variance * pixels / (pixels - 1)", "variance"),
    ("modules", "BatchNorm2d", "pixels.mean(0), pixels", "pixels.mean().expand(x.shape[1]), pixels"),
    ("modules", "MultiHeadAttention", "math.sqrt(asked.shape[-1])", "math.sqrt(query.shape[-1])"),
    ("modules", "MultiHeadAttention", "seen.movedim(1, 2).flatten(2)", "seen.reshape(query.shape)"),
    ("modules", "CausalSelfAttention", "place > place", "place < place"),
    ("modules", "EncoderLayer", "self.norm1(x + self", "self.norm1(self"),
    ("modules", "Dropout", "(dropped, 0) / (1 - self.p)", "(dropped, 0)"),
    ("modules", "Dropout", "< self.p", ">= self.p"),
    ("modules", "Dropout", "if not self.training", "if self.p == 0"),
    (CONFIGURED, "CausalSelfAttention", "q, k, v = (", "k, q, v = ("),
    (CONFIGURED, "CausalSelfAttention", "(~self.visible", "(self.visible"),
    (BY_HEAD, "MultiheadAttention", "math.sqrt(q.size(3))", "q.size(3)"),
    (NORM_FIRST, "TransformerBlock", "diagonal=1", "diagonal=2"),
    (NORMS, "GroupNorm", "self.num_groups, -1)", "x.size(1), -1)"),
    (LOSSES, "CrossEntropyLoss", "nll.mean()", "nll.sum()"),
    (LOSSES, "CrossEntropyLoss", "        nll =", "        logits = torch.softmax(logits, 1)\n        nll ="),
    ("functions", "softmax", "powers.sum(dim", "powers.sum(0"),
    ("functions", "OwnReLU", "upstream * positive", "upstream * (upstream > 0)"),
    ("cells", "GRUCell", "update * h + (1 - update) * candidate", "update * candidate + (1 - update) * h"),
    ("cells", "LSTMCell", 'gate["forget"].sigmoid() * c', 'gate["input"].sigmoid() * c'),
    ("optimizers", "Adam", "spread = second / (1 - beta2**t)", "spread = second"),
    ("optimizers", "Adam", '(spread.sqrt() + group["eps"])', '(spread + group["eps"]).sqrt()'),
    ("optimizers", "AdamW", "1 - self.lr * self.weight_decay", "1 - self.weight_decay"),
    ("optimizers", "RMSprop", '(square.sqrt() + group["eps"])', '(square + group["eps"]).sqrt()'),
    ("optimizers", "StepLR", "if self.epochs %", "if (self.epochs + 1) %"),
)


@pytest.mark.parametrize(("name", "member", "right", "wrong"), MISTAKES)
def test_a_mistake_is_found(host: Isolated, name: str, member: str, right: str, wrong: str) -> None:
    text = text_of(name)
    start = next(text.index(f"{kind} {member}") for kind in ("class", "def") if f"{kind} {member}" in text)
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
