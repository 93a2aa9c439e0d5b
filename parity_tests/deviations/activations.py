"""Activations: tails that cancel, constants of float32 in float64, NaN and infinity by place."""

from parity_tests.deviations._entry import INF, NAN, Deviation

DEVIATIONS = (
    Deviation(
        "sigmoid-gradient-tail",
        "sigmoid, gradient at 40",
        """
x = torch.tensor([40.0], **D, requires_grad=True)
torch.sigmoid(x).backward()
got = x.grad.item()
right = math.exp(-40) / (1 + math.exp(-40)) ** 2
""",
        0.0,
        4.248354255291589e-18,
        "(1 − y) · y from a y that rounded to 1",
        ("sigmoid",),
        195527,
    ),
    Deviation(
        "tanh-gradient-tail",
        "tanh, gradient at 20",
        """
x = torch.tensor([20.0], **D, requires_grad=True)
torch.tanh(x).backward()
got = x.grad.item()
right = 1 / math.cosh(20) ** 2
""",
        0.0,
        1.6993417021166355e-17,
        "1 − y² from a y that rounded to 1",
        ("tanh",),
        195527,
    ),
    Deviation(
        "expm1-gradient-tail",
        "expm1, gradient at −40",
        """
x = torch.tensor([-40.0], **D, requires_grad=True)
torch.expm1(x).backward()
got, right = x.grad.item(), math.exp(-40)
""",
        0.0,
        4.248354255291589e-18,
        "y + 1 from a y that rounded to −1",
    ),
    Deviation(
        "elu-in-place-gradient-tail",
        "elu in place, gradient at −40",
        """
x = torch.tensor([-40.0], **D, requires_grad=True)
F.elu(x.clone(), inplace=True).backward()
got, right = x.grad.item(), math.exp(-40)
""",
        0.0,
        4.248354255291589e-18,
        "y + α from a y that rounded to −α; out of place it takes e^x and is right",
        ("elu",),
    ),
    Deviation(
        "gelu-tail",
        "gelu at −9",
        """
got = F.gelu(torch.tensor([-9.0], **D)).item()
right = -4.5 * math.erfc(9 / math.sqrt(2))
""",
        0.0,
        -1.015729565358458e-18,
        "1 + erf(x / √2) is 0 from x = −8.5 on; erfc would keep its digits",
        ("gelu",),
    ),
    Deviation(
        "gelu-tanh-tail",
        "gelu with tanh at −8",
        """
got = F.gelu(torch.tensor([-8.0], **D), approximate="tanh").item()
u = math.sqrt(2 / math.pi) * (8 + 0.044715 * 8**3)
right = -8 / (1 + math.exp(2 * u))
""",
        0.0,
        -3.107782937501113e-21,
        "1 + tanh u is 0 from x = −7.25 on; 2 / (1 + e^−2u) would keep its digits",
        ("gelu",),
    ),
    Deviation(
        "gelu-of-infinity",
        "gelu of 64 times ∞ in float32",
        """
infinite = torch.full((64,), math.inf)
got, right = F.gelu(infinite)[0].item(), F.gelu(infinite[:1]).item()
""",
        NAN,
        INF,
        "NaN where there are enough elements for the vectorised kernel, ∞ for one alone",
        ("gelu",),
    ),
    Deviation(
        "tanhshrink-near-zero",
        "tanhshrink at 1e-5",
        """
got = F.tanhshrink(torch.tensor([1e-5], **D)).item()
right = 1e-15 / 3
""",
        3.333328757329848e-16,
        3.3333333333333333e-16,
        "x − tanh x cancels near 0",
        noise=True,
    ),
    Deviation(
        "softsign-gradient-tail",
        "softsign, gradient at 1e16",
        """
x = torch.tensor([1e16], **D, requires_grad=True)
F.softsign(x).backward()
got, right = x.grad.item(), 1 / (1 + 1e16) ** 2
""",
        0.0,
        1e-32,
        "1 / (1 + |x|) − |x| / (1 + |x|)² cancels",
    ),
    Deviation(
        "softplus-threshold",
        "softplus at 20.0000001",
        """
got = F.softplus(torch.tensor([20.0000001], **D)).item()
right = 20.0000001 + math.log1p(math.exp(-20.0000001))
""",
        20.0000001,
        20.000000102061155,
        "above the threshold of 20 it is x itself, whatever the dtype: 2e-9 off in float64",
        ("softplus",),
    ),
    Deviation(
        "celu-gradient-in-float32",
        "celu with α = 0.7, gradient at −1",
        """
x = torch.tensor([-1.0], **D, requires_grad=True)
F.celu(x, alpha=0.7).backward()
got, right = x.grad.item(), math.exp(-1 / 0.7)
""",
        0.23965103469267596,
        0.2396510364417758,
        "its 1 / α is that of an α rounded to float32, though the dtype is float64",
    ),
    Deviation(
        "hardsigmoid-gradient-in-float32",
        "hardsigmoid, gradient at 0.5",
        """
x = torch.tensor([0.5], **D, requires_grad=True)
F.hardsigmoid(x).backward()
got, right = x.grad.item(), 1 / 6
""",
        0.1666666716337204,
        0.16666666666666666,
        "the slope of 1/6 is that of float32, though the dtype is float64",
    ),
    Deviation(
        "hardswish-of-minus-infinity",
        "hardswish at −∞",
        """
got = F.hardswish(torch.tensor([-math.inf], **D)).item()
right = 0.0
""",
        NAN,
        0.0,
        "it is 0 for every x ≤ −3 by its definition; x · relu6(x + 3) / 6 is −∞ · 0",
    ),
    Deviation(
        "hardtanh-gradient-of-nan",
        "hardtanh of 129 times NaN, gradient",
        """
x = torch.full((129,), math.nan, **D, requires_grad=True)
F.hardtanh(x).sum().backward()
got, right = x.grad[-1].item(), x.grad[0].item()
""",
        1.0,
        0.0,
        "what fills a vector of the processor gets 0, what is left over 1; relu6 and the shrinks as well",
        ("hardtanh",),
    ),
    Deviation(
        "elu-gradient-of-nan",
        "elu of 129 times NaN, gradient",
        """
x = torch.full((129,), math.nan, **D, requires_grad=True)
F.elu(x).sum().backward()
got, right = x.grad[-1].item(), x.grad[0].item()
""",
        1.0,
        NAN,
        "what fills a vector of the processor gets NaN, what is left over 1; selu, celu, hardswish as well",
        ("elu", "selu"),
    ),
    Deviation(
        "log-softmax-tail",
        "log_softmax of (40, 0)",
        """
got = F.log_softmax(torch.tensor([40.0, 0.0], **D), 0)[0].item()
right = -math.log1p(math.exp(-40))
""",
        0.0,
        -4.248354255291589e-18,
        "the logarithm of a sum that has lost its smaller term",
        ("log_softmax",),
    ),
    Deviation(
        "logsumexp-tail",
        "logsumexp of (0, −40)",
        """
x = torch.tensor([0.0, -40.0], **D)
got, right = torch.logsumexp(x, 0).item(), torch.logaddexp(x[0], x[1]).item()
""",
        0.0,
        4.248354255291589e-18,
        "the logarithm of a sum that has lost its smaller term; logaddexp keeps it",
    ),
)
