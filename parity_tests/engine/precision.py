"""The floating dtypes that anything is compared in, and what one rounding costs in each."""

from typing import NamedTuple


class Precision(NamedTuple):
    """A floating dtype: its name, short name, unit roundoff u and smallest positive subnormal η."""

    dtype: str
    short: str
    u: float
    eta: float

    @property
    def low(self) -> bool:
        """Whether it has fewer digits than float32, and an oracle in it would prove nothing."""
        return self.u > FLOAT32.u


FLOAT64 = Precision("float64", "f64", 2.0**-53, 2.0**-1074)
FLOAT32 = Precision("float32", "f32", 2.0**-24, 2.0**-149)
FLOAT16 = Precision("float16", "f16", 2.0**-11, 2.0**-24)
BFLOAT16 = Precision("bfloat16", "bf16", 2.0**-8, 2.0**-133)
# float32 whose factors of a matrix product are rounded to 11 bits, as tensor cores do if they may.
TF32 = Precision("float32", "f32", 2.0**-11, 2.0**-149)

PRECISIONS = {precision.dtype: precision for precision in (FLOAT64, FLOAT32, FLOAT16, BFLOAT16)}
