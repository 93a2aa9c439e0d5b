"""Starters in the torch dialect: modules with torch's constructor arguments, optimizers and schedulers."""

from __future__ import annotations

from parity_tests.catalogue import Algorithm
from parity_tests.starters import Starter, Stub, formula, formula_alone

LOSS = "input, target"
REDUCED = 'reduction="mean"'
RECURRENT = "num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False"
CONV = (
    "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
    'padding_mode="zeros"'
)
WEIGHTED = f"weight=None, {REDUCED}"
IGNORING = f"weight=None, ignore_index=-100, {REDUCED}"

# Class, what its constructor takes, what forward takes.
MODULES: dict[str, tuple[str, str, str]] = {
    "identity": ("Identity", "", "input"),
    "sigmoid": ("Sigmoid", "", "input"),
    "relu": ("ReLU", "", "input"),
    "leaky_relu": ("LeakyReLU", "negative_slope=0.01", "input"),
    "prelu": ("PReLU", "num_parameters=1, init=0.25", "input"),
    "elu": ("ELU", "alpha=1.0", "input"),
    "selu": ("SELU", "", "input"),
    "tanh": ("Tanh", "", "input"),
    "gelu": ("GELU", 'approximate="none"', "input"),
    "silu": ("SiLU", "", "input"),
    "softplus": ("Softplus", "beta=1.0, threshold=20.0", "input"),
    "hardtanh": ("Hardtanh", "min_val=-1.0, max_val=1.0", "input"),
    "softmax": ("Softmax", "dim=-1", "input"),
    "log_softmax": ("LogSoftmax", "dim=-1", "input"),
    "mse_loss": ("MSELoss", REDUCED, LOSS),
    "l1_loss": ("L1Loss", REDUCED, LOSS),
    "smooth_l1_loss": ("SmoothL1Loss", f"{REDUCED}, beta=1.0", LOSS),
    "huber_loss": ("HuberLoss", f"{REDUCED}, delta=1.0", LOSS),
    "binary_cross_entropy": ("BCELoss", WEIGHTED, LOSS),
    "binary_cross_entropy_with_logits": (
        "BCEWithLogitsLoss",
        f"{WEIGHTED}, pos_weight=None",
        LOSS,
    ),
    "kl_div": ("KLDivLoss", f"{REDUCED}, log_target=False", LOSS),
    "nll_loss": ("NLLLoss", IGNORING, LOSS),
    "cross_entropy": (
        "CrossEntropyLoss",
        f"{IGNORING}, label_smoothing=0.0",
        LOSS,
    ),
    "hinge_embedding_loss": ("HingeEmbeddingLoss", f"margin=1.0, {REDUCED}", LOSS),
    "multi_margin_loss": ("MultiMarginLoss", f"p=1, margin=1.0, weight=None, {REDUCED}", LOSS),
    "linear": ("Linear", "in_features, out_features, bias=True", "input"),
    "embedding": ("Embedding", "num_embeddings, embedding_dim, padding_idx=None", "input"),
    "conv2d": ("Conv2d", CONV, "input"),
    "conv1d": ("Conv1d", CONV, "input"),
    "max_pool2d": ("MaxPool2d", "kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False", "input"),
    "max_pool1d": ("MaxPool1d", "kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False", "input"),
    "avg_pool2d": (
        "AvgPool2d",
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
        "input",
    ),
    "avg_pool1d": (
        "AvgPool1d",
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True",
        "input",
    ),
    "adaptive_avg_pool2d": ("AdaptiveAvgPool2d", "output_size", "input"),
    "adaptive_max_pool2d": ("AdaptiveMaxPool2d", "output_size", "input"),
    "batch_norm": ("BatchNorm2d", "num_features, eps=1e-05, momentum=0.1, affine=True", "input"),
    "layer_norm": ("LayerNorm", "normalized_shape, eps=1e-05, elementwise_affine=True, bias=True", "input"),
    "group_norm": ("GroupNorm", "num_groups, num_channels, eps=1e-05, affine=True", "input"),
    "instance_norm": ("InstanceNorm2d", "num_features, eps=1e-05, affine=False", "input"),
    "rms_norm": ("RMSNorm", "normalized_shape, eps=None, elementwise_affine=True", "x"),
    "rnn_cell": ("RNNCell", 'input_size, hidden_size, bias=True, nonlinearity="tanh"', "input, hx=None"),
    "lstm_cell": ("LSTMCell", "input_size, hidden_size, bias=True", "input, hx=None"),
    "gru_cell": ("GRUCell", "input_size, hidden_size, bias=True", "input, hx=None"),
    "rnn": ("RNN", f'input_size, hidden_size, nonlinearity="tanh", {RECURRENT}', "input, hx=None"),
    "lstm": ("LSTM", f"input_size, hidden_size, {RECURRENT}", "input, hx=None"),
    "gru": ("GRU", f"input_size, hidden_size, {RECURRENT}", "input, hx=None"),
    "multi_head_attention": (
        "MultiheadAttention",
        "embed_dim, num_heads, dropout=0.0, bias=True, batch_first=True",
        "query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None",
    ),
    "scaled_dot_product_attention": ("ScaledDotProductAttention", "", "query, key, value, attn_mask=None"),
    "sinusoidal_positions": ("PositionalEncoding", "d_model, max_len=5000", "x"),
    "dropout": ("Dropout", "p=0.5", "input"),
}
MOMENTS = "betas=(0.9, 0.999), eps=1e-08"
OPTIMIZERS: dict[str, tuple[str, str]] = {
    "sgd": ("SGD", "lr=0.001, momentum=0, dampening=0, weight_decay=0, nesterov=False"),
    "adagrad": ("Adagrad", "lr=0.01, lr_decay=0, weight_decay=0, eps=1e-10"),
    "rmsprop": ("RMSprop", "lr=0.01, alpha=0.99, eps=1e-08, weight_decay=0, momentum=0, centered=False"),
    "adam": ("Adam", f"lr=0.001, {MOMENTS}, weight_decay=0"),
    "adamw": ("AdamW", f"lr=0.001, {MOMENTS}, weight_decay=0.01"),
    "adadelta": ("Adadelta", "lr=1.0, rho=0.9, eps=1e-06, weight_decay=0"),
    "adamax": ("Adamax", f"lr=0.002, {MOMENTS}, weight_decay=0"),
    "nadam": ("NAdam", f"lr=0.002, {MOMENTS}, weight_decay=0, momentum_decay=0.004"),
    "radam": ("RAdam", f"lr=0.001, {MOMENTS}, weight_decay=0"),
}
SCHEDULES: dict[str, tuple[str, str]] = {
    "exponential_lr": ("ExponentialLR", "gamma"),
    "step_lr": ("StepLR", "step_size, gamma=0.1"),
    "multi_step_lr": ("MultiStepLR", "milestones, gamma=0.1"),
    "linear_lr": ("LinearLR", "start_factor=1 / 3, end_factor=1.0, total_iters=5"),
    "constant_lr": ("ConstantLR", "factor=1 / 3, total_iters=5"),
    "polynomial_lr": ("PolynomialLR", "total_iters=5, power=1.0"),
    "cosine_annealing_lr": ("CosineAnnealingLR", "T_max, eta_min=0.0"),
    "cosine_annealing_warm_restarts": ("CosineAnnealingWarmRestarts", "T_0, T_mult=1, eta_min=0.0"),
}
LEARNT = "Parameters have torch's names and layouts: weight, bias, weight_ih, in_proj_weight, …"
SIZES = ("features", "channels", "hidden_size", "_dim", "shape", "num_parameters")
TORCH, NN = "import torch", "from torch import nn"


