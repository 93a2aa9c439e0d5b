"""Schedules: ends, lengths of nothing, resumed and combined."""

from parity_tests.deviations._entry import Deviation

DEVIATIONS = (
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
        1.0,
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
        4e-6,
        "it takes one step more than total_steps without complaint, and the rate jumps up",
        ("one_cycle_lr",),
    ),
    Deviation(
        "constant-lr-no-iterations",
        "ConstantLR, factor 0.5 for 0 iterations",
        """
parameter = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.SGD([parameter], lr=1.0)
schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=0)
optimizer.step()
schedule.step()
got, right = optimizer.param_groups[0]["lr"], 1.0
""",
        0.5,
        1.0,
        "the factor is applied at the start and never taken back",
        ("constant_lr",),
    ),
    Deviation(
        "constant-lr-factor-zero",
        "ConstantLR, factor 0 for 2 iterations, after 3",
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
        1.0,
        "a factor of 0 is accepted, and later divided by",
        ("constant_lr",),
    ),
    Deviation(
        "linear-lr-no-iterations",
        "LinearLR, from 0.25 in 0 iterations",
        """
parameter = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.SGD([parameter], lr=1.0)
schedule = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.25, total_iters=0)
optimizer.step()
schedule.step()
got, right = optimizer.param_groups[0]["lr"], 1.0
""",
        0.25,
        1.0,
        "it stays at the start factor for good",
        ("linear_lr",),
    ),
    Deviation(
        "plateau-negative-metrics",
        "ReduceLROnPlateau, a relative threshold, metrics −1 and −0.95",
        """
parameter = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.SGD([parameter], lr=1.0)
schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, threshold=0.1)
for metric in (-1.0, -0.95):
    schedule.step(metric)
got, right = optimizer.param_groups[0]["lr"], 0.1
""",
        1.0,
        0.1,
        "best · (1 − threshold) is above a best that is negative, so that getting worse counts as better",
        ("reduce_lr_on_plateau",),
    ),
    Deviation(
        "warm-restarts-by-epoch",
        "CosineAnnealingWarmRestarts, T_0 = 1, T_mult = 3, step(121): the fifth restart",
        """
parameter = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.SGD([parameter], lr=1.0)
schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=1, T_mult=3)
schedule.step(1 + 3 + 9 + 27 + 81)
got, right = optimizer.param_groups[0]["lr"], 1.0
""",
        0.0,
        1.0,
        "the number of restarts is the integer part of a logarithm that rounds to 4.999…",
        ("cosine_annealing_warm_restarts",),
    ),
    Deviation(
        "step-lr-resumed",
        "StepLR, resumed where a step has just been taken",
        """
parameter = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.SGD([parameter], lr=1.0)
schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.5)
for _ in range(3):
    optimizer.step()
    schedule.step()
right = optimizer.param_groups[0]["lr"]
torch.optim.lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.5, last_epoch=2)
got = optimizer.param_groups[0]["lr"]
""",
        0.25,
        0.5,
        "the step of the constructor decays once more; that of ExponentialLR leaves the rate as it is",
        ("step_lr",),
    ),
    Deviation(
        "constant-lr-resumed",
        "ConstantLR, resumed where its factor has just been taken back",
        """
parameter = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.SGD([parameter], lr=1.0)
schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=3)
for _ in range(3):
    optimizer.step()
    schedule.step()
right = optimizer.param_groups[0]["lr"]
torch.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=3, last_epoch=2)
got = optimizer.param_groups[0]["lr"]
""",
        2.0,
        1.0,
        "the step of the constructor takes the factor back again; that of LinearLR leaves the rate as it is",
        ("constant_lr",),
    ),
    Deviation(
        "chained-lambda",
        "ChainedScheduler of ExponentialLR(0.9) and LambdaLR(0.5^t), after 2 steps",
        """
parameter = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.SGD([parameter], lr=1.0)
exponential = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
by_formula = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 0.5**t)
schedule = torch.optim.lr_scheduler.ChainedScheduler([exponential, by_formula])
for _ in range(2):
    optimizer.step()
    schedule.step()
got, right = optimizer.param_groups[0]["lr"], 0.9**2 * 0.5**2
""",
        0.25,
        0.2025,
        "LambdaLR sets the rate from the first one, and forgets what the others did",
        ("chained_scheduler",),
    ),
)
