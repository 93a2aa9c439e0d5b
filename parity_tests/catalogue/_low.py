"""What is known of each algorithm in bfloat16 and float16, as torch computes it.

All of it is measured: on 60 drawn cases of each in either dtype, what is rounded only once never came beyond
0.95 of that tolerance; on 300 to 900, what is held as a whole never beyond 0.45 of it. An algorithm that is
not named here is held element by element, in both dtypes, with all options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from parity_tests.engine.cases import Case

CPU, CUDA = "cpu", "cuda"
BF16, F16 = "bfloat16", "float16"
DTYPES = (BF16, F16)


def always(_: Case) -> bool:
    return True


def along_the_last_axis(case: Case) -> bool:
    """Along any other, torch keeps the exponentials in the dtype."""
    return case.options.get("axis", -1) in (-1, case.arrays["x"].ndim - 1)


@dataclass(frozen=True)
class Low:
    """One algorithm in few digits.

    Args:
        once: tensors that torch rounds only once: inside, it computes in float32.
        once_if: the cases in which it does.
        whole: tensors that are held as a whole besides, with all that is below them.
        steady: whether nothing in it hangs on the sign or the order of computed values.
        fixed: answers fixed in every case, in either dtype.
        fixed_in: the same for one dtype, mostly because of its range.
        absent: devices, the dtypes that torch lacks there, and what it says then.
        pointless: why there is nothing to compare in few digits, if so.
    """

    once: tuple[str, ...] = ()
    once_if: Callable[[Case], bool] = always
    whole: tuple[str, ...] = ()
    steady: bool = False
    fixed: Mapping[str, Any] = field(default_factory=dict)
    fixed_in: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    absent: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    pointless: str = ""

    def dtypes(self, device: str) -> tuple[str, ...]:
        """Those in which there is something to compare on a device."""
        return () if self.pointless else tuple(d for d in DTYPES if d not in self.absent.get(device, {}))

    def answers(self, dtype: str) -> dict[str, Any]:
        """What is fixed in every case: a benign regime, for the others are float32's and float64's affair."""
        return {"regime": "normal", **self.fixed, **self.fixed_in.get(dtype, {})}


BOTH = Low(once=("y", "grad x"))
OUTPUT = Low(once=("y",))
NO_FLOATS = Low(pointless="no floating array goes in")
# A kink inside a network is where rounding decides.
SMOOTH = {"activation": "tanh"}
GELU = {"activation": "gelu"}
ATTENTION = ("y", "grad query", "grad key", "grad value", "grad attn_mask")
# The bound of a gradient that came so far is as large in bfloat16 as the gradient.
SHALLOW = {BF16: {"num_layers": 2}}
BOOLEAN = {"mask": "boolean", "padding_in_numbers": False}
ENCODES: dict[str, Any] = {"steady": True, "fixed": GELU, "fixed_in": {BF16: BOOLEAN}}
DECODES: dict[str, Any] = {
    **ENCODES,
    "fixed_in": {BF16: {f"{of}_{label}": v for of in ("tgt", "memory") for label, v in BOOLEAN.items()}},
}
# 1e-8 is zero in float16, and so is the square of a small gradient: 0/0.
EPS = {F16: {"defaults": False, "eps": 1e-3, "regime": "normal"}}
ADAM = Low(fixed_in=EPS)

LOW: dict[str, Low] = {
    "sigmoid": OUTPUT,
    "leaky_relu": BOTH,
    "elu": BOTH,
    "selu": BOTH,
    "tanh": OUTPUT,
    "gelu": BOTH,
    "silu": BOTH,
    "softplus": BOTH,
    # Limits without an error of their own, or too many inputs lie within it.
    "hardtanh": Low(fixed={"min_val": -0.75, "max_val": 0.5}),
    "softmax": Low(once=("y",), once_if=along_the_last_axis),
    # An input of 0 or 1 asks for 1e-12, which is zero in float16.
    "binary_cross_entropy": Low(fixed_in={F16: {"kinks": False, "labels": False}}),
    "multi_margin_loss": Low(
        absent={
            CPU: {
                BF16: '"multi_margin_loss_cpu_kernel" not implemented for',
                F16: '"multi_margin_loss_cpu_kernel" not implemented for',
            }
        }
    ),
    "linear": Low(once=("y", "grad input", "grad weight", "grad bias")),
    "bias_trick": Low(once=("grad x", "grad weight")),
    "linear_regression_closed_form": Low(
        absent={
            device: dict.fromkeys(DTYPES, "doesn't handle types other than float and double")
            for device in (CPU, CUDA)
        }
    ),
    "conv2d": OUTPUT,
    "conv1d": OUTPUT,
    "conv_transpose2d": Low(once=("grad input", "grad bias")),
    "avg_pool2d": OUTPUT,
    "avg_pool1d": OUTPUT,
    "adaptive_avg_pool2d": OUTPUT,
    "global_avg_pool2d": OUTPUT,
    "layer_norm": OUTPUT,
    "group_norm": OUTPUT,
    "rms_norm": Low(once=("y", "grad x", "grad weight")),
    "rnn": Low(fixed={"nonlinearity": "tanh"}, fixed_in=SHALLOW),
    # Enough of them that no cancellation in a single one decides about the whole.
    "lstm": Low(whole=("output", "h_n", "c_n"), fixed={"N": 3, "H": 4}),
    "scaled_dot_product_attention": Low(once=ATTENTION, whole=ATTENTION),
    "multi_head_attention": Low(
        whole=("output", "weights", "grad params", "grad key_padding_mask", *ATTENTION[1:])
    ),
    "rotary_embedding": Low(
        absent={
            device: {BF16: "Expected both inputs to be Half, Float or Double", F16: "not implemented for"}
            for device in (CPU, CUDA)
        }
    ),
    "encoder_layer": Low(whole=("y", "grad params"), **ENCODES),
    "decoder_layer": Low(whole=("y", "grad params"), **DECODES),
    "transformer_encoder": Low(whole=("y", "grad params"), **ENCODES),
    "transformer_decoder": Low(whole=("y", "grad params"), **DECODES),
    "transformer": Low(whole=("y", "grad params"), steady=True, fixed=GELU),
    "fan_in_and_fan_out": NO_FLOATS,
    "calculate_gain": NO_FLOATS,
    "adam": ADAM,
    "adamw": ADAM,
    "amsgrad": ADAM,
    "adamax": ADAM,
    "nadam": ADAM,
    "radam": ADAM,
    "adagrad": ADAM,
    "rmsprop": ADAM,
    "adadelta": ADAM,
    # Weights just as long as they may be are where rounding decides.
    "max_norm": Low(fixed={"just_as_long": False}),
    "early_stopping": Low(pointless="torch takes the losses one by one, as floats of Python"),
    "learning_curves": Low(fixed=SMOOTH),
    "mlp": Low(fixed=SMOOTH),
    "convnet": Low(fixed=SMOOTH, fixed_in={BF16: {"channels": (2,)}}),
    "residual_network": Low(whole=("buffers",), fixed=SMOOTH, fixed_in={BF16: {"blocks": (1,)}}),
    "character_model": Low(fixed_in={BF16: {"num_layers": 1}}),
    "autoencoder": Low(fixed=SMOOTH),
    "variational_autoencoder": Low(fixed=SMOOTH),
    "generator": Low(fixed=SMOOTH),
    "discriminator": Low(fixed=SMOOTH),
}


def low_precision(name: str) -> Low:
    """What is known of the algorithm of that name."""
    return LOW.get(name, Low())
