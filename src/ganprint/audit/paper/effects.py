"""The effect of each difference between paper and code, measured on finished runs or computed."""

from collections.abc import Mapping

import numpy as np

from ganprint.audit.paper.code import area_under_points, batch_floors, largest_eigenvalue_gap
from ganprint.audit.paper.runs import Effect, FinishedRun, FinishedRuns, NotMeasuredError
from ganprint.evaluate.claims.counts import Counts
from ganprint.evaluate.published import published

__all__ = [
    "NOTEBOOK_CLUSTERS",
    "all_used",
    "auc_of_points",
    "batch_norm_and_pixels",
    "blind",
    "eigenvalue",
    "generated_half",
    "learning_rate",
    "loss_floor",
    "naming",
    "no_decision_rule",
    "preprocessing",
    "softmax",
    "svm_refused",
    "text_against_file",
    "validation_accuracy",
]

NOTEBOOK_CLUSTERS = (111, 89)
"""Ones and zeros in the stored output of the notebook's cell that clusters the real test images."""

_SWAPPED = "swapped"
_BEFORE = "before the softmax"


def _of(run: FinishedRun, name: str, title: str, reading: str = "own") -> dict[str, float]:
    return {f"{title}, {key}": value for key, value in run.figure(name, reading).items()}


def _run(runs: FinishedRuns, name: str, known: Effect) -> FinishedRun:
    """Give a run, or say what is known without it."""
    try:
        return runs.run(name)
    except NotMeasuredError as error:
        raise NotMeasuredError(error.reason, known) from None


def _said(values: Mapping[str, float]) -> str:
    return "; ".join(f"{name} {value:.3f}" for name, value in values.items()) or "no truth is known on this corpus"


def softmax(runs: FinishedRuns) -> Effect:
    """Scores of one pair per call after the softmax, and what the ranking is worth with and without it."""
    coded, written = runs.run("relation-as-coded"), runs.run("relation-as-written")
    scores = coded.table().scores
    ones = int((scores == 1.0).sum())
    values = _of(coded, "roc_auc", "as coded") | _of(coded, "roc_auc", f"as coded {_BEFORE}", _BEFORE)
    values |= _of(written, "roc_auc", "as written")
    batch = coded.parameters.get("score_batch")
    sentence = f"{ones} of {len(scores)} test scores as coded are exactly 1 (pairs per call: {batch}). {_said(values)}"
    return Effect(sentence, {"scores exactly 1": ones, "test images": len(scores)} | values)


def validation_accuracy(runs: FinishedRuns) -> Effect:
    """Validation accuracy of every epoch."""
    curve = runs.run("relation-as-coded").curves.get("validation_accuracy", [])
    if not curve:
        raise NotMeasuredError("run relation-as-coded has no curve validation_accuracy")
    numbers = {"epochs": len(curve), "lowest": min(curve), "highest": max(curve), "kept epoch": int(np.argmax(curve))}
    sentence = (
        f"validation accuracy lies between {min(curve):.3f} and {max(curve):.3f} over {len(curve)} epochs; "
        f"the kept epoch is number {int(np.argmax(curve))}, counted from 0"
    )
    return Effect(sentence, numbers)


def loss_floor(runs: FinishedRuns) -> Effect:
    """Least possible loss of batches of eight beside a coin's."""
    del runs
    floors = batch_floors()
    numbers = {
        "mean floor, any scores": floors.mean_free,
        "mean floor, scores of a sigmoid": floors.mean_sigmoid,
        "constant network": floors.mean_constant,
        "coin": floors.coin,
    }
    by_k = {f"floor k={k}, any scores": value for k, value in enumerate(floors.free)}
    by_k |= {f"floor k={k}, scores of a sigmoid": value for k, value in enumerate(floors.sigmoid)}
    sentence = (
        f"mean least loss {floors.mean_free:.3f} over any scores and {floors.mean_sigmoid:.3f} over scores of a "
        f"sigmoid, whose shares differ by the factor e at most; a coin without the softmax has {floors.coin:.3f}, a "
        f"network that answers the same to every pair {floors.mean_constant:.3f}"
    )
    return Effect(sentence, numbers | by_k)


