"""Rules: groups of instances of a class whose masks lie in the same place, and how suspicious that is.

Masks of a class are grouped by k-means over the principal components of two descriptions: where the mask is (its square root,
in which Euclidean distance is Hellinger's), and its shape wherever it is (the magnitude of its Fourier transform, which does not
change when the mask moves). The number of groups is that of the largest silhouette (Rousseeuw, 1987); those that look at the
same region are one rule. Grouping masks to find what a network cheats with is spectral relevance analysis (Lapuschkin et al.,
Nature Communications 10, 2019).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from xai_widgets.explain.objects import share_outside
from xai_widgets.explain.regions import at_the_edge, place_of, regions_of

FEWEST = 20
"""Instances that a class, and half of it a group, must have before a rule is read out of them."""
MOST_FITTED = 4000
"""Masks of a class that the groups are fitted on; the others are put to the nearest one."""
GROUPS = range(2, 7)
SUSPICIOUS = 0.1
"""From this suspicion on a rule is called suspicious; rules of networks that were led into nothing stay under it."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Effect:
    """What covering a rule's region did.

    Attributes
    ----------
    drop
        By how much the share of its instances that are taken for the class fell: 1 where none is any more.
    error
        Its standard error, of one more instance on either side, so that none or all of a few is no certainty.
    count
        Instances covered.
    """

    drop: float
    error: float
    count: int


@dataclass(frozen=True)
class Transfer:
    """What a rule's region did in pictures of other classes.

    Attributes
    ----------
    share
        Share of pictures that were taken for other classes, and for the rule's once its region was put into them.
    error
        Its standard error, as of `Effect`.
    count
        Pictures it was put into.
    """

    share: float
    error: float
    count: int


@dataclass(frozen=True)
class Cluster:
    """What a network looks at as a rule, in some instances that it takes for one class.

    Attributes
    ----------
    label
        The predicted class.
    index
        (M,) the instances, the most typical first.
    mask
        (h, w) the mean mask of its instances: shares of the absolute attribution, the sum is 1.
    region, region_name
        (h, w) bool: the part of the grid that its masks share and those of other classes do not; its name.
    inside, outside
        Share of the absolute attribution that lies in the region: mean over its instances, and over those of other classes.
    errors
        Share of its instances whose label is another; NaN without labels.
    suspicion
        In [0, 1]. High where all masks lie in one small place, at the edge of the picture or, where objects are given, outside
        them, and that place changes predictions: when it is covered, or when it is put into pictures of other classes. A number
        for sorting, no probability; a network may look at such a place for good reasons.
    why
        The reason, in words.
    beside
        Share of the attribution in the region that lies outside the objects that were given; NaN without them.
    effect
        What covering the region did; None where it was not measured.
    transfer
        What the region did in pictures of other classes; None where it was not measured.
    membership
        {index: share of its mask in the region} of all instances taken for the class.
    """

    label: int
    index: npt.NDArray[Any]
    mask: Floats
    region: npt.NDArray[np.bool_]
    region_name: str
    inside: float
    outside: float
    errors: float
    suspicion: float
    why: str
    effect: Effect | None = None
    transfer: Transfer | None = None
    beside: float = float("nan")
    membership: Mapping[Any, float] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def place(self) -> str:
        """Where the region lies, in words."""
        return place_of(self.region)

    @property
    def typical(self) -> npt.NDArray[Any]:
        """The instances with most of their mask in the region."""
        return self.index[:9]

    @property
    def extreme(self) -> npt.NDArray[Any]:
        """The instances with least of their mask in the region."""
        return self.index[::-1][:9]


Measured: TypeAlias = tuple[Effect, Transfer | None]


