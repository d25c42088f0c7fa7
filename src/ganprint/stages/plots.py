"""Plots of all runs: every picture as SVG, and beside it a CSV file with exactly the data drawn."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ganprint.audit import plots
from ganprint.audit.plots.captions import caption, refused_caption
from ganprint.audit.summary import rows_of_run, rows_of_trivial
from ganprint.corpus.store import read_index
from ganprint.embed.store import read_embedding
from ganprint.errors import InputError
from ganprint.files import write_text
from ganprint.params import Params
from ganprint.seeds import derive_seed
from ganprint.stages.places import Places
from ganprint.stages.scores import OWN_READING, SWAPPED_READING

__all__ = ["write_plots"]

_TABLES = ("roc", "roc_band", "histogram", "confusion", "calibration")


@dataclass(frozen=True)
class _Plot:
    """One plot; without a figure there is nothing to draw, and the caption says why."""

    name: str
    title: str
    caption: str
    section: str
    table: pd.DataFrame | None = None
    figure: Figure | None = None


@dataclass(frozen=True)
class _Evaluated:
    """What the stage ``evaluate`` wrote of one run, without its control readings."""

    run: str
    baseline: bool
    details: dict[str, Any]
    tables: dict[str, pd.DataFrame]

    @property
    def refusal(self) -> str | None:
        return cast("str | None", self.details["refusal"])

    def own(self, table: str) -> pd.DataFrame:
        rows = self.tables[table]
        return rows[rows["reading"] == OWN_READING].assign(run=self.run)

    def thresholds(self) -> pd.DataFrame:
        rows = [(name, rule["rule"], float(rule["value"])) for name, rule in self.details["thresholds"].items()]
        table = pd.DataFrame(rows, columns=["reading", "rule", "threshold"])
        return table[table["reading"] != SWAPPED_READING]


def write_plots(places: Places, params: Params, folder: Path) -> list[dict[str, Any]]:
    """Draw all plots of evaluated runs.

    Parameters
    ----------
    places, params
        The project.
    folder
        Gets ``NAME.svg`` and ``NAME.csv`` for every plot.

    Returns
    -------
    A record per plot, in order: ``name``, ``title``, ``caption`` (how to read it), ``svg`` and ``csv`` (file names in
    the folder, or ``None`` when there was nothing to draw: then the caption says why), ``section`` (``data``,
    ``results`` or ``runs``).

    Raises
    ------
    InputError
        When a run of params.yaml has not been evaluated, or the corpus or an embedding is missing.
    """
    runs = [_read_run(places, name, baseline=run.baseline) for name, run in params.runs.items()]
    test_known = any("test" in run.details["readings"].get(OWN_READING, {}) for run in runs)
    records = []
    for made in (_maps(places, params), _overview(places, params, runs, test_known=test_known)):
        records += [_write(folder, plot) for plot in made]
    for run in runs:
        tree = places.compared(run.run)
        records += [_write(folder, plot) for plot in _of_run(run, tree, params, test_known=test_known)]
    return records


def _write(folder: Path, plot: _Plot) -> dict[str, Any]:
    record: dict[str, Any] = {name: getattr(plot, name) for name in ("name", "title", "caption", "section")}
    record |= {"svg": None, "csv": None}
    if plot.figure is not None:
        record["svg"] = f"{plot.name}.svg"
        write_text(folder / f"{plot.name}.svg", plots.svg_bytes(plot.figure).decode())
    if plot.table is not None:
        record["csv"] = f"{plot.name}.csv"
        write_text(folder / f"{plot.name}.csv", plot.table.to_csv(index=False, lineterminator="\n"))
    return record


def _read_run(places: Places, run: str, *, baseline: bool) -> _Evaluated:
    folder = places.evaluated(run)
    tables = {name: _read_table(folder / f"{name}.csv") for name in _TABLES}
    return _Evaluated(run, baseline, _read_json(folder / "figures.json"), tables)


def _read_table(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype={"split": str, "reading": str}, keep_default_na=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run 'dvc repro' first") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: can not be read ({' '.join(str(error).split())}); run 'dvc repro'") from None
    return table[table["reading"] != SWAPPED_READING].reset_index(drop=True)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run 'dvc repro' first") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: can not be read ({error}); run 'dvc repro'") from None


def _maps(places: Places, params: Params) -> Iterator[_Plot]:
    """One map per embedding and pooling that a run looks at; of the test split no membership is read."""
    index = read_index(places.corpus)
    for embedding, pooling in dict.fromkeys((run.embedding, run.pooling) for run in params.runs.values()):
        rows = read_embedding(places.embedding(embedding), pooling)
        if not index[["split", "role", "id"]].equals(rows.keys):
            raise InputError(f"{places.embedding(embedding)}: made from another corpus; run 'dvc repro'")
        view = embedding if pooling == "none" else f"{embedding}-{pooling}"
        seed = derive_seed(params.seed, "audit", "map", view)
        table = plots.map_table(rows.rows, index[["split", "role", "id", "membership"]], seed)
        name, title = f"map-{view}", f"Map of the images, {view}"
        if table.empty:
            reason = "There is no map: the images are too few, or too much alike, to differ in two directions."
            yield _Plot(name, title, reason, "data")
            continue
        shown = 100 * float(table["first_share"].iloc[0] + table["second_share"].iloc[0])
        generated = int((index["role"] == "generated").sum())
        figure = plots.map_plot(title, table, generated)
        yield _Plot(name, title, caption("map", shown=shown), "data", table, figure)


def _overview(places: Places, params: Params, runs: list[_Evaluated], *, test_known: bool) -> Iterator[_Plot]:
    """Draw all runs together, and of each the own reading alone; the tables are those for ``dvc plots``, too."""
    level = 100 * params.evaluate.confidence
    rows = [row for run in runs for row in rows_of_run(run.details, baseline=run.baseline)]
    forest = plots.forest_table(rows + rows_of_trivial(_read_json(places.trivial)))
    title = "All runs with their intervals"
    said = caption("forest", test_known=test_known, level=level)
    yield _Plot("forest", title, said, "results", forest, plots.forest_plot(title, forest))

    refused = [run.run for run in runs if run.refusal is not None]
    without = f" Refused and therefore without scores: {', '.join(refused)}." if refused else ""
    split = "test" if test_known else "development"
    for name, (title, table, figure) in {
        "roc": _roc_of_runs(runs),
        "scores": _scores_of_runs(runs, split),
        "confusion": _confusion_of_runs(runs),
    }.items():
        said = "There is nothing to draw: no run has scores of images of both classes."
        if figure is not None:
            said = caption(f"{name}-of-runs", test_known=test_known, level=level, split=split)
        yield _Plot(name, title, said + without, "results", table, figure)


_Drawn = tuple[str, pd.DataFrame, Figure | None]


def _roc_of_runs(runs: list[_Evaluated]) -> _Drawn:
    points, band = (_joined([run.own(name) for run in runs]) for name in ("roc", "roc_band"))
    title = "ROC of all runs"
    figure = None if points.empty else plots.roc_plot_of_runs(title, points, band)
    return title, _joined([points.assign(part="curve"), band.assign(part="band")]), figure


def _scores_of_runs(runs: list[_Evaluated], split: str) -> _Drawn:
    bins, cuts = _joined([run.own("histogram") for run in runs]), _joined([_own_threshold(run) for run in runs])
    bins = bins[bins["split"] == split]
    title = f"Scores of all runs, {split} split"
    figure = None if bins.empty else plots.score_plot_of_runs(title, bins, cuts)
    return title, _joined([_counted(bins), cuts.assign(part="threshold")]), figure


def _confusion_of_runs(runs: list[_Evaluated]) -> _Drawn:
    counts = _joined([run.own("confusion") for run in runs])
    title = "Decisions of all runs"
    return title, counts, None if counts.empty else plots.confusion_plot_of_runs(title, counts)


def _counted(bins: pd.DataFrame) -> pd.DataFrame:
    # Whole numbers that stay whole beside rows without counts.
    return bins.assign(part="bin").astype({"used": "Int64", "not_used": "Int64"})


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Put tables below one another; tables of a header alone would turn numbers into objects."""
    return pd.concat([table for table in tables if len(table)] or tables)


