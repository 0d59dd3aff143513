"""The one door in: from almost any data set to Samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xai_widgets.samples._index import Positions
from xai_widgets.samples._readers import is_subset
from xai_widgets.samples._samples import Samples
from xai_widgets.samples.registry import Asked, reader_for


def as_samples(
    data: Any,
    *,
    labels: Any = None,
    index: Any = None,
    layout: str | Sequence[str | None] | None = None,
    mean: Any = None,
    std: Any = None,
    label_names: Any = None,
    display: Callable[[Any], Any] | None = None,
    to_input: Callable[[Any], Any] | None = None,
    column: Any = None,
    reader: str | None = None,
    kind: str | None = None,
) -> Samples:
    """Read inputs, labels and pictures by index from almost any data set.

    Nothing is copied and nothing is read but the first sample; no random stream of Python, numpy or a framework is moved by
    reading (see ``Samples.draws_random``).

    Parameters
    ----------
    data : object
        An array or tensor (N, ...); ``(x, y)`` or ``(x, y, index)`` of such; a torch map-style data set, also wrapped
        in ``hooks.torch.Indexed``; a Hugging Face data set; a tf.data.Dataset that is not shuffled (or yields
        ``(x, y, index)``); a dict of columns or of ``{index: sample}``; a list of inputs or of ``(x, y)``, where an
        input may be the path of a picture; a function ``index -> x`` or ``(x, y)``. Samples given already are
        returned as they are, if nothing else is given.
    labels : sequence, dict, function or str, optional
        The label of each sample, in the order of ``data``; for a function also ``{index: label}`` or
        ``index -> label``; a string names the column.
    index : sequence of int or str, or str, optional
        The index value of each sample; a string names the column. By default what the data set itself knows, else
        the position; in a torch Subset that in what it is a part of.
    layout : {"NCHW", "NHWC", "NHW", "none"}, or several of them, optional
        How the inputs lie in memory; by default told from the first sample. "none" says that they are no pictures. For
        several inputs a name for each, as ``("NCHW", "none")``; one alone is that of the first input that it fits. The first
        that is a picture is drawn. Inputs of whole numbers (ids, masks, lengths) beside others are passed to the model as
        they are, and not explained.
    mean, std : float or sequence of float, optional
        The normalisation, per channel, on pixels in [0, 1]. Inputs of eight bits get it; inputs of floats are taken to
        have it. It is undone for pictures.
    label_names : list, {name: value} or {value: name}, optional
        By default from ``data.classes``, ``class_to_idx`` or a ClassLabel feature.
    display : function, optional
        From a raw sample's input to a picture, where the general rule does not do.
    to_input : function, optional
        From a raw sample's input to what the model eats (a transform), for one sample.
    column : str or tuple of str, optional
        The column, or columns, of the input where samples are dicts.
    reader : str, optional
        Name of the reader to use, of those in ``samples.registry`` or registered by ``samples.register``; by default
        the one that fits.
    kind : str, optional
        What an input is, of those in ``samples.kinds`` or registered by ``samples.kinds.register``: "picture", "table",
        "signal", "text" (token ids), ...; by default the one that fits the first sample.

    Returns
    -------
    Samples

    Raises
    ------
    TypeError
        If samples cannot be read from ``data``.
    ValueError
        If the layout cannot be told, the reader or kind is unknown, lengths differ, or an index value stands twice.

    Examples
    --------
    >>> import numpy as np
    >>> samples = as_samples((np.zeros((4, 8, 8), np.float32), [0, 1, 1, 0]), index=["a", "b", "c", "d"])
    >>> samples.batch(["c", "a"]).labels
    array([1, 0])
    """
    if isinstance(data, Samples):
        given = {
            "labels": labels,
            "index": index,
            "layout": layout,
            "mean": mean,
            "std": std,
            "display": display,
        }
        given |= {"label_names": label_names, "to_input": to_input, "column": column, "reader": reader}
        given |= {"kind": kind}
        extra = [name for name, value in given.items() if value is not None]
        if extra:
            raise TypeError(
                f"{', '.join(extra)} cannot be changed on Samples; give them where the Samples are made"
            )
        return data
    for name, function in (("display", display), ("to_input", to_input)):
        if function is not None and not callable(function):
            raise TypeError(f"{name} should be a function of one sample, got {type(function).__name__}")
    names = (labels if isinstance(labels, str) else None, index if isinstance(index, str) else None)
    source = reader_for(data, reader).open(data, Asked(column, *names, index))
    values = source.index_values if index is None or isinstance(index, str) else index
    repeats = index is None and is_subset(data)
    positions = None if source.count is None else Positions(source.count, values, repeats=repeats)
    _check_labels(labels, source.count)
    return Samples(
        source,
        positions,
        labels=None if isinstance(labels, str) else labels,
        layout=layout,
        mean=mean,
        std=std,
        label_names=label_names,
        display=display,
        to_input=to_input,
        kind=kind,
    )


def _check_labels(labels: Any, count: int | None) -> None:
    if labels is None or isinstance(labels, str | Mapping) or callable(labels):
        return
    if count is None:
        raise TypeError("labels for a function should be {index: label} or a function index -> label")
    if len(labels) != count:
        raise ValueError(f"{len(labels):,} labels for {count:,} samples; give one per sample")
