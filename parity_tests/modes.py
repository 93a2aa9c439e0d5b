"""Ways to have torch compute that many algorithms share; those of one alone are its entry's `variants`.

To add one, write a `Mode` and put it into MODES. Its `inside` sets flags of torch, or has every function of
tensors called otherwise: ``inside=lambda device: reference.through(torch.compile)``. Its `precision` is given
where it computes in fewer digits than its dtype has. `parity verify --mode NAME` runs it alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from parity_tests.catalogue import Algorithm
from parity_tests.catalogue._mode import Mode
from parity_tests.engine.precision import TF32
from parity_tests.modes_cpu import MODES_CPU

ALL = ("float64", "float32", "bfloat16", "float16")
# What multiplies matrices or convolves, and so would be computed in TF32 if that were allowed.
MULTIPLIES = {
    *("neuron", "linear", "bias_trick", "residual_block", "expression_graph"),
    *("linear_regression", "logistic_regression", "multinomial_regression"),
    *("linear_regression_gradient_descent", "perceptron_update"),
    *("conv2d", "conv1d", "conv_transpose2d"),
    *("rnn_cell", "lstm_cell", "gru_cell", "rnn", "rnn_with_output", "lstm", "gru"),
    *("residual_rnn", "residual_lstm"),
    *("scaled_dot_product_attention", "multi_head_attention"),
    *("encoder_layer", "decoder_layer", "transformer_encoder", "transformer_decoder", "transformer"),
    *("mlp", "convnet", "residual_network", "sequence_classifier", "character_model"),
    *("autoencoder", "variational_autoencoder", "generator", "discriminator", "learning_curves"),
}
# What cuDNN computes wherever it can; the others never ask it.
BY_CUDNN = {
    *("conv2d", "conv1d", "conv_transpose2d", "batch_norm"),
    *("rnn", "rnn_with_output", "lstm", "gru", "residual_rnn", "residual_lstm"),
    *("convnet", "residual_network", "sequence_classifier", "character_model"),
}
# Fast convolutions (FFT, Winograd) err with the magnitude of the whole tensor.
CONVOLVES = {"conv2d", "conv1d", "conv_transpose2d", "convnet", "residual_network"}


@contextmanager
def _tf32(device: str) -> Iterator[None]:
    from reference import _platform  # noqa: PLC0415 (imports torch)

    with _platform.tf32(device):
        yield


def _unfit_for_tf32(device: str) -> str:
    from reference import _platform  # noqa: PLC0415

    return _platform.unfit_for_tf32(device)


def _without_cudnn(_: str) -> AbstractContextManager[Any]:
    from reference import _platform  # noqa: PLC0415

    return _platform.without_cudnn()


MODES = (
    *MODES_CPU,
    Mode(
        "tf32",
        dtypes={"cuda": ("float32",)},
        inside=_tf32,
        unfit=_unfit_for_tf32,
        precision={"float32": TF32},
        rounds_once=False,
        of=lambda entry: entry.name in MULTIPLIES,
    ),
    Mode(
        "native",
        dtypes={"cuda": ALL},
        inside=_without_cudnn,
        of=lambda entry: entry.name in BY_CUDNN,
    ),
)


def modes_of(entry: Algorithm) -> tuple[Mode, ...]:
    """All ways to ask torch for an algorithm, the plain one first."""
    return (*entry.variants, *(mode for mode in MODES if mode.of(entry)))
