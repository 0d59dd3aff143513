"""Fuzz for as long as one likes: every round with a new seed, many examples of each test.

    python tests/fuzz/by_hand.py --minutes 60 [--examples 2000] [--seed 1] [--only saves]

The seed of each round is printed, and kept in `seeds.txt` where the round failed; what failed, made as small as it can be, is
kept in `found/` and tried first the next time. Ends with the number of rounds that failed.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", default="fuzz", help="of the tests those whose names match, as pytest's -k")
    options = parser.parse_args()
    end, seed, failed = time.monotonic() + 60 * options.minutes, options.seed, 0
    while time.monotonic() < end:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            f"--hypothesis-seed={seed}",
            f"--timeout={max(300, 2 * options.examples)}",  # for all examples of a test, on a busy machine
        ]
        done = subprocess.run(
            [*command, str(HERE), "-k", options.only],
            env={**os.environ, "XAI_WIDGETS_FUZZ": str(options.examples)},
            cwd=HERE.parents[1],
            check=False,
        )
        print(f"seed {seed}: {'found something' if done.returncode else 'nothing found'}", flush=True)
        if done.returncode:
            failed += 1
            with open(HERE / "seeds.txt", "a", encoding="utf-8") as kept:
                kept.write(f"{seed} {options.examples}\n")
        seed += 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
