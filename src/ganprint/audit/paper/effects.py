"""The effect of each difference between paper and code, measured on finished runs or computed."""

import numpy as np

from ganprint.audit.paper.code import batch_floors, largest_eigenvalue_gap
from ganprint.audit.paper.runs import Effect, FinishedRun, FinishedRuns, NotMeasuredError
from ganprint.audit.paper.sentences import sentences, told
from ganprint.evaluate.claims.counts import Counts
from ganprint.evaluate.published import published
from ganprint.pairs import area_under_points

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
    "shuffled_batches",
    "softmax",
    "svm_refused",
    "text_against_file",
    "validation_accuracy",
]

NOTEBOOK_CLUSTERS = (111, 89)
"""Ones and zeros in the stored output of the notebook's cell that clusters the real test images."""

_SWAPPED = "swapped"
_BEFORE = "before the softmax"


Readings = dict[str, dict[str, float]]


def _flat(readings: Readings) -> dict[str, float]:
    return {f"{title}, {key}": value for title, values in readings.items() for key, value in values.items()}


def _run(runs: FinishedRuns, name: str, known: Effect) -> FinishedRun:
    """Give a run, or say what is known without it."""
    try:
        return runs.run(name)
    except NotMeasuredError as error:
        raise NotMeasuredError(error.reason, known) from None


def softmax(runs: FinishedRuns) -> Effect:
    """Scores of one pair per call after the softmax, and what the ranking is worth with and without it."""
    coded, written = runs.run("relation-as-coded"), runs.run("relation-as-written")
    scores = coded.table().scores
    ones = int((scores == 1.0).sum())
    readings = {
        "as coded": coded.figure("roc_auc"),
        f"as coded {_BEFORE}": coded.figure("roc_auc", _BEFORE),
        "as written": written.figure("roc_auc"),
    }
    batch = coded.parameters.get("score_batch")
    sentence = sentences(
        f"{ones} of {len(scores)} test scores as coded are exactly 1 (pairs per call: {batch})", told(readings)
    )
    return Effect(sentence, {"scores exactly 1": ones, "test images": len(scores)} | _flat(readings))


def shuffled_batches(runs: FinishedRuns) -> Effect:
    """What the scores after the softmax owe to the other pairs of their batch."""
    run = runs.run("relation-as-coded")
    prefix = "shuffled_batches."
    numbers = {name.removeprefix(prefix): value for name, value in run.numbers.items() if name.startswith(prefix)}
    if not numbers:
        raise NotMeasuredError("run relation-as-coded has not shuffled its batches")
    sentence = sentences(
        f"the image scores span {numbers['spread_in_order']:.2g} in batches of {run.parameters.get('batch')} taken in "
        f"the pairs' order (0 where batches fill rows), and {numbers['spread_shuffled']:.2g} in shuffled ones, where "
        f"another shuffling changes a score by up to {numbers['largest_change']:.2g}",
        f"rank correlation of two shufflings of the same network's scores: {numbers['pair_rank_correlation']:.3f} over "
        f"pairs, {numbers['image_rank_correlation']:.3f} over images",
    )
    return Effect(sentence, numbers)


