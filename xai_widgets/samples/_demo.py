"""Real images for the tutorials: scikit-learn's scanned digits (no network) and ciFAIR-10 (downloaded, with a checksum)."""

from __future__ import annotations

import os
import pickletools
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

CIFAIR_URL = "https://github.com/cvjena/cifair/releases/download/v1.0/ciFAIR-10.zip"
CIFAIR_MD5 = "md5:ca08fd390f0839693d3fc45c4e49585f"
CIFAIR_PLACE = "XAI_WIDGETS_CIFAIR10"  # environment variable: where the data are already
CIFAR_MEAN, CIFAR_STD = (0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616)
CIFAR_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
DIGIT_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

Parts: TypeAlias = tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]
"""Training images and labels, then those held out."""


@dataclass(frozen=True)
class DemoData:
    """A small classification data set of real images.

    Attributes
    ----------
    name : str
        ``"digits"`` or ``"cifair10"``.
    x_train, x_eval : numpy.ndarray
        Images, float32 in [0, 1], shape ``(N, H, W, C)``.
    y_train, y_eval : numpy.ndarray
        Labels as a network is trained on them, int64, shape ``(N,)``.
    label_names : dict of str to int
        Name of each label.
    planted : numpy.ndarray
        Positions of the training images that were given a wrong label on purpose, int64, sorted.
    mean, std : numpy.ndarray
        Per channel, over the training images, float32, shape ``(C,)``: networks are given ``(x - mean) / std``.
    """

    name: str
    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_eval: NDArray[np.float32]
    y_eval: NDArray[np.int64]
    label_names: dict[str, int]
    planted: NDArray[np.int64]
    mean: NDArray[np.float32]
    std: NDArray[np.float32]


def demo_data(
    name: str = "digits",
    *,
    wrong_labels: float = 0.0,
    seed: int = 0,
    limit: int | None = None,
    size: int | None = None,
    source: str | os.PathLike[str] | None = None,
    fallback: str | None = None,
) -> DemoData:
    """Load a demonstration data set, with wrong labels planted in it where asked for.

    Parameters
    ----------
    name : {"digits", "cifair10"}, default "digits"
        The 1,797 scanned digits of 8x8 pixels inside scikit-learn, or ciFAIR-10: the 50,000 training images of CIFAR-10 and
        10,000 test images without near-duplicates (168 MB, kept in the user's cache).
    wrong_labels : float, default 0.0
        Share of training images that get a wrong label, in [0, 1).
    seed : int, default 0
        Seed of the split of the digits and of the planted labels; no global random stream is used.
    limit : int, optional
        Only the first so many training and evaluation images.
    size : int, optional
        Enlarge the images to so many pixels a side by repeating pixels, for networks that need more than the eight of the
        digits; a multiple of the side they have.
    source : path, optional
        Where ciFAIR-10 is already: its archive, or a folder with a ``*train*.npz`` and a ``*test*.npz``, each with ``x``
        uint8 (N, 32, 32, 3) and ``y`` (N,). By default what the environment variable ``XAI_WIDGETS_CIFAIR10`` names,
        else the user's cache, filled by a download.
    fallback : {"digits"}, optional
        What to load instead, with a warning, where ciFAIR-10 cannot be downloaded.

    Returns
    -------
    DemoData

    Raises
    ------
    ValueError
        Unknown name or fallback, a share outside [0, 1), or a size that the images cannot be enlarged to.
    FileNotFoundError
        There is no such ``source``.
    ImportError
        scikit-learn or pooch is not installed; the message names the command.
    ConnectionError
        ciFAIR-10 is not there and cannot be downloaded.

    References
    ----------
    Barz and Denzler, *Do We Train on Test Data? Purging CIFAR of Near-Duplicates*, 2020.
    """
    if not 0 <= wrong_labels < 1:
        raise ValueError(f"wrong_labels is a share in [0, 1), for example 0.04; got {wrong_labels!r}")
    if name not in ("digits", "cifair10"):
        raise ValueError(f'name must be "digits" or "cifair10"; got {name!r}')
    if fallback not in (None, "digits"):
        raise ValueError(f'fallback must be "digits" or None; got {fallback!r}')
    name, (x_train, y_train, x_eval, y_eval) = _loaded(name, seed, source, fallback)
    usual = (x_train.mean((0, 1, 2)), x_train.std((0, 1, 2))) if name == "digits" else (CIFAR_MEAN, CIFAR_STD)
    mean, std = (np.asarray(values, np.float32) for values in usual)
    names = DIGIT_NAMES if name == "digits" else CIFAR_NAMES
    y_train, planted = _plant(y_train[:limit], wrong_labels, len(names), seed)
    return DemoData(
        name=name,
        x_train=_enlarged(x_train[:limit], size),
        y_train=y_train,
        x_eval=_enlarged(x_eval[:limit], size),
        y_eval=y_eval[:limit],
        label_names={label: i for i, label in enumerate(names)},
        planted=planted,
        mean=mean,
        std=std,
    )


