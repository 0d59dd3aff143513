"""Make Binder's environment in a temporary folder and run the quickstart in it: ``python binder/replay.py``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = "notebooks/01_quickstart.ipynb"


def clean(home: Path, python: Path) -> dict[str, str]:
    """Give the variables of a machine where nothing but Python and this checkout is."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "JUPYTER", "IPYTHON", "VIRTUAL_ENV", "XAI_WIDGETS"))
    }
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    return {**inherited, "HOME": str(home), "JUPYTER_PREFER_ENV_PATH": "1", "PATH": path}


def main() -> None:
    """Install what ``binder/requirements.txt`` lists, then execute the notebook."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="where the executed notebook goes; nowhere by default")
    output = parser.parse_args().output
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="xai-binder-") as folder:
        home = Path(folder)
        venv.create(home / "env", with_pip=True)
        python = home / "env" / "bin" / "python"
        # Binder runs pip in the checkout; an index that cannot be reached is passed over by pip
        pip = "install --retries 0 --progress-bar off --disable-pip-version-check -r binder/requirements.txt"
        execute = "--to notebook --execute --ExecutePreprocessor.timeout=600"
        target = (output or home / "executed.ipynb").resolve()
        for command in (
            [python, "-m", "pip", *pip.split()],
            [python, "-m", "nbconvert", *execute.split(), "--output", target, NOTEBOOK],
        ):
            subprocess.run([str(part) for part in command], cwd=ROOT, env=clean(home, python), check=True)
    sys.stderr.write(f"Binder's environment ran the quickstart in {time.monotonic() - started:.0f} s\n")


if __name__ == "__main__":
    main()
