"""The report: one file, no network, no script, everything in it, names as text."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime, timezone
from html.parser import HTMLParser

import numpy as np
import pytest
from figure_data import NAMES, hostile_report

from xai_widgets import figures
from xai_widgets.figures.text import shown_text

WHEN = datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc)
PICTURE = np.full((8, 8, 3), (10, 200, 30), np.uint8)


class Reader(HTMLParser):
    """Collect the tags, attributes and texts of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *a) for a in attrs]

    def handle_data(self, data):
        self.texts.append(data)


def read(path):
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


@pytest.fixture(scope="module")
def page(tmp_path_factory, tracker):
    grid = figures.saliency_grid({"Raw": np.ones((1, 8, 8))}, [PICTURE])
    path = tmp_path_factory.mktemp("report") / "run.html"
    return figures.report(
        path, tracker, title="My <run>", samples=lambda i: PICTURE if int(i) % 2 else None, indices=[10, 18],
        figures={"What does it look at?": grid}, settings={"lr": 0.1, "<b>": "a & b"}, created=WHEN,
    )  # fmt: skip


def test_it_has_everything(page, tracker):
    reader = read(page)
    text = " ".join(reader.texts)
    for heading in (
        "My <run>",
        "How hard is each class?",
        "Instances over time",
        "The whole data set",
        "What does it look at?",
        "Settings and versions",
    ):
        assert heading in reader.texts
    assert set(NAMES) <= set(reader.texts)
    assert "epoch 6 of 10, step 60" in text
    assert "2026-01-02 03:04 UTC" in text
    hard, _ = tracker.extremes("loss", mode="eval", n_max=10, n_min=0)
    assert all(f"#{i}" in reader.texts for i in hard.index)
    assert {"lr", "0.1", "<b>", "a & b", "numpy", np.__version__, "xai_widgets"} <= set(reader.texts)
    alts = [v for tag, k, v in reader.attributes if (tag, k) == ("img", "alt")]
    assert sum("10 labels, mean loss on eval" in a for a in alts) == 1


def test_it_can_load_run_and_send_nothing(page):
    source, reader = page.read_text(encoding="utf-8"), read(page)
    assert not {"script", "link", "iframe", "object", "embed", "form", "base", "style "} & set(reader.tags)
    assert not [a for a in reader.attributes if a[1].startswith("on")]
    for _, key, value in reader.attributes:
        if key in ("src", "srcset", "href"):
            assert value.startswith("data:image/"), value[:60]
    policy = next(v for _, k, v in reader.attributes if k == "content" and "default-src" in v)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy
    style = re.search(r"<style>(.*?)</style>", source, re.S).group(1)
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert "url(" not in style


def test_the_same_run_gives_the_same_file(tmp_path, tracker):
    first, second = (
        figures.report(tmp_path / f"{n}.html", tracker, created=WHEN, theme="light") for n in "ab"
    )
    cut = re.compile(r"\d+ min \d+ s")
    assert cut.sub("", first.read_text()) == cut.sub("", second.read_text())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_it_says_which_data_is_edited(tmp_path, tracker):
    path = figures.report(tmp_path / "run.html", tracker, edited={"train": (2,), "eval": (3,)})
    said = [value for _, name, value in read(path).attributes if name == "alt"]
    edited = [text for text in said if "(edited)" in text]
    assert {text.split(",")[0] for text in edited} == {text.split(",")[0] for text in said if "eval" in text}
    assert any(text.startswith("All ") for text in edited), "the map, too"
    assert all("eval (edited)" in text and "train" not in text for text in edited)


def test_themes(tmp_path, tracker):
    sizes = {
        t: read(figures.report(tmp_path / "r.html", tracker, theme=t)).tags.count("source")
        for t in ("auto", "light", "dark")
    }
    assert sizes["auto"] > 3
    assert sizes["light"] == sizes["dark"] == 0


def test_an_empty_run_and_mistakes(tmp_path):
    import xai_widgets as xw

    path = figures.report(tmp_path / "empty.html", xw.Tracker())
    assert "Settings and versions" in read(path).texts
    with pytest.raises(ValueError, match=r"saved as \.html"):
        figures.report(tmp_path / "x.pdf", xw.Tracker())
    with pytest.raises(ValueError, match="theme should be"):
        figures.report(tmp_path / "x.html", xw.Tracker(), theme="blue")


def test_hostile_names_are_text(tmp_path):
    reader = read(hostile_report(tmp_path))
    assert "script" not in reader.tags
    assert {"<script>alert(1)</script>", shown_text("x" * 10_000, 120), "</td><script>", "שלום עולם"} <= set(
        reader.texts
    )
    assert reader.tags.count("bdi") > 20
