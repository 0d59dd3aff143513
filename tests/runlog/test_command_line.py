"""`xai-widgets log`, and exports."""

import csv
import subprocess
import sys

import numpy as np
import pytest
from log_common import only_file, value, write_run

from xai_widgets import runlog
from xai_widgets.__main__ import main
from xai_widgets.runlog.cli import say
from xai_widgets.tracking import Tracker


@pytest.fixture
def log(tmp_path):
    folder = tmp_path / "run"
    write_run(folder, label_names={"zero": 0, "others": (1, 2, 3)})
    return folder


def test_info(log, capsys):
    assert main(["log", "info", str(log)]) == 0
    said = capsys.readouterr().out
    assert "ended, epoch 2, step 10" in said
    assert "1 of 1 processes, 160 rows" in said
    assert "train: 80 instances, 160 rows, loss" in said
    assert "labels: zero, others, others, others" in said


def test_tail_says_every_epoch_and_ends_with_the_run(log, capsys):
    assert main(["log", "tail", str(log)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "ended"
    means = [float(value(epoch, np.arange(80)).mean(dtype=float)) for epoch in (1, 2)]
    assert [line.split() for line in lines[:-1]] == [
        ["epoch", "1", "step", "5", "train", "loss", f"{means[0]:.5g}"],
        ["epoch", "2", "step", "10", "train", "loss", f"{means[1]:.5g}"],
    ]


def test_verify_finds_damage(log, capsys):
    assert main(["log", "verify", str(log)]) == 0
    assert "no damage" in capsys.readouterr().out
    path = only_file(log)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))
    assert main(["log", "verify", str(log)]) == 1
    assert "damaged: " in capsys.readouterr().out
    path.write_bytes(bytes(raw[: len(raw) // 4]))
    assert main(["log", "verify", str(log)]) == 0
    assert "no whole frame" in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["parquet", "arrow", "csv"])
def test_exports_hold_every_row(log, tmp_path, ending, capsys):
    out = tmp_path / f"rows.{ending}"
    assert main(["log", "export", str(log), str(out)]) == 0
    assert "160 rows written" in capsys.readouterr().out
    rows = read_back(out)
    assert len(rows) == 160
    for row in rows:
        assert float(row["loss"]) == value(int(row["epoch"]), int(row["index"]))
        assert int(row["label"]) == int(row["index"]) % 4
        assert row["mode"] == "train"
    assert main(["log", "export", str(log), str(tmp_path / f"labels.{ending}"), "--what", "labels"]) == 0
    table = read_back(tmp_path / f"labels.{ending}")
    assert len(table) == 8
    assert {row["name"] for row in table} == {"zero", "others"}


def read_back(path):
    if path.suffix == ".csv":
        with open(path, newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".parquet":
        return pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist()
    return pytest.importorskip("pyarrow").ipc.open_file(path).read_all().to_pylist()


def test_exports_of_several_modes_and_kinds_of_names(tmp_path):
    tracker = Tracker()
    tracker.record([1, 2], [0, 1], loss=[1, 2])
    tracker.record(["=1+1", "b\udc80"], ["x", "y"], mode="eval", ds_id="d", acc=[0, 1])
    tracker.record([3], mode="test", loss=[5])
    for ending in ("parquet", "csv"):
        out = tmp_path / f"x.{ending}"
        assert runlog.export(tracker, out) == 5
        rows = read_back(out)
        first = "'=1+1" if ending == "csv" else "=1+1"  # which a spreadsheet would run
        assert [str(r["index"]) for r in rows] == [first, "b\\udc80", "3", "1", "2"]
        assert [str(r["label"] or "") for r in rows] == ["x", "y", "", "0", "1"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["info", "nowhere"], "no run log in 'nowhere'"),
        (["export", "nowhere", "x.csv"], "no run log in"),
        (["verify", "nowhere"], "no run log in"),
    ],
)
def test_no_log(arguments, text, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["log", *arguments]) == 2
    assert text in capsys.readouterr().err


def test_an_unknown_format(log, capsys, tmp_path):
    assert main(["log", "export", str(log), str(tmp_path / "x.xls")]) == 2
    assert ".parquet, .arrow, .feather, .csv can be written" in capsys.readouterr().err
    assert not (tmp_path / "x.xls").exists()


def test_without_pyarrow_parquet_says_what_to_do(log, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(["log", "export", str(log), str(tmp_path / "x.parquet")]) == 2
    assert "xai-widgets[export]" in capsys.readouterr().err
    assert main(["log", "export", str(log), str(tmp_path / "x.csv")]) == 0


def test_nothing_to_export(tmp_path):
    with pytest.raises(ValueError, match="nothing was recorded"):
        runlog.export(Tracker(), tmp_path / "x.csv")


ALONE = """
import sys
for name in ("torch", "tensorflow", "ipywidgets", "pandas", "pyarrow", "matplotlib"):
    sys.modules[name] = None
from xai_widgets.__main__ import main
from xai_widgets.runlog.cli import say
sys.exit(main(["log", "info", sys.argv[1]]))
"""


def test_it_needs_numpy_and_nothing_else(log):
    done = subprocess.run([sys.executable, "-c", ALONE, str(log)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "160 rows" in done.stdout


NASTY = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\udc80\nx"


def test_what_steers_a_terminal_is_spelt_out(tmp_path, capsys):
    folder = tmp_path / "run"
    tracker = Tracker(log_dir=folder, label_names={NASTY: 0})
    tracker.record([0], [0], mode="eval", ds_id=NASTY, **{NASTY: [1.0]})
    tracker.end_epoch()
    tracker.finish(ValueError(NASTY))
    tracker.close()
    (folder / only_file(folder).name.replace("-alone-", "-alone0-")).write_bytes(b"x" * 100)
    for action in ("info", "tail", "verify"):
        main(["log", action, str(folder)])
    main(["log", "info", NASTY])
    main(["log", "export", str(folder), NASTY])
    said = capsys.readouterr()
    for line in (said.out + said.err).split("\n"):
        assert line.isprintable() or line == "", repr(line)
    assert "\\x1b]0;owned\\x07" in said.out
    assert "\\x1b]0;owned" in said.err


def test_a_terminal_of_few_characters_gets_the_others_spelt_out(log, monkeypatch):
    import io

    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    say("größe \U0001f600")
    narrow.flush()
    assert narrow.buffer.getvalue().decode("ascii").strip() == "gr\\xf6\\xdfe \\U0001f600"


def test_cells_are_no_formulas(tmp_path):
    names = ["=cmd|'/c calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "plain", "a=1", "\uff1d1"]
    tracker = Tracker(label_names={name: number for number, name in enumerate(names)})
    tracker.record(names, np.arange(len(names)), ds_id="=d", **{"=loss": -np.arange(1.0, 1 + len(names))})
    tracker.end_epoch()
    for what in ("instances", "labels"):
        out = tmp_path / f"{what}.csv"
        runlog.export(tracker, out, what)
        with open(out, newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        texts = [cell for cell in cells if not cell.replace(".", "").lstrip("-").isdigit()]
        assert not [text for text in texts if text[:1] in tuple("=+-@\t\uff1d")]
        assert "'=d" in texts
        assert {"plain", "a=1", "'-1"} <= set(texts)
    assert "-1.0" in (tmp_path / "instances.csv").read_text()  # a number stays one
