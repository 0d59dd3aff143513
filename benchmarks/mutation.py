"""Which planted faults the tests catch: `python benchmarks/mutation.py --sample 40 --seed 0`, by hand.

Each mutant is one change of one place (a comparison turned, a sum made a difference, a condition negated, a number one
larger, `and` for `or`, a returned value left out) in a sample of files whose tests are quick. A copy of the repository is
changed, never the files here. Survivors are printed to be read one by one: some change nothing that anybody could see.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: files to change: the tests that are to notice
SAMPLED = {
    "xai_widgets/runlog/format.py": ["runlog/test_frames.py", "runlog/test_damage.py", "runlog/test_log.py"],
    "xai_widgets/runlog/merge.py": ["runlog/test_merging.py"],
    "xai_widgets/runlog/writer.py": [
        "runlog/test_written_frames.py",
        "runlog/test_log.py",
        "runlog/test_damage.py",
    ],
    "xai_widgets/runlog/file_reader.py": [
        "runlog/test_written_frames.py",
        "runlog/test_damage.py",
        "runlog/test_log.py",
    ],
    "xai_widgets/live/kernel/message_queues.py": ["live/test_clicks.py", "live/test_races.py"],
    "xai_widgets/hooks/_common/feed.py": ["hooks/test_feed.py", "hooks/test_common.py"],
    "xai_widgets/hooks/_common/instance_ids.py": ["hooks/test_instance_ids.py", "hooks/test_common.py"],
}
TURNED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
          ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}  # fmt: skip
OTHER = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
         ast.LShift: ast.RShift, ast.RShift: ast.LShift}  # fmt: skip


def mutants(tree: ast.Module) -> Iterator[tuple[int, str, ast.Module]]:
    """Yield (line, what was changed, the changed module) of every place that can be changed."""
    annotations = {
        id(inner)
        for node in ast.walk(tree)
        for part in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if part is not None
        for inner in ast.walk(part)
    }
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in annotations or not hasattr(node, "lineno"):
            continue
        for name, change in changes(node):
            other = copy.deepcopy(tree)
            twin = next(n for i, n in enumerate(ast.walk(other)) if i == number)
            change(twin)
            yield node.lineno, name, ast.fix_missing_locations(other)


def changes(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Yield what can be changed at a place, each with the function that changes its twin in a copy."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in TURNED:
        yield "comparison turned", lambda n: n.ops.__setitem__(0, TURNED[type(n.ops[0])]())
    elif isinstance(node, ast.BinOp) and type(node.op) in OTHER:
        yield "other operation", lambda n: setattr(n, "op", OTHER[type(n.op)]())
    elif isinstance(node, ast.BoolOp):
        swapped = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield "and for or", lambda n: setattr(n, "op", swapped())
    elif isinstance(node, ast.If):
        yield "condition negated", lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield "number one larger", lambda n: setattr(n, "value", n.value + 1)
    elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield "nothing returned", lambda n: setattr(n, "value", ast.Constant(None))


def fails(folder: Path, tests: Iterable[str]) -> bool:
    """Whether any of the tests fails, or they hang, in a copy of the repository."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-m",
        "not browser and not slow",
    ]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    try:
        return bool(
            subprocess.run(
                [*command, *(f"tests/{test}" for test in tests)],
                cwd=folder,
                capture_output=True,
                timeout=240,
                env=environment,
            ).returncode
        )
    except subprocess.TimeoutExpired:
        return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=40, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    every = [
        (file, line, name, tree)
        for file in SAMPLED
        for line, name, tree in mutants(ast.parse((ROOT / file).read_text()))
    ]
    chosen = random.Random(options.seed).sample(every, min(options.sample, len(every)))
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / "copy"
        shutil.copytree(
            ROOT,
            copied,
            symlinks=True,
            ignore=shutil.ignore_patterns(".git", "node_modules", "notebooks", ".venv*", ".mypy_cache"),
        )
        for tests in {tuple(tests) for tests in SAMPLED.values()}:
            if fails(copied, tests):
                sys.exit(f"{' '.join(tests)} fail without any mutant; mend them first")
        caught = 0
        for file, line, name, tree in chosen:
            original = (copied / file).read_text()
            (copied / file).write_text(ast.unparse(tree))
            noticed = fails(copied, SAMPLED[file])
            (copied / file).write_text(original)
            caught += noticed
            print(f"{'caught  ' if noticed else 'SURVIVED'} {file}:{line} {name}", flush=True)
    print(f"{caught} of {len(chosen)} caught ({caught / len(chosen):.0%}), of {len(every)} mutants in all")


if __name__ == "__main__":
    main()
