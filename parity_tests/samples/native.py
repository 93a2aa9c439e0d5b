"""People's own code, right and wrong, in many styles: for the tests of what is native."""

from typing import NamedTuple


class Sample(NamedTuple):
    """An algorithm as somebody writes it, whether it is right, and what is to be said of it."""

    algorithm: str
    right: bool
    source: str
    said: str = ""
