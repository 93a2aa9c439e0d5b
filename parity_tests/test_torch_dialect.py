"""The torch dialect on files as people write them: the examples, samples of many styles, mistakes put in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from parity_tests.checking import check_submission
from parity_tests.engine.results import Status
from parity_tests.judging import examine
from parity_tests.people.binding import Bound, Member
from parity_tests.people.finding import Found, Wanted, find_all
from parity_tests.people.host import Isolated
from parity_tests.people.targets import submissions
from parity_tests.people.torch import bind
from parity_tests.people.torch_encoder import encoder_layouts
from parity_tests.people.torch_gates import _of_state
from parity_tests.posing import Exam
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
NO_INIT = "modules without a constructor"
FIXED = "batch norms whose momentum can't be set"
BESIDE = "an output beside the states"
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
    (NO_INIT, "ScaledDotProductAttention", "q.size(-1) ** 0.5", "q.size(-1)"),
    (NO_INIT, "MSELoss", ".mean()", ".sum()"),
    (FIXED, "BatchNorm2d", "add_(0.1 * mean)", "add_(0.9 * mean)"),
    (FIXED, "BatchNorm1d", "0.9 * self.moving_var + 0.1 * var", "0.9 * self.moving_var + 0.1 * var.sqrt()"),
    (FIXED, "BatchNorm3d", "by_channel.var(1)", "by_channel.std(1)"),
    (BESIDE, "LSTMCell", "f.sigmoid() * c", "i.sigmoid() * c"),
    (BESIDE, "LSTMCell", "return h, (h, c)", "return c, (h, c)"),
    (BESIDE, "LSTMCell", "return h, (h, c)", "return h, (h.detach(), c)"),
    (BESIDE, "LSTMCell", "return h, (h, c)", "return h, (h, c.detach())"),
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
    "AdamW": (
        "class AdamW(torch.optim.Optimizer):\n"
        "    def __init__(self, params, lr=1e-3):\n"
        "        super().__init__(params, dict(lr=lr))\n"
        "        self.inner = torch.optim.AdamW(self.param_groups[0]['params'], lr=lr)\n"
        "    def step(self): self.inner.step()"
    ),
    "SGD": (
        "update = torch.optim.SGD.step\n"
        "class SGD:\n"
        "    def __init__(self, params, lr=1e-3):\n"
        "        self.inner = torch.optim.SGD(params, lr=lr)\n"
        "    def step(self): update(self.inner)"
    ),
    **{
        name: (
            "import threading\nclass InThread(torch.autograd.Function):\n"
            "    @staticmethod\n    def forward(ctx, make, *given):\n"
            "        results = []\n"
            "        def work():\n"
            "            with torch.enable_grad():\n"
            "                ctx.given = [g.detach().requires_grad_() for g in given]\n"
            "                results.append(make(*ctx.given))\n"
            "        thread = threading.Thread(target=work)\n"
            "        thread.start()\n        thread.join()\n"
            "        ctx.result = results[0]\n        return results[0].detach()\n"
            "    @staticmethod\n    def backward(ctx, dy):\n"
            "        return None, *torch.autograd.grad(ctx.result, ctx.given, dy)\n" + text
        )
        for name, text in {
            "rms_norm": "own = F.rms_norm\ndef rms_norm(x, weight, eps=1e-5):\n"
            "    return InThread.apply(lambda *a: own(a[0], a[0].shape[-1:], a[1], eps), x, weight)",
            "linear": (
                "own = F.linear\ndef linear(x, weight, bias): return InThread.apply(own, x, weight, bias)"
            ),
            "mse_loss": (
                "own = F.mse_loss\ndef mse_loss(pred, target): return InThread.apply(own, pred, target)"
            ),
        }.items()
    },
}


@pytest.mark.parametrize("member", WRAPPERS)
def test_what_calls_torchs_own_is_no_implementation(host: Isolated, member: str) -> None:
    examined = examined_in(host, IMPORTS + WRAPPERS[member], member)
    assert examined.verdict is Verdict.WRONG
    assert all("own" in text for finding in examined.findings for text in finding.differences)


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


WITHOUT_TORCH = """\
import numpy as np
import torch as t


def softmax(x, axis=-1):
    return t.softmax(t.from_numpy(x), axis).numpy()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Adam:
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        self.inner, self.named = None, dict(lr=lr, betas=(beta1, beta2), eps=eps)

    def update(self, w, grad):
        if self.inner is None:
            self.held = t.tensor(w)
            self.inner = getattr(t, "optim").Adam([self.held], **self.named)
        self.held.grad = t.tensor(grad)
        self.inner.step()
        return self.held.numpy().copy()
