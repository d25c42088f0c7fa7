"""What is drawn is what the tables say, with the same bytes every time, for any name and any odd result."""

import io
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.patches import StepPatch
from scipy.cluster.hierarchy import dendrogram, linkage
from sklearn.decomposition import PCA

from ganprint.audit import plots
from ganprint.audit.plots.style import NOT_USED, USED, printable
from ganprint.audit.summary import Row

BOTH = ("development", "test")
NASTY = "a$x_1$ <script>alert('&')</script> -- \\frac \x00\n 肺 %s"


def roc_tables(runs=("one",)):
    points, bands = [], []
    for number, run in enumerate(runs):
        for split in BOTH:
            key = {"split": split, "reading": "own", "run": run}
            tpr = [0, 0.1, 0.4 + number / 10, 0.9, 1]
            points.append(pd.DataFrame({"fpr": [0, 0, 0.1, 0.5, 1], "tpr": tpr}).assign(**key))
            band = {"fpr": [0, 0.1, 0.5, 1], "low": [0, 0.2, 0.6, 1], "high": [0.3, 0.7, 0.95, 1]}
            bands.append(pd.DataFrame(band).assign(**key))
    return pd.concat(points), pd.concat(bands)


def bins_table(run="one"):
    parts = [
        pd.DataFrame({"low": [0.0, 0.5], "high": [0.5, 1.0], "used": [3, 9], "not_used": [8, 1]}).assign(
            split=split, reading="own", run=run
        )
        for split in BOTH
    ]
    return pd.concat(parts)


def cuts(value=0.5, run="one"):
    return pd.DataFrame({"reading": ["own"], "rule": ["youden"], "threshold": [value], "run": [run]})


def counts_table(run="one", counts=(7, 3, 4, 6)):
    words = [("used", "used"), ("used", "not_used"), ("not_used", "used"), ("not_used", "not_used")]
    rows = [(*pair, count, split, "own", run) for split in BOTH for pair, count in zip(words, counts, strict=True)]
    return pd.DataFrame(rows, columns=["actual", "predicted", "count", "split", "reading", "run"])


def calibration_table(mapping="none"):
    row = {"probability": [0.2, 0.8], "images": [10, 11], "observed": [0.3, 0.7], "low": [0.1, 0.4], "high": [0.6, 0.9]}
    shared = {"brier": 0.21, "brier_constant": 0.25, "expected_calibration_error": 0.1, "mapping": mapping}
    return pd.concat([pd.DataFrame(row).assign(split=split, reading="own", **shared) for split in BOTH])


def forest_rows():
    def figures(value):
        return {
            split: dict.fromkeys(("roc_auc", "f1", "accuracy"), (value, value - 0.1, value + 0.1)) for split in BOTH
        }

    undefined = {"test": {"roc_auc": (None, None, None), "f1": (0.4, None, None), "accuracy": (0.5, 0.4, 0.6)}}
    return [
        Row("one", "run", figures(0.6)),
        Row("one, other naming", "reading", undefined),
        Row("two", "refused", {}, "no memory"),
        Row("blind", "baseline", figures(0.55)),
        Row("all-used", "trivial", figures(0.66)),
        Row("coin-expected", "trivial", figures(0.5)),
    ]


def keys_of(used, not_used, unknown, generated):
    parts = {"used": used, "not_used": not_used, "unknown": unknown, "": generated}
    membership = np.repeat(list(parts), list(parts.values()))
    role = np.where(membership == "", "generated", "real")
    split = np.where(membership == "unknown", "test", "development")
    ids = [f"image_{number}" for number in range(len(role))]
    return pd.DataFrame({"split": split, "role": role, "id": ids, "membership": membership})


def all_figures(title="a title"):
    """One figure of each kind."""
    points, band = roc_tables()
    tree = linkage(np.random.default_rng(0).normal(size=(60, 3)), "ward")
    keys = keys_of(8, 8, 10, 200)
    table = plots.map_table(np.random.default_rng(1).normal(size=(len(keys), 6)), keys, 3, 20)
    return {
        "roc": plots.roc_plot(title, points, band),
        "roc of runs": plots.roc_plot_of_runs(title, points, band),
        "histogram": plots.histogram_plot(title, bins_table(), {"youden": 0.4}),
        "scores": plots.score_plot(title, bins_table(), cuts()),
        "scores of runs": plots.score_plot_of_runs(title, bins_table(), cuts()),
        "calibration": plots.calibration_plot(title, calibration_table()),
        "confusion": plots.confusion_plot(title, counts_table()),
        "confusion of runs": plots.confusion_plot_of_runs(title, counts_table()),
        "dendrogram": plots.dendrogram_plot(title, tree, 3.0),
        "forest": plots.forest_plot(title, plots.forest_table(forest_rows())),
        "map": plots.map_plot(title, table, 200),
    }