def validation_accuracy(runs: FinishedRuns) -> Effect:
    """Validation accuracy of every epoch, and the largest "AUC", which has to beat it."""
    run = runs.run("relation-as-coded")
    curve, areas = (run.curves.get(name, []) for name in ("validation_accuracy", "area_under_points"))
    if not curve or not areas or "kept_epoch" not in run.numbers:
        raise NotMeasuredError("run relation-as-coded has no curves validation_accuracy and area_under_points")
    kept = int(run.numbers["kept_epoch"])
    numbers = {"epochs": len(curve), "lowest": min(curve), "highest": max(curve), "kept epoch": kept}
    sentence = sentences(
        f"validation accuracy lies between {min(curve):.3f} and {max(curve):.3f} over {len(curve)} epochs, and the "
        f"area that the code calls AUC, which has to beat it, is {max(areas):.3f} at most; the kept epoch is number "
        f"{kept}, counted from 0"
    )
    return Effect(sentence, numbers | {"largest area": max(areas)})


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
    sentence = sentences(
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
    sentence = sentences(
        f"the perfect ranking of .1 .2 .8 .9 gets {perfect:.1f}, the inverted one {inverted:.1f}; true: 1 and 0"
    )
    return Effect(sentence, {"perfect ranking": perfect, "inverted ranking": inverted})


def learning_rate(runs: FinishedRuns) -> Effect:
    """Milestones that the as-coded run reaches."""
    parameters = runs.run("relation-as-coded").parameters
    milestones, epochs = list(parameters.get("milestones", [])), int(parameters.get("epochs", 0))
    reached = sum(milestone < epochs for milestone in milestones)
    sentence = sentences(
        "the public code reaches 0 of its 2 milestones (120, 160) within 100 epochs",
        f"here, {reached} of {len(milestones)} are reached within {epochs}",
    )
    return Effect(sentence, {"milestones reached": reached, "epochs": epochs})


def no_decision_rule(runs: FinishedRuns) -> Effect:
    """Answers "used" of the published file beside those of the code that runs."""
    counts = published()[0].counts
    numbers = {"published answers used": counts.called, "published images": counts.n}
    known = Effect(sentences(f"the published file has {counts.called} of {counts.n} answers used"), numbers)
    run = _run(runs, "relation-as-coded", known)
    answers, levels = run.decisions(), len(np.unique(run.table().scores))
    here = {"here answers used": int(answers.sum()), "here images": len(answers), "here distinct scores": levels}
    sentence = sentences(
        known.sentence,
        f"the scores as coded have {levels} distinct value{'s' * (levels != 1)} here, and {answers.sum()} of "
        f"{len(answers)} answers are used: one value allows all or none, whatever the threshold",
    )
    return Effect(sentence, numbers | here)


def batch_norm_and_pixels(runs: FinishedRuns) -> Effect:
    """ROC AUC of the text's training beside that of the mended one."""
    readings = {
        title: runs.run(f"relation-{title.replace(' ', '-')}").figure("roc_auc")
        for title in ("as written", "corrected")
    }
    mended = (
        "the corrected run has another target, score and epoch too, so the effect of these faults is not told apart"
    )
    return Effect(sentences(told(readings), mended), _flat(readings))


def blind(runs: FinishedRuns) -> Effect:
    """Scores that change when generated images, development images or labels are exchanged."""
    run = runs.run("clustering-as-coded")
    if run.name not in runs.probes:
        raise NotMeasuredError("the embedding of run clustering-as-coded is not at hand")
    probe, counts = runs.probes[run.name], published()[1].counts
    said = ", ".join(f"{count} with {what}" for what, count in probe.changed.items())
    said = f"of {probe.images} scores so many change: {said}"
    numbers: dict[str, float] = {f"scores changed with {what}": count for what, count in probe.changed.items()}
    ones = int(run.decisions().sum())
    one, zero = NOTEBOOK_CLUSTERS
    equal = "which are" if (one, zero) == (counts.called, counts.n - counts.called) else "beside"
    sentence = sentences(
        said,
        f"the notebook's stored output has {one} ones and {zero} zeros, {equal} the TP + FP = {counts.called} and "
        f"TN + FN = {counts.n - counts.called} of Table 1; here there are {ones} and {probe.images - ones}",
    )
    numbers |= {"notebook ones": one, "notebook zeros": zero, "TP + FP of Table 1": counts.called}
    return Effect(sentence, numbers | {"here ones": ones, "images": probe.images})


def naming(runs: FinishedRuns) -> Effect:
    """Both namings of the two clusters, published and here."""
    known = _published_namings()
    run = _run(runs, "clustering-as-coded", known)
    figures = {
        reading: run.figure("accuracy", reading) | run.figure("f1", reading) for reading in ("own", "other naming")
    }
    said = told({"here (own reading)": figures["own"], "here (other naming)": figures["other naming"]})
    here = _flat({f"here, {reading}": values for reading, values in figures.items()})
    return Effect(sentences(known.sentence, said), {**known.numbers, **here})


def _published_namings() -> Effect:
    given = published()[1].counts
    other = Counts(tp=given.fn, tn=given.fp, fp=given.tn, fn=given.tp)
    numbers: dict[str, float] = {f"other naming, {name}": getattr(other, name.lower()) for name in ("TP", "FP")}
    for title, counts in (("submitted", given), ("other naming", other)):
        figures = counts.figures()
        numbers |= {f"published, {title}, {name}": float(figures[name] or 0) for name in ("accuracy", "f1")}
    sentence = sentences(
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
    readings = {"as coded": coded.figure("roc_auc"), "as written": written.figure("roc_auc")}
    differing = f"{differ} of {len(first)} answers differ ({least} under the better naming)"
    numbers = {"answers that differ": differ, "under the better naming": least} | _flat(readings)
    return Effect(sentences(differing, told(readings)), numbers)


def svm_refused(runs: FinishedRuns) -> Effect:
    """The refusal, and the sizes that the notebook's cells would need."""
    rows, width = 80 * 500, 4096
    size = 200 * 10_000 * width * 8 / 1e9
    numbers: dict[str, float] = {"rows of one class": rows, "rows of both": 2 * rows, "GB of the array": size}
    sentence = sentences(
        f"80 x 500 = {rows} rows fill the training array of one class, the loop makes {2 * rows}; 200 x 10 000 rows of "
        f"{width} float64 are {size:.1f} GB"
    )
    run = _run(runs, "svm-as-coded", Effect(sentence, numbers))
    if run.refusal is None:
        raise NotMeasuredError("run svm-as-coded was not refused", Effect(sentence, numbers))
    return Effect(sentences(f"run svm-as-coded was refused: {run.refusal}", sentence), numbers)


def generated_half(runs: FinishedRuns) -> Effect:
    """How far answers move beside noise in place of the generated images.

    Every value of the noise is normal with the mean and the deviation of its column over the development real images
    (:func:`ganprint.compare.controls.noise_like`).
    """
    run = runs.run("svm-as-written")
    own, swapped = run.table(), run.table(_SWAPPED)
    if not np.array_equal(own.ids, swapped.ids):
        raise NotMeasuredError("run svm-as-written: readings are of other images")
    gap = float(np.abs(own.scores - swapped.scores).max())
    changed = int((own.decisions != swapped.decisions).sum())
    figures = {reading: run.figure("roc_auc", reading) for reading in ("own", _SWAPPED)}
    sentence = sentences(
        f"with noise in place of the generated images {changed} of {len(own)} answers change; the largest change of a "
        f"score is {gap:.3g}",
        told({"generated images": figures["own"], "noise": figures[_SWAPPED]}),
    )
    numbers = {"answers changed": changed, "largest change of a score": gap, "images": len(own)}
    return Effect(sentence, numbers | _flat(figures))


def eigenvalue(runs: FinishedRuns) -> Effect:
    """Largest eigenvalue of the outer product beside the squared length."""
    del runs
    gap = largest_eigenvalue_gap(np.random.default_rng(0).standard_normal(256))
    sentence = f"largest eigenvalue of x x' and squared length of a random vector differ by {gap:.1e}, relatively"
    return Effect(sentences(sentence), {"relative difference": gap})


def preprocessing(runs: FinishedRuns) -> Effect:
    """ROC AUC with the paper's preparation of the images beside that of the weights."""
    readings = {
        f"{title} {variant.replace('-', ' ')}": runs.run(f"{comparator}-{variant}").figure("roc_auc")
        for comparator, title in (("clustering", "clustering"), ("svm", "SVM"))
        for variant in ("as-written", "corrected")
    }
    mended = "the corrected runs mend the preparation together with other faults, so its own effect is not told apart"
    return Effect(sentences(told(readings), mended), _flat(readings))


def all_used(runs: FinishedRuns) -> Effect:
    """F1 of "all used" beside the best published one."""
    del runs
    table = [run.counts for run in published()]
    best = max(float(counts.figures()["f1"] or 0) for counts in table)
    trivial = Counts(table[0].positives, 0, table[0].negatives, 0).figures()["f1"]
    numbers = {"all used, F1": float(trivial or 0), "best published F1": best}
    sentence = f'"all used" has F1 {float(trivial or 0):.4f}; the best of the three runs has {best:.4f}'
    return Effect(sentences(sentence), numbers)
