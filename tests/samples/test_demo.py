"""The tutorials' data: the digits as they are, wrong labels as asked for, and CIFAR batches read without unpickling."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from xai_widgets.samples import _demo as module
from xai_widgets.samples._demo import demo_data, read_cifair10, read_cifar_batch


def test_digits_are_split_and_scaled() -> None:
    data = demo_data("digits")
    assert data.x_train.shape == (1400, 8, 8, 1)
    assert data.x_eval.shape == (397, 8, 8, 1)
    assert data.x_train.dtype == np.float32
    assert 0 <= data.x_train.min() < data.x_train.max() <= 1
    assert len(data.planted) == 0


def test_planted_labels_are_wrong_reproducible_and_touch_nothing_else() -> None:
    clean, noisy = demo_data("digits"), demo_data("digits", wrong_labels=0.05)
    assert len(noisy.planted) == 70
    assert np.array_equal(np.flatnonzero(clean.y_train != noisy.y_train), noisy.planted)
    assert np.array_equal(noisy.y_train, demo_data("digits", wrong_labels=0.05).y_train)
    assert not np.array_equal(noisy.planted, demo_data("digits", wrong_labels=0.05, seed=1).planted)


def test_no_global_random_stream_is_drawn_from() -> None:
    state = np.random.get_state()[1].copy()
    demo_data("digits", wrong_labels=0.05)
    assert np.array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_cifar_batches_are_read_without_unpickling(protocol: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = np.random.default_rng(0)
    pixels = stream.integers(0, 256, (2500, 3072), dtype=np.uint8)
    labels = stream.integers(0, 10, 2500).tolist()
    stored = pickle.dumps(
        {"batch_label": "one of 5", "labels": labels, "data": pixels, "filenames": ["a.png"] * 2500},
        protocol=protocol,
    )
    monkeypatch.setattr(pickle, "loads", None)
    x, y = read_cifar_batch(stored)
    assert y.tolist() == labels
    assert np.array_equal(
        np.round(x * 255).astype(np.uint8), pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    )


def test_another_file_is_refused() -> None:
    with pytest.raises(ValueError, match="not a CIFAR-10 batch"):
        read_cifar_batch(pickle.dumps({"labels": [1, 2]}))


def test_the_whole_archive(tmp_path: Path) -> None:
    path = tmp_path / "ciFAIR-10.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i, name in enumerate([*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]):
            batch = {"labels": [i] * 4, "data": np.full((4, 3072), i, np.uint8)}
            archive.writestr(f"ciFAIR-10/{name}", pickle.dumps(batch, protocol=2))
    x_train, y_train, x_eval, y_eval = read_cifair10(path)
    assert x_train.shape == (20, 32, 32, 3)
    assert y_train.tolist() == [label for label in range(5) for _ in range(4)]
    assert x_eval.shape == (4, 32, 32, 3)
    assert y_eval.tolist() == [5] * 4


def test_no_network_is_said_clearly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("pooch")
    monkeypatch.setattr(module, "CIFAIR_URL", "http://127.0.0.1:9/ciFAIR-10.zip")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ConnectionError, match=r'demo_data\("digits"\), which needs no network'):
        demo_data("cifair10")


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="cifair10"):
        demo_data("mnist")
    with pytest.raises(ValueError, match="share"):
        demo_data("digits", wrong_labels=1.5)