def texts(figure):
    return [text.get_text() for text in figure.findobj(mpl.text.Text)]


def test_roc_draws_its_table():
    """Protects the curve and the band: their points are those of the tables, with 0 on the left edge."""
    points, band = roc_tables()
    figure = plots.roc_plot("run", points, band)
    assert [axes.get_title() for axes in figure.axes] == list(BOTH)
    for axes, split in zip(figure.axes, BOTH, strict=True):
        curve = next(line for line in axes.lines if line.get_label() == split)
        edge = axes.get_xlim()[0]
        np.testing.assert_array_equal(curve.get_xdata(), [edge, edge, 0.1, 0.5, 1])
        np.testing.assert_array_equal(curve.get_ydata(), points.loc[points["split"] == split, "tpr"])
        assert axes.get_xscale() == "log"
        (around,) = [part for part in axes.collections if isinstance(part, PolyCollection)]
        corners = around.get_paths()[0].vertices
        assert {0.2, 0.6, 0.7, 0.95} <= set(corners[:, 1].tolist())
        chance = next(line for line in axes.lines if line.get_label() == "chance")
        np.testing.assert_array_equal(chance.get_xdata(), chance.get_ydata())


def test_roc_of_runs_has_a_panel_per_run():
    """Protects small multiples: each run's own curve in its own panel, named, the rest left empty."""
    points, band = roc_tables(("one", "two", "three", "four"))
    figure = plots.roc_plot_of_runs("all", points, band)
    named = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in named] == ["one", "two", "three", "four"]
    for number, axes in enumerate(named):
        for split in BOTH:
            curve = next(line for line in axes.lines if line.get_label() == split)
            assert curve.get_ydata()[2] == pytest.approx(0.4 + number / 10)
        assert len(axes.collections) == 1, "the band of the test split alone"
    assert not any(axes.axison for axes in figure.axes[4:])


def test_histograms_draw_their_table():
    """Protects the counts: heights and edges are the table's, used is hatched, and the threshold is where it is."""
    figure = plots.score_plot("run", bins_table(), cuts(0.4))
    for axes in figure.axes:
        used, not_used = (patch for patch in axes.patches if isinstance(patch, StepPatch))
        assert used.get_data()[0].tolist() == [3, 9]
        assert not_used.get_data()[0].tolist() == [8, 1]
        assert used.get_data().edges.tolist() == [0, 0.5, 1]
        assert used.get_hatch()
        assert used.get_linestyle() != not_used.get_linestyle()
        (line,) = axes.lines
        assert line.get_xdata() == [0.4, 0.4]


def test_thresholds_far_away_do_not_squeeze_the_histogram():
    """Protects legibility: a threshold beyond all scores is said, not drawn, and so are its side and value."""
    figure = plots.score_plot("run", bins_table(), cuts(1e9))
    for axes in figure.axes:
        assert not axes.lines
        assert axes.get_xlim()[1] < 2
    assert sum("threshold 1e+09 →" in text for text in texts(figure)) == 2
    assert any("threshold -7 ←" in text for text in texts(plots.score_plot("run", bins_table(), cuts(-7.0))))


def test_calibration_draws_its_table():
    """Protects marks and bars: each bin's probability, share and interval; and the sums are said."""
    figure = plots.calibration_plot("run", calibration_table("platt"))
    for axes in figure.axes:
        (bars,) = [part for part in axes.containers if isinstance(part, ErrorbarContainer)]
        marks, _, (lines,) = bars.lines
        assert marks.get_xdata().tolist() == [0.2, 0.8]
        assert marks.get_ydata().tolist() == [0.3, 0.7]
        np.testing.assert_allclose([part[:, 1] for part in lines.get_segments()], [[0.1, 0.6], [0.4, 0.9]])
        assert "rank" in axes.get_xlabel()
        said = " ".join(axes.texts[0].get_text().split())
        assert said == "Brier score 0.210 (constant answer 0.250) calibration error 0.100 2 bins of 10 to 11 images"
    assert "score, read as" in plots.calibration_plot("run", calibration_table()).axes[0].get_xlabel()


