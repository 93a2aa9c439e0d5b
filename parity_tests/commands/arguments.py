"""Types of arguments that several commands take."""

import argparse

LARGEST = 2**32  # of what seeds a generator


def natural(text: str) -> int:
    """A whole number from 0 on, below 2³²."""
    short = text.lstrip("0") or text[-1:]
    if not (text.isascii() and text.isdigit() and len(short) < 12 and int(short) < LARGEST):
        raise argparse.ArgumentTypeError(f"{text!r} is no natural number below 2**32")
    return int(short)


def seconds(text: str) -> float:
    """A time above 0, and no more than an hour."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0, up to 3600")
    return value
