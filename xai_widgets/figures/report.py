"""One HTML file with everything: pictures, tables, settings, versions. It needs no network and runs nothing."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from xai_widgets._metrics import metric_in, number
from xai_widgets.figures.drawing import html as h
from xai_widgets.figures.drawing.edited import Edited, data_name
from xai_widgets.figures.drawing.inputs import names_by_value, picture_of
from xai_widgets.figures.instances import instance_history
from xai_widgets.figures.labels import label_difficulty
from xai_widgets.figures.maps import history_heatmap, instance_map
from xai_widgets.figures.picture import StaticFigure
from xai_widgets.figures.scale import hardest_first, last_finite
from xai_widgets.figures.shortcuts import shortcuts
from xai_widgets.figures.text import shown_index, shown_text, with_unit

STYLE = """
:root{color-scheme:light dark;--bg:#fff;--text:#1d2129;--muted:#667085;--line:#e4e7ec}
:root.dark{--bg:#14171c;--text:#e6e9ef;--muted:#98a2b3;--line:#2b313b}
@media(prefers-color-scheme:dark){:root.auto{--bg:#14171c;--text:#e6e9ef;--muted:#98a2b3;--line:#2b313b}}
body{margin:0 auto;padding:24px 20px 60px;max-width:880px;background:var(--bg);color:var(--text);
font:13px/1.5 system-ui,sans-serif}
h1{font-size:19px;margin:0}h2{font-size:15px;margin:34px 0 8px;padding-top:14px;border-top:1px solid var(--line)}
p{margin:2px 0 10px;color:var(--muted)}img{max-width:100%;height:auto;display:block;margin:6px 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:8px 0}
th{font-weight:400;color:var(--muted);text-align:left}th,td{padding:3px 18px 3px 0;border-bottom:1px solid var(--line)}
td{max-width:420px;overflow-wrap:anywhere}.n{text-align:right}.t{width:40px;height:40px;margin:0;image-rendering:pixelated}
details{margin:8px 0}summary{color:var(--muted);cursor:pointer}
"""


def report(
    path: str | os.PathLike[str],
    tracker: Any,
    *,
    title: str = "Training report",
    metric: str = "loss",
    samples: Any = None,
    indices: Sequence[Any] = (),
    n_max: int = 10,
    n_min: int = 5,
    by: str = "mean",
    figures: Mapping[str, StaticFigure] | Iterable[StaticFigure] = (),
    explained: Any = None,
    edited: Edited = (),
    settings: Mapping[str, Any] | None = None,
    theme: str = "auto",
    created: datetime | None = None,
) -> Path:
    """Write a run into one self-contained HTML file.

    The file loads nothing and holds no script; its content-security policy forbids both. Names are text, whatever they
    hold.

    Parameters
    ----------
    path : str or path
        Ends with .html.
    tracker : Tracker
        What was recorded; may still be training.
    title : str
        The heading.
    metric : str, default "loss"
        What the charts show.
    samples : Samples, dict or function, optional
        Where the pictures of the hardest samples come from, as in ``instance_history``.
    indices : sequence of int or str, optional
        Instances to follow beside the hardest and easiest.
    n_max, n_min : int, default 10 and 5
        How many of the hardest and easiest are shown.
    by : str, default "mean"
        The score of the ranking, as in ``tracker.extremes``.
    figures : dict of title to StaticFigure, or sequence of StaticFigure, optional
        More pictures, such as saliency grids.
    explained : Explained, optional
        What the network looks at as a rule, from `xai_widgets.explain`; a section of its own.
    edited : sequence of int or mapping, optional
        From which epochs edits are in force, as in ``label_difficulty``.
    settings : dict, optional
        What else should be told: learning rate, batch size, git revision, ...
    theme : {"auto", "light", "dark"}, default "auto"
        "auto" follows the reader's system.
    created : datetime, optional
        The time written into the file; now by default.

    Returns
    -------
    pathlib.Path
        Where it was written.

    Raises
    ------
    ValueError
        If the path does not end with .html or the theme is unknown.
    """
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"a report is saved as .html, got {target.name[:80]!r}")
    if theme not in ("auto", "light", "dark"):
        raise ValueError(f'theme should be "auto", "light" or "dark", got {theme!r}')
    paper = _Paper(tracker, theme, metric, edited)
    when = (created or datetime.now(timezone.utc)).strftime("%Y-%m-%d %H:%M %Z").strip()
    body = h.joined(
        [
            h.element("h1", h.name(title)),
            h.element("p", paper.status(), f", written {when}"),
            *paper.labels(),
            *paper.instances(samples, indices, n_max, n_min, by),
            *paper.whole(),
            *paper.rules(explained, samples),
            *paper.more(figures),
            *_settings(tracker, settings),
        ]
    )
    text = h.page(title, STYLE, body).replace('<html lang="en">', f'<html lang="en" class="{theme}">', 1)
    partial_file = target.with_name(f".{target.name}.part")
    partial_file.write_text(text, encoding="utf-8")
    os.replace(partial_file, target)
    return target


Draw = Callable[..., StaticFigure]


class _Paper:
    """The parts of a report on one tracker."""

    def __init__(self, tracker: Any, theme: str, metric: str, edited: Edited) -> None:
        self.tracker, self.theme, self.metric, self.edited = tracker, theme, metric, edited
        self.names = names_by_value(tracker.label_names, 60)
        # what was evaluated says more about a class than what was trained on
        order = ["eval", "test", "train", "infer"]
        self.places = [
            (mode, ds_id)
            for mode in sorted(tracker.modes, key=order.index)
            if metric in tracker.metrics(mode)
            for ds_id in tracker.ds_ids(mode)
        ]

    def status(self) -> str:
        tracker = self.tracker
        epochs = f"epoch {tracker.epoch:,}" + (f" of {tracker.epochs:,}" if tracker.epochs else "")
        seconds = int(tracker.elapsed)
        took = (
            f"{seconds // 3600} h {seconds // 60 % 60} min"
            if seconds >= 3600
            else f"{seconds // 60} min {seconds % 60} s"
        )
        return f"{tracker.status}, {epochs}, step {tracker.step:,}, {took}"

    def picture(self, draw: Draw) -> h.Markup:
        """Draw in the themes that are wanted; the reader's system chooses."""
        light = None if self.theme == "dark" else draw(dark=False)
        dark = None if self.theme == "light" else draw(dark=True)
        shown = light or dark
        if shown is None:
            return h.Markup()
        width, height = shown.size
        image = h.element("img", src=_source(shown), width=width, height=height, alt=shown.description)
        if light is None or dark is None:
            return image
        return h.element(
            "picture", h.element("source", media="(prefers-color-scheme: dark)", srcset=_source(dark)), image
        )

    def labels(self) -> list[h.Markup]:
        parts = []
        for mode, ds_id in self.places:
            series = self.tracker.label_series(self.metric, mode=mode, ds_id=ds_id)
            if not series.mean.size or not np.isfinite(series.mean).any():
                continue
            draw = partial(
                label_difficulty,
                series,
                epochs=self.tracker.epochs,
                width=840,
                title=f"On {_where(mode, ds_id)}",
                edited=self.edited,
            )
            heat = partial(
                history_heatmap,
                series,
                width=840,
                title=f"On {_where(mode, ds_id)}, as heat",
                edited=self.edited,
            )
            parts += [
                self.picture(draw),
                _folded("The numbers", _label_table(series)),
                _folded("As heat", self.picture(heat)),
            ]
        return [h.element("h2", "How hard is each class?"), *parts] if parts else []

    def instances(
        self, samples: Any, indices: Sequence[Any], n_max: int, n_min: int, by: str
    ) -> list[h.Markup]:
        parts = []
        for mode, ds_id in self.places:
            place = {"mode": mode, "ds_id": ds_id}
            hard, easy = self.tracker.extremes(self.metric, n_max=n_max, n_min=n_min, by=by, **place)
            known = [*hard.index, *easy.index]
            wanted = [*known, *(i for i in indices if i not in known)]
            if not wanted:
                continue
            series = self.tracker.instance_series(wanted, self.metric, **place)
            draw = partial(
                instance_history, series, hard=hard, easy=easy, pictures=samples, label_names=self.tracker.label_names,
                epochs=self.tracker.epochs, width=840, title=f"On {_where(mode, ds_id)}", edited=self.edited,
            )  # fmt: skip
            rows = [self._row(series, hard, place, samples) for place in range(len(hard.index))]
            heads = ["", "index", "label", f"{by} {self.metric}", "last"]
            table = h.table(map(shown_text, heads), rows, numbers=(3, 4))
            parts += [self.picture(draw), _folded(f"The {len(hard.index)} hardest", table)]
        return [h.element("h2", "Instances over time"), *parts] if parts else []

    def _row(self, series: Any, hard: Any, place: int, samples: Any) -> list[Any]:
        index, label = hard.index[place], hard.labels[place]
        shot = picture_of(samples, index)
        image = "" if shot is None else h.element("img", src=_thumbnail(shot), class_="t", alt="")
        name = "" if label is None else h.name(self.names.get(label, label))
        last = float(last_finite(series.values[place]))
        return [image, h.name(shown_index(index, 80)), name, number(hard.scores[place]), number(last)]

    def whole(self) -> list[h.Markup]:
        parts = []
        for mode, ds_id in self.places:
            table = self.tracker.dynamics(mode=mode, ds_id=ds_id, metric=self.metric)
            if all(n in table and np.isfinite(table[n]).any() for n in ("variability", "confidence")):
                draw = partial(
                    instance_map, table, label_names=self.tracker.label_names, width=840,
                    title=f"All {len(table['index']):,} instances on {shown_text(data_name(self.edited, mode, ds_id))}",
                )  # fmt: skip
                parts.append(self.picture(draw))
                said = self.tracker.suspects(mode, ds_id=ds_id, metric=self.metric).text
                parts.append(h.element("p", f"{said[0].upper()}{said[1:]}."))
        return [h.element("h2", "The whole data set"), *parts] if parts else []

    def rules(self, explained: Any, samples: Any) -> list[h.Markup]:
        if explained is None:
            return []
        rules = explained.clusters()
        heading = h.element("h2", "Is it cheating?")
        if not rules:
            said = f"No rule is found in {len(explained):,} explained instances."
            return [heading, h.element("p", said)]
        names = {rule.label: explained.name_of(rule.label) for rule in rules}
        rows = [
            [h.name(names[rule.label]), f"{rule.suspicion:.2f}", f"{len(rule):,}", h.name(rule.why, 400)]
            for rule in rules[:50]
        ]
        table = h.table(["class", "suspicion", "instances", "why"], rows, numbers=(1, 2))
        said = (
            f"{len(explained):,} instances were explained. Suspicion is a number in [0, 1] for sorting, not a probability; "
            "look at the pictures, and decide."
        )
        draw = partial(shortcuts, rules, samples, label_names=names)
        return [heading, h.element("p", said), self.picture(draw), _folded(f"The {len(rows)} rules", table)]

    def more(self, figures: Mapping[str, StaticFigure] | Iterable[StaticFigure]) -> list[h.Markup]:
        given = figures.items() if isinstance(figures, Mapping) else [("", f) for f in figures]
        parts = []
        for title, figure in given:
            parts += [
                h.element("h2", h.name(title)) if title else h.Markup(),
                self.picture(lambda dark, f=figure: f),
            ]
        return parts


def _source(figure: StaticFigure) -> str:
    return h.data_uri(figure.svg().encode(), "image/svg+xml")


def _thumbnail(picture: Any) -> str:
    import io

    from PIL import Image

    content = io.BytesIO()
    image = Image.fromarray(picture)
    if max(image.size) > 128:
        image.thumbnail((128, 128))
    image.save(content, "PNG")
    return h.data_uri(content.getvalue(), "image/png")


def _where(mode: str, ds_id: str | None) -> str:
    return shown_text(f"{mode} {ds_id}" if ds_id else mode)


def _folded(title: str, content: h.Markup) -> h.Markup:
    return h.element("details", h.element("summary", title), content)


def _label_table(series: Any) -> h.Markup:
    last = [last_finite(values) for values in (series.mean, series.std, series.min, series.max)]
    order = hardest_first(last[0], metric_in(series))
    rows = []
    for place in order:
        seen = series.count[place][series.count[place] > 0]
        rows.append(
            [
                h.name(series.names[place]),
                f"{int(seen[-1]) if len(seen) else 0:,}",
                *(number(v[place]) for v in last),
            ]
        )
    heads = ["label", "instances", f"mean {with_unit(metric_in(series))}", "std", "smallest", "largest"]
    return h.table(heads, rows, numbers=(1, 2, 3, 4, 5))


def _settings(tracker: Any, settings: Mapping[str, Any] | None) -> list[h.Markup]:
    parts = [h.element("h2", "Settings and versions")]
    if settings:
        parts.append(
            h.table(["setting", "value"], [[h.name(k), h.name(v, 300)] for k, v in settings.items()])
        )
    counts = []
    for mode in tracker.modes:
        for ds_id in tracker.ds_ids(mode):
            c = tracker.counts(mode, ds_id)
            counts.append(
                [_where(mode, ds_id), *(f"{v:,}" for v in (c.instances, c.rows, c.nan, c.inf, c.duplicates))]
            )
    heads = ["mode", "instances", "rows", "not a number", "infinite", "seen twice in an epoch"]
    parts.append(h.table(heads, counts, numbers=range(1, 6)))
    parts.append(h.table(["", "version"], sorted(_versions().items())))
    if tracker.problems:
        parts.append(h.element("h2", "What went wrong on the side"))
        parts.append(h.element("ul", *(h.element("li", h.name(p, 400)) for p in tracker.problems)))
    return parts


def _versions() -> dict[str, str]:
    """Return the versions of what is loaded and matters; nothing is imported for it."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in (
        "xai_widgets",
        "numpy",
        "matplotlib",
        "torch",
        "tensorflow",
        "keras",
        "lightning",
        "transformers",
    ):
        version = getattr(sys.modules.get(name), "__version__", None)
        if version is not None:
            found[name] = str(version)
    return found
