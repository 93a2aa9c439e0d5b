"""Where torch itself departs from the mathematics, or from itself: each with lines that anyone can run.

A script sets `got`, what torch gives, and `right`, what is right; `gives` records what torch gave when this
was written. The test of each is a strict expected failure, which turns red on the day that torch changes.
None of them is hidden in a wider tolerance: the catalogue keeps its cases out of these corners, by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Deviation:
    """One departure.

    Args:
        id: a name that stays.
        where: the function or module of torch.
        script: lines that set `got` and `right`, two numbers or lists of numbers, or raise.
        gives: what torch gave in `versions`: numbers, or the text of what it raised.
        because: what torch does there, in a sentence.
        algorithms: the rows of the catalogue that keep out of it.
        issue: the upstream thread, where there is one.
    """

    id: str
    where: str
    script: str
    gives: Any
    because: str
    algorithms: tuple[str, ...]
    issue: str = ""
    versions: str = "2.13.0"


NAN = float("nan")
HEAD = "import math, torch\nimport torch.nn.functional as F\nD = dict(dtype=torch.float64)\n"

DEVIATIONS = (
    Deviation(
        "bce-with-logits-tail",
        "binary_cross_entropy_with_logits",
        """
got = F.binary_cross_entropy_with_logits(torch.tensor([-40.0], **D), torch.tensor([0.0], **D)).item()
right = math.log1p(math.exp(-40))
""",
        0.0,
        "log(1 + e^x) is computed as log(1 + e^−|x|) + max(x, 0) from a sum that has lost e^x",
        ("binary_cross_entropy_with_logits",),
        "https://github.com/pytorch/pytorch/issues/195529",
    ),
    Deviation(
        "bce-with-logits-gradient-tail",
        "binary_cross_entropy_with_logits, backward",
        """
x = torch.tensor([40.0], **D, requires_grad=True)
F.binary_cross_entropy_with_logits(x, torch.tensor([1.0], **D)).backward()
got = x.grad.item()
right = -math.exp(-40) / (1 + math.exp(-40))
""",
        0.0,
        "σ(x) − 1 cancels where σ(x) rounds to 1",
        ("binary_cross_entropy_with_logits",),
        "https://github.com/pytorch/pytorch/issues/195677",
    ),
    Deviation(
        "bce-gradient-clamp",
        "binary_cross_entropy, backward",
        """
x = torch.tensor([1e-13], **D, requires_grad=True)
F.binary_cross_entropy(x, torch.tensor([1.0], **D)).backward()
got = x.grad.item()
right = -1e13
""",
        -1000000003995.7028,
        "x · (1 − x) is clamped from below by 1e-12 as float32 rounds it, though the dtype is float64",
        ("binary_cross_entropy",),
    ),
    Deviation(
        "bce-target-gradient",
        "binary_cross_entropy, gradient of the target",
        """
target = torch.tensor([0.5], **D, requires_grad=True)
F.binary_cross_entropy(torch.tensor([0.0], **D), target).backward()
got = target.grad.item()
right = 100.0
""",
        float("inf"),
        "the loss clamps its logarithms at −100, the gradient of the target does not",
        ("binary_cross_entropy",),
    ),
    Deviation(
        "kl-div-target-gradient",
        "kl_div, gradient of the target",
        """
target = torch.tensor([0.0, 1.0], **D, requires_grad=True)
F.kl_div(torch.tensor([-1.0, -1.0], **D), target, reduction="sum").backward()
got = target.grad.tolist()
right = [-math.inf, 2.0]
""",
        [NAN, 2.0],
        "p · log p is 0 at p = 0, and its derivative is taken as 0 · log 0",
        ("kl_div",),
        "https://github.com/pytorch/pytorch/issues/89558",
    ),
    Deviation(
        "gelu-tail",
        "gelu",
        """
got = F.gelu(torch.tensor([-9.0], **D)).item()
right = -4.5 * math.erfc(9 / math.sqrt(2))
""",
        0.0,
        "1 + erf(x / √2) is 0 from x = −8.5 on; erfc would keep its digits",
        ("gelu",),
    ),
    Deviation(
        "tanhshrink-near-zero",
        "tanhshrink",
        """
got = F.tanhshrink(torch.tensor([1e-5], **D)).item()
right = 1e-15 / 3
""",
        3.333328757329848e-16,
        "x − tanh x cancels near 0",
        (),
    ),
    Deviation(
        "sigmoid-gradient-tail",
        "sigmoid, backward",
        """
x = torch.tensor([40.0], **D, requires_grad=True)
torch.sigmoid(x).backward()
got = x.grad.item()
right = math.exp(-40) / (1 + math.exp(-40)) ** 2
""",
        0.0,
        "(1 − y) · y from a y that rounded to 1",
        ("sigmoid",),
    ),
    Deviation(
        "tanh-gradient-tail",
        "tanh, backward",
        """
