"""Losses: tails that cancel, clamps, and reductions that disagree with each other."""

from parity_tests.deviations._entry import INF, NAN, Deviation

DEVIATIONS = (
    Deviation(
        "bce-with-logits-tail",
        "binary_cross_entropy_with_logits at −40, target 0",
        """
got = F.binary_cross_entropy_with_logits(torch.tensor([-40.0], **D), torch.tensor([0.0], **D)).item()
right = math.log1p(math.exp(-40))
""",
        0.0,
        4.248354255291589e-18,
        "log(1 + e^x) is computed as log(1 + e^−|x|) + max(x, 0) from a sum that has lost e^x",
        ("binary_cross_entropy_with_logits",),
        195529,
    ),
    Deviation(
        "bce-with-logits-gradient-tail",
        "binary_cross_entropy_with_logits, gradient at 40, target 1",
        """
x = torch.tensor([40.0], **D, requires_grad=True)
F.binary_cross_entropy_with_logits(x, torch.tensor([1.0], **D)).backward()
got = x.grad.item()
right = -math.exp(-40) / (1 + math.exp(-40))
""",
        0.0,
        -4.248354255291589e-18,
        "σ(x) − 1 cancels where σ(x) rounds to 1",
        ("binary_cross_entropy_with_logits",),
        195677,
    ),
    Deviation(
        "bce-with-logits-small-pos-weight",
        "binary_cross_entropy_with_logits with pos_weight 1e-17, target 1",
        """
x, one, pos_weight = torch.tensor([[-1.0], [1.0], [1e-17]], **D)
got = F.binary_cross_entropy_with_logits(x, one, pos_weight=pos_weight).item()
right = 1e-17 * math.log1p(math.e)
""",
        0.0,
        1.3132616875182229e-17,
        "the weight is 1 + (pos_weight − 1) · y, which loses a small one",
        ("binary_cross_entropy_with_logits",),
    ),
    Deviation(
        "bce-gradient-clamp",
        "binary_cross_entropy, gradient at 1e-13, target 1",
        """
x = torch.tensor([1e-13], **D, requires_grad=True)
F.binary_cross_entropy(x, torch.tensor([1.0], **D)).backward()
got = x.grad.item()
right = -1e13
""",
        -1000000003995.7028,
        -1e13,
        "x · (1 − x) is clamped from below by 1e-12 as float32 rounds it, though the dtype is float64",
        ("binary_cross_entropy",),
    ),
    Deviation(
        "bce-target-gradient",
        "binary_cross_entropy at 0, gradient of the target",
        """
target = torch.tensor([0.5], **D, requires_grad=True)
F.binary_cross_entropy(torch.tensor([0.0], **D), target).backward()
got = target.grad.item()
right = 100.0
""",
        INF,
        100.0,
        "the loss clamps its logarithms at −100, the gradient of the target does not",
        ("binary_cross_entropy",),
    ),
    Deviation(
        "cross-entropy-gradient-tail",
        "cross_entropy of (40, 0), class 0, gradient",
        """
x = torch.tensor([[40.0, 0.0]], **D, requires_grad=True)
F.cross_entropy(x, torch.tensor([0])).backward()
got = x.grad.tolist()[0]
right = [-math.exp(-40) / (1 + math.exp(-40)), math.exp(-40) / (1 + math.exp(-40))]
""",
        [0.0, 4.248354255291589e-18],
        [-4.248354255291589e-18, 4.248354255291589e-18],
        "p − 1 cancels where p rounds to 1, so that the gradients of the row no longer add up to 0",
        ("cross_entropy",),
    ),
    Deviation(
        "soft-margin-overflow",
        "soft_margin_loss at −800, target 1, loss and gradient",
        """
x = torch.tensor([-800.0], **D, requires_grad=True)
loss = F.soft_margin_loss(x, torch.tensor([1.0], **D))
loss.backward()
got, right = [loss.item(), x.grad.item()], [800.0, -1.0]
""",
        [INF, NAN],
        [800.0, -1.0],
        "e^(−yx) overflows before its logarithm is taken",
    ),
    Deviation(
        "nll-loss-channels-last",
        "nll_loss of channels-last scores (1, 2, 2, 2), class 0, gradient at the first pixel",
        """
x = torch.zeros(1, 2, 2, 2).contiguous(memory_format=torch.channels_last).requires_grad_()
F.nll_loss(x, torch.zeros(1, 2, 2, dtype=torch.long)).backward()
got, right = x.grad[0, :, 0, 0].tolist(), [-0.25, 0.0]
""",
        "grad_input must be contiguous",
        [-0.25, 0.0],
        "its backward wants contiguous scores of four axes and does not make them so; cross_entropy does",
        ("nll_loss",),
        175084,
    ),
    Deviation(
        "kl-div-target-gradient",
        "kl_div, gradient of a target of 0",
        """
target = torch.tensor([0.0, 1.0], **D, requires_grad=True)
F.kl_div(torch.tensor([-1.0, -1.0], **D), target, reduction="sum").backward()
got = target.grad.tolist()
right = [-math.inf, 2.0]
""",
        [NAN, 2.0],
        [-INF, 2.0],
        "p · log p is 0 at p = 0, and its derivative is taken as 0 · log 0",
        ("kl_div",),
        89558,
    ),
    Deviation(
        "kl-div-log-target-of-zero",
        "kl_div with log_target, a target of log 0",
        """
x, log_target = torch.tensor([[-1.0, -2.0], [-math.inf, 0.0]], **D)
got = F.kl_div(x, log_target, reduction="sum", log_target=True).item()
right = F.kl_div(x, log_target.exp(), reduction="sum").item()
""",
        NAN,
        2.0,
        "e^t · (t − x) is 0 · −∞; without log_target the same probability of 0 gives 0",
        ("kl_div",),
    ),
    Deviation(
        "huber-weighted-mean",
        "huber_loss with weight (1, 3), mean",
        """
x, zero, weight = torch.tensor([[1.0, 2.0], [0.0, 0.0], [1.0, 3.0]], **D)
got = F.huber_loss(x, zero, delta=9.0, weight=weight).item()
right = F.mse_loss(x, zero, weight=weight).item() / 2
""",
        3.25,
        1.625,
        "its mean divides by the number of elements; that of mse_loss and l1_loss by the sum of the weights",
        ("huber_loss",),
    ),
)
