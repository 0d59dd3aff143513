"""The view "Is it cheating?": classes by suspicion, rules as small stacks of pictures, and what covering them does."""

from __future__ import annotations

from typing import Any, Final

import traitlets

from xai_widgets.explain import Cluster
from xai_widgets.live import Publisher
from xai_widgets.samples import as_samples
from xai_widgets.widgets.shortcuts.board import (
    EXTREME,
    TYPICAL,
    Board,
    classes_of,
    cover_said,
    mask_picture,
    name_of,
)
from xai_widgets.widgets.shortcuts.covering import Covering
from xai_widgets.widgets.shortcuts.feed import Feed
from xai_widgets.widgets.view.brief import Brief
from xai_widgets.widgets.view.formatting import clean, key_of
from xai_widgets.widgets.view.front import NO_STRIP, choice, says
from xai_widgets.widgets.view.selection import Index, Selection
from xai_widgets.widgets.view.thumbnails import Thumbs, must_wait
from xai_widgets.widgets.view.view import View

ALL: Final = ""
EXPLAINED_AT_ONCE: Final = 4


class Shortcuts(View):
    """Is it cheating? What the network looks at as a rule, the most suspicious rules first.

    Each rule is a group of pictures of one predicted class whose masks lie in the same place: its mean mask, some of its
    pictures, how suspicious it is and why. A press on a rule selects its instances in every linked view; "Cover it" covers the
    rule's region in the selected pictures and says what the model takes them for then. While `xai_widgets.explain` writes the
    store, the view follows it.

    Parameters
    ----------
    explained : Explained, str or path-like
        What `xai_widgets.explain` returns, or its folder; it may be empty still, or growing.
    model : torch.nn.Module or keras.Model, optional
        For "Cover it"; a copy of its weights as they are then is used.
    samples : object, optional
        Anything `xai_widgets.samples.as_samples` takes; gives the pictures.
    tracker : Tracker, optional
        Says when training is between two steps, so that reading pictures never moves its random streams.
    most : int, default 12
        Rules shown at once, 1 to 200.
    label : int, str or None, optional
        Only the rules for this class, by value or name; can be set.
    rule : str, default ""
        The rule that is opened, as ``rule_names`` calls it; can be set.
    title : str, default "Is it cheating?"
        The head line.
    every : float, default 2
        Seconds between two looks at a store that grows.
    **options
        For `as_samples`: ``layout``, ``mean``, ``std``, ``labels``, ``label_names``, ...

    Attributes
    ----------
    selected : tuple of int or str
        The selected instances, shared with all linked views; can be set.
    rules : tuple of Cluster
        All rules, the most suspicious first.
    rule_names : tuple of str
        What they are called.
    """

    label = traitlets.Any(None, allow_none=True)
    rule = traitlets.Unicode("")
    selected = traitlets.Tuple()

    def __init__(
        self,
        explained: Any,
        model: Any = None,
        samples: Any = None,
        tracker: Any = None,
        *,
        most: int = 12,
        label: int | str | None = None,
        rule: str = "",
        title: str = "Is it cheating?",
        every: float = 2.0,
        publisher: Publisher | None = None,
        selection: Selection | None = None,
        feed: Feed | None = None,
        **options: Any,
    ) -> None:
        if not 1 <= most <= 200:
            raise ValueError(f"most should be 1 to 200 rules shown at once, got {most}")
        held = None if samples is None else as_samples(samples, **options)
        self.feed = feed if feed is not None else Feed(explained, every)
        self._owned = feed is None
        super().__init__(tracker, publisher, selection)
        self.samples, self._model, self._most, self._title = held, model, most, title
        self._thumbs = Thumbs(held, tracker, self.redraw)
        self._covering = Covering(model, held, self.feed.folder, self.redraw)
        self.board = Board()
        self.board.on_msg(self._hear)
        self.label, self.rule, self.selected = label, rule, self.selection.indices
        self._open([self.board], "xaiw-alone", "xaiw-shortcuts")
        self._hold(self.board)
        self.observe(self.redraw, ["label", "rule"])
        self.observe(self._chosen, "selected")
        self.feed.listen(self.redraw)

    def _drawn_on(self) -> list[Any]:
        return [self.board]

    # what is there

    @property
    def rules(self) -> tuple[Cluster, ...]:
        """All rules, the most suspicious first."""
        return self.feed.reading.rules

    @property
    def rule_names(self) -> tuple[str, ...]:
        """What the rules are called, in the same order."""
        return tuple(name_of(rule) for rule in self.rules)

    def wait(self, timeout: float = 60.0) -> bool:
        """Wait until what the store holds was read once; whether it was."""
        return self.feed.wait(timeout)

    def _named(self, name: str) -> Cluster | None:
        return next((rule for rule in self.rules if name_of(rule) == name), None)

    def _shown(self) -> list[Cluster]:
        reading = self.feed.reading
        wanted = (self.label, str(self.label))
        rules = [
            rule
            for rule in reading.rules
            if self.label is None or rule.label in wanted or reading.name_of(rule.label) in wanted
        ]
        return rules[: self._most]

    # drawing

    def _draw(self) -> int:
        reading, rules = self.feed.reading, self._shown()
        pictures = self._pictures(rules)
        sent = self.board.put(
            classes=classes_of(reading, rules),
            masks={name_of(rule): mask_picture(rule) for rule in rules},
            pictures=pictures,
            rule=self.rule,
            chosen=self._chosen_among(rules),
            cover=self._cover_state(),
        )
        return sent + self._show_words() + self._show_strip()

    def _chosen_among(self, rules: list[Cluster]) -> list[str]:
        """Return the selected pictures of the rule that is open, in its order; a lasso may hold many others."""
        rule = next((rule for rule in rules if name_of(rule) == self.rule), None)
        if rule is None or not self.selected:
            return []
        chosen = set(self.selected)
        return [key_of(index) for index in _few(rule) if index in chosen]

    def _pictures(self, rules: list[Cluster]) -> dict[str, str]:
        wanted: dict[Index, None] = {}
        for rule in rules:
            wanted.update(dict.fromkeys(rule.typical[:TYPICAL].tolist()))
            if name_of(rule) == self.rule:
                wanted.update(dict.fromkeys(rule.extreme[:EXTREME].tolist()))
        return {key_of(index): src for index, src in self._thumbs.get(wanted).items() if src}

    def _cover_state(self) -> dict[str, Any]:
        outcome = cover_said(self._covering.outcomes.get(self.rule), self.feed.reading)
        return {"off": self._why_not(), "busy": self._covering.busy, "outcome": outcome}

    def _why_not(self) -> str:
        """Say why nothing can be covered, "" where it can."""
        if self._model is None or self.samples is None:
            lacking = " and ".join(
                name
                for name, value in (("the model", self._model), ("the samples", self.samples))
                if value is None
            )
            return f"Cover it needs {lacking}: Shortcuts(explained, model, samples)"
        if must_wait(self.samples, self.tracker):
            return "Cover it waits for the end of the cell: reading these pictures draws random numbers that training would miss"
        return ""

    def _show_words(self) -> int:
        reading = self.feed.reading
        names = {rule.label: reading.name_of(rule.label) for rule in reading.rules}
        words: list[dict[str, Any]] = (
            [says(f"{len(reading.index):,} explained")] if len(reading.index) else []
        )
        if reading.failed:
            words.append(says(f"{reading.failed:,} failed"))
        if reading.rules:
            words.append(says("numbers and bars: suspicion"))
        if len(names) > 1:
            options = [
                (ALL, "all classes"),
                *((str(value), clean(name, 60)) for value, name in names.items()),
            ]
            value = next(
                (str(value) for value, name in names.items() if self.label in (value, str(value), name)), ALL
            )
            words.append(choice("label", "Class", value, options))
        return self.front.put(
            head={"title": self._title, "words": words}, empty=self._empty(), summary=self.summary()
        )

    def _empty(self) -> dict[str, str] | None:
        if self._shown():
            return None
        reading = self.feed.reading
        if not self.feed.wait(0):
            return {"text": "Reading the explanations", "hint": ""}
        if not len(reading.index):
            return {
                "text": "Nothing is explained yet",
                "hint": "xw.explain(model, samples, out=...) fills this while it runs",
            }
        if reading.problems:
            return {"text": "No rules could be found", "hint": clean(reading.problems[-1], 300)}
        return {
            "text": "No rule is found yet",
            "hint": "A rule is read out of at least 20 instances that are taken for a class, beside 20 of other classes",
        }

    def _strip(self) -> dict[str, Any]:
        problems = self.feed.reading.problems
        if problems and self._shown():
            return {**NO_STRIP, "level": "error", "text": clean(problems[-1], 300)}
        more = len(self.rules) - len(self._shown()) if self.label is None else 0
        if more > 0:
            return {
                **NO_STRIP,
                "level": "note",
                "text": f"{more:,} less suspicious rules are not shown; choose a class, or give most=",
            }
        return NO_STRIP

    # what the browser and the user say

    def _chose(self, name: str, value: str) -> None:
        known = {str(rule.label): rule.label for rule in self.rules}
        if name != "label" or (value != ALL and value not in known):
            super()._chose(name, value)
            return
        self.label = known.get(value)

    def _row(self, key: str, *, second: bool) -> None:
        name, _, place = key.partition("#")
        rule = self._named(name)
        if rule is None:
            super()._row(key, second=second)
        elif second:
            self.cover(name)
        elif place:
            self._pick_picture(rule, place)
        elif name == self.rule:
            self.rule = ""
        else:
            self.choose(name)

    def _pick_picture(self, rule: Cluster, wanted: str) -> None:
        known = {key_of(index): index for index in _few(rule)}
        if wanted not in known:
            self._refuse({"picture": wanted})
            return
        self.selection.change(indices=[known[wanted]], source=self)

    def choose(self, rule: str | int = 0) -> None:
        """Open a rule and select its instances in every linked view.

        Parameters
        ----------
        rule
            Its name, or its place among `rules`.
        """
        found = self._found(rule)
        self.rule = name_of(found)
        few = found.typical[:EXPLAINED_AT_ONCE].tolist()
        self.selection.change(indices=found.index.tolist(), explained=few, source=self)

    def cover(self, rule: str | int = 0) -> None:
        """Cover a rule's region in the selected instances, or in its own where none of the rule's class is selected.

        The answer is drawn when it is there, and stands in `outcomes`.

        Raises
        ------
        ValueError
            Without model or samples, and for a rule that is not there.
        """
        found = self._found(rule)
        reason = self._why_not()
        if reason:
            raise ValueError(reason)
        own = [index for index in self.selected if index in found.membership]
        self.rule = name_of(found)
        self._covering.ask(name_of(found), found, tuple(own) or tuple(found.index.tolist()))
        self.redraw()

    @property
    def outcomes(self) -> dict[str, Any]:
        """What came of covering, by rule: an `Outcome`, or the exception."""
        return dict(self._covering.outcomes)

    def _found(self, rule: str | int) -> Cluster:
        found = self._named(rule) if isinstance(rule, str) else dict(enumerate(self.rules)).get(rule)
        if found is None:
            known = ", ".join(repr(name) for name in self.rule_names[:12])
            raise ValueError(f"there is no rule {rule!r}; there are {known or 'none yet'}")
        return found

    def _chosen(self, change: Any) -> None:
        self.selection.change(indices=change["new"], source=self)

    def _selection_changed(self, selection: Selection, changed: frozenset[str], source: object) -> None:
        if "indices" in changed:
            self.selected = selection.indices
        super()._selection_changed(selection, changed, source)

    # pictures and the end

    def summary(self) -> str:
        """Say in one line what is shown."""
        rules = self.rules
        if not rules:
            return f"{len(self.feed.reading.index):,} instances explained, no rules"
        name = self.feed.reading.name_of(rules[0].label)
        return f"{len(rules):,} rules, the most suspicious {rules[0].suspicion:.2f}: {name}, {rules[0].why}"

    def brief(self) -> Brief:
        """Say in a few words which rule is the most suspicious."""
        rules = self.rules
        if not rules:
            return Brief("no rules yet")
        name = clean(self.feed.reading.name_of(rules[0].label), 40)
        return Brief(f"most suspicious {name} {rules[0].suspicion:.2f}", (name, len(self.feed.reading.index)))

    def figure(self, dark: bool = False) -> Any:
        """Make the same page without a browser, as a figure of `xai_widgets.figures`."""
        from xai_widgets import figures

        self.wait()
        if not self.rules:
            raise ValueError("there are no rules to draw yet; explain more instances")
        reading = self.feed.reading
        return figures.shortcuts(
            self._shown(), self.samples, label_names=reading.names, title=self._title, dark=dark
        )

    def _close_parts(self) -> None:
        self._covering.close()
        self._thumbs.close()
        if self._owned:
            self.feed.close()


def _few(rule: Cluster) -> list[Index]:
    """Return the instances of a rule that are shown, each once."""
    return list(dict.fromkeys([*rule.typical[:TYPICAL].tolist(), *rule.extreme[:EXTREME].tolist()]))
