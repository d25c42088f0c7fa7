"""Simulate what docs/statistics.md says of intervals and tests, and print it as Markdown tables.

``--quick`` shrinks the numbers of repetitions to see that everything runs.
"""

import argparse
import math
from collections.abc import Callable, Iterator

import numpy as np
from scipy.stats import norm

from ganprint.evaluate.comparison import delong, delong_p
from ganprint.evaluate.conformal import Calibration, answer
from ganprint.evaluate.intervals import bootstrap_interval, resample
from ganprint.evaluate.permutation import TESTED, permutation_test
from ganprint.evaluate.power import auc_variance, design_effect, smallest_auc
from ganprint.evaluate.privacy_bound import privacy_bound
from ganprint.evaluate.split_scores import SplitScores
from ganprint.evaluate.weighted import weighted_auc

SHAPES = ((50, 1), (200, 1), (200, 4))
LEVEL = 0.05
Row = tuple[str, str, float, int]


def named(n: int, per_group: int) -> str:
    """Say how large a split is."""
    return f"{n} images" if per_group == 1 else f"{n} images, {n // per_group} patients"


def images(
    n: int, per_group: int, shift: float, rng: np.random.Generator, *, coins: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Membership per patient (fair coins, or fixed halves), normal scores with half their variance by patient."""
    groups = np.arange(n) // per_group
    patients = groups.max() + 1
    used = (rng.integers(0, 2, patients) if coins else rng.permutation(np.arange(patients) % 2))[groups].astype(np.int8)
    level = rng.normal(size=patients)[groups] if per_group > 1 else 0
    return used, rng.normal(size=n) + level + shift * used, groups.astype(np.str_)


def spread(per_group: int) -> float:
    """Standard deviation of the scores within a class."""
    return math.sqrt(2 if per_group > 1 else 1)


def coverage(repetitions: int, resamples: int) -> Iterator[Row]:
    """How often an interval at 95 % holds the truth: BCa, and percentiles beside it."""
    for (n, per_group), auc in ((shape, auc) for auc in (0.5, 0.76, 0.9) for shape in SHAPES):
        shift = norm.ppf(auc) * spread(per_group) * math.sqrt(2)
        cut = shift / 2
        tpr, fpr = (norm.sf((cut - mean) / spread(per_group)) for mean in (shift, 0.0))
        truths = {"roc_auc": auc, "f1": 2 * tpr / (tpr + fpr + 1)}
        held = {(name, kind): 0 for name in truths for kind in ("BCa", "percentiles")}
        rng = np.random.default_rng([1, n, per_group, round(100 * auc)])
        for _ in range(repetitions):
            used, scores, groups = images(n, per_group, shift, rng, coins=True)
            drawn = resample(used, scores, (scores > cut).astype(np.int8), groups, resamples=resamples, rng=rng)
            for name, truth in truths.items():
                interval = bootstrap_interval(drawn, name, 0.95)
                held[name, "BCa"] += interval.low <= truth <= interval.high
                low, high = np.nanquantile(drawn.figures[name], [0.025, 0.975])
                held[name, "percentiles"] += low <= truth <= high
        for (name, kind), count in held.items():
            what = f"interval holds {'F1' if name == 'f1' else 'ROC AUC'}, {kind}, true AUC {auc:g}"
            yield what, named(n, per_group), count / repetitions, repetitions


def false_alarms(repetitions: int, permutations: int) -> Iterator[Row]:
    """How often scores that know nothing are called better than chance at 5 %, alone and as a family of five."""
    for n, per_group in SHAPES:
        rng = np.random.default_rng([2, n, per_group])
        alarms, family = dict.fromkeys(TESTED, 0), 0
        for _ in range(repetitions):
            used, scores, groups = images(n, per_group, 0.0, rng, coins=False)
            runs = scores + rng.normal(size=(5, n))
            names = tuple("abcde")
            split = SplitScores(names, groups, groups, used, runs, (runs > 0).astype(np.int8))
            permuted = permutation_test(split, permutations, rng)
            for name in TESTED:
                alarms[name] += permuted.p(name)[0] <= LEVEL
            family += permuted.p_max("roc_auc", np.ones(5, dtype=np.bool_)).min() <= LEVEL
        for name, count in alarms.items():
            yield f"false alarm of the permutation test, {name}", named(n, per_group), count / repetitions, repetitions
        yield "false alarm of any of five runs, max-T, roc_auc", named(n, per_group), family / repetitions, repetitions


def equal_runs(repetitions: int) -> Iterator[Row]:
    """How often DeLong's test by group tells two equally good runs apart at 5 %."""
    for n, per_group in SHAPES:
        rng = np.random.default_rng([3, n, per_group])
        found = 0
        for _ in range(repetitions):
            used, scores, groups = images(n, per_group, 1.0, rng, coins=False)
            p = delong_p(*delong(scores + rng.normal(size=(2, n)), used, groups), 0, 1)
            found += p <= LEVEL
        yield "equal runs told apart, DeLong by group", named(n, per_group), found / repetitions, repetitions


def epsilons(repetitions: int) -> Iterator[Row]:
    """How often the bounds on epsilon exceed the truth of randomised response (0.8) at 95 %."""
    epsilon = 0.8
    for n in (50, 200):
        rng = np.random.default_rng([4, n])
        over = {"own threshold": 0, "simultaneous": 0}
        for _ in range(repetitions):
            used = rng.integers(0, 2, n).astype(np.int8)
            told = rng.random(n) < np.exp(epsilon) / (1 + np.exp(epsilon))
            scores = np.where(told, used, 1 - used) + rng.random(n) / 4
            names = np.arange(n).astype(np.str_)
            bound = privacy_bound(used, scores, names, threshold=0.6, confidence=0.95, rng=rng)
            over["own threshold"] += bound.epsilon > epsilon
            over["simultaneous"] += bound.simultaneous.epsilon > epsilon
        for name, count in over.items():
            yield f"bound on epsilon too high, {name}", named(n, 1), count / repetitions, repetitions


def powers(repetitions: int) -> Iterator[Row]:
    """How often the leak that is stated for a power of 80 % is shown."""
    for n, per_group in SHAPES:
        rng = np.random.default_rng([5, n, per_group])
        used, _, groups = images(n, per_group, 0.0, rng, coins=False)
        # Half of the variance lies between patients; ranks of normal scores: Pearson (1907).
        correlation = 6 / math.pi * math.asin(0.5 / 2) if per_group > 1 else 0.0
        effect = design_effect(correlation, used, groups)
        m = int(used.sum())
        auc = smallest_auc(m, n - m, effect, 0.95, 0.8)
        least = 0.5 + norm.ppf(0.95) * math.sqrt(effect * auc_variance(0.5, m, n - m))
        shift = norm.ppf(auc) * spread(per_group) * math.sqrt(2)
        shown = 0
        for _ in range(repetitions):
            truth, scores, _ = images(n, per_group, shift, rng, coins=False)
            shown += weighted_auc(np.ones((1, n)), truth, scores)["roc_auc"][0] >= least
        yield f"smallest AUC stated ({auc:.3f}) shown", named(n, per_group), shown / repetitions, repetitions


def wrong_answers(repetitions: int) -> Iterator[Row]:
    """How often an image of a new patient is answered wrongly at the level 10 %."""
    for patients, slices, level in ((40, 1, 0.0), (40, 4, 1.0), (40, 4, 10.0)):
        rng = np.random.default_rng([6, slices, int(level)])
        wrong = 0
        for _ in range(repetitions):
            groups = np.repeat(np.arange(patients + 1), slices)
            used = (groups % 2).astype(np.int8)
            scores = level * rng.normal(size=patients + 1)[groups] + rng.normal(size=len(groups))
            scores += 1.5 * math.sqrt(1 + level**2) * used
            known = groups < patients
            calibration = Calibration(scores[known], used[known], groups[known].astype(np.str_))
            found = answer(calibration, scores[-1:], np.array(["new"]), 0.1)
            wrong += found.answers[0] == "used"  # the last patient is not used
        share = level**2 / (1 + level**2)
        what = f'not-used image answered "used" at level 0.1, {share:.2f} of the variance by patient'
        yield what, named(patients * slices, slices), wrong / repetitions, repetitions


def table(rows: Iterator[Row]) -> str:
    """Give rows as Markdown, with the binomial standard error of each share."""
    lines = ["| What | Split | Share | ± s.e. | Repetitions |", "| --- | --- | ---: | ---: | ---: |"]
    for what, split, share, repetitions in rows:
        error = math.sqrt(max(share * (1 - share), 1 / repetitions) / repetitions)
        lines.append(f"| {what} | {split} | {100 * share:.1f} % | {100 * error:.1f} | {repetitions} |")
    return "\n".join(lines)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repetitions, to see that everything runs")
    quick = parser.parse_args().quick
    many = 20 if quick else 2000
    parts: list[Callable[[], Iterator[Row]]] = [
        lambda: coverage(many, 100 if quick else 1000),
        lambda: false_alarms(many, 99 if quick else 399),
        lambda: equal_runs(many),
        lambda: epsilons(many),
        lambda: powers(many),
        lambda: wrong_answers(many),
    ]
    for part in parts:
        print(table(part()), flush=True)
        print(flush=True)


if __name__ == "__main__":
    main()
