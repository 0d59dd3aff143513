"""Edits in the formats of other programs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import xai_widgets as xw

N = 9
LABELS = np.arange(N) % 3
SCHEMA = json.loads(Path(__file__).with_name("fiftyone_labels.schema.json").read_text())


@pytest.fixture
def edits():
    tracker = xw.Tracker(label_names=["cat", "dog", "owl"])
    logits = np.eye(3)[(LABELS + (np.arange(N) == 4)) % 3] * 5
    for _ in range(4):
        tracker.record(np.arange(N), LABELS, loss=np.ones(N), logits=logits)
        tracker.end_epoch("train")
    made = xw.Edits(tracker, who="ada")
    made.relabel(4, "owl")
    made.relabel(5, "owl")  # as it was: looked at, and no issue
    made.exclude(6)
    made.reweight(7, 0.25)
    tracker.record(
        np.arange(N), np.where(np.arange(N) == 4, 2, LABELS), loss=np.ones(N)
    )  # trained by it since
    return made


class Folder:
    def __init__(self):
        self.samples = [(f"/data/{'abc'[i % 3]}/{i:03}.png", i % 3) for i in range(N)]


def test_fiftyone_reads_the_labels_in_force(edits, tmp_path):
    jsonschema = pytest.importorskip("jsonschema")
    found = json.loads(edits.export(tmp_path / "labels.json", format="fiftyone", keys=Folder()).read_text())
    jsonschema.validate(found, SCHEMA)
    assert found["classes"] == ["cat", "dog", "owl"]
    assert found["labels"] == {f"{i:03}": 2 if i == 4 else int(LABELS[i]) for i in range(N) if i != 6}
    assert all(number < len(found["classes"]) for number in found["labels"].values())
    plain = json.loads(edits.export(tmp_path / "labels.json", format="fiftyone").read_text())
    assert set(plain["labels"]) == {str(i) for i in range(N) if i != 6}
    with pytest.raises(ValueError, match="two instances have the file name 'one'"):
        edits.export(tmp_path / "labels.json", format="fiftyone", keys=lambda index: f"{index}/one.png")
    with pytest.raises(ValueError, match=r"\.json"):
        edits.export(tmp_path / "labels.csv", format="fiftyone")


def test_cleanlabs_issue_table_has_every_instance(edits, tmp_path):
    path = edits.export(tmp_path / "issues.csv", format="cleanlab", keys=[f"row {i}" for i in range(N)])
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[2:] == ["is_label_issue", "label_score", "given_label", "predicted_label"]
    assert [row["key"] for row in rows] == [f"row {i}" for i in range(N)]
    assert [i for i, row in enumerate(rows) if row["is_label_issue"] == "True"] == [4, 6]
    assert [int(row["given_label"]) for row in rows] == LABELS.tolist(), (
        "as it was given, trained by it or not"
    )
    assert rows[4]["predicted_label"] == "2"
    wrong = edits._tracker.dynamics("train", columns=("label_error",))["label_error"]
    np.testing.assert_allclose([float(row["label_score"]) for row in rows], 1 - wrong)
    with pytest.raises(ValueError, match="unknown format 'coco'; one of table, cleanlab, fiftyone"):
        edits.export(tmp_path / "x.csv", format="coco")
    with pytest.raises(ValueError, match="nothing was recorded in mode 'eval'"):
        edits.export(tmp_path / "x.csv", format="cleanlab", mode="eval")


def test_a_table_says_where_a_row_lies(edits, tmp_path):
    rows = [json.loads(line) for line in edits.export(tmp_path / "e.jsonl", keys=Folder()).open()]
    assert [row["key"] for row in rows] == [Folder().samples[i][0] for i in (4, 5, 6, 7)]
    assert [row["given_label"] for row in rows] == [1, 2, 0, 1]
    with pytest.raises(TypeError, match="keys is a int"):
        edits.export(tmp_path / "e.csv", keys=3)


@pytest.mark.parametrize("named", [False, True])
def test_a_data_set_gets_columns(edits, named):
    datasets = pytest.importorskip("datasets")
    data = datasets.Dataset.from_dict({"x": [[float(i)] for i in range(N)], "label": LABELS})
    data = data.cast_column("label", datasets.ClassLabel(names=["cat", "dog", "owl"]))
    if named:  # rows in another order, which their column tells
        data = xw.hooks.transformers.indexed(data).select(range(N - 1, -1, -1))
    made = edits.to_datasets(data)
    rows = {int(row["x"][0]): row for row in made}
    assert [rows[i]["edited_label"] for i in range(N)] == [2 if i == 4 else LABELS[i] for i in range(N)]
    assert made.features["edited_label"] == data.features["label"]
    assert [i for i in range(N) if rows[i]["excluded"]] == [6]
    assert [rows[i]["weight"] for i in range(N)] == [0.25 if i == 7 else 1.0 for i in range(N)]
    assert "edited_label" not in data.column_names
    with pytest.raises(ValueError, match="are not in a data set of 3 rows"):
        edits.to_datasets(data.select(range(3)))
    with pytest.raises(KeyError, match="no column 'kind'; it has"):
        edits.to_datasets(data, label="kind")
    with pytest.raises(TypeError, match="got list"):
        edits.to_datasets([1])