x = torch.tensor([20.0], **D, requires_grad=True)
torch.tanh(x).backward()
got = x.grad.item()
right = 1 / math.cosh(20) ** 2
""",
        0.0,
        "1 − y² from a y that rounded to 1",
        ("tanh",),
    ),
    Deviation(
        "softplus-threshold",
        "softplus",
        """
got = F.softplus(torch.tensor([20.0000001], **D)).item()
right = 20.0000001 + math.log1p(math.exp(-20.0000001))
""",
        20.0000001,
        "above the threshold of 20 it is x itself, whatever the dtype: 2e-9 off in float64",
        ("softplus",),
    ),
    Deviation(
        "attention-fully-masked",
        "MultiheadAttention, a row that is masked altogether",
        """
attention = torch.nn.MultiheadAttention(4, 2, batch_first=True, **D)
x = torch.ones(1, 2, 4, **D)
mask = torch.tensor([[True, True], [False, False]])
got = attention(x, x, x, attn_mask=mask, need_weights=True)[0][0, 0].tolist()
right = attention(x, x, x, attn_mask=mask, need_weights=False)[0][0, 0].tolist()
""",
        [NAN, NAN, NAN, NAN],
        "NaN where the weights are asked for, the output bias where they are not",
        ("multi_head_attention",),
        "https://github.com/pytorch/pytorch/issues/160064",
    ),
    Deviation(
        "nadam-product-in-float32",
        "NAdam",
        """
parameter = torch.nn.Parameter(torch.ones(1, **D))
optimizer = torch.optim.NAdam([parameter], lr=0.1)
parameter.grad = torch.ones_like(parameter)
optimizer.step()
got = torch.finfo(optimizer.state[parameter]["mu_product"].dtype).bits
right = 64
""",
        32,
        "the product of the momenta has torch's default dtype and not the parameter's: 1e-8 off in float64",
        ("nadam",),
    ),
    Deviation(
        "one-cycle-first-step-peak",
        "OneCycleLR, pct_start · total_steps = 1",
        """
parameter = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.SGD([parameter], lr=1.0)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10, pct_start=0.1)
got, right = optimizer.param_groups[0]["lr"], 1.0
""",
        "float division by zero",
        "the way up has no length, and is divided by",
        ("one_cycle_lr",),
    ),
    Deviation(
        "one-cycle-beyond-its-end",
        "OneCycleLR, one step past the last",
        """
parameter = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.SGD([parameter], lr=1.0)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=5)
for _ in range(5):
    optimizer.step()
    schedule.step()
got, right = optimizer.param_groups[0]["lr"], 1 / 25 / 1e4
""",
        0.18825834605023686,
        "it takes one step more than total_steps without complaint, and the rate jumps up",
        ("one_cycle_lr",),
    ),
    Deviation(
        "constant-lr-no-iterations",
        "ConstantLR, total_iters = 0",
        """
parameter = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.SGD([parameter], lr=1.0)
schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=0)
optimizer.step()
schedule.step()
got, right = optimizer.param_groups[0]["lr"], 1.0
""",
        0.5,
        "the factor is applied at the start and never taken back",
        ("constant_lr",),
    ),
    Deviation(
        "constant-lr-factor-zero",
        "ConstantLR, factor = 0",
        """
parameter = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.SGD([parameter], lr=1.0)
schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=0.0, total_iters=2)
for _ in range(3):
    optimizer.step()
    schedule.step()
got, right = optimizer.param_groups[0]["lr"], 1.0
""",
        "float division by zero",
        "a factor of 0 is accepted, and later divided by",
        ("constant_lr",),
    ),
    Deviation(
        "linear-lr-no-iterations",
        "LinearLR, total_iters = 0",
        """
parameter = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.SGD([parameter], lr=1.0)
schedule = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.25, total_iters=0)
optimizer.step()
schedule.step()
got, right = optimizer.param_groups[0]["lr"], 1.0
""",
        0.25,
        "it stays at the start factor for good",
        ("linear_lr",),
    ),
    Deviation(
        "plateau-negative-metrics",
        "ReduceLROnPlateau, a relative threshold and metrics below 0",
        """
parameter = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.SGD([parameter], lr=1.0)
schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, threshold=0.1)
for metric in (-1.0, -0.95):
    schedule.step(metric)
got, right = optimizer.param_groups[0]["lr"], 0.1
""",
        1.0,
        "best · (1 − threshold) is above a best that is negative, so that getting worse counts as better",
        ("reduce_lr_on_plateau",),
    ),
    Deviation(
        "least-squares-drops-a-column",
        "linalg.lstsq in float32",
        """
x = torch.stack([torch.ones(6), 1e4 + 1e-4 * torch.arange(6)], 1)
got = int(torch.linalg.lstsq(x, torch.arange(6.0)[:, None]).rank)
right = int(torch.linalg.matrix_rank(x.double()))
""",
        1,
        "its cut-off for the rank takes a column that is nearly constant for one that depends on the others",
        ("linear_regression_closed_form",),
    ),
)
