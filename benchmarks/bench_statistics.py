"""The evaluate room: bootstrap and permutation draws of ten runs at once, against a loop with scikit-learn."""

import tracemalloc
from collections.abc import Iterator

import numpy as np
from measure import Row, alone, paired
from sklearn import metrics as sk

from ganprint.evaluate.intervals import Resampled, bootstrap_interval, resample
from ganprint.evaluate.permutation import TESTED, permutation_test
from ganprint.evaluate.split_scores import SplitScores

RUNS = 10
RATES = (0.1, 0.05, 0.01)


def split_of(n: int, per_group: int) -> SplitScores:
    """Ten related runs with a weak signal, groups of one class."""
    rng = np.random.default_rng(0)
    groups = np.arange(n) // per_group
    used = (groups % 2).astype(np.int8)
    scores = rng.normal(size=n) + rng.normal(size=(RUNS, n)) + 0.3 * used
    ids = np.array([f"i{number:05d}" for number in range(n)])
    names = tuple(f"run{number}" for number in range(RUNS))
    return SplitScores(names, ids, groups.astype(np.str_), used, scores, (scores > 0).astype(np.int8))


def bootstrap(split: SplitScores, draws: int) -> list[Resampled]:
    """Resample all runs and take the limits of F1, AUC and TPR at FPR."""
    drawn = [
        resample(split.used, scores, decisions, split.groups, resamples=draws, rng=np.random.default_rng(0))
        for scores, decisions in zip(split.scores, split.decisions, strict=True)
    ]
    for of_run in drawn:
        for name in of_run.figures:
            bootstrap_interval(of_run, name, 0.95)
    return drawn


def permutations(split: SplitScores, draws: int) -> None:
    """Test all runs and correct for their number."""
    permuted = permutation_test(split, draws, np.random.default_rng(0))
    for name in TESTED:
        permuted.p(name)
        permuted.p_max(name, np.ones(RUNS, dtype=np.bool_))


def both(split: SplitScores, draws: int) -> None:
    """All draws of a report."""
    bootstrap(split, draws)
    permutations(split, draws)


def plain_figures(used: np.ndarray, scores: np.ndarray, decisions: np.ndarray) -> list[float]:
    """Figures of one draw, one function after the other."""
    if len(np.unique(used)) == 1:
        return []
    fpr, tpr, _ = sk.roc_curve(used, scores, drop_intermediate=False)
    return [
        sk.f1_score(used, decisions), sk.accuracy_score(used, decisions), sk.roc_auc_score(used, scores),
        *(float(tpr[fpr <= rate].max()) for rate in RATES),
    ]  # fmt: skip


def plain_bootstrap(split: SplitScores, draws: int) -> None:
    """Groups drawn one resample after the other, of one run."""
    rng = np.random.default_rng(0)
    names = np.unique(split.groups)
    members = {name: np.flatnonzero(split.groups == name) for name in names}
    for _ in range(draws):
        images = np.concatenate([members[name] for name in rng.choice(names, len(names))])
        plain_figures(split.used[images], split.scores[0][images], split.decisions[0][images])


def plain_permutations(split: SplitScores, draws: int) -> None:
    """Labels of groups shuffled one draw after the other, of one run."""
    rng = np.random.default_rng(0)
    _, first, member_of = np.unique(split.groups, return_index=True, return_inverse=True)
    for _ in range(draws):
        used = rng.permutation(split.used[first])[member_of]
        plain_figures(used, split.scores[0], split.decisions[0])


def against_loops(quick: bool) -> Iterator[Row]:
    """Both ways on the same number of draws; the loop on one run, since it does every run on its own."""
    draws, n = (200, 60) if quick else (10_000, 200)
    few = draws // 50
    split = split_of(n, 4)
    loop = f"plain: loop with scikit-learn, {few} draws of one run, times {draws // few * RUNS}"
    for what, ours, plain in (
        ("bootstrap by group, all figures and limits", bootstrap, plain_bootstrap),
        ("permutation test by group, six figures and max-T", permutations, plain_permutations),
    ):
        row = paired(
            f"{what}: {draws} draws, {RUNS} runs, {n} images", lambda ours=ours: ours(split, draws),
            lambda plain=plain: plain(split, few), repeats=3, note=loop,
        )  # fmt: skip
        more = draws / few * RUNS
        yield Row(row.what, row.seconds, row.plain * more, row.ratio * more, row.repeats, row.note)


def array_memory(split: SplitScores, draws: int) -> float:
    """Peak of NumPy's arrays in MiB."""
    tracemalloc.start()
    both(split, draws)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return peak


def whole(quick: bool) -> Iterator[Row]:
    """Everything that a report draws, on a small and on a large split, in bounded memory."""
    draws = 200 if quick else 10_000
    for n in (60, 200) if quick else (200, 2000):
        split = split_of(n, 4)
        yield alone(
            f"bootstrap and permutations: {draws} draws each, {RUNS} runs, {n} images",
            lambda split=split: both(split, draws), repeats=3 if n <= 200 else 1,
            note=lambda split=split: f"peak memory of arrays {array_memory(split, draws):.0f} MiB",
        )  # fmt: skip


def rows(quick: bool) -> Iterator[Row]:
    """All rows of this room."""
    for benchmark in (against_loops, whole):
        yield from benchmark(quick)
