"""The report in a real browser with the network off: everything is shown, and nothing that is a name runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "figures"))

from figure_data import hostile_report


def test_chromium_shows_it_all_with_the_network_off(tmp_path: Path, browser: Any) -> None:
    path = hostile_report(tmp_path)
    context = browser.new_context(offline=True)
    page = context.new_page()
    complaints, requests, dialogs = [], [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url[:40]))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    shown = page.evaluate(
        "Promise.all([...document.images].map(i => i.decode().then(() => [i.naturalWidth, i.naturalHeight], () => [0, 0])))"
    )
    text = page.inner_text("body")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    context.close()
    assert complaints == []
    assert dialogs == []
    assert [r for r in requests if not r.startswith(("file:", "data:"))] == []
    assert len(shown) >= 8
    assert all(w > 0 and h > 0 for w, h in shown)
    assert "</title><script>alert(0)</script>" in text
    assert background == "rgb(255, 255, 255)"
    assert dark == "rgb(20, 23, 28)"
