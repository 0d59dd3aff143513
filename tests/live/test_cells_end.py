"""Every cell ends, however densely a browser talks to the kernel."""

from __future__ import annotations

import pytest
from dense_trial import PACKAGE, hung


@pytest.mark.parametrize("version", ["6.31", "7.3", "7.4"])
def test_cells_one_upon_the_other_all_end(version):
    assert hung(version, 50) == 0


def test_replies_go_through_the_stream_that_reads_requests(kernel):
    """On 7.0 to 7.3, where the manager of subshells would send raw on its socket."""
    kernel.run(PACKAGE)
    kernel.run("from IPython import get_ipython; k = get_ipython().kernel")
    kernel.run("manager = getattr(getattr(k, 'shell_channel_thread', None), 'manager', None)")
    raw = kernel.value("hasattr(manager, '_shell_socket')")
    assert raw == (kernel.version == "7.3")
    if raw:
        assert kernel.value("manager._shell_socket is k.shell_stream")
