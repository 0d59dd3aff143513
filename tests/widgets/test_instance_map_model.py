"""What the map draws: rows, labels and scores of a tracker, quantised, and what changes from epoch to epoch."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from xai_widgets._metrics import metric_of
from xai_widgets.tracking import Tracker
from xai_widgets.widgets.instance_map import answers, protocol
from xai_widgets.widgets.instance_map.client_state import Controls, MapModel
from xai_widgets.widgets.instance_map.handlers import filters_from
from xai_widgets.widgets.instance_map.score_source import Source, score_range, score_text, score_unit
from xai_widgets.widgets.instance_map.traits import FILTERS

N = 300


def losses(epoch: int, n: int = N) -> np.ndarray:
    rng = np.random.default_rng(epoch)
    base = np.random.default_rng(99).gamma(1.5, 1.0, n)
    return (base * np.exp(-epoch / 3) * rng.uniform(0.5, 1.5, n)).astype(np.float32)


def trained(epochs: int = 4, n: int = N, names: list[str] | None = None) -> Tracker:
    tracker = Tracker(label_names=names or ["cat", "dog", "owl"], epochs=10)
    for epoch in range(epochs):
        tracker.record(np.arange(n), np.arange(n) % 3, loss=losses(epoch, n))
        tracker.end_epoch("train")
    return tracker


def opened(tracker: Tracker, mode: str = "train") -> Source:
    source = Source(tracker, mode, None)
    source.reload()
    source.probe()
    return source


def dequantised(model: MapModel, axis: str) -> np.ndarray:
    lo, hi = model.ranges[axis]
    codes = model.columns[axis].astype(float)
    return np.where(codes == protocol.NONE16, np.nan, lo + codes / protocol.LEVELS * (hi - lo))


def test_the_columns_are_the_trackers_own_scores() -> None:
    tracker = trained()
    source, model = opened(tracker), MapModel()
    model.restart(source, Controls())
    table = tracker.dynamics("train")
    for axis, score, width in (("x", "variability", 0.5), ("y", "confidence", 1.0)):
        assert np.allclose(dequantised(model, axis), table[score], atol=width / protocol.LEVELS)
    assert model.columns["label"].tolist() == (np.arange(N) % 3).tolist()
    assert source.labels.names == ("cat", "dog", "owl")
    assert model.n == N


def test_deltas_rebuild_what_a_snapshot_says() -> None:
    tracker = trained(2)
    source, model = opened(tracker), MapModel()
    model.restart(source, Controls())
    model.flags(source, Controls())
    browser = {name: values.copy() for name, values in model.columns.items()}
    for epoch in range(2, 5):
        tracker.record(np.arange(N), np.arange(N) % 3, loss=losses(epoch))
        tracker.end_epoch("train")
        for columns in (model.positions(source, Controls()), model.flags(source, Controls())):
            for column in columns:
                protocol.apply(browser[column.name], column.spec(0), column.data)
        content, buffers = model.snapshot("", {})
        for spec in content["columns"]:
            whole = np.zeros_like(browser[spec["name"]])
            protocol.apply(whole, spec, buffers[spec["buffer"]])
            assert np.array_equal(whole, browser[spec["name"]]), spec["name"]


def test_an_epoch_costs_two_bytes_per_instance_and_axis() -> None:
    tracker = trained(3)
    source, model = opened(tracker), MapModel()
    model.restart(source, Controls())
    tracker.record(np.arange(N), np.arange(N) % 3, loss=losses(3))
    tracker.end_epoch("train")
    columns = model.positions(source, Controls())
    assert {column.name for column in columns} == {"x", "y"}
    assert sum(len(column.data) for column in columns) <= 4 * N
    tracker.record(np.arange(10), np.arange(10) % 3, loss=losses(4)[:10])
    tracker.end_epoch("train")
    few = model.positions(source, Controls())
    assert 0 < sum(len(column.data) for column in few) < 0.5 * N, "only ten instances were seen in this epoch"
    assert model.positions(source, Controls()) == []


def test_colour_and_size_travel_only_while_they_are_shown() -> None:
    source, model = opened(trained()), MapModel()
    model.restart(source, Controls())
    assert "color" not in model.columns
    columns = model.positions(source, Controls(color="mean", size="forgetting"))
    assert {column.name for column in columns} == {"color", "size"}
    assert (
        model.meta(Controls(color="mean", size="forgetting"), metric_of("loss"))["color"]["text"]
        == "mean loss"
    )
    model.positions(source, Controls())
    assert model.meta(Controls(), metric_of("loss"))["color"] is None
    again = model.positions(source, Controls(color="mean"))
    assert [column.form for column in again] == ["dense"], "what the browser had is out of date"


def test_filters_name_the_right_instances() -> None:
    tracker = Tracker()
    rng = np.random.default_rng(0)
    for epoch in range(6):
        loss = rng.uniform(0.05, 0.3, 200).astype(np.float32)
        loss[:5] = 6.0  # never learnt, and far from their class
        loss[10] = 0.1 if epoch % 2 == 0 else 3.0  # forgotten three times
        tracker.record(np.arange(200), np.arange(200) % 2, loss=loss)
        tracker.end_epoch("train")
    source, model = opened(tracker), MapModel()
    model.restart(source, Controls())
    model.flags(source, Controls())
    assert set(model.shown(protocol.Filters(suspected=True)).tolist()) >= set(range(5))
    assert model.shown(protocol.Filters(never=True)).tolist() == [0, 1, 2, 3, 4]
    assert model.shown(protocol.Filters(forgotten=3)).tolist() == [10]
    assert model.shown(protocol.Filters(label=1, never=True)).tolist() == [1, 3]
    assert len(model.shown(protocol.Filters())) == 200


def test_predictions_are_shown_and_wrong_ones_filtered() -> None:
    tracker = Tracker(label_names={"cat": 0, "dog": 1})
    predicted = np.arange(6) % 2
    predicted[2] = 1
    tracker.record(np.arange(6), np.arange(6) % 2, loss=np.ones(6, np.float32), prediction=predicted)
    tracker.end_epoch("train")
    source, model = opened(tracker), MapModel()
    model.restart(source, Controls())
    model.flags(source, Controls())
    assert model.available["wrong"] is True
    assert model.shown(protocol.Filters(wrong=True)).tolist() == [2]
    assert source.predictions(np.array([2, 0])) == ["dog", "cat"]
    without = MapModel()
    without.restart(opened(trained()), Controls())
    without.flags(opened(trained()))
    assert without.available["wrong"] is False


def test_labels_merged_under_one_name_are_one() -> None:
    tracker = Tracker(label_names={"animal": (0, 2), "thing": 1})
    tracker.record(np.arange(8), np.arange(8) % 4, loss=np.ones(8, np.float32))
    tracker.end_epoch("train")
    source = opened(tracker)
    assert source.labels.names == ("animal", "thing", "3")
    assert source.labels.values == ((0, 2), 1, 3)
    assert source.labels.codes.tolist() == [0, 1, 0, 2, 0, 1, 0, 2]
    view = SimpleNamespace(source=source)
    for label in ((0, 2), 0, 2):
        assert filters_from(view, {**FILTERS, "label": label}).label == 0
    assert filters_from(view, {**FILTERS, "label": 9}).label == -1
    assert filters_from(view, {**FILTERS, "label": None}).label == -1


def test_labels_have_the_colours_of_the_label_chart() -> None:
    tracker = Tracker(label_names={"owl": 2, "cat": 0, "unseen": 1})
    tracker.record(np.arange(4), [0, 2, 2, 5], loss=np.ones(4, np.float32))
    tracker.end_epoch("train")
    source = opened(tracker)
    assert source.labels.names[:3] == tuple(tracker.label_series("loss", mode="train").names)
    assert source.labels.names[3] == "5"
    assert source.labels.codes.tolist() == [1, 0, 0, 3]


def test_the_biggest_movers_of_the_last_epoch_are_marked() -> None:
    tracker = trained(3, n=400)
    source, model = opened(tracker), MapModel()
    model.restart(source, Controls())
    model.flags(source, Controls())
    assert model.available["movers"] is False, "nothing to compare with yet"
    loss = losses(2, 400)
    learnt = np.argsort(loss)[:4]
    loss[learnt] = 9.0
    tracker.record(np.arange(400), np.arange(400) % 3, loss=loss)
    tracker.end_epoch("train")
    model.positions(source, Controls())
    model.flags(source, Controls())
    assert model.available["movers"] is True
    assert model.shown(protocol.Filters(movers=True)).tolist() == sorted(learnt.tolist())
    model.flags(source)
    assert model.shown(protocol.Filters(movers=True)).size == 4, "kept until the next epoch ends"


def test_ranges_stay_while_they_fit() -> None:
    first = score_range("mean", np.array([0.1, 3.9, np.nan]), None)
    assert first == (0.0, 4.0)
    assert score_range("mean", np.array([0.1, 3.9]), first) == first
    assert score_range("mean", np.array([0.1, 5.1]), first) == (0.0, 6.0)
    assert score_range("mean", np.array([0.1, 1.2]), first) == (0.0, 1.5), "a third is too little"
    assert score_range("mean", np.array([-3.0, 1.0]), None) == (-3.0, 1.0)
    assert score_range("mean", np.array([np.nan]), None) == (0.0, 1.0)
    assert score_range("confidence", np.array([0.4]), None) == (0.0, 1.0)
    assert score_text("mean", "loss") == "mean loss"
    assert (score_unit("mean", "nats"), score_unit("confidence", "nats")) == ("nats", "")


@pytest.mark.parametrize(
    ("index", "kind"),
    [
        (np.arange(50), "range"),
        (np.arange(50) * 3 + 7, "range"),
        (np.random.default_rng(0).choice(10**6, 50, replace=False), "number"),
        (np.arange(50) + 2**54, "text"),
        ([f"img/{i}.png" for i in range(50)], "text"),
    ],
    ids=["range", "steps", "numbers", "beyond doubles", "strings"],
)
def test_rows_are_found_by_their_index(index: object, kind: str) -> None:
    tracker = Tracker()
    tracker.record(index, np.zeros(50, int), loss=np.ones(50))
    tracker.end_epoch("train")
    source, model = opened(tracker), MapModel()
    model.restart(source, Controls())
    assert model.meta(Controls(), metric_of("loss"))["index"]["kind"] == kind
    wanted = [index[3], index[49], index[0]]  # type: ignore[index]
    values = [v if isinstance(v, str) else int(v) for v in wanted]
    rows = source.find(values)
    assert list(source.values_at(rows)) == values
    assert source.find(["nobody", -5, 10**30, values[0]]).tolist() == [-1, -1, -1, rows[0]]
    assert source.find([]).size == 0


def test_a_tracker_without_data_gives_an_empty_map() -> None:
    source, model = opened(Tracker()), MapModel()
    model.restart(source, Controls())
    model.flags(source, Controls())
    assert model.n == 0
    assert source.find([3]).tolist() == [-1]
    assert model.shown(protocol.Filters()).size == 0


def test_a_score_that_is_not_possible_says_why() -> None:
    tracker = Tracker()
    tracker.record(np.arange(9), np.zeros(9, int), reward=np.linspace(-1, 1, 9))
    tracker.end_epoch("train")
    source, model = opened(tracker), MapModel()
    assert "confidence" not in source.scores()
    assert "mean" in source.scores()
    model.restart(source, Controls())
    assert model.missing == 9
    assert "logits" in model.notes["y"]
    model.positions(source, Controls(x="mean", y="last"))
    assert model.missing == 0
    assert model.notes == {}


def test_merged_and_missing_labels() -> None:
    tracker = Tracker()
    tracker.record(["a", "b", "c"], ["x", "y", "x"], loss=[1.0, 2.0, 3.0])
    tracker.record(["d"], loss=[1.0])
    tracker.end_epoch("train")
    source = opened(tracker)
    names = [source.label_name(int(row)) for row in source.find(["a", "b", "c", "d"])]
    assert names == ["x", "y", "x", ""]


# ---- answers ---------------------------------------------------------------------------------------------------------


def test_search_finds_indices_before_labels_before_parts() -> None:
    tracker = Tracker(label_names={"owl": 0, "night owl": 1})
    names = ["img_1", "img_10", "img_2", "owl"]
    tracker.record(names, [0, 1, 0, 1], loss=np.ones(4))
    tracker.end_epoch("train")
    source = opened(tracker)

    def found(text: str) -> list[str]:
        total, rows = answers.search(source, text)
        assert total == len(rows)
        return [str(v) for v in source.values_at(rows)]

    assert found("img_1") == ["img_1"]
    assert found("#owl") == ["owl"]
    assert found("night") == ["img_10", "owl"]
    assert found("IMG_1") == ["img_1", "img_10"]
    assert found("nothing") == found("  ") == []


def test_a_tile_holds_means_of_bands_and_is_bounded() -> None:
    tracker = trained(5, n=10_000)
    source = opened(tracker)
    score = source.score("mean")
    assert score is not None
    order = np.argsort(-score, kind="stable")
    said, (codes, shares) = answers.tile(source, order, (0, 0), 100, "loss", order[:50])
    assert (said["row0"], said["row1"], said["bins"], said["total"]) == (0, 10_000, 100, 10_000)
    assert said["epochs"] == [1, 2, 3, 4, 5]
    assert len(codes) == 500
    grid = np.frombuffer(codes, np.uint8).reshape(100, 5)
    assert grid[0].astype(int).sum() > grid[50].astype(int).sum() > grid[99].astype(int).sum()
    chosen = np.frombuffer(shares, np.uint8)
    assert chosen[0] == 128
    assert not chosen[1:].any()
    one, (code, _) = answers.tile(source, order, (7, 8), 100, "loss", order[:0])
    assert (one["bins"], len(code), one["names"]) == (1, 5, [str(order[7])])
    values = tracker.instance_series([int(order[7])], "loss").values[0]
    shown = one["lo"] + np.frombuffer(code, np.uint8) / 254 * (one["hi"] - one["lo"])
    assert np.allclose(shown, np.minimum(values, one["hi"]), atol=(one["hi"] - one["lo"]) / 254)


def test_a_long_history_is_thinned_but_keeps_its_ends() -> None:
    tracker = Tracker()
    for _ in range(600):
        tracker.record([1, 2], [0, 0], loss=[1.0, 2.0])
        tracker.end_epoch("train")
    source = opened(tracker)
    said, (codes, _) = answers.tile(source, np.array([0, 1]), (0, 0), 10, "loss", np.array([], int))
    assert len(said["epochs"]) == protocol.MAX_COLUMNS
    assert (said["epochs"][0], said["epochs"][-1]) == (1, 600)
    assert len(codes) == 2 * protocol.MAX_COLUMNS


def test_details_and_csv_say_the_same_as_the_tracker() -> None:
    tracker = trained(3)
    source = opened(tracker)
    said = answers.details(source, 4, {"confidence": 0.5, "variability": float("nan")})
    values = {one["name"]: one["value"] for one in said["values"]}
    assert values["variability"] is None
    assert values["loss in epoch 3"] == pytest.approx(float(losses(2)[4]), rel=1e-6)
    assert (said["index"], said["label"]) == ("4", "dog")
    lines = answers.table_csv(source, np.array([4, 7])).decode().splitlines()
    head, first = lines[0].split(","), lines[1].split(",")
    assert len(lines) == 3
    assert first[:2] == ["4", "dog"]
    assert float(first[head.index("mean")]) == pytest.approx(
        float(tracker.dynamics("train")["mean"][4]), rel=1e-5
    )


def test_the_map_its_cards_and_its_file_name_suspects() -> None:
    rng = np.random.default_rng(2)
    true = rng.integers(0, 2, 800)
    given = np.where(np.arange(800) < 40, 1 - true, true)
    own, tracker = rng.uniform(0.4, 1.2, 800), Tracker(label_names=["cat", "dog"])
    for epoch in range(8):
        if epoch == 2:  # too early to tell
            source, model = opened(tracker), MapModel()
            model.restart(source, Controls())
            model.flags(source, Controls())
            assert (model.suspects, model.available["suspected"]) == ("", False)
        logit = (2 * true - 1) * own * min(epoch, 5) + rng.normal(0, 0.5, 800)
        loss = np.log1p(np.exp(-(2 * given - 1) * logit))
        tracker.record(np.arange(800), given, loss=loss, logits=logit)
        tracker.end_epoch("train")
    told = tracker.suspects()
    source, model = opened(tracker), MapModel()
    model.restart(source, Controls())
    model.flags(source, Controls())
    assert set(model.shown(protocol.Filters(suspected=True)).tolist()) == set(told.index)
    assert model.suspects.endswith("labels wrong")
    assert told.text.startswith(model.suspects.removesuffix("labels wrong"))
    row = int(told.index[0])
    card = {one["name"]: one["value"] for one in answers.details(source, row, {})["values"]}
    assert card["probability of a wrong label"] == pytest.approx(float(told.label_error[0]))
    likely = "cat" if told.suggested[0] == 0 else "dog"
    assert card[f"likely {likely}, probability"] == pytest.approx(float(told.suggested_probability[0]))
    fine = int(np.argmin(tracker.scores("label_error")))
    card = {one["name"] for one in answers.details(source, fine, {})["values"]}
    assert not any(name.startswith("likely") for name in card)
    lines = [line.split(",") for line in answers.table_csv(source, np.array([row])).decode().splitlines()]
    line = dict(zip(*lines, strict=True))
    assert (line["suspected"], line["suggested"]) == ("1", likely)
    assert float(line["suspected_from"]) == pytest.approx(told.threshold)


def test_pictures_are_small_and_those_that_fail_are_left_out() -> None:
    class Samples:
        def has(self, index: int) -> bool:
            return index < 3

        def pictures(self, indices: list[int]) -> list[np.ndarray]:
            if indices[0] == 1:
                raise OSError("unreadable")
            return [np.full((200, 100, 3), indices[0], np.uint8)]

    made = answers.read_pictures(Samples(), (0, 1, 2, 9))
    assert [None if p is None else p.shape for p in made] == [(64, 32, 3), None, (64, 32, 3), None]
    tiny = np.zeros((8, 8, 3), np.uint8)
    assert answers.small(tiny).shape == (8, 8, 3)


def test_names_in_the_csv_are_no_formulas() -> None:
    tracker = Tracker(label_names={"=HYPERLINK(1)": 0})
    tracker.record(["@a", "b"], [0, 0], loss=[-1.0, 2.0], prediction=[0, 0])
    tracker.end_epoch()
    said = answers.table_csv(opened(tracker), np.arange(2)).decode()
    cells = [cell for line in said.splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]
    assert {"'@a", "b", "'=HYPERLINK(1)", "-1"} <= set(cells)
