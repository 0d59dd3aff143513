"""Explaining by actors of a real Ray cluster: what a local call finds, whoever dies, and no waiting for ever."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import test_explain as case

import xai_widgets as xw

ray = pytest.importorskip("ray")
pytest.importorskip("torch")
COUNT = 60


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two actors' worth of logical processors, and one to spare."""
    light = tmp_path_factory.mktemp("light")
    # a grammar that jsonschema does without takes each of Ray's ten processes two seconds to read
    (light / "rfc3987_syntax.py").write_text("raise ImportError('left out')\n")
    with pytest.MonkeyPatch.context() as patch:
        # workers read this module
        here = str(Path(__file__).parent)
        patch.setenv("PYTHONPATH", os.pathsep.join([str(light), here, os.environ.get("PYTHONPATH", "")]))
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_agent_register_timeout_ms", "100000")
        for left in (3, 2, 1, 0):
            try:
                ray.init(
                    num_cpus=3, include_dashboard=False, object_store_memory=100 << 20, log_to_driver=False
                )
                break
            except (
                Exception
            ):  # Ray gives its own processes 15 s to start, which a busy machine does not always keep
                ray.shutdown()
                if not left:
                    raise
        yield
        ray.shutdown()


def reading(flag: Path):
    """Make a function that reads a picture; at one the process is killed the first time, and one cannot be read."""
    x, label, _ = case.pictures(COUNT)

    def read(index):
        row = int(index[1:])
        if row == 37 and not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if row == 11:
            raise OSError("picture 11 is broken")
        return x[row], int(label[row])

    return read


@pytest.mark.slow
def test_actors_find_what_one_process_finds_though_one_is_killed(cluster, tmp_path):
    names = [f"p{row}" for row in range(COUNT)]
    flag = tmp_path / "killed"
    data = xw.samples.as_samples(reading(flag), index=names)
    store = xw.explain(
        lambda: case.Reader(), data, tmp_path / "ray", engine="ray", workers=2, batch_size=5, progress=False
    )
    assert flag.exists()
    here = xw.explain(lambda: case.Reader(), data, tmp_path / "here", progress=False)
    assert store.index.tolist() == here.index.tolist()
    assert len(store) == COUNT - 1
    assert store.failed == here.failed == {"p11": "OSError: picture 11 is broken"}
    assert sum(len(rows.index) for file in store._files.values() for rows in file.rows) == COUNT - 1
    assert store.prediction.tolist() == here.prediction.tolist()
    assert store.label.tolist() == here.label.tolist()
    np.testing.assert_allclose(store.masks, here.masks, atol=1e-4 * np.abs(here.masks).max())
    assert [set(rule.index.tolist()) for rule in store.clusters()] == [
        set(rule.index.tolist()) for rule in here.clusters()
    ]
    assert store.clusters()[0].effect == here.clusters()[0].effect


def test_no_processor_to_spare_is_told_before_anything_waits(cluster, tmp_path):
    x, label, _ = case.pictures(9)
    data = xw.samples.as_samples(x, labels=label)
    with pytest.raises(ValueError, match=r"need 4 logical processors, and 3 of 3 are free.*Give workers=2"):
        xw.explain(case.Reader(), data, tmp_path, engine="ray", workers=3, progress=False)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="workers and gpus are of engine"):
        xw.explain(case.Reader(), data, tmp_path, workers=3)


@pytest.mark.slow
def test_it_works_in_a_pipeline_of_ones_own(cluster):
    x, label, _ = case.pictures(12)
    rows = [{"image": x[row], "label": int(label[row]), "index": f"p{row}"} for row in range(12)]
    found = ray.data.from_items(rows).map_batches(
        xw.ray.Explainer,
        fn_constructor_kwargs={"model": case.Reader(), "layout": "NCHW"},
        compute=ray.data.ActorPoolStrategy(size=1),
        batch_size=4,
    )
    table = found.to_pandas().set_index("index")
    alone = xw.AttributionEngine(case.Reader()).attribute(
        x, "integrated_gradients", integrating=16, baseline="zeros", layout="NCHW"
    )
    names = [f"p{row}" for row in range(12)]
    assert table.loc[names, "prediction"].tolist() == alone.prediction.tolist()
    assert table.loc[names, "label"].tolist() == label[:12].tolist()
    masks = np.stack([np.asarray(table.loc[name, "mask"]) for name in names])
    np.testing.assert_allclose(masks, alone.values[:, 0], atol=1e-4 * np.abs(alone.values).max())
    assert set(table["failed"]) == {""}
    assert "image" not in table


def test_an_explainer_says_what_is_wrong():
    with pytest.raises(ValueError, match="other weights than the caller's"):
        xw.ray.Explainer(case.Reader(), weights="0" * 64)
    with pytest.raises(ValueError, match="method should be one of"):
        xw.ray.Explainer(case.Reader(), method="nonsense")
    explainer = xw.ray.Explainer(case.Reader(), layout="NCHW")
    x, _, _ = case.pictures(3)
    with pytest.raises(ValueError, match="there is no column 'image' in picture; give image= its name"):
        explainer({"picture": x})
    with pytest.raises(TypeError, match="give label_names="):
        explainer({"image": x, "label": np.array(["sea", "sky", "bird"])})
    broken = explainer({"image": np.full_like(x, np.nan)})
    assert [bool(why) for why in broken["failed"]] == [True] * 3
    assert np.isnan(broken["mask"]).all()
    assert broken["prediction"].tolist() == [-1] * 3


def test_a_worker_that_cannot_import_the_model_says_so(monkeypatch):
    class ObjectRef:
        """Stands for what a worker fetches."""

    def get(value):
        raise ray.exceptions.RaySystemError("System error: No module named 'my_networks'\ntraceback: ...")

    monkeypatch.setattr(ray, "get", get)
    with pytest.raises(ImportError, match=r"No module named 'my_networks'.*PYTHONPATH.*runtime_env"):
        xw.ray.Explainer(ObjectRef())
