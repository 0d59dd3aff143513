"""Frames with sound checksums and any content: a reader answers, and other files lose nothing by it."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from fuzz_common import MANY, NUMBERS, PLAIN, TEXT, ask_everything, quiet, tries
from hypothesis import given
from hypothesis import strategies as st

from xai_widgets import runlog
from xai_widgets.__main__ import main
from xai_widgets.runlog.format import encode
from xai_widgets.runlog.kinds import Kind
from xai_widgets.tracking import Tracker

OTHER = "{:020d}-alone-r00000of00001-{:08x}.xlog"
MODES = st.sampled_from(["train", "eval", "test", "infer"])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "flags": st.integers(0, 255),
        "metrics": st.integers(0, 3) | st.integers(0, 65_535),
        "rows": st.integers(0, 9) | st.integers(0, 2**32 - 1),
        "stream": st.integers(0, 3) | st.integers(0, 2**32 - 1),
        "epoch": st.integers(0, 5) | st.integers(-(2**31), 2**31 - 1),
        "step": st.integers(0, 50) | st.integers(-(2**63), 2**63 - 1),
    },
)


def of_json(kind, value, **fields):
    return b"".join(map(bytes, encode(kind, [json.dumps(value).encode()], **fields)[0]))


@st.composite
def rows(draw):
    """A frame of rows whose columns fill it, most of the time."""
    count, metrics, flags = draw(st.integers(0, 9)), draw(st.integers(0, 3)), draw(st.integers(0, 15))
    width = (2, 4, 8, 4)[flags & 3] + (0, 1, 2, 4)[flags >> 2 & 3] + 4 * metrics
    few = draw(st.booleans())
    raw = draw(st.binary(min_size=count * width, max_size=count * width)) if not few else bytes(count * width)
    fields = {
        "flags": flags,
        "metrics": metrics,
        "rows": count,
        **draw(FIELDS.filter(lambda f: "rows" not in f)),
    }
    fields.update(flags=flags, metrics=metrics)
    return b"".join(map(bytes, encode(Kind.ROWS, [raw], **fields)[0]))


METRICS = st.lists(
    TEXT | st.sampled_from(["loss", "@prediction", "@correct", "@named", "@margin"]), max_size=3
)
ABOUT = {"version": 1, "began": 1, "rank": 0, "world": 1, "host": "h", "pid": 1}
SOUND = st.one_of(
    rows(),
    rows(),
    st.builds(
        lambda mode, ds_id, metrics, stream: of_json(
            Kind.STREAM, {"mode": mode, "ds_id": ds_id, "metrics": metrics}, stream=stream
        ),
        MODES,
        st.none() | TEXT,
        METRICS,
        st.integers(0, 3),
    ),
    st.builds(
        lambda values, at: of_json(Kind.LABELS, values, rows=at),
        st.lists(TEXT | NUMBERS, max_size=9),
        st.integers(0, 20),
    ),
    st.builds(
        lambda mode, names, at: of_json(Kind.NAMES, {"mode": mode, "ds_id": None, "names": names}, rows=at),
        MODES,
        st.lists(TEXT | NUMBERS, max_size=9),
        st.integers(0, 20),
    ),
    st.builds(
        lambda stream, epoch: of_json(Kind.EPOCH_END, {}, stream=stream, epoch=epoch),
        st.integers(0, 3),
        st.integers(0, 9),
    ),
    st.builds(
        lambda status, error, time: of_json(Kind.STATUS, {"status": status, "error": error, "time": time}),
        st.sampled_from(["training", "ended", "failed", "idle", "x"]),
        st.none() | TEXT,
        st.floats(),
    ),
    st.builds(
        lambda more: of_json(Kind.FILE, {**ABOUT, **more}),
        st.dictionaries(
            st.sampled_from(
                [*ABOUT, "epochs", "steps_per_epoch", "label_names", "policy", "metrics", "replaces", "first"]
            ),
            PLAIN,
            max_size=3,
        ),
    ),
    st.builds(
        lambda duplicates, dtype, frequency, names: of_json(
            Kind.FILE, {**ABOUT, "policy": [duplicates, dtype, frequency], "label_names": names}
        ),
        st.sampled_from(["mean", "last", "max", "x"]),
        st.sampled_from(["float32", "float16", "object"]),
        NUMBERS,
        st.dictionaries(TEXT, st.integers(0, 5) | st.lists(st.integers(0, 5) | TEXT), max_size=4),
    ),
    st.builds(
        lambda kind, value, fields: of_json(kind, value, **fields), st.sampled_from(Kind), PLAIN, FIELDS
    ),
    st.builds(
        lambda kind, raw, fields: b"".join(map(bytes, encode(kind, [raw], **fields)[0])),
        st.integers(0, 255),
        st.binary(max_size=80),
        FIELDS,
    ),
    st.binary(max_size=40),
)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Name and bytes of a file of a run, and what it recorded."""
    folder = tmp_path_factory.mktemp("good")
    tracker = Tracker(log_dir=folder)
    for epoch in (1, 2):
        tracker.record(
            np.arange(8), np.arange(8) % 3, epoch=epoch, step=epoch, loss=np.arange(8) + 10.0 * epoch
        )
    tracker.finish()
    tracker.close()
    (path,) = folder.iterdir()
    return path.name, path.read_bytes()


