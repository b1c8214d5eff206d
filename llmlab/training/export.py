"""What a run leaves behind: a model that others can load, and all that it takes to make it again."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from llmlab.model import Transformer, save_huggingface
from llmlab.tokenization import Tokenizer

CURVE_FILE, PICTURE_FILE = "loss.csv", "loss.svg"
SETTINGS_FILE, SUMS_FILE = "settings.yaml", "SHA256SUMS"
_COLUMNS = ("loss", "learning_rate", "gradient_norm", "validation_loss")


def export_model(
    model: Transformer, tokenizer: Tokenizer, settings: str, logs: Path, folder: Path
) -> None:
    """Write a folder that `transformers` loads, with the settings and the loss curve of the run that made it.

    Args:
        model: Is written in the type of its weights.
        tokenizer: Goes beside it.
        settings: YAML that `llmlab train --config` takes.
        logs: The folder of the CSV logger, with one folder for each time that the run was begun or resumed.
        folder: Is made if it is missing.
    """
    save_huggingface(model, folder)
    tokenizer.save(folder)
    (folder / SETTINGS_FILE).write_text(settings, encoding="utf-8")
    curve = read_curve(logs)
    write_curve(curve, folder / CURVE_FILE)
    draw_curve(curve, folder / PICTURE_FILE)
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != SUMS_FILE)
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / SUMS_FILE).write_text("".join(sums), encoding="utf-8")


def read_curve(logs: Path) -> list[dict[str, str]]:
    """Join what the CSV logger wrote, in the order in which the run was resumed.

    A resumed run takes some steps again, from its checkpoint on; those that it took before are left out.

    Returns:
        One row a step that was logged: `step`, and what is known of it among `loss`, `learning_rate`,
        `gradient_norm` and `validation_loss`.
    """
    versions = sorted(logs.glob("version_*/metrics.csv"), key=lambda path: _number(path.parent))
    rows: dict[int, dict[str, str]] = {}
    for version in versions:
        with version.open(newline="", encoding="utf-8") as file:
            written = [(int(row["step"]), row) for row in csv.DictReader(file)]
        first = min((step for step, _ in written), default=0)
        rows = {step: row for step, row in rows.items() if step < first}
        for step, row in written:
            known = {name: row[name] for name in _COLUMNS if row.get(name)}
            rows.setdefault(step, {"step": str(step)}).update(known)
    return [rows[step] for step in sorted(rows)]


def write_curve(rows: Sequence[dict[str, str]], path: Path) -> None:
    """Write a loss curve as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("step", *_COLUMNS), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def draw_curve(rows: Sequence[dict[str, str]], path: Path) -> None:
    """Draw a loss curve as SVG, the same to the byte for the same numbers."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.add_subplot()
    for name, label, style in (
        ("loss", "training, each batch", "-"),
        ("validation_loss", "held-out text", "x"),
    ):
        points = [(int(row["step"]), float(row[name])) for row in rows if name in row]
        if points:
            axes.plot(*zip(*points, strict=True), style, label=label, linewidth=0.8)
    # The first steps would press all others into one line.
    axes.set(yscale="log", xlabel="step", ylabel="loss (nats a token)")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend()
    with rc_context({"svg.hashsalt": path.name}):
        figure.savefig(path, metadata={"Date": None})


def _number(version: Path) -> int:
    return int(version.name.removeprefix("version_"))
