"""`xai-widgets log`: look at a run's folder from the command line."""

from __future__ import annotations

import argparse
import sys
import time
import unicodedata
from pathlib import Path
from typing import TextIO

import numpy as np

from xai_widgets.runlog.export import FORMATS, export
from xai_widgets.runlog.file_reader import FileReader
from xai_widgets.runlog.files import files_of
from xai_widgets.runlog.follow import FollowingTracker, read
from xai_widgets.runlog.merge import attempts
from xai_widgets.tracking.queries.to_frame import FRAMES
from xai_widgets.tracking.results import EpochSummary


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `log` and what it can do to a command line."""
    log = commands.add_parser("log", help="look at, follow, export or check a run log")
    actions = log.add_subparsers(dest="action", required=True)
    for name, run, text in (
        ("info", info, "what is in a log"),
        ("tail", tail, "a line for every epoch, while the run goes on"),
        ("export", export_log, f"write a log as {', '.join(FORMATS)}"),
        ("verify", verify, "check every byte; exit status 1 when any is damaged"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("dir", type=Path, help="folder given to Tracker(log_dir=...)")
        action.set_defaults(run=run)
        if name == "tail":
            action.add_argument("--once", action="store_true", help="say what is there and end")
        if name == "export":
            action.add_argument("out", type=Path, help="file to write; its ending says the format")
            action.add_argument("--what", choices=FRAMES, default="instances")
            action.add_argument("--mode", choices=("train", "eval", "test", "infer"))


def say(line: str, to: TextIO | None = None) -> None:
    """Print a line of which parts come from a log: what steers a terminal, or cannot be written there, is spelt out."""
    out = sys.stdout if to is None else to
    plain = "".join(
        c if unicodedata.category(c)[0] != "C" else c.encode("unicode_escape").decode() for c in line
    )
    encoding = getattr(out, "encoding", None) or "utf-8"
    print(plain.encode(encoding, "backslashreplace").decode(encoding), file=out, flush=True)


def info(options: argparse.Namespace) -> int:
    """Say what is in a log."""
    tracker = _read(options.dir)
    if tracker is None:
        return 2
    files = tracker.files
    numbers = attempts(files)
    say(f"{options.dir}: {tracker.status}, epoch {tracker.epoch}, step {tracker.step}")
    if tracker.error:
        say(f"  error: {tracker.error}")
    for number in sorted(set(numbers.values())):
        own = sorted((f for f in files if numbers[f] == number), key=lambda f: f.rank)
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(own[0].began / 1e9))
        rows, size = sum(f.tally.rows for f in own), sum(f.tally.bytes for f in own)
        host = own[0].about.get("host", "unknown host")
        say(
            f"  start {number + 1}, {began} on {host}: {len(own)} of {own[0].world} processes, {rows} rows, {size} bytes"
        )
    if tracker.superseded:
        say(f"  {tracker.superseded} rows were replaced by a later start")
    for mode in tracker.modes:
        for ds_id in tracker.ds_ids(mode):
            counts = tracker.counts(mode, ds_id)
            name = mode if ds_id is None else f"{mode} {ds_id!r}"
            say(
                f"  {name}: {counts.instances} instances, {counts.rows} rows, {', '.join(tracker.metrics(mode, ds_id))}"
            )
            odd = {
                k: getattr(counts, k)
                for k in ("nan", "inf", "duplicates", "late", "relabelled")
                if getattr(counts, k)
            }
            if odd:
                say("    " + ", ".join(f"{n} {kind}" for kind, n in odd.items()))
    say(f"  labels: {', '.join(tracker.name_of(v) for v in tracker.labels) or 'none'}")
    return 0


def tail(options: argparse.Namespace) -> int:
    """Print a line for every epoch that ends."""
    tracker = FollowingTracker(options.dir, live=False)
    status = ""
    try:
        while True:
            tracker.refresh()
            for summary in tracker.take_news():
                if summary.kind == "epoch":
                    _line(tracker, summary)
            if tracker.status != status:
                status = tracker.status
                say(f"{status}{': ' + tracker.error if tracker.error else ''}")
            if options.once or status in ("ended", "failed"):
                return 0
            time.sleep(0.2)
    except KeyboardInterrupt:
        return 0


def export_log(options: argparse.Namespace) -> int:
    """Write a log as another format."""
    tracker = _read(options.dir)
    if tracker is None:
        return 2
    try:
        rows = export(tracker, options.out, options.what, mode=options.mode)
    except (ValueError, ImportError, OSError) as error:
        say(f"error: {error}", sys.stderr)
        return 2
    say(f"{rows} rows written to {options.out}")
    return 0


def verify(options: argparse.Namespace) -> int:
    """Check all files of a log, damaged ones in detail."""
    paths = files_of(options.dir)
    if not paths:
        say(f"error: no run log in {str(options.dir)!r}", sys.stderr)
        return 2
    damaged = 0
    for path in paths:
        file = FileReader(path)
        try:
            file.poll()
            while file.advanced:
                file.poll()
        except OSError as error:
            file.give_up(f"it cannot be read: {error.strerror or error}")
        tally, rest = file.tally, file.rest
        say(f"{path.name}: {tally.frames} frames, {tally.rows} rows, {tally.bytes} bytes sound")
        for each in tally.damage:
            say(f"  damaged: {each.size} bytes at {each.offset}: {each.reason}")
        if rest:
            say(f"  {rest} bytes at the end are no whole frame: being written, or torn when the process died")
        damaged += len(tally.damage)
    say(f"{damaged} damaged" if damaged else "no damage")
    return 1 if damaged else 0


def _read(folder: Path) -> FollowingTracker | None:
    try:
        return read(folder)
    except FileNotFoundError as error:
        say(f"error: {error}", sys.stderr)
        return None


def _line(tracker: FollowingTracker, summary: EpochSummary) -> None:
    mode, epoch = summary.mode or "train", summary.epoch
    table = tracker.epoch_means(mode, summary.ds_id, epoch)
    means = "  ".join(f"{metric} {mean:.5g}" for metric, mean in table.items() if np.isfinite(mean))
    name = mode if summary.ds_id is None else f"{mode} {summary.ds_id}"
    say(f"epoch {epoch:4d}  step {summary.step:8d}  {name:8s}  {means}")
