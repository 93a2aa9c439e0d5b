"""Normalization, pooling, embedding and linear algebra."""

from parity_tests.deviations._entry import Deviation

DEVIATIONS = (
    Deviation(
        "batch-norm-in-evaluation",
        "batch_norm in evaluation, at the running mean of 1e8",
        """
x, variance = torch.tensor([[1e8 + 0.1], [3.0]], **D)
got = F.batch_norm(x[None], x, variance).item()
right = 0.0
""",
        -2.0e-09,
        0.0,
        "x · a + (b − mean · a): two large numbers are subtracted, and not x and the mean",
        ("batch_norm",),
        noise=True,
    ),
    Deviation(
        "layer-norm-of-one-value",
        "layer_norm over one value of 1e4, gradient of the weight",
        """
x = torch.tensor([[1e4 + 0.1]], **D)
weight = torch.ones(1, **D, requires_grad=True)
F.layer_norm(x, (1,), weight).backward()
got, right = weight.grad.item(), 0.0
""",
        -1.7e-10,
        0.0,
        "x · rstd − mean · rstd: two large numbers are subtracted, and not x and the mean",
        ("layer_norm",),
        noise=True,
    ),
    Deviation(
        "group-norm-channels-last",
        "group_norm of channels-last values about 1e4 in float32, their deviation",
        """
x = 1e4 + torch.sin(torch.arange(3136.0)).reshape(16, 4, 7, 7)
got = F.group_norm(x.to(memory_format=torch.channels_last), 2).std().item()
right = 1.0
""",
        148.0,
        1.0,
        "the variance is mean(x²) − mean(x)²; with contiguous values it is Welford's, and right",
        ("group_norm",),
        noise=True,
    ),
    Deviation(
        "group-norm-crash",
        "group_norm of channels-last values that need no gradient, backward: exit status",
        '''
import subprocess, sys
lines = """import torch
x = torch.ones(2, 4, 3, 3).to(memory_format=torch.channels_last)
torch.nn.GroupNorm(2, 4)(x).sum().backward()
"""
got, right = subprocess.run([sys.executable, "-c", lines]).returncode, 0
''',
        -11,
        0,
        "the process dies; it does not with contiguous values, nor where the input needs its gradient",
        ("group_norm",),
    ),
    Deviation(
        "group-norm-bias-alone",
        "group_norm with a bias and no weight, backward",
        """
bias = torch.zeros(4, requires_grad=True)
F.group_norm(torch.ones(2, 4, 3), 2, bias=bias).sum().backward()
got, right = bias.grad.tolist(), [6.0, 6.0, 6.0, 6.0]
""",
        "tensor does not have a device",
        [6.0, 6.0, 6.0, 6.0],
        "the backward asks the weight that is not there for its device",
        ("group_norm",),
    ),
    Deviation(
        "instance-norm-of-one-image",
        "instance_norm of one image, gradient of a value, the upstream one channels-last and ±1 by channel",
        """
x = torch.arange(8.0, **D).reshape(1, 2, 2, 2).requires_grad_()
upstream = torch.tensor([1.0, -1.0], **D).reshape(1, 2, 1, 1).expand(1, 2, 2, 2)
upstream = upstream.contiguous(memory_format=torch.channels_last)
got = torch.autograd.grad(F.instance_norm(x), x, upstream)[0][0, 0, 0, 0].item()
right = torch.autograd.grad(F.instance_norm(x), x, upstream.contiguous())[0][0, 0, 0, 0].item()
""",
        0.35777373852404554,
        0.0,
        "the upstream gradient is read as if it were contiguous; so it is by batch_norm, of a batch of 1",
        ("instance_norm",),
    ),
    Deviation(
        "max-pool-of-padding",
        "max_pool2d, a window that meets only padding: is the index one of the input's four",
        """
x = torch.tensor([[[[1.0, 2.0, 3.0, 4.0]]]])
options = dict(stride=6, padding=1, dilation=2, ceil_mode=True, return_indices=True)
index = F.max_pool2d(x, 3, **options)[1].item()
got, right = int(0 <= index < 4), 1
""",
        0,
        1,
        "its maximum is −∞ and its index 5, which lies outside of the input",
        ("max_pool2d",),
        114216,
    ),
    Deviation(
        "lp-pool-beyond-the-edge",
        "lp_pool1d of (1, 2, 3), windows of 2, ceil_mode, last window",
        """
x = torch.tensor([[[1.0, 2.0, 3.0]]], **D)
got, right = F.lp_pool1d(x, 2, 2, ceil_mode=True)[0, 0, 1].item(), 3.0
""",
        4.242640687119285,
        3.0,
        "the mean over what is left of the window is multiplied by the size of a whole one",
    ),
    Deviation(
        "embedding-padding-in-a-batch",
        "vmap of embedding with padding_idx 0, gradient of that row in a batch of 2",
        """
weight = torch.ones(2, 2, 1, requires_grad=True)
index = torch.tensor([[0, 1], [0, 1]])
torch.func.vmap(lambda index, weight: F.embedding(index, weight, 0))(index, weight).sum().backward()
got, right = weight.grad[:, 0, 0].tolist(), [0.0, 0.0]
""",
        [0.0, 1.0],
        [0.0, 0.0],
        "the batch is one table, of which padding_idx is one row; with grad inside of vmap all is right",
        ("embedding", "transformer"),
    ),
    Deviation(
        "least-squares-drops-a-column",
        "linalg.lstsq in float32, rank with a column of 1e4 + 1e-4 · i",
        """
x = torch.stack([torch.ones(6), 1e4 + 1e-4 * torch.arange(6)], 1)
got = int(torch.linalg.lstsq(x, torch.arange(6.0)[:, None]).rank)
right = int(torch.linalg.matrix_rank(x.double()))
""",
        1,
        2,
        "its cut-off for the rank takes a column that is nearly constant for one that depends on the others",
        ("linear_regression_closed_form",),
    ),
)
