"""The review: decide on one instance after the other, or on many at once, while the network trains."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Final

import traitlets

from xai_widgets.edits import Edit, Edits
from xai_widgets.live import Publisher
from xai_widgets.samples import as_samples
from xai_widgets.widgets.instance_map.traits import IndexValues
from xai_widgets.widgets.review.deciding import Deciding
from xai_widgets.widgets.review.decisions import Decisions
from xai_widgets.widgets.review.desk import DECIDING, Desk, parse
from xai_widgets.widgets.review.effect import effect
from xai_widgets.widgets.review.evidence import SOURCES, Evidence
from xai_widgets.widgets.review.hearing import Hearing
from xai_widgets.widgets.review.page import Page, empty_state, said_index
from xai_widgets.widgets.review.pictures import PictureFeed
from xai_widgets.widgets.review.worklist import Worklist
from xai_widgets.widgets.saliency.panel import SaliencyPanel
from xai_widgets.widgets.view.brief import Brief
from xai_widgets.widgets.view.formatting import clean
from xai_widgets.widgets.view.front import NO_STRIP, choice
from xai_widgets.widgets.view.menus import one_of, options
from xai_widgets.widgets.view.selection import Index, Selection
from xai_widgets.widgets.view.view import View

_STILL: Final = 8


class Review(View):
    """A worklist for deciding on instances: suspected label errors first, or any others.

    Each comes up as a card: the sample large, the label it has, what the network says and how sure that is, its loss over the
    epochs, and the three instances that behaved most like it. One key decides, and the decision is in force from the next
    epoch on, in every training that was given the same edits. It can be used while the cell trains, and by keyboard alone.

    Parameters
    ----------
    tracker : Tracker
        Where the instances were recorded.
    edits : Edits
        Where decisions are written; the same object, or one of the same run, as the training's.
    samples : object, optional
        Anything `xai_widgets.samples.as_samples` takes; gives the pictures.
    model : torch.nn.Module or keras.Model, optional
        For the saliency of the card, below it, on demand.
    panel : SaliencyPanel, optional
        A panel that is there already and shows the saliency instead.
    queue : iterable of int or str, optional
        What comes up, in this order; the suspected label errors by default.
    source : {"suspected", "likely", "hardest", "wrong"}, default "suspected"
        Where the queue comes from, renewed after every epoch: suspected label errors; the 2,000 most likely to be wrong,
        suspected or not; the 2,000 with the highest mean loss; or those predicted wrongly at last.
    metric : str, default "loss"
        The loss.
    mode, ds_id : str, optional
        The data set; "train" by default.
    who : str, optional
        Who decides; by default who the edits say.
    title : str, default "Is the label right?"
        The head line.
    **described
        For `as_samples`: ``layout``, ``mean``, ``std``, ``labels``, ``label_names``, ...

    Attributes
    ----------
    queue : tuple of int or str
        What comes up, decided or not; can be set to any iterable, which stays until `source` is set.
    source : {"suspected", "likely", "hardest", "wrong", "chosen"}
        Where the queue comes from; can be set.
    current : int, str or None
        The instance on the card; can be set.
    marked : tuple of int or str
        The instances that the next decision is on, all together; none: the one on the card. Can be set.
    who : str
        Who decides; can be set.
    desk : Desk
        The browser's part.

    Examples
    --------
    >>> import xai_widgets as xw
    >>> tracker = xw.Tracker()
    >>> edits = xw.Edits(tracker)
    >>> tracker.record([0, 1], [3, 3], loss=[0.1, 4.2])
    >>> with xw.Review(tracker, edits, queue=[1, 0]) as review:
    ...     written = review.decide("exclude", why="blurred")
    >>> edits.state().index.tolist()
    [1]
    """

    queue: Any = IndexValues()
    source = traitlets.Enum(tuple(SOURCES), "suspected")
    current = traitlets.Any(None, allow_none=True)
    marked: Any = IndexValues()
    who = traitlets.Unicode("")

    def __init__(
        self,
        tracker: Any,
        edits: Edits,
        samples: Any = None,
        *,
        model: Any = None,
        panel: SaliencyPanel | None = None,
        queue: Iterable[Index] | None = None,
        source: str = "suspected",
        metric: str = "loss",
        mode: str = "train",
        ds_id: str | None = None,
        who: str = "",
        title: str = "Is the label right?",
        publisher: Publisher | None = None,
        selection: Selection | None = None,
        **described: Any,
    ) -> None:
        if not isinstance(edits, Edits):
            raise TypeError(
                f"Review expects xai_widgets.Edits as its second argument, as in Review(tracker, xw.Edits(tracker)); "
                f"got {type(edits).__name__}"
            )
        if described and samples is None:
            raise TypeError(f"{', '.join(sorted(described))} describe samples, but no samples are given")
        if model is not None and samples is None:
            raise TypeError(
                "a model explains samples: pass them, as in Review(tracker, edits, samples, model=model)"
            )
        held = None if samples is None else as_samples(samples, **described)
        super().__init__(tracker, publisher, selection)
        self.edits, self.samples, self.mode, self.ds_id = edits, held, mode, ds_id
        self.who, self._title = who or edits.who, clean(title, 120)
        self._lock = threading.RLock()
        self._evidence = Evidence(tracker, mode, ds_id, metric)
        self.decisions = Decisions(edits, mode, ds_id)
        self.worklist = Worklist(self.decisions.__contains__)
        self._deciding = Deciding(edits, mode, ds_id, self._evidence, self.decisions)
        self.pictures = PictureFeed(held, tracker, self.redraw)
        self.page = Page(self._evidence, self.decisions, self.worklist, self._deciding)
        self._ended, self._why, self._stale = 0, "", True
        self._said: dict[str, Any] = {"text": "", "count": 0}
        self._heard = self._calls = 0
        self._seen: object = None
        self._panel: SaliencyPanel | None = panel
        self._own: SaliencyPanel | None = None
        self._hearing = Hearing(self)
        self.desk = Desk()
        self.desk.on_msg(self._hear_desk)
        self._told = [tracker.subscribe(self._epoch_told), edits.subscribe(self._edited)]
        if queue is not None:
            self.queue, source = queue, "chosen"
        self.source = source
        self.decisions.refresh()
        self.worklist.put(self.queue)
        self.observe(self._queue_set, "queue")
        self.observe(self._source_set, "source")
        self.observe(self._current_set, "current")
        self.observe(self._marked_set, "marked")
        self._open([self.desk], "xaiw-alone", "xaiw-review")
        self._hold(self.desk)
        if model is not None:
            self._explain_below(model)

    def _explain_below(self, model: Any) -> None:
        """Make a panel of its own, hidden until something is to be explained."""
        linked: dict[str, Any] = {"publisher": self.publisher, "selection": Selection()}
        try:
            own = SaliencyPanel(model, self.samples, self.tracker, rows=1, **linked)
        except BaseException:
            self.close()  # half a review would stay alive for ever
            raise
        own.add_class("xaiw-hide")
        self._own = self._panel = own
        self.children = [*self.children, own]
        self.refresh()  # what was drawn before could not be explained

    # ---- for programs, and what the keys do

    def decide(
        self,
        what: str,
        ids: Any = None,
        label: Any = None,
        *,
        why: str = "",
        who: str = "",
        force: bool = False,
    ) -> tuple[Edit, ...]:
        """Decide on instances, and go on to the next.

        Parameters
        ----------
        what : {"keep", "accept", "relabel", "exclude"}
            "keep" the label as it was given, "accept" the suggested one, "relabel", or "exclude". Keeping takes back whatever
            was decided before, and is written down as well: it says that somebody has looked.
        ids : int, str or sequence of them, optional
            The instances; those that are marked by default, or else the one on the card.
        label : int or str, optional
            For "relabel": the label, or its display name.
        why, who, force
            As for `Edits.exclude`.

        Returns
        -------
        tuple of Edit
            What was written; none where it was decided so already.

        Raises
        ------
        ValueError, TypeError
            For what cannot be meant; nothing is written then.
        """
        if what not in DECIDING:
            raise ValueError(f"{what!r} is no decision; there are {', '.join(DECIDING)}")
        if what == "relabel" and label is None:
            raise ValueError('relabel to which label? Give it, as in decide("relabel", label="dog")')
        with self._lock:
            self._catch_up()
            meant = (
                self._meant() if ids is None else IndexValues().validate(self, [ids] if _single(ids) else ids)
            )
            written, said = self._deciding.decide(
                what, meant, label, why=why, who=who or self.who, force=force
            )
            self.decisions.refresh()
            if ids is None:
                self.worklist.marked.clear()
            if self.worklist.current in meant:
                self.worklist.forward()
            self.say(f"{said}{self._from_when(written)}")
        return written

    def keep(self) -> tuple[Edit, ...]:
        """Keep the label as it was given."""
        return self.decide("keep")

    def accept(self) -> tuple[Edit, ...]:
        """Take the suggested label."""
        return self.decide("accept")

    def relabel(self, label: Any) -> tuple[Edit, ...]:
        """Give another label: its value, or its display name."""
        return self.decide("relabel", label=label)

    def exclude(self) -> tuple[Edit, ...]:
        """Leave it out."""
        return self.decide("exclude")

    def skip(self) -> None:
        """Put the card off until all others are decided on."""
        with self._lock:
            self.worklist.skip()
            self.refresh()

    def step(self, by: int) -> None:
        """Go on (1) or back (-1) in the queue without deciding."""
        with self._lock:
            self.worklist.step(by)
            self.refresh()

    def undo(self) -> Edit:
        """Undo the last edit of the run, whoever made it, and show what it was about."""
        return self._change(self._deciding.undo)

    def redo(self) -> Edit:
        """Let the edit that was undone last take effect again."""
        return self._change(self._deciding.redo)

    def explain(self, index: Index | None = None) -> None:
        """Show what the network looks at in an instance, in the panel; by default in the one on the card.

        Raises
        ------
        ValueError
            Where there is no panel, or nothing to explain.
        """
        wanted = self.current if index is None else index
        if self._panel is None:
            raise ValueError("there is nothing to explain with: Review(..., samples, model=model), or panel=")
        if wanted is None:
            raise ValueError("there is no card to explain")
        if self._own is not None:
            self._own.remove_class("xaiw-hide")
        self._panel.selection.change(explained=(wanted,), source=self)

    def take(self, indices: Iterable[Index]) -> None:
        """Review these, now: the page is scrolled to the review, and takes the keys."""
        self.queue = tuple(indices)
        self._calls += 1
        self.refresh()

    @property
    def progress(self) -> tuple[int, int]:
        """How many instances are decided, and how many of the queue are left."""
        with self._lock:
            self._catch_up()
            return len(self.decisions), len(self.worklist.left())

    def _change(self, change: Any) -> Edit:
        with self._lock:
            edit, said = change(self.who)
            self.decisions.refresh()
            here = [index for index in edit.ids[:1] if (edit.mode, edit.ds_id) == (self.mode, self.ds_id)]
            for index in here:
                self.worklist.go(index)
            self.say(f"{said} ({clean(edit.who, 60)})" if edit.who != self.who else said)
        return edit if isinstance(edit, Edit) else self.edits.history()[-1]

    def _meant(self) -> tuple[Index, ...]:
        current = self.worklist.current
        return tuple(self.worklist.marked) or (() if current is None else (current,))

    def _from_when(self, written: tuple[Edit, ...]) -> str:
        if not written or written[-1].operation == "restore":
            return ""
        epoch = written[-1].epoch + 1
        return f", in force from {'epoch ' + str(epoch) if self.tracker.status == 'training' else 'the next epoch'} on"

    def say(self, text: str) -> None:
        """Show in one line what was done, and whatever follows from it."""
        self._said = {"text": clean(text, 300), "count": self._said["count"] + 1}
        self.refresh()

    def refresh(self) -> None:
        """Show what the worklist has now."""
        self._mirror()
        self._stale = True
        self.redraw()

    # ---- the traits mirror the worklist

    def _mirror(self) -> None:
        with self.hold_trait_notifications():
            self.queue, self.current = self.worklist.order, self.worklist.current
            self.marked = tuple(self.worklist.marked)

    def _queue_set(self, change: Any) -> None:
        with self._lock:
            if change["new"] == self.worklist.order:
                return
            self.worklist.current = None
            self.worklist.marked.clear()
            self.decisions.refresh()
            self.worklist.put(change["new"])
            self.source = "chosen"
            self.refresh()

    def _source_set(self, change: Any) -> None:
        with self._lock:
            if change["new"] == "chosen":
                return
            self.worklist.current, self._seen = None, None
            self.worklist.marked.clear()
            self._catch_up()
            self.refresh()

    def _current_set(self, change: Any) -> None:
        with self._lock:
            index = change["new"]
            if index == self.worklist.current:
                return
            if index is not None and not self._evidence.knows(index):
                self.current = self.worklist.current
                raise ValueError(f"{clean(repr(index), 60)} was never recorded in mode {self.mode!r}")
            self.worklist.current = index
            self.refresh()

    def _marked_set(self, change: Any) -> None:
        with self._lock:
            if change["new"] != tuple(self.worklist.marked):
                inside = [index for index in change["new"] if self.worklist.place(index) >= 0]
                self.worklist.marked = dict.fromkeys(inside)
                self.refresh()

    # ---- showing

    def _epoch_told(self, summary: Any) -> None:
        if getattr(summary, "kind", "epoch") == "epoch":
            self._ended += 1

    def _edited(self, _edit: Edit) -> None:
        self._stale = True
        self.redraw()

    def _catch_up(self) -> None:
        """Read what is new: epochs that have ended, other editors' decisions."""
        seen = (self._ended, self.tracker.status, self.mode in self.tracker.modes)
        if self.decisions.refresh():
            self._stale = True
        if seen == self._seen or (self.paused and self._seen is not None):
            return
        self._seen, self._stale = seen, True
        self._evidence.forget()
        if self.source != "chosen":
            order, self._why = self._evidence.queue(self.source)
            self.worklist.put(order)
        elif self.worklist.current is None:
            self.worklist.forward()
        self._mirror()

    def _rests(self) -> bool:
        return self.behind  # paused: the run is not followed, but decisions show

    def _drawn_on(self) -> list[Any]:
        return [self.desk]

    def _draw(self) -> int:
        with self._lock:
            self._catch_up()
            sent = self.desk.put(heard=self._heard, said=self._said, call=self._calls)
            if not self._stale:
                return sent + self._send_pictures()
            self._stale = False
            state = self.page.state(
                effect(self.tracker, self.decisions.first()), explains=self._panel is not None
            )
            if self.worklist.current is not None:
                empty = None
            else:
                empty = empty_state(
                    self._evidence.size, self.mode, self.source, self._why, len(self.worklist.order)
                )
            sent += self.desk.put(**state, empty=empty, note=self._note_on_pictures())
            sent += self.front.put(
                head={"title": self._title, "words": self._words()}, summary=self.summary()
            )
            return sent + self._send_pictures() + self._show_strip()

    def _send_pictures(self) -> int:
        """Send the pictures that no page has yet: of the card, the next one, the list and the neighbours."""
        current, shown = self.worklist.current, self.page.shown
        after = shown[shown.index(current) + 1 :][:1] if current in shown else ()
        large = [index for index in (current, *after) if index is not None]
        message = self.pictures.message(large, [*shown, *self._evidence.nearest])
        if message is None:
            return 0
        self.desk.send(message)
        return sum(len(address) for size in ("large", "small") for address in message[size].values())

    def _words(self) -> list[dict[str, Any]]:
        names = {name: text for name, text in SOURCES.items() if name != "chosen" or self.source == "chosen"}
        names = {**names, **({"chosen": f"{len(self.queue):,} chosen"} if self.source == "chosen" else {})}
        if self.selection.indices and self.selection.indices != self.queue:
            names["selected"] = f"the {len(self.selection.indices):,} selected"
        return [choice("source", "What comes up", self.source, options(names, names))]

    def _note_on_pictures(self) -> str:
        if self.samples is None:
            return "No pictures: pass samples, as in Review(tracker, edits, samples)."
        return ""

    def _strip(self) -> dict[str, Any]:
        if self.edits.problems:
            return {**NO_STRIP, "level": "error", "text": clean(self.edits.problems[-1], 300)}
        return NO_STRIP

    def summary(self) -> str:
        """Say in one line what is left."""
        done, left = len(self.decisions), len(self.worklist.left())
        what = "chosen instances" if self.source == "chosen" else SOURCES[self.source]
        card = said_index(self.worklist.current)
        return f"review of {what}: {done:,} decided, {left:,} left, {card} on the card"

    def brief(self) -> Brief:
        """Say in a few words how many are left."""
        with self._lock:
            self._catch_up()
            done, left = len(self.decisions), len(self.worklist.left())
        if not self.worklist.order:
            return Brief("nothing suspected" if self.source == "suspected" else "nothing to review")
        return Brief(f"{left:,} left, {done:,} decided", (left + done,))

    def figure(self, dark: bool = False) -> Any:
        """Draw the histories of the next instances that are left, without a browser.

        Raises
        ------
        ValueError
            Where nothing is left.
        """
        from xai_widgets import figures

        with self._lock:
            self._catch_up()
            shown = self.worklist.left()[:_STILL]
        if not shown:
            raise ValueError("nothing is left to review; review.queue = ids makes another queue")
        return figures.instance_history(
            self.tracker.instance_series(shown, self._evidence.metric, self.mode, ds_id=self.ds_id),
            hard=shown,
            pictures=self.pictures.samples,
            label_names=self.tracker.label_names,
            epochs=self.tracker.epochs,
            title=self._title,
            dark=dark,
        )

    # ---- what the browser says

    def _hear_desk(self, _widget: Any, content: Any, _buffers: Any) -> None:
        told = parse(content)
        if told is None:
            self._refuse(content)
        else:
            try:
                with self._lock:
                    self._catch_up()
                    self._hearing.act(told)
            except Exception as problem:
                self.show_problem(problem)
        self._heard += 1  # the page waits for it
        self.redraw()

    def _chose(self, name: str, value: str) -> None:
        if name != "source":
            super()._chose(name, value)
        elif value == "selected" and self.selection.indices:
            self.queue = self.selection.indices
        else:
            self.source = one_of(
                value, [source for source in SOURCES if source != "chosen" or self.source == "chosen"]
            )

    def _selection_changed(self, _selection: Selection, _changed: frozenset[str], _source: object) -> None:
        self._stale = True
        self.redraw()

    def _close_parts(self) -> None:
        for subscription in self._told:
            subscription.cancel()
        self.pictures.close()
        if self._own is not None:
            self._own.close()


def _single(ids: Any) -> bool:
    return isinstance(ids, (int, str))
