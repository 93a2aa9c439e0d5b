"""Ways to have torch compute that need no accelerator: other strides, several threads, torch.func, autocast.

All are compared as the plain row is, within the same bound, except that autocast computes in bfloat16. What
torch itself gets wrong in a mode is left out of it, and named as in `parity_tests.deviations`.
"""

from __future__ import annotations

import logging
import shutil
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from parity_tests.catalogue import Algorithm
from parity_tests.catalogue._mode import Mode

Fixed = Mapping[str, Mapping[str, Any]]
FULL = {"cpu": ("float64", "float32")}
THREADS = 3

# Nothing of theirs is a function of tensors that could be called otherwise.
OUTSIDE = {"expression_graph", "gradient_check", "fan_in_and_fan_out", "calculate_gain"}
IMAGES = {
    *("conv2d", "conv_transpose2d", "convnet", "residual_network"),
    *("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d", "global_avg_pool2d"),
    *("batch_norm", "group_norm", "instance_norm"),
    *("dropout2d", "random_horizontal_flip", "random_crop"),
}
# Autocast is for a forward pass: its copies of the weights would be those from before a step.
STEP_INSIDE = {"perceptron_update", "linear_regression_gradient_descent"}
# What multiplies matrices or convolves, and prelu: what torch's list for the CPU has in bfloat16.
AUTOCAST = {
    *("prelu", "neuron", "linear", "bias_trick", "residual_block"),
    *("linear_regression", "logistic_regression", "multinomial_regression"),
    "learning_curves",
    *("conv2d", "conv1d", "conv_transpose2d"),
    *("rnn_cell", "lstm_cell", "gru_cell", "rnn", "rnn_with_output", "lstm", "gru"),
    *("residual_rnn", "residual_lstm"),
    *("scaled_dot_product_attention", "multi_head_attention"),
    *("encoder_layer", "decoder_layer", "transformer_encoder", "transformer_decoder", "transformer"),
    *("mlp", "convnet", "residual_network", "sequence_classifier", "character_model"),
    *("autoencoder", "variational_autoencoder", "generator", "discriminator"),
}
# `view_as_complex` wants pairs that lie side by side.
COMPLEX: Fixed = {"rotary_embedding": {"interleaved": False}}
ONE_PLACE: Fixed = {"nll_loss": {"shape": (5,)}}  # deviation nll-loss-channels-last
TWO_IMAGES: Fixed = {"instance_norm": {"N": 2}}  # deviation instance-norm-of-one-image
NEAR_ZERO: Fixed = {"group_norm": {"regime": "normal"}}  # deviation group-norm-channels-last
WITHOUT_DROPOUT: Mapping[str, Any] = {"dropout": False}
UNDROPPED: Fixed = {
    "scaled_dot_product_attention": WITHOUT_DROPOUT,
    "multi_head_attention": WITHOUT_DROPOUT,
    "encoder_layer": WITHOUT_DROPOUT,
    "decoder_layer": WITHOUT_DROPOUT,
    # Stacks look into a mask to see whether it is the causal one.
    "transformer_encoder": {**WITHOUT_DROPOUT, "mask": "none"},
    "transformer_decoder": {**WITHOUT_DROPOUT, "tgt_mask": "none", "memory_mask": "none"},
}
# deviation embedding-padding-in-a-batch
UNPADDED: Fixed = {
    "embedding": {"padding_idx": None},
    "transformer": {**WITHOUT_DROPOUT, "padding_idx": None},
}
WITHOUT_LENGTHS: Mapping[str, Any] = {"with_lengths": False}
UNPACKED: Fixed = {
    "rnn": {**WITHOUT_LENGTHS, "with_dropout": False},
    "lstm": {**WITHOUT_LENGTHS, "with_dropout": False},
    "gru": {**WITHOUT_LENGTHS, "with_dropout": False},
    "sequence_classifier": WITHOUT_LENGTHS,
    "multi_head_attention": WITHOUT_DROPOUT,
}