def test_confusion_draws_its_counts():
    """Protects against turned matrices: truth is down, decision is across, and rows of the table of runs agree."""
    figure = plots.confusion_plot("run", counts_table())
    for axes in figure.axes:
        assert [text.get_text() for text in axes.texts] == ["7", "3", "4", "6"]
        np.testing.assert_allclose(axes.images[0].get_array(), [[0.7, 0.3], [0.4, 0.6]])
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("decision", "truth")
    both = pd.concat([counts_table("one"), counts_table("two", (0, 0, 1, 19))])
    figure = plots.confusion_plot_of_runs("all", both)
    assert len(figure.axes) == 2
    for axes in figure.axes:
        assert [text.get_text() for text in axes.texts] == ["7", "3", "4", "6", "0", "0", "1", "19"]
        np.testing.assert_allclose(axes.images[0].get_array(), [[0.7, 0.3, 0.4, 0.6], [0, 0, 0.05, 0.95]])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["one", "two"]


def test_dendrogram_draws_scipys_tree():
    """Protects the tree: forks are SciPy's, each on its side of the cut, and the leaves count all images."""
    rows = np.random.default_rng(2).normal(size=(90, 4))
    tree = linkage(rows, "ward")
    cut = float(tree[-4, 2])
    table = plots.dendrogram_table(tree, cut)
    drawn = dendrogram(tree, p=40, truncate_mode="lastp", no_plot=True)
    forks = table[table["part"].isin(["above", "below"])]
    assert len(forks) == 39
    assert forks["height"].tolist() == [up[1] for up in drawn["dcoord"]]
    assert (table["part"] == "above").sum() == (tree[:, 2] > cut).sum() == 3
    leaves = table[table["part"] == "leaf"]
    assert leaves["images"].sum() == 90
    assert 1 in leaves["images"].tolist()
    assert leaves["left"].tolist() == [10 * place + 5 for place in range(40)]
    axes = plots.dendrogram_plot("tree", tree, cut).axes[0]
    lines = [part for part in axes.collections if isinstance(part, LineCollection)]
    segments = np.array([segment for part in lines for segment in part.get_segments()])
    expected = np.array([list(zip(x, y, strict=True)) for x, y in zip(drawn["icoord"], drawn["dcoord"], strict=True)])
    assert sorted(segments.tolist()) == sorted(expected.tolist())
    assert axes.lines[0].get_ydata() == [cut, cut]


def test_small_and_flat_trees_are_drawn():
    """Protects odd clusterings: two images, and images that are all the same."""
    for rows in (np.array([[0.0], [1.0]]), np.zeros((5, 2))):
        tree = linkage(rows, "ward")
        assert plots.svg_bytes(plots.dendrogram_plot("tree", tree, 0.5))


def test_forest_draws_every_defined_figure():
    """Protects marks and intervals: each value at its place, none where undefined, refusals said, kinds told apart."""
    table = plots.forest_table(forest_rows())
    figure = plots.forest_plot("all", table)
    titles = {"ROC AUC": "roc_auc", "F1": "f1", "accuracy": "accuracy"}
    for axes in figure.axes:
        rows = table[(table["figure"] == titles[axes.get_title()])].dropna(subset="value")
        marks = {line.get_label(): line for line in axes.lines if "|" in str(line.get_label())}
        assert {label: line.get_xdata()[0] for label, line in marks.items()} == {
            f"{row.name}|{row.split}": row.value
            for row in rows.rename(columns={"name": "id"}).assign(name=rows["name"]).itertuples(index=False)
        }
        shapes = {
            str(kind): {marks[f"{name}|test"].get_marker() for name in part["name"].unique()}
            for kind, part in rows.groupby("kind")
        }
        assert len(set.union(*shapes.values())) == len(shapes)
        assert marks["one|test"].get_markerfacecolor() != marks["one|development"].get_markerfacecolor()
        bars = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2 and line.get_zorder() == 2]
        assert sorted(bars) == sorted(rows.dropna(subset="low")[["low", "high"]].itertuples(index=False, name=None))
        lines = [line.get_xdata()[0] for line in axes.lines if line.get_zorder() == 1]
        assert lines == [0.5, 0.66]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [row.name for row in forest_rows()]
    assert texts(figure).count("refused") == 1


