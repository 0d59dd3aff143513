"""A real kernel of a chosen ipykernel version, driven as a front-end drives it, without a browser."""

from __future__ import annotations

import importlib.util
import json
import time
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

_spec = importlib.util.spec_from_file_location(
    "kernels_on_demand", Path(__file__).resolve().parents[1] / "browser" / "kernels.py"
)
kernels = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(kernels)


class RealKernel:
    """One running kernel with a client that can send what a browser sends."""

    def __init__(self, version: str, subshells: bool = True) -> None:
        problem = kernels.make_kernel(version)
        if problem:
            pytest.skip(f"ipykernel {version} could not be installed: {problem}")
        specs = KernelSpecManager(kernel_dirs=[str(kernels.STORE / "kernels")])
        self.manager = KernelManager(kernel_name=kernels.kernel_name(version), kernel_spec_manager=specs)
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.subshell = None
        self.shown: list[dict[str, Any]] = []
        self.echoed: list[tuple[str, str]] = []  # comm of each echo, and the message it says it replies to
        if subshells and version.startswith("7"):
            self.subshell = self._control("create_subshell_request")["subshell_id"]

    def _control(self, kind: str) -> dict[str, Any]:
        message = self.client.session.msg(kind, {})
        self.client.control_channel.send(message)
        while True:
            reply = self.client.get_control_msg(timeout=30)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                assert reply["content"]["status"] == "ok", reply["content"]
                return reply["content"]

    def start(self, code: str, **options: Any) -> str:
        """Send a cell and return its message id at once."""
        return self.client.execute(code, **options)

    def finish(self, message_id: str, timeout: float = 60, allow_error: bool = False) -> str:
        """Wait for a cell's end and return what it printed."""
        printed, end = [], time.monotonic() + timeout
        while time.monotonic() < end:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["content"].get("data", {}).get("method") == "echo_update":
                self.echoed.append((message["content"]["comm_id"], message["parent_header"].get("msg_id")))
            if message["parent_header"].get("msg_id") != message_id:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind in ("display_data", "update_display_data", "execute_result"):
                self.shown.append(content["data"])
            elif kind == "stream":
                printed.append(content["text"])
            elif kind == "error" and not allow_error:
                raise AssertionError("\n".join(content["traceback"]))
            elif kind == "error":
                printed.append(f"{content['ename']}: {content['evalue']}\n")
            elif kind == "status" and content["execution_state"] == "idle":
                return "".join(printed)
        raise AssertionError(f"the cell did not end within {timeout} s; it printed {printed}")

    def run(self, code: str, **options: Any) -> str:
        return self.finish(self.start(code), **options)

    def displayed(self, code: str) -> list[dict[str, Any]]:
        """Run a cell and return the MIME bundles it showed."""
        self.shown = []
        self.run(code)
        return self.shown

    def value(self, expression: str) -> Any:
        """Evaluate in the kernel, and bring it here as JSON."""
        printed = self.run(f"import json as _j; print('=>' + _j.dumps({expression}))")
        return json.loads(printed.rsplit("=>", 1)[1])

    def send(self, comm_id: str, data: dict[str, Any]) -> str:
        """Send what a browser sends when a control moves; gives the message's id."""
        message = self.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        if self.subshell is not None:
            message["header"]["subshell_id"] = self.subshell
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def slide(self, comm_id: str, value: int) -> str:
        return self.send(comm_id, {"method": "update", "state": {"value": value}, "buffer_paths": []})

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
