#!/usr/bin/env python3
"""Make the pictures of the documentation from a real run: a small CNN on photographs, on the processor, in a few minutes.

    python docs/make_pictures.py               # the static figures
    python docs/make_pictures.py --shortcuts   # the page of rules alone, in half a minute
    python docs/make_pictures.py --dashboard   # the dashboard alone, while it trains, in a real JupyterLab (needs Chromium)

The photographs are those of ciFAIR-10 (downloaded once, or from ``XAI_WIDGETS_CIFAIR10``). Two in a hundred training images
carry a wrong label on purpose, so that the instance views have something to find.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import xai_widgets as xw
from xai_widgets import figures, samples

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "pages" / "pictures"
EPOCHS = 15


def network() -> nn.Module:
    """Build a small CNN for photographs of 32 x 32."""
    torch.manual_seed(0)

    def block(channels: int, filters: int) -> list[nn.Module]:
        return [nn.Conv2d(channels, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU()]

    return nn.Sequential(
        *block(3, 32), nn.MaxPool2d(2), *block(32, 64), *block(64, 64), nn.MaxPool2d(2), *block(64, 128), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(2048, 10),
    )  # fmt: skip


class Run:
    """The data, the network and the tracker of the run that all pictures show."""

    def __init__(self, limit: int = 5000) -> None:
        self.data = samples.demo_data("cifair10", limit=limit, wrong_labels=0.02)
        self.net = network()
        self.tracker = xw.Tracker(label_names=self.data.label_names, epochs=EPOCHS)
        data = self.data
        self.x, self.x_eval = (
            torch.tensor((images - data.mean) / data.std).permute(0, 3, 1, 2).contiguous()
            for images in (data.x_train, data.x_eval)
        )
        self.y, self.y_eval = torch.tensor(data.y_train), torch.tensor(data.y_eval)
        options = {"mean": data.mean, "std": data.std, "label_names": data.label_names}
        self.train_set = samples.as_samples((self.x, self.y), **options)
        self.eval_set = samples.as_samples((self.x_eval, self.y_eval), **options)

    def train(self) -> Iterator[int]:
        """Train epoch by epoch and record every image."""
        draws = torch.Generator().manual_seed(0)
        optimizer = torch.optim.AdamW(self.net.parameters(), 2e-3, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
        for epoch in range(1, EPOCHS + 1):
            self.net.train()
            for index in torch.randperm(len(self.x), generator=draws).split(64):
                logits = self.net(augmented(self.x[index], draws))
                losses = functional.cross_entropy(logits, self.y[index], reduction="none")
                optimizer.zero_grad()
                losses.mean().backward()
                optimizer.step()
                self.tracker.record(index, self.y[index], loss=losses, logits=logits)
            schedule.step()
            self.tracker.end_epoch("train")
            self.net.eval()
            with torch.no_grad():
                for index in torch.arange(len(self.x_eval)).split(250):
                    logits, label = self.net(self.x_eval[index]), self.y_eval[index]
                    losses = functional.cross_entropy(logits, label, reduction="none")
                    right = (logits.argmax(1) == label).float()
                    self.tracker.record(index, label, mode="eval", loss=losses, accuracy=right, logits=logits)
            self.tracker.end_epoch("eval")
            yield epoch
        self.tracker.finish()

    def clear_cases(self, count: int) -> list[int]:
        """Choose held-out images of different classes that the network is right about."""
        with torch.no_grad():
            sure, predicted = functional.softmax(self.net(self.x_eval), 1).max(1)
        right = torch.where(predicted == self.y_eval, sure, torch.zeros(()))
        best = {int(label): int(i) for i in right.argsort() for label in [self.y_eval[i]]}
        return [best[label] for label in (5, 7, 1, 8, 4, 0, 2, 3, 6, 9)[:count]]


def augmented(x: torch.Tensor, draws: torch.Generator) -> torch.Tensor:
    """Flip half of the images and move all by up to three pixels."""
    flipped = torch.rand(len(x), generator=draws) < 0.5
    x = torch.where(flipped[:, None, None, None], x.flip(3), x)
    down, right = (int(n) for n in torch.randint(0, 7, (2,), generator=draws))
    return functional.pad(x, (3, 3, 3, 3), mode="reflect")[:, :, down : down + 32, right : right + 32]


def pictures(run: Run) -> dict[str, Callable[[bool], figures.StaticFigure]]:
    """Give every picture as a function of the theme."""
    tracker, names = run.tracker, run.tracker.label_names
    evaluation = tracker.label_series("loss", mode="eval")
    both = [evaluation, tracker.label_series("loss", mode="train")]
    hard, easy = tracker.extremes("loss", n_max=6, n_min=4)
    history = tracker.instance_series([*hard.index, *easy.index, 10, 18], "loss")
    table = tracker.dynamics()
    engine = xw.AttributionEngine(run.net.eval())

    def grid(pictures: Any, index: list[Any], title: str) -> Callable[[bool], figures.StaticFigure]:
        columns = engine.saliency_columns(pictures.batch(index).inputs, smoothing=50, integrating=100)
        options = {"index": index, "title": title, "weights": f"epoch {EPOCHS}"}
        return lambda dark: figures.saliency_grid(columns, pictures, dark=dark, **options)

    return {
        "label_difficulty": lambda dark: figures.label_difficulty(evaluation, epochs=EPOCHS, dark=dark),
        "modes": lambda dark: figures.label_difficulty(
            both, labels=["cat", "bird", "automobile"], bounds="sem", epochs=EPOCHS, dark=dark
        ),
        "instance_history": lambda dark: figures.instance_history(
            history, hard=hard, easy=easy, pictures=run.train_set, label_names=names, epochs=EPOCHS, dark=dark
        ),
        "instance_map": lambda dark: figures.instance_map(
            table, label_names=names, selected=run.data.planted.tolist(),
            title="All training images; ringed: labels made wrong", dark=dark,
        ),
        "heat": lambda dark: figures.history_heatmap(both[1], dark=dark),
        "saliency": grid(run.eval_set, run.clear_cases(5), "What does it look at?"),
        "saliency_hard": grid(run.train_set, list(hard.index[:4]), "And in the hardest?"),
    }  # fmt: skip


def cheating() -> Callable[[bool], figures.StaticFigure]:
    """Lead a small network into a mark that 30 % of the deer have in a corner, and give the picture of its rules."""
    sys.path.insert(0, str(HERE.parent / "benchmarks" / "explain"))
    import shortcuts

    data = samples.demo_data("cifair10", limit=1500, size=32)
    x, deer = data.x_train.copy(), np.flatnonzero(data.y_train == data.label_names["deer"])
    marked = np.random.default_rng(0).choice(deer, int(0.3 * len(deer)), replace=False)
    x[marked, -4:, :4] = (1, 0, 1)
    inputs = np.ascontiguousarray(((x - 0.5) / 0.25).astype(np.float32).transpose(0, 3, 1, 2))
    net = shortcuts.train(inputs, data.y_train.astype(np.int64), 6, 0)
    held = samples.as_samples(
        inputs, labels=data.y_train, label_names=data.label_names, layout="NCHW", mean=0.5, std=0.25
    )
    with tempfile.TemporaryDirectory() as folder:
        rules = xw.explain(net, held, folder, batch_size=64, integrating=8).clusters()
    return lambda dark: figures.shortcuts(rules, held, most=5, dark=dark)


SETUP = """
import torch, xai_widgets as xw, make_pictures
torch.set_num_threads(1)
run = make_pictures.Run(1000)
tracker, model, train_set = run.tracker, run.net, run.train_set
"""
BOARD = """
dashboard = xw.Dashboard(tracker, model, train_set, title="Photographs, small CNN")
dashboard.beside()
"""
TRAIN = """
for epoch in run.train():
    if epoch == 6:  # look at the hardest
        hard, easy = tracker.extremes("loss", n_max=1)
        dashboard.selected = hard.index