def _takes(*words: str) -> str:
    return ", ".join(word for word in words if word)


def find(entry: Algorithm) -> Starter | None:
    """What to begin with in this dialect, if it has the algorithm."""
    if entry.name in MODULES:
        return Starter((TORCH, NN), (_module(entry, *MODULES[entry.name]),))
    if entry.name in OPTIMIZERS:
        return Starter((TORCH,), (_optimizer(entry, *OPTIMIZERS[entry.name]),))
    if entry.name in SCHEDULES:
        return Starter((TORCH,), (_schedule(entry, *SCHEDULES[entry.name]),))
    return None


def _module(entry: Algorithm, name: str, constructor: str, forward: str) -> Stub:
    learns = any(
        word in constructor for word in ("features", "channels", "_size", "_dim", "shape", "num_parameters")
    )
    begin = Stub(
        f"__init__({_takes('self', constructor)})", LEARNT if learns else "", before="super().__init__()"
    )
    call = Stub(f"forward({_takes('self', forward)})", "The gradients are autograd's.")
    return Stub(f"{name}(nn.Module)", formula_alone(entry), (begin, call), is_class=True)


def _optimizer(entry: Algorithm, name: str, settings: str) -> Stub:
    begin = Stub(
        f"__init__({_takes('self, params', settings)})", "The settings go to super().__init__(params, …)."
    )
    step = Stub("step(self)", "Changes the parameters of self.param_groups in place, by their grad.")
    return Stub(f"{name}(torch.optim.Optimizer)", formula(entry), (begin, step), is_class=True)


def _schedule(entry: Algorithm, name: str, settings: str) -> Stub:
    taken = _takes("self, optimizer", settings, "last_epoch=-1")
    begin = Stub(f"__init__({taken})", "The last line is super().__init__(optimizer, last_epoch).")
    rates = Stub(
        "get_lr(self)",
        "The rates of self.optimizer.param_groups in epoch self.last_epoch; self.base_lrs are the first.",
    )
    base = "torch.optim.lr_scheduler.LRScheduler"
    return Stub(f"{name}({base})", formula_alone(entry), (begin, rates), is_class=True)
