"""One browser and one server a module; a page a test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import kernels
import lab
import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in str(item.path.parent):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def kernel() -> Any:
    """``kernel("6.31")`` gives the name of a kernel with that ipykernel."""

    def make(version: str) -> str:
        problem = kernels.make_kernel(version)
        if problem:
            pytest.skip(f"ipykernel {version} could not be installed: {problem}")
        return kernels.kernel_name(version)

    return make


@pytest.fixture(scope="module")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lab.JupyterServer]:
    server = lab.JupyterServer(tmp_path_factory.mktemp("lab"), "lab", kernels.STORE)
    yield server
    server.close()


@pytest.fixture(scope="module")
def notebook_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lab.JupyterServer]:
    server = lab.JupyterServer(tmp_path_factory.mktemp("notebook"), "notebook", kernels.STORE)
    yield server
    server.close()