def find_clusters(
    index: npt.NDArray[Any],
    label: npt.NDArray[Any],
    prediction: npt.NDArray[Any],
    masks: npt.NDArray[Any],
    effects: Mapping[tuple[int, str], Measured],
    objects: Mapping[Any, Floats],
) -> tuple[Cluster, ...]:
    """Find the rules of every predicted class, the most suspicious first.

    Parameters
    ----------
    index, label, prediction
        (N,) instances, their labels (-1 where unknown) and predicted classes.
    masks
        (N, h, w) signed masks.
    effects
        What was measured, by class and name of the region.
    objects
        Where the objects are, as `xai_widgets.explain.objects.on_grid` gives it, of the instances that it is known of.
    """
    # a mask of zeros, as of a black picture, says nothing of places
    said = np.abs(masks).max((1, 2), initial=0) > 0
    index, label, prediction, masks = index[said], label[said], prediction[said], masks[said]
    if not len(masks):
        return ()
    shares = _shares(masks)
    regions = regions_of(*masks.shape[1:])
    inside = shares @ np.stack([region.ravel() for region in regions.values()], 1).astype(np.float64)
    found: list[Cluster] = []
    for value in np.unique(prediction[prediction >= 0]):
        members = np.flatnonzero(prediction == value)
        others = np.flatnonzero(prediction != value)
        if len(members) < FEWEST or len(others) < FEWEST:
            continue
        usual = inside[others].mean(0)
        sharing: dict[int, list[npt.NDArray[np.int64]]] = {}
        for group in _groups(shares[members], masks.shape[1:]):
            best = int(np.argmax(_divergence(inside[members[group]].mean(0), usual)))
            sharing.setdefault(best, []).append(members[group])
        for best, groups in sharing.items():
            name = list(regions)[best]
            found.append(
                _cluster(
                    int(value),
                    members,
                    np.concatenate(groups),
                    name,
                    regions[name],
                    inside[:, best],
                    usual[best],
                    shares,
                    index,
                    label,
                    effects,
                    objects,
                )
            )
    return tuple(sorted(found, key=lambda cluster: -cluster.suspicion))


def _cluster(
    value: int,
    members: npt.NDArray[np.int64],
    here: npt.NDArray[np.int64],
    name: str,
    region: npt.NDArray[np.bool_],
    share: Floats,
    usual: float,
    shares: Floats,
    index: npt.NDArray[Any],
    label: npt.NDArray[Any],
    effects: Mapping[tuple[int, str], Measured],
    objects: Mapping[Any, Floats],
) -> Cluster:
    chosen = _sharpened(members, here, share)
    chosen = chosen[np.argsort(-share[chosen], kind="stable")]
    known = chosen[label[chosen] >= 0]
    effect, transfer = effects.get((value, name), (None, None))
    mean = float(share[chosen].mean())
    beside, count = share_outside(index[chosen], shares[chosen], region, objects)
    beside = beside if count >= FEWEST // 2 else float("nan")
    odd = float(at_the_edge(region)) / 2 + 0.5 if np.isnan(beside) else beside
    return Cluster(
        label=value,
        index=index[chosen],
        mask=shares[chosen].mean(0).reshape(region.shape),
        region=region,
        region_name=name,
        inside=mean,
        outside=float(usual),
        errors=float((label[known] != value).mean()) if len(known) else float("nan"),
        suspicion=suspicion_of(mean, float(usual), odd, effect, transfer),
        why=_why(mean, float(usual), len(chosen), region, beside, effect, transfer),
        effect=effect,
        transfer=transfer,
        beside=beside,
        membership=dict(zip(index[members].tolist(), share[members].tolist(), strict=True)),
    )


def check_installed() -> None:
    """Refuse where scikit-learn is missing."""
    if importlib.util.find_spec("sklearn") is None:
        raise ImportError("finding clusters needs scikit-learn: pip install 'xai-widgets[explain]'")


def suspicion_of(
    inside: float, outside: float, odd: float, effect: Effect | None, transfer: Transfer | None = None
) -> float:
    """Return how suspicious a rule is, in [0, 1].

    Parameters
    ----------
    inside, outside
        Share of the attribution in the rule's region: of its instances, and of those of other classes.
    odd
        How little people would look there, in [0, 1]: the share outside the objects where they are known; else 1 at the edge of
        the picture, where things to be recognised seldom are, and half elsewhere.
    effect, transfer
        What covering the region does, and what it does in other classes; the larger counts, as a network may well know by heart
        what else is in the pictures that it learnt the shortcut from. Without the first, half is taken.
    """
    place = 1 - float(np.exp(-_divergence(np.array([inside]), np.array([outside]))[0]))
    drop = 0.5 if effect is None else min(1.0, max(0.0, effect.drop))
    moved = max(drop, 0.0 if transfer is None else transfer.share)
    return place * odd * moved


