"""One sentence or two under each plot, for readers who have never seen one of its kind."""

__all__ = ["CAPTIONS", "caption", "refused_caption"]

CAPTIONS = {
    "map": (
        "Each mark is one image, and images lie near each other where this embedding finds them alike: generated "
        "images that crowd around used images, and not around the others, would speak for memorisation. Of many "
        "generated images only a random part is drawn; the legend counts them. The two axes show {shown:.0f} % of all "
        "differences, so what can not be seen here may be there all the same."
    ),
    "forest": (
        "Each mark is a figure of one run and its bar the {level:g} % interval: a run whose bar crosses the dotted "
        "line is not told apart from chance, and one left of the dashed line is beaten by calling every image used. "
        "Where one line alone is seen, both are there."
    ),
    "roc-of-runs": (
        "The curve says which share of the used images a run finds (upwards) at the price of which share of false "
        "alarms (to the right, on a logarithmic axis whose left edge stands for none): above the dotted line is "
        "better than chance. The band holds {level:g} % of the curves of resampled groups at each point."
    ),
    "scores-of-runs": (
        "Scores of used images (hatched) and of not-used images (dashed line) on the {split} split: a run that can "
        "tell them apart has the two shapes side by side, not upon each other. The dotted line is the threshold from "
        "which on the run calls an image used."
    ),
    "confusion-of-runs": (
        'Counts of images by truth and decision: good runs are dark under both "right". Shading is the share of the '
        "images of the same truth."
    ),
    "roc": (
        "The share of used images found (upwards) at each share of false alarms (to the right, logarithmic, none at "
        "the left edge), for every possible threshold: above the dotted line is better than chance. Curves are steps,"
        " since thresholds lie at scores alone. The band holds {level:g} % of the curves of resampled groups at each "
        "point."
    ),
    "scores": (
        "How many used images (hatched) and not-used images (dashed line) have which score: the farther the two "
        "shapes lie apart, the better they can be told apart. The dotted line is the threshold, named after its rule."
    ),
    "calibration": (
        "Images are put into bins by {what}; each mark is a bin: on the dotted line, the probability is the share of "
        "used images; marks that lie all at one place mean a run that knows nothing about single images. Bars are "
        "exact {level:g} % intervals that take images as independent; where several are of one patient, they are too "
        "short."
    ),
    "dendrogram": (
        "Each fork joins two branches of images at the height of their difference; forks above the dotted cut were "
        "undone, and what hangs below it is a cluster. At most the last 39 merges are drawn, the numbers count the "
        "images of each branch."
    ),
}

_ONLY_DEVELOPMENT = " The truth of the test split is unknown, so these are development images, scored out of fold."


def caption(kind: str, *, test_known: bool = True, **values: object) -> str:
    """Give the caption of a kind of plot; say so where it can not be about the test split."""
    return CAPTIONS[kind].format(**values) + ("" if test_known else _ONLY_DEVELOPMENT)


def refused_caption(run: str, reason: str) -> str:
    """Say why there is no plot of a run."""
    return f"There is nothing to draw of {run}: it was refused ({reason.rstrip('.')})."
