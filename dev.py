#!/usr/bin/env python3
"""The two commands of the README: ``python3 dev.py demo`` and ``python3 dev.py test``.

Only the standard library is used here: a clean machine has git and Python and nothing else. The environment is made in
``.venv`` beside this file, from ``pyproject.toml`` with the versions of ``constraints.txt``.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
TORCH_CPU = "download.pytorch.org"
SIDE = ROOT / ".venvs"
# what fits no environment but its own: FastEstimator asks for old packages, fastai for a torchvision that it does without
FASTESTIMATOR = (  # one after the other: what it asks for contradicts what it works with
    ("setuptools<81", "tensorflow-cpu==2.15.*", "torch==2.13.0", "numpy==1.26.4"),
    ("setuptools<81", "fastestimator==1.7.0", "numpy==1.26.4"),
    ("ipykernel==7.4.0", "nbclient==0.11.0", "ipywidgets==8.1.9", "bqplot==0.13.1", "ipycanvas==0.14.3", "anywidget==0.11.0",
     "numpy==1.26.4"),
)  # fmt: skip
FASTAI = (
    "fastai==2.8.12", "fastcore==2.2.39", "fastdownload==0.0.8", "fastprogress==1.0.5", "fasttransform==0.0.5",
    "plum-dispatch==2.9.0", "beartype==0.23.1",
)  # fmt: skip
CORE = (
    "tracking",
    "runlog",
    "edits",
    "samples",
    "figures",
    "test_house.py",
    "test_metrics.py",
    "test_rng.py",
)
"""Tests that need no framework and no browser."""
OTHER_PROCESSOR = {
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
}
"""A processor with another instruction set: sums come out in another order. To cap oneDNN, too, aborts TensorFlow 2.21."""
NUMBERS = tuple(
    f"tests/attribution/test_{name}.py"
    for name in ("behaviour_closed_forms", "behaviour_captum", "behaviour_kinds", "behaviour_stream", "methods", "mirror",
                 "ops", "quadrature", "secant")
)  # fmt: skip
"""Tests of numbers that these libraries compute; TensorFlow's own kernels ask neither of the two variables."""
STARTED = time.monotonic()


def say(text: str) -> None:
    """Print one line of progress with the seconds since the start."""
    print(f"[{time.monotonic() - STARTED:5.0f} s] {text}", flush=True)