def auc_of_points(runs: FinishedRuns) -> Effect:
    """The code's "AUC" of a perfect and of an inverted ranking."""
    del runs
    predictions, labels = np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.0, 0.0, 1.0, 1.0])
    perfect, inverted = (area_under_points(predictions, truth) for truth in (labels, 1 - labels))
    sentence = f"the perfect ranking of .1 .2 .8 .9 gets {perfect:.1f}, the inverted one {inverted:.1f}; true: 1 and 0"
    return Effect(sentence, {"perfect ranking": perfect, "inverted ranking": inverted})


def learning_rate(runs: FinishedRuns) -> Effect:
    """Milestones that the as-coded run reaches."""
    parameters = runs.run("relation-as-coded").parameters
    milestones, epochs = list(parameters.get("milestones", [])), int(parameters.get("epochs", 0))
    reached = sum(milestone < epochs for milestone in milestones)
    here = f"{reached} of {len(milestones)} within {epochs}"
    sentence = f"published: 0 of 2 milestones (120, 160) within 100 epochs; here: {here}"
    return Effect(sentence, {"milestones reached": reached, "epochs": epochs})


def no_decision_rule(runs: FinishedRuns) -> Effect:
    """Answers "used" of the published file beside those of the code that runs."""
    counts = published()[0].counts
    numbers = {"published answers used": counts.called, "published images": counts.n}
    known = Effect(f"the published file has {counts.called} of {counts.n} answers used", numbers)
    run = _run(runs, "relation-as-coded", known)
    answers, levels = run.decisions(), len(np.unique(run.table().scores))
    here = {"here answers used": int(answers.sum()), "here images": len(answers), "here distinct scores": levels}
    sentence = (
        f"{known.sentence}; the scores as coded have {levels} distinct value{'s' * (levels != 1)} here, and "
        f"{answers.sum()} of {len(answers)} answers are used: one value allows all or none, whatever the threshold"
    )
    return Effect(sentence, numbers | here)


def batch_norm_and_pixels(runs: FinishedRuns) -> Effect:
    """ROC AUC of the text's training beside that of the mended one."""
    values = _of(runs.run("relation-as-written"), "roc_auc", "as written")
    values |= _of(runs.run("relation-corrected"), "roc_auc", "corrected")
    return Effect(f"{_said(values)}. Both faults and the training on grids are mended at once", values)


def blind(runs: FinishedRuns) -> Effect:
    """Scores that change when generated images, development images or labels are exchanged."""
    run = runs.run("clustering-as-coded")
    if run.name not in runs.probes:
        raise NotMeasuredError("the embedding of run clustering-as-coded is not at hand")
    probe, counts = runs.probes[run.name], published()[1].counts
    said = ", ".join(f"{count} with {what}" for what, count in probe.changed.items())
    numbers: dict[str, float] = {f"scores changed with {what}": count for what, count in probe.changed.items()}
    ones = int(run.decisions().sum())
    one, zero = NOTEBOOK_CLUSTERS
    equal = "which are" if (one, zero) == (counts.called, counts.n - counts.called) else "beside"
    sentence = (
        f"of {probe.images} scores change: {said}. The notebook's stored output has {one} ones and {zero} zeros, "
        f"{equal} the TP + FP = {counts.called} and TN + FN = {counts.n - counts.called} of Table 1; here {ones} and "
        f"{probe.images - ones}"
    )
    numbers |= {"notebook ones": one, "notebook zeros": zero, "TP + FP of Table 1": counts.called}
    return Effect(sentence, numbers | {"here ones": ones, "images": probe.images})


def naming(runs: FinishedRuns) -> Effect:
    """Both namings of the two clusters, published and here."""
    known = _published_namings()
    run = _run(runs, "clustering-as-coded", known)
    here: dict[str, float] = {}
    for reading in ("own", "other naming"):
        for name in ("accuracy", "f1"):
            here |= _of(run, name, f"here, {reading}", reading)
    return Effect(f"{known.sentence}. {_said(here)}", {**known.numbers, **here})