"""


def test_torch_does_not_answer_for_code_over_arrays(host: Isolated, tmp_path: Path) -> None:
    (tmp_path / "homework.py").write_text(WITHOUT_TORCH, encoding="utf-8")
    (submission,) = submissions(str(tmp_path / "homework.py"))
    assert submission.uses_torch
    checked = check_submission(submission, Wanted(), EXAM, host)
    told = {outcome.algorithm: outcome for outcome in checked.outcomes}
    assert told["sigmoid"].verdict in (Verdict.EXACT, Verdict.UNSTABLE)
    for name in ("softmax", "adam"):
        (result,) = told[name].results()
        assert result.status is Status.ERROR
        assert "torch" in result.message


LESS = {
    "AvgPool2d": (  # the kernel's sides are exchanged
        "class AvgPool2d(nn.Module):\n"
        "    def __init__(self, kernel_size, stride=None):\n"
        "        super().__init__()\n"
        "        pair = lambda v: v if isinstance(v, tuple) else (v, v)\n"
        "        self.k = pair(kernel_size)[::-1]\n"
        "        self.s = pair(kernel_size if stride is None else stride)\n"
        "    def forward(self, x):\n"
        "        return x.unfold(2, self.k[0], self.s[0]).unfold(3, self.k[1], self.s[1]).mean((-2, -1))"
    ),
    "conv2d": (  # the strides are exchanged
        "def conv2d(x, weight, bias=None, stride=1):\n"
        "    sh, sw = stride if isinstance(stride, tuple) else (stride, stride)\n"
        "    kh, kw = weight.shape[2:]\n"
        "    rows = x.unfold(2, kh, sw).unfold(3, kw, sh)\n"
        "    y = torch.einsum('nchwij,ocij->nohw', rows, weight)\n"
        "    return y if bias is None else y + bias[:, None, None]"
    ),
    "nll_loss": (  # it divides by all of them
        "def nll_loss(log_probs, target, ignore_index=-100):\n"
        "    keep = target != ignore_index\n"
        "    picked = log_probs.gather(1, (target * keep)[:, None]).squeeze(1)\n"
        "    return -(picked * keep).sum() / len(target)"
    ),
}


@pytest.mark.parametrize("member", LESS)
def test_what_an_option_is_taken_for_is_asked(host: Isolated, member: str) -> None:
    assert examined_in(host, IMPORTS + LESS[member], member).verdict is Verdict.WRONG
    mended = (
        LESS[member]
        .replace("[::-1]", "")
        .replace("kh, sw).unfold(3, kw, sh)", "kh, sh).unfold(3, kw, sw)")
        .replace("/ len(target)", "/ keep.sum()")
    )
    examined = examined_in(host, IMPORTS + mended, member)
    assert examined.verdict in (Verdict.EXACT, Verdict.LOSES), examined.findings


def test_who_takes_one_number_for_both_axes_is_not_asked_for_two(host: Isolated) -> None:
    text = (
        "def max_pool2d(x, kernel_size, stride):\n"
        "    return x.unfold(2, kernel_size, stride).unfold(3, kernel_size, stride).flatten(4).max(-1)[0]\n"
        "def conv2d(x, weight, bias, stride=1):\n"
        "    k = weight.shape[-1]\n"
        "    rows = x.unfold(2, k, stride).unfold(3, k, stride)\n"
        "    return torch.einsum('nchwij,ocij->nohw', rows, weight) + bias[:, None, None]"
    )
    for member in ("max_pool2d", "conv2d"):
        examined = examined_in(host, IMPORTS + text, member)
        assert examined.verdict is not Verdict.WRONG, examined.findings


def test_a_rate_of_an_unknown_name_is_left_as_it_is(host: Isolated) -> None:
    text = (
        "class SGD:\n    def __init__(self, params, lr): self.params, self.pace = list(params), lr\n"
        "    @torch.no_grad()\n    def step(self):\n"
        "        for p in self.params:\n            if p.grad is not None: p -= self.pace * p.grad"
    )
    assert examined_in(host, IMPORTS + text, "SGD").verdict is Verdict.EXACT
    text = text.replace("self.pace", "self.rate")
    assert examined_in(host, IMPORTS + text, "SGD").verdict is Verdict.EXACT


def test_a_function_that_calls_a_helper_for_torch_is_for_torch(host: Isolated) -> None:
    text = (
        "def powers(x, dim): return torch.exp(x - x.amax(dim, keepdim=True))\n"
        "def softmax(x, dim):\n    p = powers(x, dim)\n    return p / p.sum(dim, keepdim=True)\n"
        "@torch.no_grad()\ndef sinusoidal(n): return torch.arange(n)\n"
    )
    found = found_in(host, IMPORTS + text, Wanted())
    assert [(b.algorithm, b.dialect) for b in found.bindings] == [("softmax", "torch")]


def test_a_biass_name_may_end_the_norms() -> None:
    params = {"linear1.weight": np.zeros((8, 4)), "linear1.bias": np.zeros(8)}
    params |= {"linear2.weight": np.zeros((4, 8)), "linear2.bias": np.zeros(4)}
    params |= {f"norm{i}.{kind}": np.zeros(4) for i in (1, 2) for kind in ("weight", "bias")}
    attention = {"in_proj_weight": (12, 4), "in_proj_bias": (12,)}
    attention |= {"out_proj.weight": (4, 4), "out_proj.bias": (4,)}
    params |= {f"self_attn.{name}": np.zeros(shape) for name, shape in attention.items()}
    called = {"norm1": "ln_a", "norm2": "ln_b", "linear1": "ff.0", "linear2": "ff.2"}
    theirs = {}
    for name, value in params.items():
        owner, _, last = name.rpartition(".")
        theirs[f"{called.get(owner, owner)}.{last}"] = value.shape
    rest = encoder_layouts(params, theirs, 2, frozenset())[""]
    for ours, norm in called.items():
        for kind in ("weight", "bias"):
            assert np.array_equal(rest.sources[f"{norm}.{kind}"][0], rest.run.of(f"{ours}.{kind}"))


@pytest.mark.parametrize(
    ("name", "state"), [("of_state", 1), ("bias_hh", 1), ("b_state", 1), ("of_input", 0), ("bias_ih", 0)]
)
def test_which_bias_goes_with_the_state(name: str, state: int) -> None:
    assert _of_state(name) == state


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
