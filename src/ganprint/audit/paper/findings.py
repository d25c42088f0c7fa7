"""Where the paper's text, its public code and its published file part, each with the effect measured.

Text: the paper (CEUR-WS Vol-3497, paper 116). Code: the authors' public repository
Haricharan0311/ImageCLEFmedical-gan-2023, commit af14d4e.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ganprint.audit.paper import effects
from ganprint.audit.paper.runs import Effect, FinishedRuns, NotMeasuredError

__all__ = ["FINDINGS", "MEASURED", "NOT_ISOLATED", "READ", "Finding", "finding_records", "headline_records"]

MEASURED = "measured"
"""Status: the effect is measured on finished runs, or is arithmetic."""

NOT_ISOLATED = "measured, not isolated"
"""Status: measured between runs in which other faults are mended as well."""

READ = "read from the public code"
"""Status: it rests on reading the code; what stands beside it in numbers shows it no further."""

_OPEN = "not measured: "

_CODE_ALONE = "Nothing that the finding rests on: it is about the code alone."


@dataclass(frozen=True)
class Finding:
    """One difference.

    Attributes
    ----------
    id
        Its name.
    run
        Number of the paper's run; 0 when it concerns all.
    text
        What the paper says.
    code
        What the public code or the published file does.
    consequence
        What follows.
    shown_by
        How it is shown: runs of this project, or arithmetic.
    effect
        Measures it.
    status
        What its effect makes it, once it is at hand: :data:`MEASURED`, :data:`NOT_ISOLATED` or :data:`READ`.
    """

    id: str
    run: int
    text: str
    code: str
    consequence: str
    shown_by: str
    effect: Callable[[FinishedRuns], Effect]
    status: str = MEASURED


FINDINGS = (
    Finding(
        "table-omits-trivial-answer",
        0,
        "Reports F1, the official metric, of 61.4, 52.1 and 43.1.",
        "No answer that looks at no image stands in the table.",
        'Answering "used" for every image scores more than all three runs.',
        "arithmetic on the published counts",
        effects.all_used,
    ),
    Finding(
        "relation-softmax-across-batch",
        1,
        "A relation score in [0, 1] per pair.",
        "The loss and the test script see a softmax of the scores across the batch; the test script gives one pair per "
        "call.",
        "The softmax of one number is 1: every image gets the same score, and the ranking is worth nothing.",
        "runs relation-as-coded (with its reading before the softmax) and relation-as-written",
        effects.softmax,
    ),
    Finding(
        "relation-scores-of-company",
        1,
        "A relation score belongs to its pair.",
        "After the softmax across the batch a pair's score depends on the other pairs of its batch.",
        "In the pairs' own order every batch adds up to 1 whatever the image, so all images have the same mean where "
        "batches fill rows; shuffled, a pair's score changes with the order, and an image's mean a little.",
        "the held-out pairs of run relation-as-coded, in batches of the training's size, in order and shuffled twice",
        effects.shuffled_batches,
    ),
    Finding(
        "relation-validation-accuracy",
        1,
        _CODE_ALONE,
        "Validation takes two pairs of one real image per batch, of which the softmax puts one at or above 0.5.",
        "Validation accuracy is 0.5 for any network, so no epoch can be told from another and the first is kept.",
        "curve validation_accuracy of run relation-as-coded",
        effects.validation_accuracy,
    ),
    Finding(
        "relation-loss-floor",
        1,
        _CODE_ALONE,
        "Binary cross-entropy of shares that add up to 1 over a batch of 8 pairs, though any number may be used.",
        "Even a perfect network can not reach the loss of a coin without the softmax.",
        "minimisation over the scores of a batch, for 0 to 8 used pairs",
        effects.loss_floor,
    ),
    Finding(
        "relation-auc-of-points",
        1,
        _CODE_ALONE,
        "The area is taken under the points (prediction, label), and compared with the best accuracy so far.",
        "A perfect and an inverted ranking get the same number.",
        "arithmetic",
        effects.auc_of_points,
    ),
    Finding(
        "relation-learning-rate",
        1,
        _CODE_ALONE,
        "The steps are at epochs 120 and 160 of 100; the rate 1e-5 is the last of a chain of restarts by hand that "
        "restored weights alone.",
        "The rate is never lowered by the schedule, and no run of the code gives the published network.",
        "reading the code, and the parameters of run relation-as-coded",
        effects.learning_rate,
        READ,
    ),
    Finding(
        "relation-last-batch-statistics",
        1,
        _CODE_ALONE,
        "Momentum 1 in the relation module: its statistics are those of the last batch of 8 pairs; grey values 0..255.",
        "What is predicted depends on which 8 pairs came last.",
        "runs relation-as-written and relation-corrected",
        effects.batch_norm_and_pixels,
        NOT_ISOLATED,
    ),
    Finding(
        "relation-no-decision-rule",
        1,
        "Names no rule from pair scores to an image's answer.",
        "The test script averages over the validation folder and prints; on the test folder it raises; the prediction "
        "script is a syntax error.",
        "No public code makes the published file.",
        "reading the code, run relation-as-coded and the published counts",
        effects.no_decision_rule,
        READ,
    ),
    Finding(
        "clustering-blind",
        2,
        "Ward clustering of the development images; test images by the trained clustering.",
        "Ward with two clusters on the 200 real test images alone; the cluster number is the label.",
        "The run sees no generated image, no development image and no label: it can not find a leak.",
        "run clustering-as-coded scored again with its other inputs exchanged, and the published counts",
        effects.blind,
    ),
    Finding(
        "clustering-naming",
        2,
        "Does not say how a cluster becomes a label.",
        "The number of the cluster, 0 or 1, is written as the label.",
        "Nothing in the method prefers one naming: the result is one side of a coin, its complement the other.",
        'run clustering-as-coded, its readings "own" and "other naming", and the published counts',
        effects.naming,
    ),
    Finding(
        "clustering-text-against-file",
        2,
        "Feature agglomeration, average pooling, a number of clusters read off the dendrogram.",
        "Maximum pooling, no agglomeration, two clusters.",
        "The published figures are not about the method of the text.",
        "runs clustering-as-coded and clustering-as-written",
        effects.text_against_file,
    ),
    Finding(
        "svm-cannot-run",
        3,
        "All 200 x 10 000 concatenations are predicted and the majority counts.",
        "The prediction cells are text; run as code they would overrun the training array and then predict an "
        "uninitialised one. There is no vote and no file.",
        "The public code can not have made the published file.",
        "reading the notebook, which run svm-as-coded refuses to imitate, and arithmetic on its arrays",
        effects.svm_refused,
        READ,
    ),
    Finding(
        "svm-generated-half",
        3,
        "Concatenations [real; generated] correlate the two.",
        "The RBF kernel of concatenations is k(r, r') k(g, g'), and the label depends on the real image alone.",
        "Nothing in the set-up compares a real with a generated image.",
        'run svm-as-written, its readings "own" and "swapped" (noise in place of the generated images, every value '
        "normal with its column's mean and deviation over the development real images)",
        effects.generated_half,
    ),
    Finding(
        "svm-eigenvalue",
        3,
        "Eigenvalue analysis: the largest eigenvalue for each used training vector.",
        "A full non-symmetric decomposition per vector of 4096 numbers, its first value, and a list that stays empty.",
        "The largest eigenvalue of x x' is the squared length of x: the analysis says how bright the features are.",
        "arithmetic",
        effects.eigenvalue,
    ),
    Finding(
        "features-preprocessing",
        0,
        "Pixels are scaled to 0..1.",
        "Keras' ImageNet weights, which are in use, expect BGR with means subtracted on the scale 0..255.",
        "The network is driven with almost nothing, far from what it was trained on.",
        "runs clustering and svm, as-written and corrected; features are Keras' only with a keras-resnet backbone",
        effects.preprocessing,
        NOT_ISOLATED,
    ),
)


def finding_records(runs: FinishedRuns) -> list[dict[str, Any]]:
    """Measure every finding: id, run, text, code, consequence, shown_by, effect and status.

    The status is the finding's own (``measured``, ``measured, not isolated``, ``read from the public code``), or ``not
    measured: `` and why; the effect then holds what the published counts say, or is ``None``.
    """
    records = []
    for finding in FINDINGS:
        effect: Effect | None
        try:
            effect, status = finding.effect(runs), finding.status
        except NotMeasuredError as error:
            effect, status = error.known, f"{_OPEN}{error.reason}"
        parts = {name: getattr(finding, name) for name in ("id", "run", "text", "code", "consequence", "shown_by")}
        measured = None if effect is None else {"sentence": effect.sentence, "numbers": dict(effect.numbers)}
        records.append({**parts, "effect": measured, "status": status})
    return records


_HEADLINES = (
    (
        2,
        "Run 2 as submitted is a blind two-way clustering of the test images whose naming is a coin toss.",
        ("clustering-blind", "clustering-naming"),
    ),
    (1, "Run 1's file is produced by no public code.", ("relation-no-decision-rule", "relation-softmax-across-batch")),
    (3, "Run 3's code can not have produced its file.", ("svm-cannot-run",)),
)


def headline_records(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the three headlines with the findings that show them: run, claim, findings, evidence and status.

    A headline is as strong as the weakest of its findings.
    """
    by_id = {finding["id"]: finding for finding in findings}
    records = []
    for run, claim, ids in _HEADLINES:
        shown = [by_id[name] for name in ids]
        evidence = [finding["effect"]["sentence"] for finding in shown if finding["effect"] is not None]
        weaker = [finding["status"] for finding in shown if finding["status"] != MEASURED]
        weakest = [status for status in weaker if status.startswith(_OPEN)] or weaker or [MEASURED]
        status = "; ".join(dict.fromkeys(weakest))
        records.append({"run": run, "claim": claim, "findings": list(ids), "evidence": evidence, "status": status})
    return records