def run(*command: str | Path, env: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Run a command and stop with its exit status when it fails."""
    status = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})}
    ).returncode
    if status:
        say(f"failed with status {status}: {' '.join(str(part) for part in command)}")
        sys.exit(status)


def has_nvidia() -> bool:
    """Whether an NVIDIA driver answers, so that the GPU build of torch is worth its gigabytes."""
    smi = shutil.which("nvidia-smi")
    return bool(smi) and subprocess.run([smi], capture_output=True).returncode == 0


def reachable(host: str) -> bool:
    """Whether a host accepts a connection; never raises."""
    try:
        socket.create_connection((host, 443), timeout=4).close()
    except OSError:
        return False
    return True


def torch_index(gpu: bool) -> list[str]:
    """Arguments that let pip find the CPU build of torch; none where the configured index is all there is."""
    known = not gpu and sys.platform == "linux" and reachable(TORCH_CPU)
    return ["--extra-index-url", f"https://{TORCH_CPU}/whl/cpu"] if known else []


def make_side_environment(name: str, commands: Sequence[Sequence[str | Path]]) -> None:
    """Make ``.venvs/NAME`` by these commands unless that was done; without it the tests that need it are skipped.

    Never fatal: it holds gigabytes of old packages of others, which a full disk or a withdrawn release may keep from us.
    """
    done, wanted = SIDE / name / "done", repr((FASTAI, FASTESTIMATOR))
    if done.exists() and done.read_text() == wanted:
        return
    say(f"installing {name} beside the environment, in {SIDE.name}/{name}")
    shutil.rmtree(SIDE / name, ignore_errors=True)
    if name == "fastestimator":
        venv.create(SIDE / name, with_pip=True)
    if all(subprocess.run([str(part) for part in command], cwd=ROOT).returncode == 0 for command in commands):
        done.write_text(wanted)
    else:
        say(f"{name} could not be installed; its tests will be skipped")


def make_fastestimator() -> None:
    """Make the environment of FastEstimator, on Pythons that its TensorFlow 2.15 is made for."""
    if sys.version_info >= (3, 12):
        return
    python = SIDE / "fastestimator" / PYTHON.relative_to(VENV)
    pip = (python, "-m", "pip", "install", "-qq", "--disable-pip-version-check")
    index = torch_index(has_nvidia())
    steps = [(*pip, *packages, *index) for packages in FASTESTIMATOR]
    # what was installed is imported, for to be installed is not enough
    make_side_environment("fastestimator", [*steps, (python, "-W", "ignore", "-c", "import fastestimator")])


def make_fastai() -> None:
    """Put fastai beside the environment, without the torchvision that it asks for."""
    pip = (PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check")
    folder = SIDE / "fastai"
    tried = f"import sys; sys.path.append({str(folder)!r}); import fastai.basics"
    make_side_environment(
        "fastai", [(*pip, "--no-deps", "--target", folder, *FASTAI), (PYTHON, "-W", "ignore", "-c", tried)]
    )


def make_environment(extras: str) -> None:
    """Make ``.venv`` and install the project with ``extras``, unless that was done for these very files."""
    if sys.version_info < (3, 10):
        sys.exit(
            f"Python 3.10 or newer is needed; this is {sys.version.split()[0]}. Run: python3.12 dev.py ..."
        )
    wanted = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        wanted.update((ROOT / name).read_bytes())
    stamp = VENV / f"installed-{extras.replace(',', '-')}"
    if stamp.exists() and stamp.read_text() == wanted.hexdigest():
        say(f"the environment in {VENV.name} is ready")
        return
    if not PYTHON.exists():
        say(f"making a virtual environment in {VENV.name}")
        try:
            venv.create(VENV, with_pip=True)
        except subprocess.CalledProcessError:
            sys.exit(
                "this Python cannot make virtual environments: on Debian and Ubuntu, apt install python3-venv"
            )
    pip = (PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "-c", ROOT / "constraints.txt")
    gpu = has_nvidia()
    say(
        f"{'an' if gpu else 'no'} NVIDIA GPU was found: installing {'torch with CUDA' if gpu else 'the CPU build of torch'}"
    )
    run(*pip, "torch", *torch_index(gpu))
    say(f"installing xai_widgets with [{extras}]; this can take some minutes")
    run(*pip, "-e", f"{ROOT}[{extras}]")
    stamp.write_text(wanted.hexdigest())
    say("the environment is ready")


def lowest_versions() -> list[str]:
    """Read the lowest versions that pyproject.toml allows of what the package itself needs, as constraints."""
    text = (ROOT / "pyproject.toml").read_text()
    needed = text.split("\ndependencies = [", 1)[1].split("\n]", 1)[0]
    exports = re.search(r"^export = \[(.*)\]", text, re.M)
    found = re.findall(r'"([\w.-]+)>=([\w.]+)"', needed + (exports[1] if exports else ""))
    if not found:
        sys.exit("no dependencies with a lowest version were found in pyproject.toml")
    return [f"{name}=={version}" for name, version in found]


def make_small_environment(name: str, constraints: Path) -> Path:
    """Make ``.venvs/NAME`` with the extra ``core`` unless that was done for these very files; return its Python."""
    folder = SIDE / name
    python = folder / PYTHON.relative_to(VENV)
    wanted = (ROOT / "pyproject.toml").read_text() + constraints.read_text()
    done = folder / "done"
    if not (done.exists() and done.read_text() == wanted):
        say(f"installing xai_widgets with [core] in {SIDE.name}/{name}")
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        run(
            python,
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "-c",
            constraints,
            "-e",
            f"{ROOT}[core]",
        )
        done.write_text(wanted)
    return python


def test_core(lowest: bool) -> None:
    """Run what needs no framework and no browser, with tested versions or with the lowest allowed ones."""
    constraints = ROOT / "constraints.txt"
    if lowest:
        SIDE.mkdir(exist_ok=True)
        constraints = SIDE / "lowest.txt"
        constraints.write_text("".join(f"{each}\n" for each in lowest_versions()))
    python = make_small_environment("lowest" if lowest else "core", constraints)
    if not lowest:
        run(python, "-m", "ruff", "check", ".")
        run(python, "-m", "ruff", "format", "--check", ".")
    workers = str(min(4, os.cpu_count() or 1))
    say(f"pytest: what needs no framework and no browser, {workers} workers")
    run(python, "-m", "pytest", "-q", "-m", "not browser and not docs and not soak and not slow", "-n", workers,
        "--dist", "loadfile", *(f"tests/{name}" for name in CORE), env={"XAI_WIDGETS_REQUIRE_ALL": ""})  # fmt: skip
    say("all tests passed")


def demo(options: argparse.Namespace) -> None:
    """Open the quickstart in JupyterLab, or run it to its end without a browser."""
    make_environment("demo,tensorflow-cpu" if options.keras else "demo")
    notebook = ROOT / "notebooks" / ("01_quickstart_keras.ipynb" if options.keras else "01_quickstart.ipynb")
    # the kernel of this environment must win over one registered in the user's home
    env = {"JUPYTER_PREFER_ENV_PATH": "1", "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    if options.headless:
        say(f"running {notebook.name} from the first cell to the last")
        output = Path(options.output).resolve() if options.output else VENV / f"executed-{notebook.name}"
        run(PYTHON, "-m", "nbconvert", "--to", "notebook", "--execute", "--ExecutePreprocessor.timeout=900",
            "--output", output, notebook, env=env)  # fmt: skip
        say(f"{notebook.name} ran to its end; the executed copy is {output}")
        return
    say(f"opening {notebook.name} in JupyterLab; stop it with Ctrl-C")
    run(
        PYTHON,
        "-m",
        "jupyterlab",
        notebook,
        *(["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []),
        env=env,
    )


def check_javascript(required: bool) -> None:
    """Type-check and test the front-end and compare the committed bundles with a fresh build."""
    npm = shutil.which("npm")
    if npm is None:
        if required:
            sys.exit("npm was not found, and --require-all was given: install Node.js 20 or newer")
        say("skipping the front-end's own checks: no Node.js here (the built bundles are committed)")
        return
    say("front-end: install, type check, unit tests, bundles as committed")
    lock = (ROOT / "js" / "package-lock.json").read_text()
    stamp = ROOT / "js" / "node_modules" / ".installed"
    if not (stamp.exists() and stamp.read_text() == lock):
        # the small native compiler of esbuild is a dependency of its own; no install script needs to run
        run(npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=ROOT / "js")
        stamp.write_text(lock)
    for script in ("check", "test", "verify"):
        run(npm, "run", "--silent", script, cwd=ROOT / "js")


def check_python() -> None:
    """Lint, check the format and the types."""
    say("ruff: lint and format")
    run(PYTHON, "-m", "ruff", "check", ".")
    run(PYTHON, "-m", "ruff", "format", "--check", ".")
    say("mypy: strict types")
    run(PYTHON, "-m", "mypy")


def test(options: argparse.Namespace) -> None:
    """Run linters, type checks, the front-end's tests and every Python test."""
    if options.core or options.lowest:
        test_core(options.lowest)
        return
    if options.pytest:
        make_environment("dev")
        run(PYTHON, "-m", "pytest", *options.pytest, env=test_environment(options.require_all))
        return
    if options.only:
        make_environment("dev")
        {"units": test_units, "browsers": test_browsers}[options.only](options.require_all)
        return
    with ThreadPoolExecutor(2) as lanes:  # what waits for the network leaves a core to others
        fastestimator = lanes.submit(make_fastestimator)
        front_end = lanes.submit(check_javascript, options.require_all)
        make_environment("dev")
        front_end.result()
        fastai = lanes.submit(make_fastai)
        check_python()
        fastestimator.result()
        fastai.result()
    test_side_by_side(options.require_all)
    say("all tests passed")


def test_side_by_side(require_all: bool) -> None:
    """Run the tests in browsers, and all others beside them at a lower priority, so that no click waits for them."""
    lower = ("nice", "-n", "15") if shutil.which("nice") else ()
    command = (*lower, sys.executable, "-u", ROOT / "dev.py", "test", "--only", "units")
    written = VENV / "units.log"
    say(f"everything but browsers, beside them; it writes to {written.relative_to(ROOT)}")
    with written.open("w") as log:
        units = subprocess.Popen(
            [*map(str, command), *(["--require-all"] if require_all else [])], stdout=log, stderr=log
        )
    try:
        test_browsers(require_all)
    finally:
        status = units.wait()
        print(written.read_text(encoding="utf-8", errors="replace"), flush=True)
    if status:
        say(f"what needs no browser failed with status {status}")
        sys.exit(status)


def test_environment(require_all: bool) -> dict[str, str]:
    """Return the variables that the tests run with."""
    env = {
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "JUPYTER_PREFER_ENV_PATH": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    return {**env, "XAI_WIDGETS_REQUIRE_ALL": "1"} if require_all else env


def test_units(require_all: bool) -> None:
    """Run everything but browsers, the numbers once more as on another processor, and the site of the documentation."""
    env, workers = test_environment(require_all), str(min(4, os.cpu_count() or 1))
    beside = ("-n", workers, "--dist", "loadfile")
    say(f"pytest: everything but browsers, {workers} workers")
    run(PYTHON, "-m", "pytest", "-q", "-m", "not browser and not docs and not soak", *beside, "--ignore", "tests/browser",
        env=env)  # fmt: skip
    if require_all:
        say("pytest: numbers, once more as on a processor with another instruction set")
        run(PYTHON, "-m", "pytest", "-q", "-m", "not slow", *beside, *NUMBERS, env={**env, **OTHER_PROCESSOR})
    say("pytest: the site of the documentation, with the notebooks as they just ran")
    run(PYTHON, "-m", "pytest", "-q", "-m", "docs", "tests/docs", env=env)


def test_browsers(require_all: bool) -> None:
    """Run the tests in real browsers: one after the other on two cores, since clicks that wait for a core miss their time."""
    beside = ("-n", "2", "--dist", "loadfile") if (os.cpu_count() or 1) >= 4 else ()
    say("pytest: real browsers; one that fails is run once more, and named")
    run(PYTHON, "-m", "pytest", "-q", "-rR", "--reruns", "1", "-m", "browser and not soak", *beside, "tests/browser",
        env=test_environment(require_all))  # fmt: skip


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("demo", help="set up, then open the quickstart notebook in JupyterLab")
    show.add_argument("--headless", action="store_true", help="run the notebook to its end without a browser")
    show.add_argument(
        "--keras", action="store_true", help="the Keras twin of the notebook (installs TensorFlow)"
    )
    show.add_argument("--output", help="with --headless: where the executed notebook goes")
    check = commands.add_parser("test", help="set up, then run all tests")
    check.add_argument("--require-all", action="store_true", help="fail where Node.js or Chromium is missing")
    check.add_argument("--core", action="store_true", help="only what needs no framework and no browser")
    check.add_argument(
        "--lowest", action="store_true", help="the same with the lowest versions that pyproject.toml allows"
    )
    check.add_argument(
        "--only", choices=("units", "browsers"), help="only what needs no browser, or what does"
    )
    check.add_argument(
        "pytest", nargs="*", help="after --: arguments for pytest alone, such as tests/tracking -k nan"
    )
    options = parser.parse_args()
    {"demo": demo, "test": test}[options.command](options)


if __name__ == "__main__":
    main()
