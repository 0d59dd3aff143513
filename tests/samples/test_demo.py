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


def test_without_network_there_are_digits_where_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("pooch")
    monkeypatch.setattr(module, "CIFAIR_URL", "http://127.0.0.1:9/ciFAIR-10.zip")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.warns(UserWarning, match=r"could not be downloaded.*These are the digits\.$"):
        data = demo_data("cifair10", fallback="digits", size=32)
    assert data.name == "digits"
    assert data.x_train.shape == (1400, 32, 32, 1)
    assert data.mean.shape == data.std.shape == (1,)


def npz_folder(folder: Path, **files: int) -> Path:
    stream = np.random.default_rng(0)
    for name, n in files.items():
        x = stream.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
        np.savez(folder / f"{name}.npz", x=x, y=np.arange(n, dtype=np.uint8) % 10)
    return folder


@pytest.mark.parametrize("told", ["argument", "environment"])
def test_a_folder_of_npz_files(told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = npz_folder(tmp_path, my_train=20, my_test=12)
    if told == "environment":
        monkeypatch.setenv("XAI_WIDGETS_CIFAIR10", str(folder))
    data = demo_data("cifair10", source=folder if told == "argument" else None, limit=15)
    with np.load(folder / "my_train.npz") as stored:
        assert np.array_equal(np.round(data.x_train * 255), stored["x"][:15])
    assert data.y_eval.tolist() == [*range(10), 0, 1]
    assert data.x_eval.dtype == np.float32
    assert data.mean.tolist() == pytest.approx([0.4914, 0.4822, 0.4465])


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected one of each"):
        demo_data("cifair10", source=npz_folder(tmp_path, train_a=3, train_b=3))
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        demo_data("cifair10", source=tmp_path / "nowhere")


def test_enlarging_repeats_pixels() -> None:
    small, large = demo_data("digits", limit=5), demo_data("digits", limit=5, size=24)
    assert large.x_eval.shape == (5, 24, 24, 1)
    assert np.array_equal(large.x_train[:, 1::3, 2::3], small.x_train)
    with pytest.raises(ValueError, match="multiple"):
        demo_data("digits", size=20)


def test_the_normalisation_is_that_of_the_training_images() -> None:
    data = demo_data("digits")
    z = (data.x_train - data.mean) / data.std
    assert abs(z.mean()) < 1e-3
    assert abs(z.std() - 1) < 1e-3
    assert z.dtype == np.float32


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="fallback"):
        demo_data("cifair10", fallback="mnist")
    with pytest.raises(ValueError, match="cifair10"):
        demo_data("mnist")
    with pytest.raises(ValueError, match="share"):
        demo_data("digits", wrong_labels=1.5)