def _why(
    inside: float,
    outside: float,
    count: int,
    region: npt.NDArray[np.bool_],
    beside: float,
    effect: Effect | None,
    transfer: Transfer | None,
) -> str:
    said = (
        f"in {count} instances {inside:.0%} of the attribution lies {place_of(region)}, on {region.mean():.1%} of the picture "
        f"(in other classes {outside:.0%})"
    )
    if not np.isnan(beside):
        said += f"; {beside:.0%} of that lies outside the objects"
    if effect is not None:
        said += f"; covered, {effect.drop:.0%} ± {effect.error:.0%} are no longer taken for this class"
    if transfer is not None:
        said += f"; put into pictures of other classes, {transfer.share:.0%} ± {transfer.error:.0%} are taken for it"
    return said


def _shares(masks: npt.NDArray[Any]) -> Floats:
    flat = np.abs(np.asarray(masks, np.float64)).reshape(len(masks), -1)
    return np.asarray(flat / flat.sum(1, keepdims=True))


def _divergence(inside: Floats, outside: Floats) -> Floats:
    """Kullback-Leibler divergence of two shares, 0 where the first is the smaller."""
    a, b = np.clip(inside, 1e-9, 1 - 1e-9), np.clip(outside, 1e-9, 1 - 1e-9)
    return np.where(a > b, a * np.log(a / b) + (1 - a) * np.log((1 - a) / (1 - b)), 0.0)


def _groups(shares: Floats, grid: tuple[int, ...]) -> list[npt.NDArray[np.int64]]:
    """Group masks; places among those given, at least half of `FEWEST` in each group."""
    check_installed()
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    features = _features(shares, grid)
    fitted = features[
        np.unique(np.linspace(0, len(features) - 1, min(len(features), MOST_FITTED)).astype(np.int64))
    ]
    best, chosen = -1.0, None
    for count in GROUPS:
        model = KMeans(count, n_init=3, random_state=0).fit(fitted)
        score = silhouette_score(fitted, model.labels_, sample_size=min(len(fitted), 1000), random_state=0)
        if score > best:
            best, chosen = score, model
    assigned = np.zeros(len(features), np.int64) if chosen is None else chosen.predict(features)
    groups = [np.flatnonzero(assigned == number) for number in range(int(assigned.max()) + 1)]
    return [group for group in groups if len(group) >= FEWEST // 2]


def _features(shares: Floats, grid: tuple[int, ...]) -> Floats:
    from sklearn.decomposition import PCA

    where = np.sqrt(shares)
    shape = np.abs(np.fft.rfft2(where.reshape(-1, *grid))).reshape(len(where), -1)
    shape /= np.linalg.norm(shape, axis=1, keepdims=True) + 1e-12
    parts = [
        PCA(min(most, *values.shape), random_state=0).fit_transform(values)
        for values, most in ((where, 16), (shape, 8))
    ]
    return np.concatenate(parts, 1)


def _sharpened(
    members: npt.NDArray[np.int64], here: npt.NDArray[np.int64], share: Floats
) -> npt.NDArray[np.int64]:
    """Divide the shares of a class best in two (Otsu, 1979), and take the upper part where it is about the group."""
    ordered = np.sort(share[members])
    below = np.arange(1, len(ordered))
    low = np.cumsum(ordered)[:-1] / below
    high = (ordered.sum() - np.cumsum(ordered)[:-1]) / (len(ordered) - below)
    cut = int(np.argmax(below * (len(ordered) - below) * (high - low) ** 2))
    chosen = members[share[members] > (ordered[cut] + ordered[cut + 1]) / 2]
    both = len(np.intersect1d(chosen, here))
    return chosen if both >= 0.5 * len(np.union1d(chosen, here)) else here
