"""Names of any kind: recorded, logged, read back, exported and drawn as what they are."""

import csv
import re
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
from fuzz_common import TEXT, ask_everything, quiet, tries
from hypothesis import given
from hypothesis import strategies as st

import xai_widgets as xw
from xai_widgets import runlog

NAMES = st.lists(TEXT | st.integers(-(2**70), 2**70), min_size=1, max_size=8)
METRICS = st.text(min_size=1, max_size=12).filter(
    lambda m: (
        m[0] != "@"
        and m
        not in ("index", "label", "mode", "ds_id", "epoch", "step", "mask", "logits", "prediction", "self")
    )
)


@tries(40)
@given(NAMES, st.data(), st.none() | TEXT, METRICS)
def test_names_come_back_as_they_were(index, data, ds_id, metric):
    labels = data.draw(
        st.lists(TEXT | st.integers(-(2**70), 2**70), min_size=len(index), max_size=len(index))
    )
    with tempfile.TemporaryDirectory() as folder, quiet():
        tracker = xw.Tracker(log_dir=Path(folder) / "run")
        said = labels[::-1]
        tracker.record(
            index, labels, mode="eval", ds_id=ds_id, prediction=said, **{metric: np.arange(len(index))}
        )
        tracker.end_epoch()
        tracker.close()
        reader = runlog.read(Path(folder) / "run")
        assert not tracker.problems
        assert not reader.problems
        for each in (tracker, reader):
            ask_everything(each)
        assert reader.metrics("eval") == (metric,)
        assert reader.ds_ids("eval") == (ds_id,)
        known = tracker.indices("eval", ds_id).tolist()
        assert set(known) == set(index) == set(reader.indices("eval", ds_id).tolist())
        ours, theirs = (t.instance_series(known, metric, "eval", ds_id=ds_id) for t in (tracker, reader))
        np.testing.assert_array_equal(ours.values, theirs.values)
        assert ours.labels == theirs.labels
        for name, label in zip(known, ours.labels, strict=True):
            assert label == labels[len(index) - 1 - index[::-1].index(name)]
        assert tracker.predictions(known, "eval") == reader.predictions(known, "eval")
        if len(set(index)) == len(index):
            assert tracker.predictions(index, "eval") == tuple(said)
        tracker.save(Path(folder) / "x.npz")
        again = xw.Tracker.load(Path(folder) / "x.npz")
        assert again.indices("eval", ds_id).tolist() == known
        assert again.labels == tracker.labels


def cells_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@tries(15)
@given(NAMES, st.none() | TEXT, METRICS)
def test_names_are_data_in_pictures_and_tables(index, ds_id, metric):
    tracker = xw.Tracker(label_names={str(n): n for n in index})
    with tempfile.TemporaryDirectory() as folder, quiet():
        tracker.record(index, index, mode="eval", ds_id=ds_id, **{metric: np.arange(len(index))})
        tracker.end_epoch()
        path = Path(folder) / "x.csv"
        runlog.export(tracker, path)
        for row in cells_of(path)[1:]:
            for cell in row:
                assert not re.match(r"[=+\-@\t\r]", cell) or re.fullmatch(r"-?[0-9.e+-]+(inf|nan)?", cell), (
                    cell
                )
        series = tracker.label_series(metric, "eval", ds_id=ds_id)
        picture = Path(folder) / "x.svg"
        xw.figures.label_difficulty(series).save(picture)
        tags = {element.tag.split("}")[-1] for element in ET.parse(picture).iter()}
        assert not tags & {"script", "img", "foreignObject", "iframe", "image", "a"}