def _loaded(
    name: str, seed: int, source: str | os.PathLike[str] | None, fallback: str | None
) -> tuple[str, Parts]:
    """Load a data set, or the digits in its stead; returns the name of what was loaded."""
    if name == "cifair10":
        try:
            return name, _cifair10(source)
        except ConnectionError as error:
            if fallback is None:
                raise
            warnings.warn(f"{error} These are the digits.", stacklevel=3)
    return "digits", _digits(seed)


def _enlarged(x: NDArray[np.float32], size: int | None) -> NDArray[np.float32]:
    """Repeat pixels until the images have `size` of them a side."""
    side = x.shape[1]
    if size is None or size == side:
        return x
    if size < side or size % side:
        raise ValueError(
            f"the images have {side} pixels a side; size must be a multiple of that, got {size!r}"
        )
    return x.repeat(size // side, axis=1).repeat(size // side, axis=2)


def _plant(
    y: NDArray[np.int64], share: float, labels: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give a share of the images another label, chosen uniformly among the wrong ones."""
    stream = np.random.default_rng([seed, 1])
    planted = np.sort(stream.choice(len(y), size=round(share * len(y)), replace=False)).astype(np.int64)
    noisy = y.copy()
    noisy[planted] = (y[planted] + stream.integers(1, labels, size=len(planted))) % labels
    return noisy, planted


def _digits(seed: int) -> Parts:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError("the scanned digits come with scikit-learn: pip install scikit-learn") from error
    stored = load_digits()
    x = (stored.images / 16).astype(np.float32)[..., None]
    y = stored.target.astype(np.int64)
    order = np.random.default_rng([seed, 0]).permutation(len(x))
    train, held_out = order[:1400], order[1400:]
    return x[train], y[train], x[held_out], y[held_out]


def _cifair10(source: str | os.PathLike[str] | None) -> Parts:
    source = source or os.environ.get(CIFAIR_PLACE)
    if source:
        path = Path(source)
        if not path.exists():
            raise FileNotFoundError(
                f"{path} does not exist; expected ciFAIR-10.zip, or a folder of .npz files"
            )
        return _read_npz_folder(path) if path.is_dir() else read_cifair10(path)
    try:
        import pooch
    except ImportError as error:
        raise ImportError('ciFAIR-10 is downloaded with pooch: pip install "xai-widgets[data]"') from error
    try:
        path = pooch.retrieve(CIFAIR_URL, CIFAIR_MD5, path=pooch.os_cache("xai_widgets"), progressbar=False)
    except OSError as error:  # requests' errors are OSErrors
        raise ConnectionError(
            f"ciFAIR-10 could not be downloaded from {CIFAIR_URL} ({type(error).__name__}). Check the network, put it there "
            f'yourself ({pooch.os_cache("xai_widgets")}), or use demo_data("digits"), which needs no network.'
        ) from error
    return read_cifair10(Path(path))


def _read_npz_folder(folder: Path) -> Parts:
    found = [sorted(folder.glob(pattern)) for pattern in ("*train*.npz", "*test*.npz")]
    if [len(paths) for paths in found] != [1, 1]:
        raise FileNotFoundError(
            f"{folder} has {len(found[0])} *train*.npz and {len(found[1])} *test*.npz; expected one of each, with x and y"
        )
    with np.load(found[0][0]) as train, np.load(found[1][0]) as test:
        pixels, labels = [train["x"], test["x"]], [train["y"], test["y"]]
    x_train, x_eval = (x.astype(np.float32) / np.float32(255) for x in pixels)
    y_train, y_eval = (y.astype(np.int64) for y in labels)
    return x_train, y_train, x_eval, y_eval


def read_cifair10(path: Path) -> Parts:
    """Read the archive of ciFAIR-10: training images and labels, then test images and labels."""
    with zipfile.ZipFile(path) as archive:
        parts = [read_cifar_batch(archive.read(f"ciFAIR-10/data_batch_{i}")) for i in range(1, 6)]
        x_eval, y_eval = read_cifar_batch(archive.read("ciFAIR-10/test_batch"))
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts]), x_eval, y_eval


def read_cifar_batch(stored: bytes) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Images and labels of one file in CIFAR's Python format, without unpickling it.

    The file is a pickle. Its tokens are read as data with ``pickletools``, which builds and runs nothing.

    Returns
    -------
    tuple of numpy.ndarray
        ``(N, 32, 32, 3)`` float32 in [0, 1] and ``(N,)`` int64.
    """
    pixels, labels, key = b"", list[int](), ""
    for opcode, argument, _ in pickletools.genops(stored):
        if isinstance(argument, (str, bytes)) and opcode.name not in ("GLOBAL",):
            raw = argument.encode("latin-1", "replace") if isinstance(argument, str) else argument
            if len(raw) > len(pixels) and len(raw) >= 3072:
                pixels = raw
            elif len(raw) < 64:
                key = raw.decode("latin-1")
        elif key == "labels" and opcode.name in ("BININT", "BININT1", "BININT2", "INT", "LONG1"):
            labels.append(int(str(argument)))
    images = np.frombuffer(pixels, np.uint8)
    if not labels or images.size != len(labels) * 3072:
        raise ValueError(f"not a CIFAR-10 batch: found {images.size} pixel values and {len(labels)} labels")
    x = images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(x, dtype=np.float32) / np.float32(255), np.array(labels, np.int64)
