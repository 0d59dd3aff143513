"""Data sets as strangers have them: odd sizes, few pictures, broken ones, a full disk, the wrong folder or model."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest
import test_explain as case

import xai_widgets as xw
from xai_widgets.explain import recorder

torch = pytest.importorskip("torch")


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


class Sided(torch.nn.Module):
    """Tells bright pictures of any size from dark ones."""

    def forward(self, x):
        bright = 20 * (x.mean((1, 2, 3)) - 0.5)
        return torch.stack([-bright, bright], 1)


class Odd(torch.utils.data.Dataset):
    """Pictures of as many sizes as are wanted; some cannot be read."""

    def __init__(self, count=60, side=16, sizes=1, broken=()):
        self.count, self.side, self.sizes, self.broken = count, side, sizes, broken

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index in self.broken:
            raise OSError(f"picture {index} is truncated")
        x = noise(3, self.side + index % self.sizes, 20, seed=index) + index % 2
        return torch.from_numpy(x), index % 2


def linear(classes, *shape):
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(int(np.prod(shape)), classes)).eval()


@pytest.mark.parametrize("shape", [(20, 50), (1, 5, 40), (1, 1, 30), (3, 37, 91), (1, 28, 28)])
def test_pictures_of_any_one_size_are_explained(tmp_path, shape):
    data = xw.samples.as_samples(noise(60, *shape), labels=np.arange(60) % 2)
    store = xw.explain(linear(2, *shape), data, tmp_path, progress=False)
    assert len(store) == 60
    assert store.masks.shape[1:] == tuple(min(16, side) for side in shape[-2:])
    assert all(rule.suspicion < 0.2 for rule in store.clusters())
    assert store.problems == ()


def test_many_classes_of_a_few_pictures_and_classes_without_any(tmp_path):
    data = xw.samples.as_samples(noise(200, 3, 16, 16), labels=np.arange(200) % 90)
    store = xw.explain(linear(100, 3, 16, 16), data, tmp_path, progress=False)
    assert len(store) == 200
    assert store.clusters() == ()
    with pytest.raises(ValueError, match="never predicted"):
        store.clusters("fish")


def test_pictures_of_several_sizes_are_explained_and_what_cannot_be_measured_is_told(tmp_path):
    with pytest.warns(RuntimeWarning, match="rules do was not measured.*different shapes"):
        store = xw.explain(Sided(), Odd(120, sizes=3), tmp_path, progress=False)
    assert len(store) == 120
    assert store.clusters()
    assert all(rule.effect is None for rule in store.clusters())


def test_masks_of_another_size_are_left_out_and_told(tmp_path):
    with pytest.warns(
        RuntimeWarning, match=r"left out.*: 40 of .* 13 x 16 and those of others are of 12 x 16"
    ):
        store = xw.explain(Sided(), Odd(60, 12, sizes=3), tmp_path / "a", progress=False, effects=False)
    assert len(store) == 20
    assert len(store.failed) == 40
    # as another process of torchrun would write them
    xw.explain(Sided(), Odd(60, 14), tmp_path / "b", progress=False, effects=False)
    (other,) = (tmp_path / "b").iterdir()
    other.rename(tmp_path / "a" / other.name)
    both = xw.Explained.open(tmp_path / "a")
    assert both.masks.shape == (20, 12, 16)
    assert "60 instances have masks of another size" in both.problems[0]


def test_a_first_picture_that_is_broken_stops_nothing(tmp_path):
    with pytest.warns(RuntimeWarning, match="left out.*: 2 of .*such as 0: OSError: picture 0 is truncated"):
        store = xw.explain(Sided(), Odd(broken=(0, 31)), tmp_path, progress=False, effects=False)
    assert len(store) == 58
    assert set(store.failed) == {0, 31}


def test_a_drive_that_goes_away_before_rules_are_measured_costs_no_explanation(tmp_path):
    data = Odd(120)
    xw.explain(Sided(), data, tmp_path, progress=False, effects=False)
    data.broken = range(8, 120)
    with pytest.warns(RuntimeWarning, match="rules do was not measured.*is truncated"):
        store = xw.explain(Sided(), data, tmp_path, progress=False)
    assert len(store) == 120


def test_where_nothing_can_be_explained_no_more_is_tried_and_the_folder_is_as_before(tmp_path, monkeypatch):
    tried = []
    original = xw.samples.Samples.batch
    monkeypatch.setattr(
        xw.samples.Samples, "batch", lambda self, ids: tried.extend(ids) or original(self, ids)
    )
    data = xw.samples.as_samples(noise(500, 1, 16, 16), labels=np.arange(500) % 2)
    with pytest.raises(
        RuntimeError, match=r"none of 100 instances could be explained.*of 0: .*cannot be multiplied"
    ):
        xw.explain(linear(2, 3, 16, 16), data, tmp_path, progress=False)
    assert len(set(tried)) <= recorder.HOPELESS + 32
    diverged = linear(2, 1, 16, 16)
    with torch.no_grad():
        diverged[1].weight.fill_(float("nan"))
    with pytest.raises(RuntimeError, match="the weights have probably diverged"):
        xw.explain(diverged, data, tmp_path, index=range(20), progress=False)
    assert not list(tmp_path.iterdir())
    store = xw.explain(linear(2, 1, 16, 16), data, tmp_path, index=range(20), progress=False)
    assert len(store) == 20


def test_a_mask_of_zeros_is_in_no_rule_and_says_nothing_of_others(tmp_path):
    x = noise(120, 3, 16, 16)
    x[::2] = 0
    store = xw.explain(linear(2, 3, 16, 16), xw.samples.as_samples(x), tmp_path, progress=False)
    assert len(store) == 120
    assert all(name % 2 for rule in store.clusters() for name in rule.index.tolist())
    assert all(rule.suspicion < 0.1 for rule in store.clusters())


def test_another_data_set_in_the_same_folder_is_refused(tmp_path):
    train = xw.samples.as_samples(noise(60, 3, 16, 16), labels=np.arange(60) % 3)
    test = xw.samples.as_samples(noise(40, 3, 16, 16, seed=1), labels=np.arange(40)[::-1] % 3)
    model = linear(3, 3, 16, 16)
    xw.explain(model, train, tmp_path, progress=False, effects=False)
    with pytest.raises(
        ValueError, match=r"of another data set: of 32 of its instances 2. have another label"
    ):
        xw.explain(model, test, tmp_path, progress=False)
    labels = np.arange(60) % 3
    labels[7] = 2  # one was corrected meanwhile
    again = xw.samples.as_samples(noise(60, 3, 16, 16), labels=labels)
    assert len(xw.explain(model, again, tmp_path, progress=False, effects=False)) == 60


def test_names_as_labels_need_the_outputs_that_they_stand_for(tmp_path):
    class Named(Odd):
        def __getitem__(self, index):
            x, label = super().__getitem__(index)
            return x, ("sky", "sea")[label]

    with pytest.raises(TypeError, match=r"are names \(such as 'sky'\).*label_names="):
        xw.explain(Sided(), Named(), tmp_path, progress=False)
    data = xw.samples.as_samples(Named(), label_names={"sea": 1, "sky": 0})
    store = xw.explain(Sided(), data, tmp_path, progress=False, effects=False)
    assert store.label.tolist() == [0, 1] * 30


def test_models_of_several_outputs_and_of_values_say_so(tmp_path):
    class Two(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = linear(2, 3, 16, 20)

        def forward(self, x):
            return self.inner(x), x.mean((1, 2, 3))

    with pytest.raises(RuntimeError, match=r"returns several tensors.*pass output="):
        xw.explain(Two(), Odd(), tmp_path, progress=False)
    several = {"output": (0,), "task": "classes"}
    path = xw.explain(Two(), Odd(), tmp_path / "path", engine_options=several, progress=False, effects=False)
    assert path.engine_options == several
    store = xw.explain(Two(), Odd(), tmp_path, engine_options={"output": 0}, progress=False, effects=False)
    assert set(store.prediction.tolist()) <= {0, 1}
    with pytest.raises(ValueError, match=r"with other settings.*output=0 instead of 1"):
        xw.explain(Two(), Odd(), tmp_path, engine_options={"output": 1}, progress=False)
    value = xw.explain(
        linear(1, 3, 16, 20), Odd(), tmp_path / "value", engine_options={"task": "value"}, progress=False
    )
    assert set(value.prediction.tolist()) == {-1}
    assert value.clusters() == ()


def test_a_wrong_batch_size_is_refused(tmp_path):
    with pytest.raises(ValueError, match="batch_size should be at least 1; got 0"):
        xw.explain(Sided(), Odd(), tmp_path, batch_size=0)


def test_a_missing_library_is_told_before_everything_is_explained(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="needs scikit-learn: pip install"):
        xw.explain(Sided(), Odd(), tmp_path, progress=False)
    assert not list(tmp_path.iterdir())
    assert len(xw.explain(Sided(), Odd(), tmp_path, progress=False, effects=False)) == 60


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size")
def test_a_full_disk_is_told_and_the_same_call_goes_on_from_there(tmp_path):
    code = f"""
    import resource, signal, sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
    import test_explain as case, xai_widgets as xw
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))
    x, label, _ = case.pictures()
    data = xw.samples.as_samples(x, labels=label)
    try:
        xw.explain(case.Reader(), data, {str(tmp_path)!r}, batch_size=4, progress=False)
    except OSError as error:
        print("told", error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("told")
    assert "and the same call goes on from there" in done.stdout
    left = xw.Explained.open(tmp_path)
    assert 8 <= len(left) < 90
    assert left.problems == ()
    x, label, _ = case.pictures()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store = xw.explain(case.Reader(), xw.samples.as_samples(x, labels=label), tmp_path, progress=False)
    assert store.index.tolist() == list(range(90))
    assert sum(len(rows.index) for file in store._files.values() for rows in file.rows) == 90
