"""The commands of `parity`, a file each: its arguments, its run, and the exit status."""