def test_map_draws_its_table_and_no_membership_of_the_test_split():
    """Protects the map: points are the table's, test images are unknown, generated ones are thinned out and counted."""
    keys = keys_of(20, 25, 30, 500)
    rows = np.random.default_rng(3).normal(size=(len(keys), 10)) * np.arange(1, 11)
    table = plots.map_table(rows, keys, 5)
    assert table["part"].value_counts().to_dict() == {"generated": 100, "unknown": 30, "not_used": 25, "used": 20}
    assert table.equals(plots.map_table(rows, keys, 5))
    assert not table.equals(plots.map_table(rows, keys, 6))
    placed = rows[keys["id"].isin(table["id"])]
    exact = PCA(2, svd_solver="full").fit(placed)
    np.testing.assert_allclose(
        table.loc[0, ["first_share", "second_share"]].astype(float), exact.explained_variance_ratio_, rtol=1e-3
    )
    spread = table[["first", "second"]].to_numpy()
    np.testing.assert_allclose(spread.var(axis=0, ddof=1), exact.explained_variance_, rtol=1e-3)
    axes = plots.map_plot("map", table, 500).axes[0]
    drawn = {part.get_label(): part for part in axes.collections}
    assert set(drawn) == {
        "generated (100 of 500)",
        "real, not known (test) (30)",
        "real, not used (25)",
        "real, used (20)",
    }
    points = table[table["part"] == "used"][["first", "second"]].to_numpy()
    np.testing.assert_array_equal(drawn["real, used (20)"].get_offsets(), points)
    assert f"{100 * table['first_share'][0]:.1f} % of the variance" in axes.get_xlabel()


@pytest.mark.parametrize(
    ("rows", "keys"),
    [
        (np.zeros((12, 5)), keys_of(3, 3, 3, 3)),
        (np.full((12, 5), 0.1, dtype=np.float32), keys_of(3, 3, 3, 3)),
        (np.arange(12.0)[:, None], keys_of(3, 3, 3, 3)),
        (np.eye(2), keys_of(1, 1, 0, 0)),
        (np.zeros((0, 5)), keys_of(0, 0, 0, 0)),
    ],
)
def test_there_is_no_map_of_images_that_do_not_differ(rows, keys):
    """Protects degenerate embeddings: a sentence instead of a division by zero."""
    table = plots.map_table(rows, keys, 0)
    assert table.empty
    assert any("no map" in text for text in texts(plots.map_plot("map", table, 3)))


def test_same_tables_give_the_same_bytes():
    """Protects reproducible reports: no date, no random id, no setting of the user's changes a byte, or is changed."""
    first = {name: plots.svg_bytes(figure) for name, figure in all_figures().items()}
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "none", "text.parse_math": True}):
        before = dict(mpl.rcParams)
        second = {name: plots.svg_bytes(figure) for name, figure in all_figures().items()}
        assert dict(mpl.rcParams) == before
    for name, svg in first.items():
        assert svg == second[name], name
        assert b"<dc:date>" not in svg, name


def test_any_name_can_be_drawn():
    """Protects against names as formulas, tags or unknown glyphs: valid XML, no element of the name's, no warning."""
    points, band = (table.assign(run=NASTY, reading=NASTY) for table in roc_tables())
    table = plots.forest_table([Row(NASTY, row.kind, row.figures) for row in forest_rows()[:2]])
    for figure in (
        plots.roc_plot("title", points, band),
        plots.roc_plot_of_runs("title", points, band),
        plots.score_plot("title", bins_table().assign(reading=NASTY), cuts().assign(reading=NASTY, rule=NASTY)),
        plots.confusion_plot(NASTY, counts_table()),
        plots.confusion_plot_of_runs("title", counts_table(NASTY)),
        plots.forest_plot("title", table),
    ):
        root = ET.fromstring(plots.svg_bytes(figure))
        kinds = {element.tag.rsplit("}", 1)[-1] for element in root.iter() if isinstance(element.tag, str)}
        assert not kinds & {"script", "foreignObject"}
        assert any("a$x_1$ <script>" in text for text in texts(figure))


