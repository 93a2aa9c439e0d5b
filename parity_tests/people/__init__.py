"""Other people's code: find the algorithms in it, speak its dialect, run it where it can do no harm."""
