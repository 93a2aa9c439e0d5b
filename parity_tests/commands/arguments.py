"""Types of arguments that several commands take."""

import argparse


def natural(text: str) -> int:
    """A whole number from 0 on."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no natural number")
    return int(text)