def test_names_are_printable():
    """Protects the drawing of text: what the font lacks is written out, and long names end in an ellipsis."""
    assert printable("svm-corrected") == "svm-corrected"
    assert printable("a\x00\t\n") == "a\\x00\\x09\\x0a"
    assert printable("肺") == "\\u80ba"
    assert printable("é ∞") == "é ∞"
    assert printable("a" * 50, 10) == "a" * 9 + "…"


@pytest.mark.parametrize("columns", ["fpr,tpr,threshold,split,reading,run"])
def test_tables_without_rows_give_a_sentence(columns):
    """Protects refused runs: tables of a header alone are drawn as a sentence or as nothing, without a warning."""
    empty = pd.read_csv(io.StringIO(columns + "\n"))
    bins = pd.read_csv(io.StringIO("low,high,used,not_used,split,reading,run\n"))
    counts = counts_table().iloc[:0]
    none = cuts().iloc[:0]
    for figure in (
        plots.roc_plot("none", empty, empty.assign(low=[], high=[])),
        plots.roc_plot_of_runs("none", empty, empty.assign(low=[], high=[])),
        plots.score_plot("none", bins, none),
        plots.score_plot_of_runs("none", bins, none),
        plots.histogram_plot("none", bins, {}),
        plots.calibration_plot("none", calibration_table().iloc[:0]),
        plots.confusion_plot("none", counts),
        plots.confusion_plot_of_runs("none", counts),
        plots.forest_plot("none", plots.forest_table([])),
    ):
        assert plots.svg_bytes(figure)


def test_splits_of_one_class_and_constant_scores_are_drawn():
    """Protects odd results: no curve where a class is missing, a curve without band, one bin, all of one decision."""
    points, band = roc_tables()
    half = points[points["split"] == "test"]
    figure = plots.roc_plot("run", half, band[band["split"] == "development"])
    assert any("one class" in text for text in texts(figure))
    assert plots.svg_bytes(figure)
    assert plots.svg_bytes(plots.roc_plot("run", half))
    flat = pd.DataFrame({"fpr": [0.0, 1.0], "tpr": [0.0, 1.0]}).assign(split="test", reading="own")
    assert plots.svg_bytes(plots.roc_plot("run", flat))
    bins = bins_table().assign(used=[0, 0, 0, 12], not_used=0)
    assert plots.svg_bytes(plots.score_plot("run", bins, cuts()))
    wide = bins_table().assign(low=[-1e300, 0, -1e300, 0], high=[0, 1e300, 0, 1e300])
    assert plots.svg_bytes(plots.score_plot("run", wide, cuts()))
    assert plots.svg_bytes(plots.calibration_plot("run", calibration_table().iloc[[0, 2]]))
    zero = plots.confusion_plot("run", counts_table(counts=(0, 0, 0, 9)))
    np.testing.assert_array_equal(zero.axes[0].images[0].get_array(), [[0, 0], [0, 1]])


def test_used_and_not_used_differ_in_grey():
    """Protects printing without colour: the two colours are clearly lighter and darker than each other."""
    luminance = [np.dot(mpl.colors.to_rgb(colour), (0.2126, 0.7152, 0.0722)) for colour in (USED, NOT_USED)]
    assert abs(luminance[0] - luminance[1]) > 0.05


def test_figures_fit_a_page():
    """Protects print: no figure is wider than the text of an A4 page, and letters are 6.5 points or more."""
    for name, figure in all_figures().items():
        assert figure.get_size_inches()[0] <= 6.3 + 1e-9, name
        sizes = [text.get_fontsize() for text in figure.findobj(mpl.text.Text) if text.get_text()]
        assert min(sizes) >= 6.5, name


def test_no_label_is_cut_or_lies_on_another():
    """Protects legibility: after layout, titles and legends lie within the figure and off the axes' labels."""
    for name, figure in all_figures("title of a figure").items():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        width, height = canvas.get_width_height()
        renderer = canvas.get_renderer()
        for axes in figure.axes:
            box = axes.get_tightbbox(renderer)
            if box is None:
                continue
            assert box.x0 >= -1, name
            assert box.y0 >= -1, name
            assert box.x1 <= width + 1, name
            assert box.y1 <= height + 1, name