# What torch.func refuses, or answers otherwise, and what is said then.
NEW_PARAMETER = r"You are attempting to call Tensor.requires_grad_\(\)"
NO_RULE = "Batching rule not implemented for aten::"
NO_VALUES = "Cannot access data pointer of Tensor that doesn't have storage"
NOT_BY_FUNC = {
    "weight_norm": NEW_PARAMETER,
    "dropout2d": "Cannot access storage of TensorWrapper",
    # It has zeros for the statistics among the parameters, autograd has nothing.
    "residual_network": "running_mean: got .* expected",
}
NOT_MAPPED = {
    **dict.fromkeys(("weight_norm", "perceptron_update", "numerical_gradient"), NEW_PARAMETER),
    "linear_regression_gradient_descent": "Tensor on device",
    **dict.fromkeys(("clip_by_norm", "clip_grad_norm", "gradient_norms"), f"{NO_RULE}_foreach_norm"),
    "clip_grad_value": f"{NO_RULE}_foreach_clamp_min_",
    "lstm_cell": f"{NO_RULE}lstm_cell",
    **dict.fromkeys(("rnn", "rnn_with_output", "residual_rnn"), f"{NO_RULE}rnn_"),
    **dict.fromkeys(("lstm", "residual_lstm", "sequence_classifier"), f"{NO_RULE}lstm"),
    **dict.fromkeys(("gru", "character_model"), f"{NO_RULE}gru"),
    "sinusoidal_positions": "vmap: inplace arithmetic",
    **dict.fromkeys(("early_stopping", "random_crop", "mini_batches"), NO_VALUES),
    "residual_network": r"calling .item\(\) on a Tensor",
    "learning_curves": "the same dtype",
    **dict.fromkeys(("dropout", "dropout2d"), "Cannot access storage of BatchedTensorImpl"),
}
# deviation compiled-padding-by-replication; and "same" needs a context, which keeps the compiler out.
PADDED_BY_ZEROS: Fixed = {"conv2d": {"padding": "number", "padding_mode": "zeros"}}
LEFT = "torch.compile left everything as it was"
DIFFERS = "got .* expected"
NOT_COMPILED = {
    **dict.fromkeys(("elu", "selu"), DIFFERS),  # deviation compiled-elu-near-zero
    # Contexts, and objects of the kind of those, keep the compiler out.
    **dict.fromkeys(("kl_div", "dropout", "dropout2d", "shuffle", "mini_batches"), LEFT),
    **dict.fromkeys(("rnn", "lstm", "gru", "residual_rnn", "residual_lstm", "character_model"), LEFT),
}


def compared(entry: Algorithm) -> bool:
    """Whether it is a function of tensors."""
    return entry.protocol in ("operation", "function") and entry.name not in OUTSIDE


def mode_called(name: str) -> Mode:
    return next(mode for mode in MODES_CPU if mode.name == name)


def among(names: Collection[str]) -> Callable[[Algorithm], bool]:
    return lambda entry: entry.name in names


def but(names: Collection[str], *protocols: str) -> Callable[[Algorithm], bool]:
    return lambda entry: compared(entry) and entry.protocol in protocols and entry.name not in names


def called(transform: str) -> Callable[[str], AbstractContextManager[Any]]:
    """Every function of tensors goes through this transform of `reference._modes`."""

    def inside(_: str) -> AbstractContextManager[Any]:
        from reference import _modes, through  # noqa: PLC0415 (imports torch)

        return through(getattr(_modes, transform))

    return inside


def _threads(_: str) -> AbstractContextManager[Any]:
    from reference import _modes  # noqa: PLC0415

    return _modes.threads(THREADS)


@contextmanager
def _autocast(device: str) -> Iterator[None]:
    """On float32 whose values are those of bfloat16, so that autocast rounds no input."""
    from reference import on  # noqa: PLC0415

    with on(device, "float32"), called("autocast")(device):
        yield


@contextmanager
def _compile(device: str) -> Iterator[None]:
    """Without what the compiler, which runs in the backward pass as well, has to say of its own modules and
    of what it could not follow."""
    torch_says = logging.getLogger("torch")
    with warnings.catch_warnings(), called("compiled")(device):
        warnings.simplefilter("ignore")
        before = torch_says.level
        torch_says.setLevel(logging.ERROR)
        try:
            yield
        finally:
            torch_says.setLevel(before)


