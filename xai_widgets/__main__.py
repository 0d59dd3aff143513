"""The command line: `xai-widgets log info|tail|export|verify DIR`, or `python -m xai_widgets`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from xai_widgets._version import __version__
from xai_widgets.runlog.cli import add_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="xai-widgets", description="Watch and read the runs of networks in training."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    add_parser(commands)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return 0
    return status


if __name__ == "__main__":
    sys.exit(main())
