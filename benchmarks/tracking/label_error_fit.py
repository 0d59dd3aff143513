"""Fit the models behind `label_error`, and print them as `xai_widgets/tracking/scores/label_error_model.py` has them.

    python benchmarks/tracking/label_error_fit.py [--quick] [--runs DIR]

160 simulated trainings (mixtures of Gaussians, random teachers, principal components of the photographs of `../shared/data`,
parts of scikit-learn's digits; 2 to 100 classes, balanced or not; no label to 40 % replaced, by any class or by one; networks
with one or two hidden layers, with and without dropout, jitter, weight decay and label smoothing) and, at twice their weight,
one seed of the cells of `suspects.py` on digits and photographs, by its convolutional network (seed 0) and by a hidden layer
(seed 7). The numbers that are shipped came of
this recipe with other random draws. Needs torch and scikit-learn.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import suspects

from xai_widgets.tracking.scores import label_errors
from xai_widgets.tracking.store import label_evidence

LOOKS = (3, 4, 5, 7, 10, 14, 20, 40)
EPOCHS = 40
SAMPLE = 400
UNITS = 10
REAL, SIMULATED = 1.0, 0.5


class Run:
    """One training: what the network said in every epoch, before it learnt from it."""

    def __init__(self, loss, margin, predicted, given, right, classes, weight):
        self.loss, self.margin, self.predicted = loss, margin, predicted
        self.given, self.right, self.classes, self.weight = given, right, classes, weight

    @classmethod
    def of_logits(cls, logits, given, right, weight):
        p, rows = suspects.softmax(logits), np.arange(given.size)
        loss = -np.log(np.maximum(p[:, rows, given], 1e-12))
        others = logits.copy()
        others[:, rows, given] = -np.inf
        margin = logits[:, rows, given] - others.max(-1)
        return cls(loss, margin, logits.argmax(-1), given, right, logits.shape[-1], weight)

    def evidence(self):
        """Give {epoch: (by predictions, by losses)}, as the tracker would have them."""
        size = self.given.size
        state = {name: np.zeros(size, kind) for name, kind in label_evidence.KEPT.items()}
        state["judged"], state["was_correct"] = np.zeros(size, np.uint16), np.zeros(size, bool)
        totals, found = label_evidence.RunTotals(), {}
        for epoch in range(len(self.loss)):
            correct = self.predicted[epoch] == self.given
            columns = {
                "@correct": correct,
                "@confidence": np.exp(-self.loss[epoch]),
                "@margin": self.margin[epoch],
                "@prediction": self.predicted[epoch],
            }
            label_evidence.enter(state, totals, {k: np.asarray(v, np.float32) for k, v in columns.items()})
            state["judged"] += 1
            state["was_correct"] = correct
            if epoch + 1 in LOOKS:
                seen = np.minimum(self.loss[: epoch + 1], 15)
                learnt = (seen < np.log(2)).mean(0)
                by_loss = label_errors.of_losses(seen.mean(0), learnt, float(learnt.mean()), epoch + 1)
                kept = {name: values.copy() for name, values in state.items()}
                found[epoch + 1] = (label_evidence.of_run(kept, totals, size), by_loss)
        return found


# ---- simulated trainings ---------------------------------------------------------------------------------------------


def data(rng):
    """Draw inputs (N, D), labels (N,) and how many classes."""
    kind = rng.choice(["mixture", "mixture", "teacher", "photos", "photos", "digits"])
    if kind == "mixture":
        classes = int(rng.choice([2, 3, 5, 10, 20, 50, 100]))
        n, d, parts = (
            int(rng.integers(max(800, 20 * classes), 2600)),
            int(rng.integers(8, 60)),
            int(rng.integers(1, 5)),
        )
        apart = rng.uniform(0.6, 2.5)
        centres = rng.normal(size=(classes, parts, d)) * apart
        y = rng.choice(classes, n, p=rng.dirichlet(np.full(classes, rng.choice([1.5, 20, 1000.0]))))
        x = centres[y, rng.integers(0, parts, n)] * (0.35 if apart < 1.3 else 0.6) + rng.normal(size=(n, d))
    elif kind == "teacher":
        classes, n, d = int(rng.choice([2, 4, 10])), int(rng.integers(1000, 2400)), int(rng.integers(10, 40))
        x = rng.normal(size=(n, d))
        hidden = np.tanh(x @ rng.normal(size=(d, 32)) / np.sqrt(d) * rng.uniform(0.7, 2))
        y = (hidden @ rng.normal(size=(32, classes))).argmax(1)
    else:
        x, y = suspects.pictures(kind)
        x = x.reshape(len(x), -1)
        classes = int(rng.choice([2, 3, 5, 10] if kind == "photos" else [4, 10]))
        if kind == "photos":
            x = x - x.mean(0)
            x = x @ np.linalg.svd(x[:2000], full_matrices=False)[2][:96].T
            x *= 3 / x.std()
        kept = np.isin(y, np.sort(rng.permutation(10)[:classes]))
        x, y = x[kept], np.unique(y[kept], return_inverse=True)[1]
        some = rng.permutation(len(x))[: int(rng.integers(min(500, len(x)), min(len(x), 2400) + 1))]
        x, y = x[some], y[some]
    return x.astype(np.float32), y.astype(np.int64), classes


def noisy(rng, x, y, classes):
    share = float(rng.choice([0, 0, 0.01, 0.02, 0.05, 0.1, 0.1, 0.2, 0.3, 0.4]))
    given, wrong = y.copy(), np.zeros(y.size, bool)
    wrong[rng.choice(y.size, int(share * y.size), replace=False)] = True
    if classes == 2 or rng.random() < 0.5:
        given[wrong] = (y[wrong] + rng.integers(1, classes, wrong.sum())) % classes
        return given
    centres = np.stack(
        [x[y == c].mean(0) if (y == c).any() else np.zeros(x.shape[1]) for c in range(classes)]
    )
    apart = ((centres[:, None] - centres[None]) ** 2).sum(-1)
    np.fill_diagonal(apart, np.inf)
    other = apart.argmin(1) if rng.random() < 0.6 else (np.arange(classes) + 1) % classes
    given[wrong] = other[y[wrong]]
    return given


def simulated(seed):
    rng = np.random.default_rng(5000 + seed)
    x, y, classes = data(rng)
    given = noisy(rng, x, y, classes)
    torch.manual_seed(seed)
    width, dropout = int(rng.choice([32, 64, 128])), float(rng.choice([0, 0, 0.3]))
    jitter, rate = float(rng.choice([0, 0, 0.2, 0.5])), float(10 ** rng.uniform(-3.3, -2.3))
    batch, decay = int(rng.choice([64, 128, 256])), float(rng.choice([0, 0, 1e-2, 1e-1]))
    smoothing, deep = float(rng.choice([0, 0, 0, 0.1])), rng.random() < 0.4
    layers = [nn.Linear(x.shape[1], width), nn.ReLU(), nn.Dropout(dropout)]
    layers += [nn.Linear(width, width), nn.ReLU()] if deep else []
    model = nn.Sequential(*layers, nn.Linear(width, classes))
    optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=decay)
    return Run.of_logits(
        trained(model, optimizer, x, given, batch, jitter, smoothing, seed), given, y, SIMULATED
    )


def trained(model, optimizer, x, given, batch, jitter=0.0, smoothing=0.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    inputs, labels = torch.from_numpy(x), torch.from_numpy(given)
    found = None
    for epoch in range(EPOCHS):
        for rows in torch.randperm(len(given), generator=generator).split(batch):
            seen = inputs[rows]
            if jitter:
                seen = seen + jitter * torch.randn(seen.shape, generator=generator)
            logits = model(seen)
            loss = functional.cross_entropy(logits, labels[rows], label_smoothing=smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if found is None:
                found = np.zeros((EPOCHS, len(given), logits.shape[1]), np.float32)
            found[epoch, rows.numpy()] = logits.detach().numpy()
    return found


def real(folder):
    """Seed 0 of the cells by the convolutional network, and seed 7 by a hidden layer."""
    for kind in ("digits", "photos"):
        x, y = suspects.pictures(kind)
        for noise, share in suspects.CELLS:
            logits, right, given = suspects.run_of(folder, kind, "cnn", noise, share, 0)
            yield Run.of_logits(logits, given, right, REAL)
            given = suspects.planted(kind, y, noise, share, 7)
            torch.manual_seed(7)
            flat = x.reshape(len(x), -1)
            model = nn.Sequential(nn.Linear(flat.shape[1], 128), nn.ReLU(), nn.Linear(128, 10))
            optimizer = torch.optim.Adam(model.parameters(), 1e-3)
            yield Run.of_logits(trained(model, optimizer, flat, given, 64, seed=7), given, y, REAL)


# ---- the fit ---------------------------------------------------------------------------------------------------------


def gathered(looks, what, wrong_model=None):
    """Sample instances (R, SAMPLE, 4), what is true of them, the runs (R, 8) and their weights."""
    rng, rows = np.random.default_rng(0), []
    for run, by_predictions, by_losses in looks:
        evidence = by_losses if what == "losses" else by_predictions
        instance = np.stack(label_errors._instance(evidence), 1)
        description = label_errors._run(evidence, run.classes)
        target, among, weight = run.right != run.given, np.arange(run.given.size), run.weight
        if what == "suggestion":
            likely = probability(wrong_model, instance, description) > 0.15
            among = np.flatnonzero(target & (evidence.votes > 0) & likely)
            target = evidence.first == run.right
            if among.size < 10:
                continue
            weight *= min(1, among.size / 100)
        chosen = rng.choice(among, SAMPLE, replace=among.size < SAMPLE)
        rows.append((instance[chosen], target[chosen], description, weight))
    return [np.array(part, np.float32) for part in zip(*rows, strict=True)]


def fitted(rows, steps):
    """Fit slopes and level as functions of the run: a logistic model of instances, its numbers by a layer of units."""
    x, y, runs, weight = map(torch.from_numpy, rows)
    middle, spread = x.reshape(-1, 4).mean(0), x.reshape(-1, 4).std(0) + 1e-6
    run_middle, run_spread = runs.mean(0), runs.std(0) + 1e-6
    x, described, weight = (x - middle) / spread, (runs - run_middle) / run_spread, weight / weight.sum()
    generator = torch.Generator().manual_seed(0)
    hidden = (0.3 * torch.randn(UNITS, 8, generator=generator)).requires_grad_()
    out = (0.1 * torch.randn(5, UNITS, generator=generator)).requires_grad_()
    bias = torch.zeros(UNITS, requires_grad=True)
    level = torch.tensor([-2.0, 1, 1, 0.5, 0]).requires_grad_()
    optimizer = torch.optim.Adam([hidden, bias, out, level], 0.03)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        # a run looks a little different each time, so that none is learnt by heart
        moved = described + 0.05 * torch.randn(described.shape, generator=generator)
        numbers = torch.tanh(moved @ hidden.T + bias) @ out.T + level
        logit = numbers[:, :1] + (x * numbers[:, None, 1:]).sum(2)
        loss = functional.binary_cross_entropy_with_logits(logit, y, reduction="none").mean(1)
        total = (loss * weight).sum() + 1e-3 * (8 * (hidden**2).mean() + (out**2).sum() / 5)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        schedule.step()
    return unscaled(hidden, bias, out, level, middle, spread, run_middle, run_spread, runs)


def unscaled(hidden, bias, out, level, middle, spread, run_middle, run_spread, runs):
    """Fold the scaling of instances and runs into the numbers."""
    hidden, bias, out, level, middle, spread, run_middle, run_spread, runs = (
        t.detach().numpy().astype(np.float64)
        for t in (hidden, bias, out, level, middle, spread, run_middle, run_spread, runs)
    )
    same = run_spread < 1e-5  # what is the same in all runs says nothing
    hidden = np.where(same, 0, hidden / run_spread)
    bias = bias - hidden @ run_middle
    constant = spread < 1e-5
    out[1:] = np.where(constant[:, None], 0, out[1:] / spread[:, None])
    level[1:] = np.where(constant, 0, level[1:] / spread)
    out[0] -= middle @ out[1:]
    level[0] -= middle @ level[1:]
    return {
        "hidden": hidden,
        "bias": bias,
        "out": out,
        "level": level,
        "low": runs.min(0),
        "high": runs.max(0),
    }


def probability(model, instance, run):
    run = np.clip(run, model["low"], model["high"])
    level, *slopes = model["out"] @ np.tanh(model["hidden"] @ run + model["bias"]) + model["level"]
    return 1 / (1 + np.exp(-np.clip(level + instance @ np.array(slopes), -40, 40)))


def printed(name, model):
    def row(numbers):
        return '"' + " ".join(f"{v:.4g}" for v in numbers) + '"'

    print(f"{name} = Model(")
    for part, values in model.items():
        if values.ndim == 1:
            print(f"    {part}=_row({row(values)}),")
        else:
            print(f"    {part}=_rows(\n" + "".join(f"        {row(v)},\n" for v in values) + "    ),")
    print(")")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a few simulated runs, to see that it works")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs/suspects"), help="where suspects.py keeps its runs"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    count, steps = (8, 60) if options.quick else (160, 700)
    looks = []
    for run in (*map(simulated, range(count)), *(() if options.quick else real(options.runs))):
        for by_predictions, by_losses in run.evidence().values():
            if by_predictions.accuracy >= 1.5 / run.classes:
                looks.append((run, by_predictions, by_losses))
    predictions = fitted(gathered(looks, "predictions"), steps)
    printed("PREDICTIONS", predictions)
    printed("LOSSES", fitted(gathered(looks, "losses"), steps))
    printed("SUGGESTION", fitted(gathered(looks, "suggestion", predictions), steps * 3 // 7))


if __name__ == "__main__":
    main()
