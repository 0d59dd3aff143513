"""`Explained`: what `explain` wrote, read from any process, also while it is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.explain.clusters import Cluster, Effect, Measured, Transfer, find_clusters
from xai_widgets.explain.masks import restore
from xai_widgets.explain.objects import on_grid
from xai_widgets.explain.records import COLUMNS, Index, Rows, StoreFile, files_of


class Explained:
    """A data set explained: for each instance its prediction, its score, its mask, and how exact that is.

    Made by `explain` or `Explained.open`. Every question includes what has been written a moment ago.

    Parameters
    ----------
    folder
        The folder that `explain` wrote to.

    Attributes
    ----------
    folder : pathlib.Path
        The folder.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._files: dict[Path, StoreFile] = {}
        self._table: dict[str, npt.NDArray[Any]] = {}
        self._clusters: dict[Any, tuple[Cluster, ...]] = {}
        self._other_grids = 0
        self.poll()

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Explained:
        """Open a store.

        Raises
        ------
        FileNotFoundError
            When there is none in the folder.
        """
        if not files_of(Path(folder)):
            raise FileNotFoundError(
                f"no explanations in {os.fspath(folder)!r}; they are written by xai_widgets.explain(..., out=)"
            )
        return cls(folder)

    def poll(self) -> bool:
        """Read what has been written since; True where there was something."""
        for path in files_of(self.folder):
            self._files.setdefault(path, StoreFile(path))
        news = [file.poll() for file in self._files.values()]
        if any(news) or not self._table:
            rows = [rows for file in self._files.values() for rows in file.rows]
            # no two sizes of masks can be one array
            fitting = [each for each in rows if each.codes.shape[1:] == rows[0].codes.shape[1:]]
            self._other_grids = sum(len(each.index) for each in rows) - sum(
                len(each.index) for each in fitting
            )
            self._table = _joined(fitting)
            self._clusters.clear()
        return any(news)

    @property
    def about(self) -> dict[str, Any]:
        """Which weights, method and settings; empty while nothing is written."""
        return next((dict(file.about) for file in self._files.values() if file.about), {})

    @property
    def engine_options(self) -> dict[str, Any]:
        """What an `AttributionEngine` of the same model needs to explain the same output."""
        settings = self.about.get("settings", {})
        found = {name: settings[name] for name in ("task", "output") if name in settings}
        return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}

    @property
    def problems(self) -> tuple[str, ...]:
        """Files that cannot be read to their end, and explanations of several models or sizes of masks in one store."""
        told = [file.problem for file in self._files.values() if file.problem is not None]
        weights = {file.about.get("weights") for file in self._files.values() if file.about}
        if len(weights) > 1:
            told.append(
                f"the store holds explanations of {len(weights)} models with other weights each; where a function makes one, "
                "it should load its weights"
            )
        if self._other_grids:
            told.append(
                f"{self._other_grids:,} instances have masks of another size than the first, and are left out: to_input=... of "
                "as_samples brings pictures to one size"
            )
        return tuple(told)

    @property
    def failed(self) -> dict[Index, str]:
        """Instances that could not be explained, each with the reason; those explained since are left out."""
        self.poll()
        said: dict[Index, str] = {}
        for file in self._files.values():
            said.update(file.failed)
        known = set(self._table["index"].tolist())
        return {index: why for index, why in said.items() if index not in known}

    def __len__(self) -> int:
        self.poll()
        return len(self._table["index"])

    def __repr__(self) -> str:
        return f"<Explained {len(self):,} instances by {self.about.get('method', 'nothing yet')} in {os.fspath(self.folder)!r}>"

    @property
    def index(self) -> npt.NDArray[Any]:
        """(N,) the instances: int64, or an object array where there are strings."""
        return self._column("index")

    @property
    def label(self) -> npt.NDArray[np.int32]:
        """(N,) labels, -1 where unknown."""
        return self._column("label")

    @property
    def prediction(self) -> npt.NDArray[np.int32]:
        """(N,) the predicted class, -1 where the output is no number per class."""
        return self._column("prediction")

    @property
    def probability(self) -> npt.NDArray[np.float32]:
        """(N,) the probability of the predicted class, NaN where unknown."""
        return self._column("probability")

    @property
    def score(self) -> npt.NDArray[np.float32]:
        """(N,) the explained output."""
        return self._column("score")

    @property
    def masks(self) -> npt.NDArray[np.float32]:
        """(N, h, w) attributions summed over channels and averaged over the cells of a grid, at most 16 x 16, signed."""
        return restore(self._column("codes"), self._column("scale"))

    @property
    def grid(self) -> tuple[int, int]:
        """Sides of the masks, (h, w); (1, 1) while there are none."""
        high, wide = self._column("codes").shape[1:]
        return int(high), int(wide)

    def name_of(self, label: int) -> str:
        """Return the name of a class."""
        return str(self.about.get("label_names", {}).get(str(int(label)), int(label)))

    def to_frame(self) -> Any:
        """Return a pandas data frame: a row for each instance, without the masks.

        Columns are index, label, prediction, probability, score, error (the standard error relative to the attribution) and gap
        (how far its sum is from the difference of outputs it should be).
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError("to_frame needs pandas; .index, .prediction and others are arrays") from error
        return pandas.DataFrame(self.table())

    def table(self) -> dict[str, npt.NDArray[Any]]:
        """Return the columns of `to_frame` as arrays, (N,) each."""
        self.poll()
        return {name: self._table[name] for name in ("index", *(name for name, _ in COLUMNS))}

    def clusters(
        self, label: int | str | None = None, *, objects: Mapping[Any, Any] | None = None
    ) -> tuple[Cluster, ...]:
        """Return what the network looks at as a rule, the most suspicious rules first.

        The masks of each predicted class are grouped (spectral relevance analysis, Lapuschkin et al., 2019, here by k-means over
        the masks and the magnitudes of their Fourier transforms), and for each group the region is found that its masks share
        and the masks of other classes do not.

        Parameters
        ----------
        label
            Only the rules for this class, by value or name.
        objects
            Where people would look, of each instance that it is known of: a box, (top, left, bottom, right) in shares of the
            picture's sides, or a mask (H, W). A region outside them is suspicious then, and one on them is not; without, the
            edge of the picture stands for it.

        Raises
        ------
        ValueError
            For a class that was never predicted, and objects that are neither.
        ImportError
            Without scikit-learn.
        """
        self.poll()
        found = self._rules(objects)
        if label is None:
            return found
        wanted = [c for c in found if label in (c.label, self.name_of(c.label))]
        if not wanted and not np.isin(self.prediction, self._values_of(label)).any():
            known = ", ".join(self.name_of(value) for value in np.unique(self.prediction))
            raise ValueError(f"class {label!r} was never predicted; there are {known}")
        return tuple(wanted)

    def _rules(self, objects: Mapping[Any, Any] | None) -> tuple[Cluster, ...]:
        if objects is None and "all" in self._clusters:
            return self._clusters["all"]
        known = set(self.index.tolist())
        places = {name: on_grid(given, self.grid) for name, given in (objects or {}).items() if name in known}
        found = find_clusters(self.index, self.label, self.prediction, self.masks, self._effects(), places)
        if objects is None:
            self._clusters["all"] = found
        return found

    def _values_of(self, label: int | str) -> list[int]:
        named = [int(value) for value, name in self.about.get("label_names", {}).items() if name == label]
        return [*named, *([label] if isinstance(label, int) else [])]

    def _effects(self) -> dict[tuple[int, str], Measured]:
        found: dict[tuple[int, str], Measured] = {}
        for file in self._files.values():
            for value in file.effects:
                effect = Effect(float(value["drop"]), float(value["error"]), int(value["count"]))
                said = value.get("transfer")  # missing in stores of before it was measured
                transfer = (
                    None
                    if said is None
                    else Transfer(float(said["share"]), float(said["error"]), int(said["count"]))
                )
                found[int(value["label"]), str(value["region"])] = effect, transfer
        return found

    def _column(self, name: str) -> npt.NDArray[Any]:
        self.poll()
        return self._table[name]


def _joined(parts: list[Rows]) -> dict[str, npt.NDArray[Any]]:
    """Join the rows of all files; of an instance explained twice the first counts. Sorted by instance."""
    first: dict[Index, int] = {}
    for place, name in enumerate(name for rows in parts for name in rows.index):
        first.setdefault(name, place)
    numbers = sorted(name for name in first if isinstance(name, int))
    ordered: list[Index] = [*numbers, *sorted(name for name in first if isinstance(name, str))]
    places = np.array([first[name] for name in ordered], np.int64)
    index = np.empty(len(ordered), object if any(isinstance(name, str) for name in ordered) else np.int64)
    index[:] = ordered
    empty = np.zeros((0, 1, 1), "<i2")
    joined: dict[str, npt.NDArray[Any]] = {"index": index}
    for column, kind in COLUMNS:
        joined[column] = np.concatenate([rows.columns[column] for rows in parts] or [np.zeros(0, kind)])[
            places
        ]
    joined["scale"] = np.concatenate([rows.scale for rows in parts] or [np.zeros(0, "<f4")])[places]
    joined["codes"] = np.concatenate([rows.codes for rows in parts] or [empty])[places]
    return joined
