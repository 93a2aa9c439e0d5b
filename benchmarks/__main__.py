"""Run the benchmarks that are named, or all; the exit status is 1 if a goal is missed."""

import argparse
import os
import sys

from benchmarks.timing import PINNED


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="startup, adam, layers, verify, check (all if none is named)"
    )
    names = parser.parse_args().names
    os.environ.update(PINNED)  # before NumPy and torch read it

    from benchmarks.suites import SUITES

    unknown = [name for name in names if name not in SUITES]
    if unknown:
        parser.error(f"there is no benchmark called {unknown[0]!r}; there are {', '.join(SUITES)}")
    missed = 0
    for name in names or SUITES:
        for measured in SUITES[name]():
            missed += not measured.reached
            verdict = "reached" if measured.reached else "MISSED "
            figures = f"{measured.ratio:6.2f} ≤ {measured.goal:4.2f}"
            print(f"{verdict}  {figures}  {measured.name} / {measured.against}")
            if measured.detail:
                print(f"         {measured.detail}")
            sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
