"""torch.compile on the CPU against torch as it is called, which is right."""

from parity_tests.deviations._entry import NAN, Deviation

DEVIATIONS = (
    Deviation(
        "compiled-erf-near-zero",
        "compiled erf of 1e-9 in float32",
        """
x = torch.full((16,), 1e-9)
got, right = torch.compile(torch.erf)(x)[0].item(), torch.erf(x)[0].item()
""",
        0.0,
        1.1283791678806665e-09,
        "an approximation whose error is small beside 1, and not beside the result: 2 % off at 1e-5",
        ("gelu",),
        198183,
        compiled=True,
    ),
    Deviation(
        "compiled-elu-near-zero",
        "compiled elu of −1e-9 in float32",
        """
x = torch.full((16,), -1e-9)
got, right = torch.compile(F.elu)(x)[0].item(), F.elu(x)[0].item()
""",
        0.0,
        -9.999999717180685e-10,
        "expm1 is compiled to exp(x) − 1, which cancels; in float64 3e-8 off; selu and celu as well",
        ("elu", "selu"),
        189803,
        compiled=True,
    ),
    Deviation(
        "compiled-softshrink-of-nan",
        "compiled softshrink of NaN",
        """
x = torch.full((16,), math.nan, **D)
got, right = torch.compile(F.softshrink)(x)[0].item(), F.softshrink(x)[0].item()
""",
        0.0,
        NAN,
        "a NaN is not above the threshold, and becomes 0",
        compiled=True,
    ),
    Deviation(
        "compiled-soft-margin-gradient-tail",
        "compiled soft_margin_loss, gradient at 20 in float32",
        """
x = torch.full((16,), 20.0, requires_grad=True)
one = torch.ones(16)
got = torch.autograd.grad(torch.compile(F.soft_margin_loss)(x, one, reduction="sum"), x)[0][0].item()
right = torch.autograd.grad(F.soft_margin_loss(x, one, reduction="sum"), x)[0][0].item()
""",
        0.0,
        -2.06115369216775e-09,
        "it is compiled to σ(yx) − 1, which cancels where σ rounds to 1",
        compiled=True,
    ),
    Deviation(
        "compiled-padding-by-replication",
        "compiled Conv2d, padding_mode replicate, gradient of the first value",
        """
conv = torch.nn.Conv2d(2, 1, 1, padding=1, padding_mode="replicate")
torch.nn.init.ones_(conv.weight)
x = torch.zeros(1, 2, 2, 2, requires_grad=True)
torch.compile(conv)(x).sum().backward()
got, right = x.grad[0, 0, 0, 0].item(), 4.0
""",
        "Error in op: torch.ops.aten.replication_pad2d_backward",
        4.0,
        "its backward was compiled for the strides of contiguous images and gets those of channels-last ones",
        ("conv2d",),
        compiled=True,
    ),
)
