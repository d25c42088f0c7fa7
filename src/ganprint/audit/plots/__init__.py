"""Plots, drawn from tables: a function takes a table, gives a figure, and draws nothing that is not in the table."""

from ganprint.audit.plots.calibration import calibration_plot
from ganprint.audit.plots.confusion import confusion_plot, confusion_plot_of_runs
from ganprint.audit.plots.embedding import map_plot, map_table
from ganprint.audit.plots.forest import forest_plot, forest_table
from ganprint.audit.plots.roc import roc_plot, roc_plot_of_runs
from ganprint.audit.plots.scores import histogram_plot, score_plot, score_plot_of_runs
from ganprint.audit.plots.strength import strength_map, strength_plot
from ganprint.audit.plots.style import svg_bytes
from ganprint.audit.plots.tree import dendrogram_plot, dendrogram_table

__all__ = [
    "calibration_plot",
    "confusion_plot",
    "confusion_plot_of_runs",
    "dendrogram_plot",
    "dendrogram_table",
    "forest_plot",
    "forest_table",
    "histogram_plot",
    "map_plot",
    "map_table",
    "roc_plot",
    "roc_plot_of_runs",
    "score_plot",
    "score_plot_of_runs",
    "strength_map",
    "strength_plot",
    "svg_bytes",
]
