"""The tracker: takes batches in, answers questions about them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from xai_widgets._metrics import Metric
from xai_widgets.tracking.check import Check, CheckItem, Claims
from xai_widgets.tracking.ingest.convert import Array
from xai_widgets.tracking.ingest.ingest import Intake
from xai_widgets.tracking.ingest.read_batch import read_batch
from xai_widgets.tracking.ingest.sink import run_logs
from xai_widgets.tracking.queries.base import Reading
from xai_widgets.tracking.queries.checkpoint import Saving
from xai_widgets.tracking.queries.rankings import Rankings
from xai_widgets.tracking.queries.series import Series
from xai_widgets.tracking.queries.suspects import Suspects
from xai_widgets.tracking.queries.to_frame import Frames
from xai_widgets.tracking.results import Confusion, Counts, Extremes, InstanceSeries, Label, LabelSeries
from xai_widgets.tracking.store import npz
from xai_widgets.tracking.store.batch_buffer import labelled_apart, plain_batch
from xai_widgets.tracking.store.device_buffer import gathered, off_host
from xai_widgets.tracking.store.labels import read_label_names
from xai_widgets.tracking.store.stream import Policy
from xai_widgets.tracking.tables import Table


class Tracker(Intake):
    """Keeps what every instance did in every epoch, and answers at once.

    Parameters
    ----------
    label_names
        {"airplane": 0, ...}: names, filters (other labels are not shown) and merges (a tuple of values). A list of
        names for 0, 1, 2... does as well.
    log_dir
        Folder of a run log; every batch is in it when `record` returns. None keeps the run in memory only.
    epoch_frequency
        Keep the columns of every so many epochs only; the first and the newest are always kept, and so are the label
        statistics of every epoch.
    epochs
        Planned number of epochs, for axes and progress.
    duplicates
        What becomes of an instance recorded several times in an epoch: "mean", "last" or "max".
    dtype
        "float32" or "float16": the type of the columns.

    Raises
    ------
    ValueError
        For an unknown policy, dtype or frequency.
    """

    def __init__(
        self,
        label_names: Any = None,
        log_dir: Any = None,
        epoch_frequency: int = 1,
        *,
        epochs: int | None = None,
        duplicates: str = "mean",
        dtype: str = "float32",
    ) -> None:
        self._given_names = read_label_names(label_names)
        self._claims = Claims()
        self.task: Any = None  # an `xai_widgets._task.Task` once a hook has told it
        self.output: tuple[int | str, ...] | None = (
            None  # where in what the model returns the criterion's input lies
        )
        super().__init__(Policy.of(duplicates, dtype, epoch_frequency), epochs)
        self.log_dir = None if log_dir is None else Path(log_dir)
        if self.log_dir is not None:
            self._sink = run_logs().write(self, self.log_dir)

    @classmethod
    def follow(cls, log_dir: str | os.PathLike[str], *, every: float = 0.1) -> Tracker:
        """Read a run live that another process records with `Tracker(log_dir=...)`.

        Parameters
        ----------
        log_dir
            The run's folder, here or on a network file system; it may not be there yet.
        every
            Seconds between two looks at it.

        Returns
        -------
        Tracker
            It answers as every tracker, survives the writer's death and restart, and merges all processes of the run.
            `record` is refused; `close()` ends it.
        """
        tracker: Tracker = run_logs().follow(log_dir, every)
        return tracker

    def check(self) -> Check:
        """Say what was seen of the run, and what is proved of it.

        Returns
        -------
        Check
            ``.ok``, ``.items`` (each with ``level``, ``text`` and ``remedy``), and a text to print. It is made of
            counters, so it costs some ten microseconds.
        """
        return self._claims.check()

    def add_claims(self, name: str, source: Callable[[], Iterable[CheckItem]]) -> None:
        """Have `check` ask `source` for items, too; a later one of the same name takes its place."""
        self._claims.add(name, source)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Tracker:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            When the file is something else, or not whole; its name is in the text.
        """
        if os.path.exists(path) and not os.path.isfile(path):
            raise ValueError(f"{os.fspath(path)} is no file that a tracker was saved to")
        tracker = cls()
        with open(path, "rb") as file:
            try:
                Saving(tracker).restore(npz.read(file))
            except ValueError as error:
                raise ValueError(f"{os.fspath(path)}: {error}") from error
        return tracker

    def record(
        self,
        index: Any,
        label: Any = None,
        *,
        mode: str = "train",
        ds_id: str | None = None,
        epoch: int | None = None,
        step: int | None = None,
        mask: Any = None,
        logits: Any = None,
        prediction: Any = None,
        **metrics: Any,
    ) -> None:
        """Record a batch.

        Parameters
        ----------
        index
            (B,) integers or strings that name the instances.
        label
            (B,) integers or strings, or one-hot (B, C); `NO_LABEL` (-2^63) among integers for a row without one.
        mode
            "train", "eval", "test" or "infer".
        ds_id
            Which data set, where a mode has several.
        epoch
            The epoch; by default the open one. A later one than the open ends that.
        step
            The global training step; counted along by default.
        mask
            (B, T): which places of (B, T) metrics count.
        logits
            (B, C) class scores before the softmax; not kept, but confidence, margin, EL2N, entropy, correctness and
            forgetting are made of them. They need integer labels.
        prediction
            (B,) predicted labels, where there are no logits.
        **metrics
            Arrays or tensors (B,), (B, 1) or (B, T), of any framework and device: `loss=...` first of all.

        Raises
        ------
        ValueError, TypeError
            For lengths that differ, an averaged loss, indices that are no integers or strings, an unknown mode.
            Nothing of the batch is kept then, and nothing else is lost.
        """
        batch = plain_batch(index, label, metrics) if mask is logits is prediction is None else None
        if batch is None and off_host(index, label, logits, *metrics.values()):
            rows, device = gathered(index, label, metrics, mask, logits, prediction)
            self._take_off_device(rows, device, mode, ds_id, epoch, step)
        else:
            if batch is None:
                batch = read_batch(index, label, mask, logits, prediction, metrics, self._predicted_codes)
                if self._sink is not None:  # the log takes what follows from the logits, not the logits
                    batch = batch.with_derived()
            for part in labelled_apart(batch):
                if len(part):
                    self._take_batch(part, mode, ds_id, epoch, step)
                    step = self._step  # a batch is one step
        if mode == "train" and self._safe.subscriptions:
            self.safe_point()

    # ---- questions: each is answered by a part of `queries`, which keeps nothing of its own

    @property
    def epoch_frequency(self) -> int:
        """Columns are kept of every so many epochs."""
        return Reading(self).epoch_frequency

    @property
    def modes(self) -> tuple[str, ...]:
        """Modes something was recorded in, in the order train, eval, test, infer."""
        return Reading(self).modes

    def metrics(self, mode: str | None = None, ds_id: str | None = None) -> tuple[str, ...]:
        """List the metrics recorded in a mode, or in any.

        Without ``ds_id`` they are those of the data set without a name; where each has one, those of all.
        """
        return Reading(self).metrics(mode, ds_id)

    def ds_ids(self, mode: str | None = None) -> tuple[str | None, ...]:
        """List the data sets recorded in a mode, or in any; None is the one without a name."""
        return Reading(self).ds_ids(mode)

    def metric(
        self,
        name: str,
        *,
        better: Literal["low", "high"] | None = None,
        unit: str | None = None,
        low: float | None = None,
        high: float | None = None,
    ) -> Metric:
        """Say which values of a metric are good and what its unit is; return what is known of it.

        Parameters
        ----------
        name
            Name it is recorded under.
        better
            "high" where more is better (an IoU), "low" where less is (a loss): rankings, charts, legends and figures take
            the other end for the hardest. By default as the name says: accuracies, precision, recall, F1, IoU, top-k,
            confidence, margins and the like are better high, all others low.
        unit
            Unit, "" for none. By default nats for a loss or cross-entropy.
        low, high
            Least and largest value possible.

        Raises
        ------
        ValueError, TypeError
            For another `better`, a unit that is no text, or ends in the wrong order.
        """
        return Reading(self).metric(name, better=better, unit=unit, low=low, high=high)

    @property
    def labels(self) -> tuple[Label, ...]:
        """Label values seen, sorted."""
        return Reading(self).labels

    @property
    def label_names(self) -> dict[str, Any]:
        """{name: value} as given, or made of the values seen."""
        return Reading(self).label_names

    def name_of(self, label: Any) -> str:
        """Display name of a label value."""
        return Reading(self).name_of(label)

    def indices(self, mode: str = "train", ds_id: str | None = None) -> Array:
        """Return all instances recorded in a mode: integers, or an object array where there are strings."""
        return Reading(self).indices(mode, ds_id)

    def label_of(
        self, index: Any, mode: str | None = None, ds_id: str | None = None, *, given: bool = False
    ) -> Label | None:
        """Return the label of an instance, looked for in all modes by default; None when unknown.

        Parameters
        ----------
        given
            Whether the label is meant that it was first recorded with, and not the one that it has now.
        """
        return Reading(self).label_of(index, mode, ds_id, given=given)

    def counts(self, mode: str = "train", ds_id: str | None = None) -> Counts:
        """Count what policies did to the rows of a mode."""
        return Reading(self).counts(mode, ds_id)

    @property
    def nbytes(self) -> int:
        """Bytes held by columns, labels, names, buffers and dynamics."""
        return Reading(self).nbytes

    def group(
        self, name: str, index: Any, values: Any, *, mode: str = "train", ds_id: str | None = None
    ) -> None:
        """Group instances otherwise than by label: by hospital, camera, length of text...

        Parameters
        ----------
        name
            Name of the grouping, for `label_series(..., group=name)`.
        index
            (B,) instances.
        values
            (B,) group of each, numbers or strings.
        mode, ds_id
            Whose instances they are.

        Raises
        ------
        TypeError
            For a group that is neither, None or NaN: leave out instances that have none.
        """
        Series(self).group(name, index, values, mode=mode, ds_id=ds_id)

    def label_series(
        self,
        metric: str = "loss",
        mode: str = "eval",
        *,
        ds_id: str | None = None,
        labels: Iterable[Any] | str | None = None,
        group: str | None = None,
        quantiles: Iterable[float] | None = None,
    ) -> LabelSeries:
        """Statistics of a metric per label over the epochs.

        Parameters
        ----------
        metric, mode, ds_id
            What to look at.
        labels
            Values or names of the labels wanted, in that order (a tuple of them is merged); "all" for every one. By
            default those of the tracker's `label_names`, or all, sorted.
        group
            A grouping made with `group(name, ...)`, to take the place of the label.
        quantiles
            Probabilities in [0, 1], as (0.05, 0.5, 0.95).

        Raises
        ------
        ValueError
            For an unknown mode, data set, metric or grouping, once something was recorded there.
        """
        return Series(self).label_series(
            metric, mode, ds_id=ds_id, labels=labels, group=group, quantiles=quantiles
        )

    def instance_series(
        self, indices: Any, metric: str = "loss", mode: str = "train", *, ds_id: str | None = None
    ) -> InstanceSeries:
        """Histories of chosen instances.

        Parameters
        ----------
        indices
            Any iterable, array, range or tensor of instance names.
        metric, mode, ds_id
            What to look at.
        """
        return Series(self).instance_series(indices, metric, mode, ds_id=ds_id)

    def table(self, what: str = "instances", *, mode: str | None = None) -> Table:
        """Return everything recorded as columns.

        Parameters
        ----------
        what
            "instances": a row per mode, data set, epoch and instance seen (mode, ds_id, epoch, step, index, label, and
            a column per metric). "labels": a row per mode, data set, metric, epoch and label (count, mean, std, min,
            max).
        mode
            This mode only.
        """
        return Frames(self).table(what, mode=mode)

    def tables(self, what: str = "instances", *, mode: str | None = None) -> Iterator[Table]:
        """Yield `table(what)` one mode, data set and epoch at a time."""
        return Frames(self).tables(what, mode=mode)

    def to_frame(self, what: str = "instances", kind: str | None = None, *, mode: str | None = None) -> Any:
        """Return `table(what)` as a data frame.

        Parameters
        ----------
        kind
            "numpy" (structured array), "arrow", "pandas" or "polars"; by default pandas, or numpy without it.
        """
        return Frames(self).to_frame(what, kind, mode=mode)

    def extremes(
        self,
        metric: str = "loss",
        mode: str = "train",
        *,
        ds_id: str | None = None,
        n_max: int = 5,
        n_min: int = 5,
        by: str = "mean",
        labels: Iterable[Any] | str | None = None,
        indices: Any = None,
    ) -> tuple[Extremes, Extremes]:
        """Rank the instances: the hardest and the easiest.

        Parameters
        ----------
        metric, mode, ds_id
            What to look at.
        n_max, n_min
            How many of each.
        by
            The score: "mean" (over all epochs; it survives memorisation), "last" (as FastEstimator's InstanceTracker),
            "recent" (the last five epochs), "std", "min", "max", "rank_change" (who moved most), "margin" (area under
            the margin), "confidence", "variability", "correctness", "forgetting" (those never learnt first),
            "first_learnt", "never_learnt" (those only, by their mean), "wrong" (predicted wrongly at last), "el2n",
            "entropy", "label_error" (how likely the label is wrong), "suspected",
            "suggested_probability", or one that was registered.
        labels
            Rank instances of these labels only (values or names).
        indices
            Rank these instances only.

        Returns
        -------
        tuple of Extremes
            The hardest, hardest first; the easiest, easiest first. Of a mean, last, recent, lowest or highest value and
            of a change of rank, the hardest are at the bad end of the metric (`metric`): the highest losses, the lowest
            accuracies. Of margin, confidence and correctness the lowest are the hardest; of all others the highest.

        Raises
        ------
        ValueError
            For an unknown score, or one that needs logits where none were recorded.
        """
        return Rankings(self).extremes(
            metric, mode, ds_id=ds_id, n_max=n_max, n_min=n_min, by=by, labels=labels, indices=indices
        )

    def scores(
        self, by: str = "mean", metric: str = "loss", mode: str = "train", *, ds_id: str | None = None
    ) -> Array:
        """Return one score of every instance, (N,) float64 in the order of `indices(mode)`; NaN where there is none.

        Made for those who ask after every epoch: what a score needs of the epochs that have ended is kept (4 to 18 bytes
        per instance), so that asking again costs one epoch and not the whole run.
        """
        return Rankings(self).scores(by, metric, mode, ds_id=ds_id)

    def score_names(
        self, metric: str = "loss", mode: str = "train", *, ds_id: str | None = None
    ) -> tuple[str, ...]:
        """Return the names of the scores that what was recorded allows, in the order of the table's columns."""
        return Rankings(self).score_names(metric, mode, ds_id=ds_id)

    def dynamics(
        self,
        mode: str = "train",
        *,
        metric: str = "loss",
        ds_id: str | None = None,
        columns: Iterable[str] | None = None,
    ) -> Table:
        """Table of the training dynamics: one row per instance, one column per score.

        Parameters
        ----------
        mode, ds_id, metric
            What to look at; `metric` is the loss.
        columns
            Names of the scores wanted; all there are by default.

        Returns
        -------
        Table
            index, label, and of `seen`, `mean`, `last`, `recent`, `std`, `min`, `max`, `rank_change`, `confidence`,
            `variability`, `correctness` (dataset cartography, Swayamdipta et al., 2020), `forgetting`, `never_learnt`
            (Toneva et al., 2019), `first_learnt`, `wrong` (1 where the last prediction was not the label; needs
            logits or predictions), `aum` (Pleiss et al., 2020), `el2n` (Paul et al., 2021) and `entropy` those that
            what was recorded allows; `label_error` (the probability that the label is wrong, NaN while it is too
            early to tell), `suspected` (the default decision: at least `suspected_from`), `suggested` (the class that
            is likely to be right, of suspects, None elsewhere) and `suggested_probability`. From a loss that is never
            negative, taken for a cross-entropy, confidence is exp(-loss), and correctness and forgetting are those of
            instances with more than half of the probability on their label; area under the margin, EL2N and entropy
            need logits.
        """
        return Rankings(self).dynamics(mode, metric=metric, ds_id=ds_id, columns=columns)

    def suspects(
        self,
        mode: str = "train",
        *,
        metric: str = "loss",
        ds_id: str | None = None,
        n_max: int | None = None,
    ) -> Suspects:
        """List the instances whose label is likely to be wrong, and say how many there are.

        Parameters
        ----------
        mode, ds_id, metric
            What to look at; `metric` is the loss, which decides where no predictions were recorded.
        n_max
            At most so many; all that are suspected by default.

        Returns
        -------
        Suspects
            The likeliest first, each with what its label should be; ``print(tracker.suspects().text)`` says for instance
            "about 480 ± 60 labels are wrong; 210 of them are named with 9 in 10 certainty". Where there are no labels,
            outliers of the metric are told instead.
        """
        return Rankings(self).suspects(mode, metric=metric, ds_id=ds_id, n_max=n_max)

    def predictions(
        self, indices: Any = None, mode: str = "train", *, ds_id: str | None = None
    ) -> tuple[Label | None, ...]:
        """Return the last prediction for each instance, as of the last epoch that ended.

        Parameters
        ----------
        indices
            Index values; all instances in the order of `indices(mode)` by default.

        Returns
        -------
        tuple
            A label value each, None where no prediction (``prediction=`` or ``logits=`` of `record`) is known. Kept are
            four bytes per instance.
        """
        return Rankings(self).predictions(indices, mode, ds_id=ds_id)

    def confusion(
        self, mode: str = "train", *, epoch: int | None = None, ds_id: str | None = None
    ) -> Confusion:
        """How often each label was predicted as which, in an epoch that ended.

        Parameters
        ----------
        epoch
            The last one by default.

        Raises
        ------
        ValueError
            Where neither logits nor predictions were recorded, or the epoch is not there.
        """
        return Rankings(self).confusion(mode, epoch=epoch, ds_id=ds_id)

    def confusion_drift(self, mode: str = "train", *, ds_id: str | None = None) -> tuple[Array, Array]:
        """By how much the predictions of each label changed from one epoch to the next.

        Returns
        -------
        tuple of arrays
            (T,) epochs; (L, T) total variation distance in [0, 1] between the row of a label and that of the epoch
            before, labels as in `confusion`; NaN in the first column.
        """
        return Rankings(self).confusion_drift(mode, ds_id=ds_id)

    def add_source(self, bring_in: Callable[[], object]) -> None:
        """Have `state_dict` and `save` call this method first, as long as its object lives.

        For hooks that hold rows back for a moment: a checkpoint must not miss them.
        """
        Saving(self).add_source(bring_in)

    def state_dict(self) -> dict[str, Any]:
        """Return everything a resumed run needs to continue, for a checkpoint.

        Returns
        -------
        dict
            Plain values and one block of bytes (a uint8 tensor where torch is loaded), which
            `torch.load(weights_only=True)` accepts. Columns come with it: 4 bytes per observation.
        """
        return Saving(self).state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave; what was recorded here before is dropped.

        Raises
        ------
        ValueError
            When the state is of something else, or of a newer version.
        """
        Saving(self).load_state_dict(state)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything into one file (a zip of .npy files); an older one is replaced at once or not at all."""
        Saving(self).save(path)

    def about(self) -> dict[str, Any]:
        """Return what a reader of this run should know beside its rows."""
        return Saving(self).about()