def _published_namings() -> Effect:
    given = published()[1].counts
    other = Counts(tp=given.fn, tn=given.fp, fp=given.tn, fn=given.tp)
    numbers: dict[str, float] = {f"other naming, {name}": getattr(other, name.lower()) for name in ("TP", "FP")}
    for title, counts in (("submitted", given), ("other naming", other)):
        figures = counts.figures()
        numbers |= {f"published, {title}, {name}": float(figures[name] or 0) for name in ("accuracy", "f1")}
    sentence = (
        f"published: accuracy {numbers['published, submitted, accuracy']:.3f} and F1 "
        f"{numbers['published, submitted, f1']:.3f} as submitted, {numbers['published, other naming, accuracy']:.3f} "
        f"and {numbers['published, other naming, f1']:.3f} (TP {other.tp}, FP {other.fp}) named the other way"
    )
    return Effect(sentence, numbers)


def text_against_file(runs: FinishedRuns) -> Effect:
    """How many answers differ between the text's clustering and the file's, and what each is worth."""
    coded, written = runs.run("clustering-as-coded"), runs.run("clustering-as-written")
    first, second = coded.decisions(), written.decisions()
    differ = int((first != second).sum())
    least = min(differ, len(first) - differ)
    values = _of(coded, "roc_auc", "as coded") | _of(written, "roc_auc", "as written")
    sentence = f"{differ} of {len(first)} answers differ ({least} under the better naming). {_said(values)}"
    return Effect(sentence, {"answers that differ": differ, "under the better naming": least} | values)


def svm_refused(runs: FinishedRuns) -> Effect:
    """The refusal, and the sizes that the notebook's cells would need."""
    rows, width = 80 * 500, 4096
    size = 200 * 10_000 * width * 8 / 1e9
    numbers: dict[str, float] = {"rows of one class": rows, "rows of both": 2 * rows, "GB of the array": size}
    sentence = (
        f"80 x 500 = {rows} rows fill the training array of one class, the loop makes {2 * rows}; 200 x 10 000 rows of "
        f"{width} float64 are {size:.1f} GB"
    )
    run = _run(runs, "svm-as-coded", Effect(sentence, numbers))
    if run.refusal is None:
        raise NotMeasuredError("run svm-as-coded was not refused", Effect(sentence, numbers))
    return Effect(f"run svm-as-coded was refused: {run.refusal}. {sentence}", numbers)


def generated_half(runs: FinishedRuns) -> Effect:
    """How far answers move beside generated images that match nothing (every feature shuffled among them)."""
    run = runs.run("svm-as-written")
    own, swapped = run.table(), run.table(_SWAPPED)
    if not np.array_equal(own.ids, swapped.ids):
        raise NotMeasuredError("run svm-as-written: readings are of other images")
    gap = float(np.abs(own.scores - swapped.scores).max())
    changed = int((own.decisions != swapped.decisions).sum())
    values = _of(run, "roc_auc", "own") | _of(run, "roc_auc", _SWAPPED, _SWAPPED)
    sentence = (
        f"beside generated images that match nothing {changed} of {len(own)} answers change; the largest change of "
        f"a score is {gap:.3g}. "
        f"{_said(values)}"
    )
    return Effect(sentence, {"answers changed": changed, "largest change of a score": gap, "images": len(own)} | values)


def eigenvalue(runs: FinishedRuns) -> Effect:
    """Largest eigenvalue of the outer product beside the squared length."""
    del runs
    gap = largest_eigenvalue_gap(np.random.default_rng(0).standard_normal(256))
    sentence = f"largest eigenvalue of x x' and squared length of a random vector differ by {gap:.1e}, relatively"
    return Effect(sentence, {"relative difference": gap})


def preprocessing(runs: FinishedRuns) -> Effect:
    """ROC AUC with the paper's preparation of the images beside that of the weights."""
    values: dict[str, float] = {}
    for comparator in ("clustering", "svm"):
        for variant in ("as-written", "corrected"):
            values |= _of(runs.run(f"{comparator}-{variant}"), "roc_auc", f"{comparator} {variant.replace('-', ' ')}")
    sentence = f"{_said(values)}. The corrected runs mend the preparation together with their other faults"
    return Effect(sentence, values)


def all_used(runs: FinishedRuns) -> Effect:
    """F1 of "all used" beside the best published one."""
    del runs
    table = [run.counts for run in published()]
    best = max(float(counts.figures()["f1"] or 0) for counts in table)
    trivial = Counts(table[0].positives, 0, table[0].negatives, 0).figures()["f1"]
    numbers = {"all used, F1": float(trivial or 0), "best published F1": best}
    return Effect(f"all used has F1 {float(trivial or 0):.4f}; the best of the three runs has {best:.4f}", numbers)
