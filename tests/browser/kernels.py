"""Kernels of several ipykernel versions beside the environment's own, made on demand and kept in ``.venvs/``.

The other version is installed into a folder of its own that a kernelspec puts first on ``PYTHONPATH``.
"""

from __future__ import annotations

import json
import subprocess
import sys
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
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), *wanted],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            return done.stderr[-500:]
        (folder / "done").touch()
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
    (spec / "kernel.json").write_text(json.dumps(document))
    return None
