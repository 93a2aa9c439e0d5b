"""What both sides need to know of a message, without NumPy."""

LARGEST = 256 * 2**20  # bytes of one message


def plain(text: str, longest: int = 2000) -> str:
    """Somebody else's text, fit to be printed: no control characters, nothing that turns lines around."""
    shown = text[:longest]
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in shown)
