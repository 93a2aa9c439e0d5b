"""Optimizers and clipping: state in float32 beside parameters in float64."""

from parity_tests.deviations._entry import Deviation

DEVIATIONS = (
    Deviation(
        "nadam-product-in-float32",
        "NAdam in float64, bits of its product of the momenta",
        """
parameter = torch.nn.Parameter(torch.ones(1, **D))
optimizer = torch.optim.NAdam([parameter], lr=0.1)
parameter.grad = torch.ones_like(parameter)
optimizer.step()
got = torch.finfo(optimizer.state[parameter]["mu_product"].dtype).bits
right = 64
""",
        32,
        64,
        "the product of the momenta has torch's default dtype and not the parameter's: 1e-8 off in float64",
        ("nadam",),
    ),
    Deviation(
        "asgd-rate-in-float32",
        "ASGD in float64, one step from 0 with rate 0.1 and gradient 1",
        """
parameter = torch.nn.Parameter(torch.zeros(1, **D))
optimizer = torch.optim.ASGD([parameter], lr=0.1, lambd=0.0)
parameter.grad = torch.ones_like(parameter)
optimizer.step()
got, right = parameter.item(), -0.1
""",
        -0.10000000149011612,
        -0.1,
        "the rate is kept in torch's default dtype and not in the parameter's",
    ),
    Deviation(
        "step-counter-in-float32",
        "Adagrad in float64, its counter after step 2²⁴ + 1",
        """
parameter = torch.nn.Parameter(torch.zeros(1, **D))
optimizer = torch.optim.Adagrad([parameter], lr_decay=0.1)
parameter.grad = torch.ones_like(parameter)
optimizer.state[parameter]["step"].fill_(2**24)
optimizer.step()
got, right = int(optimizer.state[parameter]["step"]), 2**24 + 1
""",
        16777216,
        16777217,
        "the counter is a float32, and stands still from 2²⁴ on; those of the other optimizers as well",
        ("adagrad",),
    ),
    Deviation(
        "clip-norm-overflow",
        "clip_grad_norm_ to 1 of (3e20, 4e20) in float32",
        """
parameter = torch.nn.Parameter(torch.zeros(2))
parameter.grad = torch.tensor([3e20, 4e20])
torch.nn.utils.clip_grad_norm_([parameter], 1.0)
got, right = parameter.grad.tolist(), [float(torch.tensor(0.6)), float(torch.tensor(0.8))]
""",
        [0.0, 0.0],
        [0.6000000238418579, 0.800000011920929],
        "the squares overflow, the norm is ∞, and the gradient is divided by it",
        ("clip_grad_norm",),
        193006,
    ),
)