def _own_threshold(run: _Evaluated) -> pd.DataFrame:
    table = run.thresholds()
    return table[table["reading"] == OWN_READING].assign(run=run.run)


def _of_run(run: _Evaluated, compared: Path, params: Params, *, test_known: bool) -> Iterator[_Plot]:
    if run.refusal is not None:
        yield _Plot(f"refused-{run.run}", run.run, refused_caption(run.run, run.refusal), "runs")
        return
    level = 100 * params.evaluate.confidence
    tables, cuts = run.tables, run.thresholds()
    points, band, bins, bars = (tables[name] for name in ("roc", "roc_band", "histogram", "calibration"))
    title = f"ROC, {run.run}"
    if points.empty:
        yield _Plot(f"roc-{run.run}", title, "There is no curve: all images are of one class.", "runs")
    else:
        both = _joined([points.assign(part="curve"), band.assign(part="band")])
        said = caption("roc", test_known=test_known, level=level)
        yield _Plot(f"roc-{run.run}", title, said, "runs", both, plots.roc_plot(title, points, band))
    title = f"Scores, {run.run}"
    both = _joined([_counted(bins), cuts.assign(part="threshold")])
    said = caption("scores", test_known=test_known)
    yield _Plot(f"scores-{run.run}", title, said, "runs", both, plots.score_plot(title, bins, cuts))
    yield _calibration(run.run, bars, level, test_known=test_known)
    path = compared / "dendrogram.npy"
    if path.is_file():
        cut = float(_read_json(compared / "figures.json")["cut_height"])
        tree: np.ndarray[Any, Any] = np.load(path, allow_pickle=False)
        title = f"Dendrogram, {run.run}"
        table, figure = plots.dendrogram_table(tree, cut), plots.dendrogram_plot(title, tree, cut)
        yield _Plot(f"dendrogram-{run.run}", title, caption("dendrogram"), "runs", table, figure)


def _calibration(run: str, bars: pd.DataFrame, level: float, *, test_known: bool) -> _Plot:
    name, title = f"calibration-{run}", f"Calibration, {run}"
    if bars.empty:
        return _Plot(name, title, "There is no calibration: the scores can not be made probabilities.", "runs")
    what = (
        "their score, taken as a probability"
        if (bars["mapping"] == "none").all()
        else "a probability that development scores and labels give to the rank of their score (Platt's sigmoid)"
    )
    said = caption("calibration", test_known=test_known, level=level, what=what)
    return _Plot(name, title, said, "runs", bars, plots.calibration_plot(title, bars))
