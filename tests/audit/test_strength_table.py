"""The study's table and plots: what is drawn is what is in the table."""

import pandas as pd
import pytest

from ganprint.audit.plots import strength_map, strength_plot, svg_bytes
from ganprint.audit.strength_table import strength_table

ROWS = [
    ("weak", "test", 0.0, 0.49, 0.40, 0.58),
    ("weak", "test", 1.0, 0.55, 0.45, 0.65),
    ("strong", "test", 0.0, 0.50, 0.50, 0.50),
    ("strong", "test", 1.0, 0.94, 0.90, 0.98),
    ("weak", "development", 0.0, 0.9, 0.8, 1.0),
]
BANDS = pd.DataFrame(ROWS, columns=["run", "split", "level", "auc", "low", "high"])
SEEN = pd.DataFrame(
    [("weak", "test", float("nan"), float("nan")), ("strong", "test", 0.1, 1.0), ("weak", "development", 0.0, 0.0)],
    columns=["run", "split", "first", "onwards"],
)


def test_the_table_has_the_best_run_on_top_and_bold_what_is_above_chance():
    """A band that touches 0.5 is not bold, a run that never sees the leak says so, the other split stays out."""
    assert strength_table(BANDS, SEEN, "test") == [
        "| run | 0 | 1 | first seen at | seen from |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| strong | 0.50 | **0.94** | 0.1 | 1 |",
        "| weak | 0.49 | 0.55 | never | never |",
    ]


def test_a_run_that_was_refused_at_a_level_has_no_figure_there():
    """Protects from a blank that reads as zero."""
    assert strength_table(BANDS.drop(index=0), SEEN, "test")[-1] == "| weak | refused | 0.55 | never | never |"


def test_the_plot_has_a_panel_per_run_with_its_curves_and_band():
    """Curves hold the levels and the means; the band is the test split's."""
    figure = strength_plot("title", BANDS)
    panels = {axes.get_title(): axes for axes in figure.axes if axes.axison}
    assert list(panels) == ["weak", "strong"]
    curves = {line.get_label(): line.get_xydata().tolist() for line in panels["strong"].get_lines()}
    assert curves["test"] == [[0, 0.5], [1, 0.94]]
    (band,) = panels["strong"].collections
    assert band.get_datalim(panels["strong"].transData).get_points()[:, 1] == pytest.approx([0.5, 0.98])
    assert svg_bytes(figure) == svg_bytes(strength_plot("title", BANDS))


def test_the_map_writes_every_mean_and_marks_bands_above_chance():
    """Runs from best to worst, one field per level, bold as in the table."""
    (axes,) = strength_map("title", BANDS, "test").axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["strong", "weak"]
    assert [(text.get_text(), text.get_fontweight()) for text in axes.texts] == [
        ("0.50", "normal"),
        ("0.94", "bold"),
        ("0.49", "normal"),
        ("0.55", "normal"),
    ]


def test_the_map_leaves_a_refused_field_empty():
    """A run without a figure at one level has no number there, and the map is drawn all the same."""
    (axes,) = strength_map("title", BANDS.drop(index=0), "test").axes
    assert [text.get_text() for text in axes.texts] == ["0.50", "0.94", "0.55"]