def unfit_to_compile(_: str = "cpu") -> str:
    return "" if any(map(shutil.which, ("g++", "clang++", "cl"))) else "no C++ compiler"


MATRIX = {"regime": "normal", "shape": (280, 300)}
POOLED = {"regime": "normal", "N": 8, "C": 8, "H": 40, "W": 40}
# More than a grain of 32768 elements, below which torch's loops have one thread; one case of each.
# A sum of so many terms is no benign one: its bound is wide.
LARGE: Fixed = {
    "sigmoid": MATRIX,
    "gelu": MATRIX,
    "softmax": MATRIX,
    "log_softmax": MATRIX,
    "l1_penalty": {**MATRIX, "regime": "large"},
    "l2_penalty": {**MATRIX, "regime": "large"},
    "mse_loss": {**MATRIX, "regime": "large", "reduction": "mean"},
    "cross_entropy": {"regime": "tiny", "C": 40, "shape": (2000,), "targets": "classes", "reduction": "mean"},
    "linear": {"regime": "normal", "batch": (300,), "in": 64, "out": 160, "with_bias": True},
    "conv2d": {"regime": "normal", "N": 4, "groups": 1, "C_per_group": 4, "O_per_group": 6, "H": 48, "W": 48}
    | {"padding": "number", "padding_mode": "zeros"},
    "max_pool2d": POOLED,
    "avg_pool2d": POOLED,
    "batch_norm": {"regime": "normal", "N": 16, "C": 8, "spatial": (24, 24)},
    "layer_norm": {"regime": "normal", "examples": (280,), "last": (300,)},
    "group_norm": {"regime": "normal", "N": 16, "num_groups": 4, "per_group": 2, "spatial": (24, 24)},
    "scaled_dot_product_attention": {"regime": "normal", "batch": (4, 4), "L": 64, "S": 64, "E": 16, "V": 16}
    | {"mask": "none", "dropout": False},
    "embedding": {"regime": "normal", "V": 300, "D": 150, "shape": (400,)},
    "mlp": {"regime": "normal", "N": 400},
}

MODES_CPU = (
    Mode("threads", dtypes=FULL, inside=_threads, of=among(LARGE), curated=({},), fixed=LARGE, examples=0),
    Mode(
        "strided",
        dtypes=FULL,
        inside=called("on_strides"),
        of=but((), "operation", "function"),
        fixed=COMPLEX,
    ),
    Mode(
        "transposed",
        dtypes=FULL,
        inside=called("on_transposed"),
        of=but((), "operation", "function"),
        fixed={**COMPLEX, **ONE_PLACE, **TWO_IMAGES},
    ),
    Mode(
        "channels_last",
        dtypes=FULL,
        inside=called("on_channels_last"),
        of=among(IMAGES),
        fixed={**TWO_IMAGES, **NEAR_ZERO},
    ),
    Mode(
        "func",
        dtypes=FULL,
        inside=called("by_vjp"),
        of=but(NOT_BY_FUNC, "operation"),
        fixed=UNPACKED,
    ),
    Mode(
        "vmap",
        dtypes=FULL,
        inside=called("mapped"),
        of=but(NOT_MAPPED, "operation", "function"),
        fixed={**UNDROPPED, **UNPADDED},
    ),
    Mode(
        "autocast",
        dtypes={"cpu": ("bfloat16",)},
        inside=_autocast,
        rounds_once=False,
        of=among(AUTOCAST),
    ),
    Mode(
        "compile",
        dtypes={"cpu": ("float32",)},
        inside=_compile,
        unfit=unfit_to_compile,
        of=but(NOT_COMPILED, "operation", "function"),
        curated=({},),
        fixed={
            **dict.fromkeys(UNDROPPED, WITHOUT_DROPOUT),
            "transformer": WITHOUT_DROPOUT,
            **PADDED_BY_ZEROS,
        },
        examples=0,
        default=False,
    ),
)
