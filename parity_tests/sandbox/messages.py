"""What both sides need to know of a message, without NumPy."""

LARGEST = 64 * 2**20  # bytes of one message


def plain(text: str, longest: int = 2000, *, lines: bool = True) -> str:
    """Somebody else's text, fit to be printed: no control characters, nothing that turns lines around.

    Without `lines`, it stays in its line: a name must not look like a line of a report.
    """
    allowed = "\n\t" if lines else ""
    return "".join(c if c.isprintable() or c in allowed else "\ufffd" for c in text[:longest])
