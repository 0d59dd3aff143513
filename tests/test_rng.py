"""The guard of random streams: whatever is drawn inside it, by whichever framework, the run draws on as if nothing was."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xai_widgets._rng import mentions_streams, random_streams_kept

ROOT = Path(__file__).resolve().parent.parent


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return done.stdout.strip()


def streams() -> dict[str, tuple[Callable[[], object], Callable[[], Any]]]:
    """How to seed each stream and how to draw from it."""
    torch = pytest.importorskip("torch")
    tf = pytest.importorskip("tensorflow")
    keras = pytest.importorskip("keras")
    return {
        "python": (lambda: random.seed(1), random.random),
        "numpy": (lambda: np.random.seed(1), np.random.random),
        "torch": (lambda: torch.manual_seed(1), lambda: float(torch.rand(()))),
        "tensorflow": (lambda: tf.random.set_seed(1), lambda: float(tf.random.uniform(()))),
        "tensorflow generator": (
            lambda: tf.random.set_global_generator(tf.random.Generator.from_seed(1)),
            lambda: float(tf.random.get_global_generator().uniform(())),
        ),
        "keras": (lambda: keras.utils.set_random_seed(1), lambda: float(keras.random.uniform(()))),
    }


@pytest.mark.parametrize("name", ["python", "numpy", "torch", "tensorflow", "tensorflow generator", "keras"])
def test_a_draw_inside_moves_no_stream(name: str) -> None:
    seed, draw = streams()[name]
    seed()
    expected = [draw() for _ in range(3)]
    seed()
    first = draw()
    with random_streams_kept() as moved:
        draw()
        draw()
    assert name in moved
    assert [first, draw(), draw()] == expected
    with random_streams_kept() as moved:
        pass
    assert moved == []


def test_streams_are_put_back_after_an_error() -> None:
    random.seed(1)
    expected = random.random()
    random.seed(1)
    with contextlib.suppress(LookupError), random_streams_kept():
        random.random()
        raise LookupError
    assert random.random() == expected


def test_a_generator_that_is_made_inside_is_unmade() -> None:
    """Keras and TensorFlow make theirs at the first draw, Keras of Python's stream: it must not stay behind."""
    pytest.importorskip("keras")
    code = (
        "import random, keras\n"
        "from xai_widgets._rng import random_streams_kept\n"
        "random.seed(3)\n"
        "if {guarded}:\n"
        "    with random_streams_kept(): keras.random.uniform(())\n"
        "random.random()\n"
        "print(float(keras.random.uniform(())))\n"
    )
    assert python(code.format(guarded=False)) == python(code.format(guarded=True))


def test_no_framework_is_loaded_by_it() -> None:
    code = (
        "import sys\n"
        "from xai_widgets._rng import random_streams_kept\n"
        "with random_streams_kept(): pass\n"
        "print([n for n in ('torch', 'tensorflow', 'keras', 'jax') if n in sys.modules])\n"
    )
    assert python(code) == "[]"


def helper() -> float:
    return float(np.random.rand())


def test_code_that_names_a_stream_is_told() -> None:
    from random import gauss

    def calls(x: float) -> float:
        return x + helper()

    def within(x: float) -> list[float]:
        return [random.random() for _ in range(3)]

    def plain(x: float) -> float:
        return float(np.sqrt(x))

    def own(x: float) -> float:
        return x + float(np.zeros(2).sum())

    imported = {"__builtins__": {}, "gauss": gauss}
    exec("def bound(x): return gauss(0, x)", imported)
    assert all(mentions_streams([one]) for one in (helper, calls, within, imported["bound"]))
    assert not mentions_streams([plain, own, 3, None])