@tries(50)
@given(st.lists(st.lists(SOUND, min_size=1, max_size=12), min_size=1, max_size=3))
def test_a_reader_answers_whatever_stands_in_other_files(good, files):
    name, raw = good
    with tempfile.TemporaryDirectory() as folder, quiet():
        (Path(folder) / name).write_bytes(raw)
        for number, frames in enumerate(files):
            began = int(name[:20]) - 1 - number
            (Path(folder) / OTHER.format(began, number)).write_bytes(b"".join(frames))
        reader = runlog.read(folder)
        ask_everything(reader)
        before = list(reader.problems)
        reader.refresh()
        assert reader.problems == before
        if not any(f.about.get("policy") for f in reader.files[:-1]):
            series = (
                reader.instance_series(range(8), "loss", "train") if None in reader.ds_ids("train") else None
            )
            if series is not None and "loss" in reader.metrics("train"):
                kept = series.values[:, np.isin(series.epochs, (1, 2))]
                assert kept.shape[1] == 2 or reader.superseded
        assert main(["log", "info", folder]) == 0
        assert main(["log", "verify", folder]) in (0, 1)
        for what in ("instances", "labels"):
            main(["log", "export", folder, str(Path(folder) / "x.csv"), "--what", what])


@tries(40)
@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.binary(max_size=40), st.sampled_from(["over", "in", "out", "off"])),
        max_size=5,
    )
)
def test_a_reader_answers_whatever_happened_to_its_file(good, hits):
    name, whole = good
    raw = bytearray(whole)
    for share, junk, kind in hits:
        at = int(share * len(raw))
        if kind == "over":
            raw[at : at + len(junk)] = junk
        elif kind == "in":
            raw[at:at] = junk
        else:
            del raw[at : at + 1 + len(junk) if kind == "out" else len(raw)]
    with tempfile.TemporaryDirectory() as folder, quiet():
        (Path(folder) / name).write_bytes(bytes(raw))
        reader = runlog.read(folder)
        ask_everything(reader)
        if "train" in reader.modes:
            series = reader.instance_series(range(8))
            for column, epoch in enumerate(series.epochs.tolist()):
                seen = ~np.isnan(series.values[:, column])
                np.testing.assert_array_equal(
                    series.values[seen, column], (np.arange(8) + 10.0 * epoch)[seen]
                )


@pytest.mark.skipif(MANY > 0, reason="once is enough")
def test_many_epochs_of_a_row_each_fill_no_memory(tmp_path):
    """A small file that asks for a column of a million places for each of its rows."""
    stream = of_json(Kind.STREAM, {"mode": "eval", "ds_id": None, "metrics": ["loss"]})
    wide = np.arange(1_000_000, dtype="<u4").tobytes() + bytes(4_000_000)
    parts = [stream, *encode(Kind.ROWS, [wide], flags=1, metrics=1, rows=1_000_000)[0]]
    row = np.array([7], "<u2").tobytes() + bytes(4)
    for epoch in range(1, 2_000):
        parts += encode(Kind.ROWS, [row], metrics=1, rows=1, epoch=epoch)[0]
    (tmp_path / OTHER.format(1, 1)).write_bytes(b"".join(map(bytes, parts)))
    with quiet():
        reader = runlog.read(tmp_path)
        assert reader.counts("eval").instances == 1_000_000
        assert reader.nbytes < 3_000_000_000
    assert any("one more column" in problem for problem in reader.problems)