"""


def dashboard(wait: float) -> None:
    """Take pictures of JupyterLab with the dashboard beside the cell that trains, between two epochs."""
    sys.path.insert(0, str(HERE.parent / "tests" / "browser"))
    import lab

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as folder, lab.browser(chromium) as opened:
        home = Path(folder).resolve()
        server = lab.JupyterServer(home)
        try:
            shutil.copy(__file__, home)
            cells = [SETUP.strip(), BOARD.strip(), TRAIN.strip()]
            path = lab.write_notebook(home / "training.ipynb", cells)
            book = lab.Notebook(opened, server, path, width=1440, height=900, scale=1.5)
            book.page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
            book.execute(0, 240)
            book.execute(1, 120)
            board = book.page.locator(".jupyterlab-sidecar .xaiw-dashboard")
            board.wait_for()
            book.run(2)
            lab.wait_for(lambda: "epoch 7 of" in (board.text_content() or ""), seconds=wait, what="epoch 7")
            strip = board.locator(".xaiw-saliency .xaiw-strip")
            lab.wait_for(lambda: "evaluations" in (strip.text_content() or ""), seconds=150, what="masks")
            book.page.wait_for_timeout(6000)
            for theme in ("light", "dark"):
                book.set_theme(dark=theme == "dark")
                book.page.wait_for_timeout(3000)
                book.screenshot(FOLDER / f"dashboard_{theme}.png")
            book.close()
        finally:
            server.close()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shortcuts", action="store_true", help="the page of rules alone")
    parser.add_argument("--dashboard", action="store_true", help="the dashboard alone, in Chromium")
    parser.add_argument("--wait", type=float, default=900, help="most seconds until its seventh epoch")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    if options.dashboard:
        dashboard(options.wait)
        return
    torch.set_num_threads(1)
    if options.shortcuts:
        save("shortcuts", cheating())
        return
    run = Run()
    for epoch in run.train():
        accuracy = float(np.nanmean(run.tracker.label_series("accuracy", mode="eval").mean[:, -1]))
        sys.stderr.write(f"epoch {epoch}: accuracy {accuracy:.3f}\n")
    for name, draw in {**pictures(run), "shortcuts": cheating()}.items():
        save(name, draw)


def save(name: str, draw: Callable[[bool], figures.StaticFigure]) -> None:
    """Write a picture in both themes."""
    for dark in (False, True):
        draw(dark).save(FOLDER / f"{name}_{'dark' if dark else 'light'}.png", dpi=144)


if __name__ == "__main__":
    main()
