"""Edits in several processes: all have those of the first one, and as many batches as each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xai_widgets as xw

torch = pytest.importorskip("torch")
from random_edits import Editor, wrong_draws  # noqa: E402
from torch.utils.data import BatchSampler, RandomSampler  # noqa: E402

from xai_widgets.hooks.torch.thinned import Kept, thinned  # noqa: E402

HERE = Path(__file__).parent
N = 41


def two_processes(folder: Path, case: str, before: tuple = (), after: tuple = ()) -> list[dict[str, Any]]:
    """Run two processes of a case together, ``case BEFORE RANK FOLDER AFTER``; return what each wrote down."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "OMP_NUM_THREADS": "1"}
    children = [
        subprocess.Popen(
            [sys.executable, str(HERE / case), *map(str, (*before, rank, folder, *after))],
            env=environment, stderr=subprocess.PIPE, text=True,
        )
        for rank in (0, 1)
    ]  # fmt: skip
    try:
        for child in children:
            _, said = child.communicate(timeout=280)
            assert child.returncode == 0, said[-3000:]
    finally:
        for child in children:
            child.kill()
    return [json.loads((folder / f"rank{rank}.json").read_text()) for rank in (0, 1)]


def test_two_processes_draw_by_the_same_edits(tmp_path):
    one, other = two_processes(tmp_path, "ranks_case.py")
    for kind in ("sharded", "own"):
        assert one[f"{kind} weights"] == other[f"{kind} weights"]
        assert not one[f"{kind} problems"] + other[f"{kind} problems"]
        log = xw.Edits(tmp_path / kind)
        gone: set[int] = set()
        for epoch, (a, b) in enumerate(zip(one[kind], other[kind], strict=True), 1):
            state = log.state(epoch=epoch)  # as the first process wrote it down
            assert gone <= set(state.index[state.excluded].tolist()), "nothing comes back"
            gone = set(state.index[state.excluded].tolist())
            drawn = [i for i, _ in a + b]
            assert set(drawn) == set(range(N)) - gone
            assert len(a) == len(b)
            label = dict(zip(state.index.tolist(), state.label.tolist(), strict=True))
            assert all(y == label.get(i, i % 4) for i, y in a + b if i == 40)
            assert all(y == i % 4 for i, y in a + b if i != 40)
            if kind == "sharded":
                assert len(drawn) - len(set(drawn)) == (N - len(gone)) % 2, "only one pads the shares"
        assert len(gone) >= 8


def under_a_framework(kind: str, folder: Path, size: int, epochs: int, pause: float) -> tuple[int, int, int]:
    """Return (draws, wrong ones, exclusions in time) of two processes, while a third one edits."""
    with Editor(xw.Edits(folder / "log"), size, pause, seed=1) as editor:
        one, other = two_processes(folder, "ranks_frameworks_case.py", (kind,), (size, epochs))
    assert one["problems"] == other["problems"] == []
    log = xw.Edits(folder / "log")
    passes, mistaken, gone = [], 0, set()
    for epoch, (a, b) in enumerate(zip(one["epochs"], other["epochs"], strict=True), 1):
        state = log.state(epoch=epoch)  # as the first process wrote it down
        assert gone <= set(state.index[state.excluded].tolist()), "nothing comes back"
        gone = set(state.index[state.excluded].tolist())
        label = dict(zip(state.index[state.relabelled].tolist(), state.label[state.relabelled], strict=True))
        drawn = [i for i, _ in a + b]
        assert set(drawn) == set(range(size)) - gone, "all others are drawn"
        assert len(a) == len(b)
        mistaken += sum(i in gone or y != label.get(i, i % 4) for i, y in a + b)
        passes.append((one["last"][epoch - 2] if epoch > 1 else 0.0, drawn))
    draws, late = wrong_draws(passes, editor.done)
    return draws, mistaken + late, sum(when < one["last"][-2] for when in editor.done.values())


@pytest.mark.parametrize("kind", ["lightning", "trainer"])
def test_two_processes_of_a_framework_draw_by_the_same_edits(kind, tmp_path):
    pytest.importorskip({"trainer": "transformers"}.get(kind, kind))
    draws, wrong, _ = under_a_framework(kind, tmp_path, 64, 4, 0.5)
    assert wrong == 0
    assert draws > 100


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["plain", "accelerate", "lightning", "trainer"])
def test_ten_thousand_draws_of_two_processes(kind, tmp_path, capsys):
    draws, wrong, reached = under_a_framework(kind, tmp_path, 2000, 8, 0.04)
    with capsys.disabled():
        print(f"\n{kind}: {wrong} of {draws:,} draws wrong, {reached} exclusions in time")
    assert wrong == 0
    assert draws > 10_000


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("even", [False, True])
def test_accelerate_shares_out_what_is_left(split, even):
    data_loader = pytest.importorskip("accelerate.data_loader")
    out = {3, 4, 5, 6, 7, 20, 39}
    kept = Kept(lambda place: place not in out, N, len(out))

    def shares():
        wholes = [
            BatchSampler(data_loader.SeedableRandomSampler(range(N), data_seed=3), 6, False) for _ in range(2)
        ]
        return [
            data_loader.BatchSamplerShard(whole, 2, process, split_batches=split, even_batches=even)
            for process, whole in enumerate(wholes)
        ]

    drawn = [list(thinned(share, kept, same_length=False)) for share in shares()]
    assert {i for batches in drawn for batch in batches for i in batch} == set(range(N)) - out
    assert [len(batches) for batches in drawn] == [
        len(thinned(share, kept, same_length=False)) for share in shares()
    ]
    skipped = data_loader.SkipBatchSampler(shares()[0], 2)
    assert list(thinned(skipped, kept, same_length=False)) == drawn[0][2:], "what was done before is skipped"
    filled = [list(thinned(share, kept, same_length=True)) for share in shares()]
    assert [len(batches) for batches in filled] == [len(list(share)) for share in shares()]


def test_a_sampler_that_draws_again_comes_to_its_end():
    kept = Kept(lambda place: place > 3, 5, 4)
    some = RandomSampler(range(5), replacement=True, num_samples=50)
    assert list(thinned(some, kept, same_length=False)) == [4] * 50
    none = RandomSampler(range(3), replacement=True, num_samples=50)
    assert list(thinned(none, kept, same_length=True)) == []
    assert list(thinned(BatchSampler(RandomSampler(range(3)), 2, False), kept, same_length=True)) == []


@pytest.mark.parametrize("seeded", [False, True])
def test_a_shuffle_is_that_of_the_bare_sampler_thinned_out(seeded):
    mask = np.arange(N) % 3 > 0

    def sampler():
        torch.manual_seed(5)
        return RandomSampler(range(N), generator=torch.Generator().manual_seed(7) if seeded else None)

    bare = [list(one) for one in [sampler()] for _ in range(2)]
    drawn = thinned(sampler(), Kept.of(mask), same_length=False)
    assert [list(drawn), list(drawn)] == [[p for p in order if mask[p]] for order in bare]
    assert len(drawn) == mask.sum()
