"""Kernels of several ipykernel versions beside the environment's own, made on demand and kept in ``.venvs/``.

The other version is installed into a folder of its own that a kernelspec puts first on ``PYTHONPATH``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STORE = ROOT / ".venvs" / "kernels"
# what each version is paired with; None is the environment's own
VERSIONS: dict[str, list[str] | None] = {
    "7.4": None,
    "7.3": ["ipykernel==7.3.0"],
    "6.31": ["ipykernel==6.31.0"],
}


def kernel_name(version: str) -> str:
    return f"xai-ipykernel-{version.replace('.', '-')}"


def make_kernel(version: str) -> str | None:
    """Make the kernelspec of an ipykernel version; return what went wrong, or None."""
    wanted = VERSIONS[version]
    folder = STORE / "site" / version
    if wanted and not (folder / "done").exists():
        made = _temporary(folder.parent)  # another worker may install the same one at the same time
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(made), *wanted],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            return done.stderr[-500:]
        (made / "done").touch()
        try:
            made.rename(folder)
        except OSError:  # it was first
            shutil.rmtree(made)
    spec = STORE / "kernels" / kernel_name(version)
    spec.mkdir(parents=True, exist_ok=True)
    path = [str(folder)] if wanted else []
    document = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": f"ipykernel {version}",
        "language": "python",
        "env": {"PYTHONPATH": ":".join([*path, str(ROOT)])},
        "metadata": {"debugger": False},
    }
    written = _temporary(spec) / "kernel.json"
    written.write_text(json.dumps(document))
    written.replace(spec / "kernel.json")  # whole at any time: other servers read it
    written.parent.rmdir()
    return None


def _temporary(beside: Path) -> Path:
    beside.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=beside))
