"""Are the labels that are named wrong? Planted errors, several networks and epochs, beside cleanlab.

    python benchmarks/tracking/suspects.py [--runs DIR] [--seeds 1 2 3] [--kinds digits photos] [--folds] [--resnet] [--markdown]

scikit-learn's digits and the 5,085 photographs of `../shared/data` with a small convolutional network, and with --resnet a
ResNet-20 with shifted and mirrored pictures: none, 2, 10 and 30 % of the labels replaced, by any other class ("any") or by one
look-alike class for each ("pair"), looked at after 5, 10, 20 and 40 epochs of one run. Everything is read from the tracker.
cleanlab (`pip install cleanlab`) judges the mean probabilities of the same run, with --folds those of five folds that were
held out as well; without it its columns are empty. Runs are kept in --runs, so that the table is made again in a minute.

Seed 0 of the digits and the photographs was among what the model behind `label_error` was fitted on; the others were not.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from xai_widgets.tracking import Tracker

ROOT = Path(__file__).resolve().parents[2]
EPOCHS = (5, 10, 20, 40)
CELLS = (
    ("any", 0.02),
    ("pair", 0.02),
    ("any", 0.1),
    ("pair", 0.1),
    ("any", 0.3),
    ("pair", 0.3),
    ("any", 0.0),
)
LOOK_ALIKE = {"photos": [8, 9, 0, 5, 7, 3, 2, 4, 0, 1], "digits": [6, 7, 7, 8, 9, 3, 5, 1, 3, 4]}


def pictures(kind):
    """Pictures (N, C, H, W) float32 and labels (N,)."""
    if kind == "digits":
        from sklearn.datasets import load_digits

        digits = load_digits()
        return (digits.images / 16).astype(np.float32)[:, None], digits.target.astype(np.int64)
    data = np.load(ROOT.parent / "shared" / "data" / "cifar10_train_5085.npz")
    x = (data["x"].astype(np.float32) / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2), np.float32), data["y"].astype(np.int64)


def planted(kind, y, noise, share, seed):
    rng = np.random.default_rng(1000 + seed)
    given, wrong = y.copy(), np.zeros(y.size, bool)
    wrong[rng.choice(y.size, round(share * y.size), replace=False)] = True
    if noise == "any":
        given[wrong] = (y[wrong] + rng.integers(1, 10, wrong.sum())) % 10
    else:
        given[wrong] = np.array(LOOK_ALIKE[kind])[y[wrong]]
    return given


def network(name, channels, side):
    from torch import nn

    if name == "cnn":
        side //= 4
        return nn.Sequential(
            nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * side * side, 128), nn.ReLU(), nn.Linear(128, 10),
        )  # fmt: skip

    class Block(nn.Module):
        def __init__(self, i, o, stride):
            super().__init__()
            self.one = nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())
            self.two = nn.Sequential(nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o))
            self.added = o - i

        def forward(self, x):
            y = self.two(self.one(x))
            if self.added:
                x = nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.added // 2, self.added // 2))
            return nn.functional.relu(x + y)

    layers, width = [nn.Conv2d(channels, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for out, stride in ((16, 1), (32, 2), (64, 2)):
        for block in range(3):
            layers.append(Block(width, out, stride if block == 0 else 1))
            width = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def shifted(x, generator):
    """Shift by up to four pixels and mirror every other one."""
    import torch

    padded, n = torch.nn.functional.pad(x, (4, 4, 4, 4)), x.shape[0]
    across, down = (torch.randint(0, 9, (n,), generator=generator) for _ in range(2))
    out = torch.stack([padded[i, :, down[i] : down[i] + 32, across[i] : across[i] + 32] for i in range(n)])
    mirrored = torch.rand(n, generator=generator) < 0.5
    out[mirrored] = out[mirrored].flip(3)
    return out


def trained(x, y, name, seed, epochs, among=None, held=None):
    """Train; logits (epochs, N, 10) as each step saw them, or of `held` after each epoch."""
    import torch

    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    inputs, labels = torch.from_numpy(x), torch.from_numpy(y)
    model = network(name, x.shape[1], x.shape[2]).to(memory_format=torch.channels_last)
    optimizer = (
        torch.optim.Adam(model.parameters(), 1e-3)
        if name == "cnn"
        else torch.optim.SGD(model.parameters(), 0.05, 0.9, weight_decay=5e-4, nesterov=True)
    )
    among = np.arange(y.size) if among is None else among
    found = np.zeros((epochs, y.size if held is None else held.size, 10), np.float16)
    for epoch in range(epochs):
        model.train()
        for batch in torch.from_numpy(among)[torch.randperm(len(among), generator=generator)].split(64):
            seen = inputs[batch] if name == "cnn" else shifted(inputs[batch], generator)
            logits = model(seen.contiguous(memory_format=torch.channels_last))
            loss = torch.nn.functional.cross_entropy(logits, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if held is None:
                found[epoch, batch.numpy()] = logits.detach().numpy()
        if held is not None:
            model.eval()
            with torch.no_grad():
                found[epoch] = torch.cat([model(part) for part in inputs[held].split(256)]).numpy()
    return found


def run_of(folder, kind, name, noise, share, seed, folds=False):
    """A run, from `folder` where it is there: logits (epochs, N, 10), right labels, given labels."""
    path = folder / f"{kind}_{name}_{noise}_{share:g}_{seed}{'_folds' if folds else ''}.npz"
    if not path.exists():
        x, y = pictures(kind)
        given = planted(kind, y, noise, share, seed)
        if folds:
            logits = np.zeros((max(EPOCHS), y.size, 10), np.float16)
            fold = np.random.default_rng(seed).permutation(y.size) % 5
            for k in range(5):
                out, held = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
                logits[:, held] = trained(x, given, name, seed, max(EPOCHS), out, held)
        else:
            logits = trained(x, given, name, seed, max(EPOCHS))
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(path, h=logits, y=y, g=given)
    with np.load(path) as data:
        return data["h"].astype(np.float32), data["y"], data["g"]


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def average_precision(score, wrong):
    if not wrong.any():
        return np.nan
    hit = wrong[np.argsort(-score, kind="stable")]
    return float((np.cumsum(hit) / np.arange(1, hit.size + 1))[hit].mean())


def f1(named, wrong):
    return 2 * (named & wrong).sum() / max(named.sum() + wrong.sum(), 1)


def confident_learning(given, probabilities):
    """Average precision needs scores; (scores, flagged, number), or None without cleanlab."""
    try:
        from cleanlab.count import num_label_issues
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        return None
    p = probabilities / probabilities.sum(1, keepdims=True)
    return (
        -get_label_quality_scores(given, p),
        find_label_issues(given, p, n_jobs=1),
        num_label_issues(given, p),
    )


def looks(folder, kind, name, noise, share, seed, folds):
    """{epoch: what was found}: ours, and cleanlab's."""
    logits, true, given = run_of(folder, kind, name, noise, share, seed)
    held = (
        softmax(run_of(folder, kind, name, noise, share, seed, folds=True)[0])
        if folds and share == 0.1
        else None
    )
    wrong, rows = true != given, np.arange(true.size)
    p = softmax(logits)
    loss = -np.log(np.maximum(p[:, rows, given], 1e-30))
    tracker, found = Tracker(), {}
    for epoch in range(max(EPOCHS)):
        for batch in np.array_split(rows, 1 + rows.size // 1024):
            tracker.record(batch, given[batch], loss=loss[epoch, batch], logits=logits[epoch, batch])
        tracker.end_epoch()
        if epoch + 1 in EPOCHS:
            found[epoch + 1] = judged(tracker, wrong, true, given, p[: epoch + 1].mean(0))
            if held is not None:
                theirs = confident_learning(given, held[epoch])
                if theirs is not None:
                    found[epoch + 1]["folds"] = (
                        average_precision(theirs[0], wrong),
                        f1(theirs[1], wrong),
                        theirs[2],
                    )
    return found


def judged(tracker, wrong, true, given, mean):
    table, suspects = tracker.dynamics(), tracker.suspects()
    probability = np.nan_to_num(table["label_error"])
    named, certain = table["suspected"], table["label_error"] >= 0.9
    right = np.array([s is not None and s == t for s, t in zip(table["suggested"], true, strict=True)])
    out = {
        "AP": average_precision(probability, wrong),
        "F1": f1(named, wrong),
        "number": suspects.number,
        "error": suspects.error,
        "wrong": int(wrong.sum()),
        "named": float(named.mean()),
        "certain": int(certain.sum()),
        "certain wrong": int((certain & wrong).sum()),
        "certain right class": int((certain & right).sum()),
        "early": bool(suspects.waits),
        "suggestions": (table["suggested_probability"][named], right[named]),
        "probabilities": (probability, wrong),
    }
    theirs = confident_learning(given, mean)
    if theirs is not None:
        out["cleanlab"] = (average_precision(theirs[0], wrong), f1(theirs[1], wrong), theirs[2])
    return out


def mean_and_error(values):
    values = np.array([v for v in values if np.isfinite(v)], float)
    if not values.size:
        return "-"
    error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else np.nan
    places = 2 if np.abs(values).max() < 10 else 0
    return (
        f"{values.mean():.{places}f} ± {error:.{places}f}"
        if np.isfinite(error)
        else f"{values.mean():.{places}f}"
    )


def share_of(found, part, whole):
    total = sum(f[whole] for f in found)
    return f"{sum(f[part] for f in found) / total:.2f} of {total}" if total else "none"


def print_table(cells, markdown):
    heads = ("data, network, noise", "epoch", "AP", "cleanlab", "folds", "F1", "cleanlab", "folds",
             "number", "cleanlab", "planted", "of p >= 0.9 wrong", "named")  # fmt: skip
    rows = []
    for key, seeds in cells.items():
        for epoch in EPOCHS:
            found = [run[epoch] for run in seeds]
            of = {k: [f.get(k, (np.nan,) * 3) for f in found] for k in ("cleanlab", "folds")}
            rows.append((
                key, str(epoch), mean_and_error([f["AP"] for f in found]),
                *(mean_and_error([c[0] for c in of[k]]) for k in of), mean_and_error([f["F1"] for f in found]),
                *(mean_and_error([c[1] for c in of[k]]) for k in of), mean_and_error([f["number"] for f in found]),
                mean_and_error([c[2] for c in of["cleanlab"]]), mean_and_error([f["wrong"] for f in found]),
                share_of(found, "certain wrong", "certain"), f"{100 * np.mean([f['named'] for f in found]):.1f} %",
            ))  # fmt: skip
    if markdown:
        print("| " + " | ".join(heads) + " |\n|" + " --- |" * len(heads))
        for row in rows:
            print("| " + " | ".join(row) + " |")
        return
    widths = [max(len(r[i]) for r in (heads, *rows)) for i in range(len(heads))]
    for row in (heads, *rows):
        print("  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)))


def print_summary(kind, cells):
    """Print the conditions, over all cells of a kind of data."""
    found = [(key, f) for key, seeds in cells.items() for run in seeds for f in run.values()]
    if not found:
        return
    noisy = [(key, f) for key, f in found if f["wrong"]]
    print(f"\n{kind}: {len(found)} looks")
    for noise in ("any", "pair"):
        of = [(key, f) for key, f in noisy if f" {noise} " in key]
        if of and all("cleanlab" in f for _, f in of):
            gain = np.array([f["AP"] - f["cleanlab"][0] for _, f in of])
            gap = [(f["F1"] - f["cleanlab"][1]) / (1 - f["cleanlab"][1] + 1e-9) for _, f in of]
            print(
                f"   {noise}: AP over cleanlab's {gain.mean():+.3f} on average, least {gain.min():+.3f} in one run; F1 closes "
                f"{np.mean(gap):+.2f} of its gap to 1 (mean F1 {np.mean([f['F1'] for _, f in of]):.2f}, cleanlab "
                f"{np.mean([f['cleanlab'][1] for _, f in of]):.2f})"
            )
        if of:
            off = np.array([f["number"] / f["wrong"] - 1 for _, f in of])
            within = np.mean(np.abs(off) < 0.3)
            covered = np.mean([abs(f["number"] - f["wrong"]) < 2 * f["error"] for _, f in of])
            print(
                f"      number: median {np.median(off):+.0%}, within 30 % in {within:.0%} of looks, within two of its errors in "
                f"{covered:.0%}; of p >= 0.9 wrong: {share_of([f for _, f in of], 'certain wrong', 'certain')}; right class: "
                f"{share_of([f for _, f in of], 'certain right class', 'certain')}"
            )
    clean = [f["named"] for _, f in found if not f["wrong"]]
    if clean:
        print(f"   clean: named {100 * np.mean(clean):.2f} % on average, {100 * max(clean):.2f} % at most")
    for what, text in (("suggestions", "a suggestion is right"), ("probabilities", "a label is wrong")):
        said = np.concatenate([f[what][0] for _, f in noisy])
        happened = np.concatenate([f[what][1] for _, f in noisy])
        line = []
        for level in (0.5, 0.7, 0.9):
            at = np.abs(said - level) < 0.05
            if at.sum() >= 20:
                line.append(f"{said[at].mean():.2f}: {happened[at].mean():.2f} of {at.sum()}")
        print(f"   said and happened, that {text}: {'; '.join(line) or 'too few'}")
    late = [f["early"] for _, f in found]
    print(f"   too early to tell: {np.mean(late):.0%} of looks")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, default=Path("runs/suspects"), help="where runs are kept")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--kinds", nargs="+", default=["digits", "photos"], choices=["digits", "photos"])
    parser.add_argument(
        "--folds", action="store_true", help="five held-out folds at 10 %% too: five trainings more"
    )
    parser.add_argument("--resnet", action="store_true", help="a ResNet-20 on the photographs too: hours")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    plan = [(kind, "cnn", noise, share) for kind in options.kinds for noise, share in CELLS]
    if options.resnet:
        plan += [("photos", "resnet", noise, 0.1) for noise in ("any", "pair")]
    cells = {}
    for kind, name, noise, share in plan:
        key = f"{kind}, {name}, {f'{share:.0%} {noise} ' if share else 'clean '}".rstrip() + " "
        cells[key] = [
            looks(options.runs, kind, name, noise, share, seed, options.folds) for seed in options.seeds
        ]
    print_table({key.rstrip(): seeds for key, seeds in cells.items()}, options.markdown)
    for kind in dict.fromkeys(f"{kind}, {name}" for kind, name, *_ in plan):
        print_summary(kind, {key: seeds for key, seeds in cells.items() if key.startswith(kind)})


if __name__ == "__main__":
    main()
