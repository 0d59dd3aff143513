"""Make Binder's environment in a temporary folder and run the quickstart in it: ``python binder/replay.py``."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Install what ``binder/requirements.txt`` lists, then execute the notebook."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="xai-binder-") as folder:
        home = Path(folder)
        venv.create(home / "env", with_pip=True)
        python = home / "env" / "bin" / "python"
        env = {
            **os.environ,
            "HOME": folder,
            "JUPYTER_PREFER_ENV_PATH": "1",
            "PATH": f"{python.parent}:{os.environ['PATH']}",
        }
        # Binder runs pip in the checkout; an index that cannot be reached is passed over by pip
        pip = [
            python,
            "-m",
            "pip",
            "install",
            "--retries",
            "0",
            "--progress-bar",
            "off",
            "-r",
            "binder/requirements.txt",
        ]
        notebook = ["-m", "nbconvert", "--to", "notebook", "--execute", "--ExecutePreprocessor.timeout=600"]
        for command in (
            pip,
            [python, *notebook, "--output", home / "out.ipynb", "notebooks/01_quickstart.ipynb"],
        ):
            subprocess.run([str(part) for part in command], cwd=ROOT, env=env, check=True)
    sys.stderr.write(f"Binder's environment ran the quickstart in {time.monotonic() - started:.0f} s\n")


if __name__ == "__main__":
    main()
