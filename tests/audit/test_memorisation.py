"""Set-level memorisation: every measure against plain loops, planted truths, levels and coverage, degenerate inputs."""

import itertools
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.linalg import sqrtm
from scipy.stats import mannwhitneyu

from ganprint.audit.memorisation.authenticity import authentic, own_nearest
from ganprint.audit.memorisation.closer import closer_to_used, missed, nearest_units
from ganprint.audit.memorisation.context import Context
from ganprint.audit.memorisation.copying import coordinates, copying_score, cut, farther_pairs, make_cells
from ganprint.audit.memorisation.distances import close_squares, generated_blocks, real_squares
from ganprint.audit.memorisation.figures import interval, jackknife, permutation_p
from ganprint.audit.memorisation.likelihood import fld_gap, standardised_squares
from ganprint.audit.memorisation.neighbours import Neighbours
from ganprint.audit.memorisation.ratio import distance_ratio, histogram, median
from ganprint.audit.memorisation.sets import HELD_OUT, LEFT_OUT, USED, Sets, make_labellings
from ganprint.audit.memorisation.streamed import labelled_sums
from ganprint.audit.memorisation.table import Settings, memorisation_rows, with_readings

LEAKING = ("authenticity", "ct", "fld_gap", "closer_to_used", "ratio_median", "ratio_below")


def away(a, b):
    return math.sqrt(sum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True)))


def patients(seed, *, count=24, slices=2, generated=80, features=6, copied=0.0, noise=0.02):
    """Make patients with alike slices and generated rows, a share of which are noisy copies of used rows."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(count, features))
    real = np.repeat(centres, slices, axis=0) + 0.5 * rng.normal(size=(count * slices, features))
    used = np.repeat(rng.permutation(np.arange(count) % 2 == 0), slices)
    made = rng.normal(size=(generated, features)) + 0.5 * rng.normal(size=(generated, features))
    copies = round(copied * generated)
    made[:copies] = real[used][rng.integers(used.sum(), size=copies)] + noise * rng.normal(size=(copies, features))
    groups = np.repeat([f"p{number}" for number in range(count)], slices)
    return Sets(real.astype(np.float32), used, groups, made.astype(np.float32))


def table(sets, seed=0, **settings):
    rows = memorisation_rows(
        sets, Settings(**{"permutations": 60, "folds": 8, **settings}), np.random.default_rng(seed)
    )
    return {row["measure"]: row for row in with_readings({"rows": rows}, 0.05)["rows"]}


def looked_at(sets):
    used, held_out = sets.real[sets.used], sets.real[~sets.used]
    return used, held_out, sets.generated


def test_authenticity_is_that_of_plain_loops():
    """Protects the definition: nearest used image, and that one's own nearest *other* used image."""
    sets = patients(0, copied=0.3)
    used, _, generated = looked_at(sets)
    count = 0
    for row in generated:
        to = [away(row, t) for t in used]
        j = to.index(min(to))
        count += to[j] > min(away(used[j], t) for i, t in enumerate(used) if i != j)
    assert table(sets)["authenticity"]["value"] == pytest.approx(count / len(generated))
    assert 0 < count < len(generated)


@pytest.mark.parametrize("drop", [0, 5])
def test_closer_to_used_is_the_mean_over_all_equal_draws(drop):
    """Protects the equalised sizes: with unequal sides every draw of as many groups is gone through by hand."""
    sets = patients(1, count=10, copied=0.2, generated=15)
    names = np.unique(sets.groups[~sets.used])[: drop and 2]
    keep = ~np.isin(sets.groups, names)
    sets = Sets(sets.real[keep], sets.used[keep], sets.groups[keep], sets.generated)
    sides = [np.unique(sets.groups[sets.used == flag]) for flag in (True, False)]
    few = min(map(len, sides))
    shares = []
    for chosen in itertools.product(*(itertools.combinations(side, few) for side in sides)):
        best = [
            [min(away(g, r) for r in sets.real[np.isin(sets.groups, part)]) for g in sets.generated] for part in chosen
        ]
        shares.append(np.mean(np.array(best[0]) < np.array(best[1])))
    assert len(shares) == math.comb(len(sides[0]), few)
    assert table(sets)["closer_to_used"]["value"] == pytest.approx(np.mean(shares), abs=1e-9)


def test_draws_that_miss_are_counted_exactly():
    """Protects the closed form: nothing nearer always misses, too many nearer never do."""
    found = missed(7, np.arange(8), 3)
    assert found == pytest.approx([math.comb(7 - c, 3) / math.comb(7, 3) for c in range(8)])


def test_ct_is_that_of_plain_loops_given_the_cells():
    """Protects the cell rule: in-cell neighbours, weights of held-out rows, cells with too few generated left out."""
    sets = patients(2, count=40, generated=150, copied=0.2)
    used, held_out, generated = looked_at(sets)
    codes = np.where(sets.used, USED, HELD_OUT).astype(np.int8)
    squares = real_squares(sets.real)
    cells = make_cells(cut(coordinates(squares), codes, 4, seed=3), squares, codes)
    labels = cells.of_used[sets.used]
    centres = [used[labels == cell].mean(axis=0, dtype=float) for cell in range(4)]

    def cell_of(row):
        return int(np.argmin([away(row, centre) for centre in centres]))

    def nearest(row, cell):
        return min(away(row, t) for t in used[labels == cell])

    total, weight = 0.0, 0.0
    for cell in range(4):
        h = [nearest(row, cell) for row in held_out if cell_of(row) == cell]
        g = [nearest(row, cell) for row in generated if cell_of(row) == cell]
        if len(g) < 20 or not h:
            continue
        u = sum(a > b for a in g for b in h)
        n, m = len(h), len(g)
        total += n * (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
        weight += n
    block = next(generated_blocks(sets.real, generated))[1]
    own = cells.assign(block)
    u, counts = farther_pairs(cells, own, Neighbours.of(block).within(cells.of_used, own))
    ours = copying_score(u, counts, np.array([len(inside) for inside in cells.held_out], dtype=float), 20)
    assert ours == pytest.approx(total / weight)
    # Some rows have a nearer used row outside their cell: the pass must not take it.
    everywhere = Neighbours.of(block).nearest(sets.used, 1)[0][:, 0]
    assert (everywhere < Neighbours.of(block).within(cells.of_used, own) - 1e-9).any()
    labels = make_labellings(sets.used, sets.groups, 1, 2, np.random.default_rng(0))
    passed = labelled_sums(sets, labels, cells=4, least=20, limit=0.8, seed=3, advance=lambda _: None)
    assert passed.figures(0)["ct"] == pytest.approx(ours)
    assert counts.sum() == len(generated)
    assert math.isnan(copying_score(u, counts, counts, 151))


def test_one_cell_ct_is_the_published_statistic():
    """Protects the sign and scale: with one cell it is scipy's Mann-Whitney U, z-scored, generated first."""
    sets = patients(3, copied=0.5)
    used, held_out, generated = looked_at(sets)
    g, h = ([min(away(row, t) for t in used) for row in part] for part in (generated, held_out))
    u = mannwhitneyu(g, h).statistic
    n, m = len(h), len(g)
    assert table(sets, cells=1)["ct"]["value"] == pytest.approx((u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12))


def plain_mixture(used, held_out, generated, everyone):
    """FLD gap by loops: standardise, fit variances by expectation-maximisation for long, compare likelihoods."""
    middle, scale = everyone.mean(axis=0), everyone.std(axis=0)
    used, held_out, generated = ((part - middle) / scale for part in (used, held_out, generated))
    d = used.shape[1]
    variances = [(min(away(t, g) for t in used) ** 2 + 1e-3) / d for g in generated]

    def density(x, j):
        return math.exp(-(away(x, generated[j]) ** 2) / 2 / variances[j]) / (2 * math.pi * variances[j]) ** (d / 2)

    def likelihood(x):
        return sum(density(x, j) for j in range(len(generated))) / len(generated)

    for _ in range(60):
        shares = [[density(t, j) for j in range(len(generated))] for t in used]
        shares = [[value / sum(row) for value in row] for row in shares]
        for j in range(len(generated)):
            total = sum(row[j] for row in shares)
            if total > 1e-9:
                fit = sum(row[j] * away(t, generated[j]) ** 2 for row, t in zip(shares, used, strict=True)) / total / d
                variances[j] = max(fit, 1e-3 / d)
    losses = [-np.mean([math.log(likelihood(x)) for x in part]) for part in (used, held_out)]
    return 100 / d * (losses[0] - losses[1])


def test_fld_gap_is_that_of_a_plain_mixture():
    """Protects means, variances, standardising, scale and sign of the gap."""
    sets = patients(4, count=12, generated=10, features=3)
    real = sets.real.astype(float)
    plain = plain_mixture(real[sets.used], real[~sets.used], sets.generated.astype(float), real)
    squares, features = standardised_squares(sets.real, sets.generated)
    assert fld_gap(squares[sets.used], squares[~sets.used], features) == pytest.approx(plain, abs=0.3)
    assert abs(plain) > 1


def test_ratio_is_that_of_plain_loops():
    """Protects first over second nearest used image, the share below the limit and the median."""
    sets = patients(5, copied=0.4)
    used, held_out, generated = looked_at(sets)
    ratios = [a / b for a, b in (sorted(away(row, t) for t in used)[:2] for row in generated)]
    found = table(sets)
    assert found["ratio_below"]["value"] == pytest.approx(np.mean(np.array(ratios) < 0.8))
    assert found["ratio_median"]["value"] == pytest.approx(np.median(ratios), abs=0.01)
    beside = [a / b for a, b in (sorted(away(row, t) for t in used)[:2] for row in held_out)]
    assert found["ratio_below"]["reference"] == pytest.approx(np.mean(np.array(beside) < 0.8))


def test_manifolds_frechet_and_kernel_are_those_of_plain_code():
    """Protects the figures for context against loops, scipy's matrix root and the mean over all pairs."""
    sets = patients(6, generated=40, features=4)
    real, made, k = sets.real[sets.used].astype(float), sets.generated.astype(float), 3

    def reach(rows, i):
        return sorted(away(rows[i], rows[j]) for j in range(len(rows)) if j != i)[k - 1]

    ball = [reach(real, i) for i in range(len(real))]
    made_ball = [reach(made, j) for j in range(len(made))]
    inside = np.array([[away(r, g) <= ball[i] for g in made] for i, r in enumerate(real)])
    around = np.array([[away(r, g) <= made_ball[j] for j, g in enumerate(made)] for r in real])
    s1, s2 = np.cov(real.T), np.cov(made.T)
    fid = ((real.mean(0) - made.mean(0)) ** 2).sum() + np.trace(s1 + s2 - 2 * np.real(sqrtm(s1 @ s2)))

    def mean_kernel(a, b, *, same):
        pairs = [(x, y) for i, x in enumerate(a) for j, y in enumerate(b) if not (same and i == j)]
        return np.mean([(x @ y / 4 + 1) ** 3 for x, y in pairs])

    kid = (
        mean_kernel(real, real, same=True)
        + mean_kernel(made, made, same=True)
        - 2 * mean_kernel(real, made, same=False)
    )
    found = Context.of(sets.real[sets.used], made, k).figures(np.arange(len(real)), np.arange(len(made)) + len(real))
    assert found["precision"] == pytest.approx(inside.any(axis=0).mean())
    assert found["recall"] == pytest.approx(around.any(axis=1).mean())
    assert found["density"] == pytest.approx(inside.sum() / (k * len(made)))
    assert found["coverage"] == pytest.approx(inside.any(axis=1).mean())
    assert found["fid"] == pytest.approx(fid, rel=1e-6)
    assert found["kid"] == pytest.approx(kid, rel=1e-6)


def test_frechet_distance_needs_no_full_rank():
    """Protects images in more features than there are images: still scipy's value of the d x d formula."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(8, 30)), rng.normal(size=(12, 30)) + 0.2
    found = Context.of(a, b, 3).figures(np.arange(8), np.arange(8, 20))["fid"]
    s1, s2 = np.cov(a.T), np.cov(b.T)
    root = np.sqrt(np.maximum(np.real(np.linalg.eigvals(s1 @ s2)), 0)).sum()
    plain = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(s1) + np.trace(s2) - 2 * root
    assert found == pytest.approx(plain, rel=1e-5)


def test_copies_of_used_rows_have_the_planted_truth():
    """Protects every direction: exact copies are never authentic, far below 0 and always closer."""
    found = table(patients(7, copied=1.0, noise=0.0, count=40), permutations=99)
    assert found["authenticity"]["value"] == 0
    assert found["closer_to_used"]["value"] == 1
    assert found["ratio_median"]["value"] < 0.01
    assert found["ratio_below"]["value"] == 1
    assert found["ct"]["value"] < -4
    assert found["fld_gap"]["value"] < -50
    # Not the median ratio: with half of the copied images still called used its middle is a copy as well.
    for name in set(LEAKING) - {"ratio_median"}:
        assert found[name]["p"] == pytest.approx(1 / 100), name
        assert found[name]["p_corrected"] <= 0.05, name
        assert "speaks for copying" in found[name]["reading"]
    assert found["authenticity"]["low"] == 0
    assert 0 < found["authenticity"]["high"] < 0.1
    assert found["precision"]["p"] is None


def test_copies_of_held_out_rows_are_no_leak():
    """Protects against a two-sided reading: a generator of held-out images has the opposite direction everywhere."""
    sets = patients(8, copied=1.0)
    found = table(Sets(sets.real, ~sets.used, sets.groups, sets.generated))
    assert found["closer_to_used"]["value"] < 0.1
    assert found["fld_gap"]["value"] > 0
    assert min(found[name]["p"] for name in ("authenticity", "ct", "fld_gap", "closer_to_used")) > 0.9


def test_fresh_draws_are_at_chance_and_tests_keep_their_level():
    """Protects the null: over 40 corpora without a leak, p values are small no more often than they may."""
    rows = [table(patients(seed), permutations=19, folds=2, sample=30) for seed in range(100, 140)]
    small = {name: sum(row[name]["p"] <= 0.1 for row in rows) for name in LEAKING}
    # Binomial(40, 0.1) exceeds 11 with a chance of 0.04 %.
    assert max(small.values()) <= 11, small
    assert np.mean([row["closer_to_used"]["value"] for row in rows]) == pytest.approx(0.5, abs=0.05)
    assert sum(any(row[name]["p_corrected"] <= 0.05 for name in LEAKING) for row in rows) <= 7


def test_intervals_cover():
    """Protects the intervals: nearly all hold the mean over many other corpora, and they are not absurdly wide.

    The jackknife's variance is too large rather than too small (Efron and Stein 1981): full coverage is no fault.
    """
    many = [table(patients(seed, copied=0.3), permutations=20, folds=2, sample=40) for seed in range(1000, 1040)]
    rows = [table(patients(seed, copied=0.3), permutations=20, folds=12, sample=40) for seed in range(30)]
    for name in ("authenticity", "closer_to_used", "ratio_below", "ct"):
        truth = np.mean([row[name]["value"] for row in many])
        held = sum(row[name]["low"] <= truth <= row[name]["high"] for row in rows)
        width = np.mean([row[name]["high"] - row[name]["low"] for row in rows])
        spread = np.std([row[name]["value"] for row in many])
        assert held >= 26, (name, held)
        assert width < 12 * spread, (name, width, spread)


def test_p_is_exact_against_all_exchanges():
    """Protects the permutation by group: few patients, so that all exchanges of membership can be gone through."""
    sets = patients(11, count=6, generated=20, copied=0.4)
    names = np.unique(sets.groups)
    own = table(sets)["closer_to_used"]["value"]
    every = []
    for chosen in itertools.combinations(names, 3):
        flags = np.isin(sets.groups, chosen)
        best = [[min(away(g, r) for r in sets.real[flags == f]) for g in sets.generated] for f in (True, False)]
        every.append(np.mean(np.array(best[0]) < np.array(best[1])))
    exact = np.mean(np.array(every) >= own - 1e-12)
    assert table(sets, permutations=800)["closer_to_used"]["p"] == pytest.approx(exact, abs=0.04)


def test_labellings_keep_groups_together_and_folds_leave_each_out_once():
    """Protects what exchanges and folds are of: whole groups; mixed groups exchange inside themselves."""
    sets = patients(12, count=14)
    labels = make_labellings(sets.used, sets.groups, 30, 5, np.random.default_rng(0))
    assert labels.codes.shape == (36, len(sets.used))
    assert (labels.codes[0] == sets.used).all()
    for codes in labels.codes:
        assert all(len(set(codes[sets.groups == name])) == 1 for name in np.unique(sets.groups))
    assert (labels.codes[1:31].sum(axis=1) == sets.used.sum()).all()
    assert ((labels.codes[31:] == LEFT_OUT).sum(axis=0) == 1).all()
    mixed = make_labellings(np.arange(8) % 2 == 0, np.repeat(["a", "b"], 4), 10, 5, np.random.default_rng(0))
    assert (mixed.codes[1:11].reshape(10, 2, 4).sum(axis=2) == 2).all()
    assert len(set(mixed.units.tolist())) == 8


def test_the_pass_does_not_depend_on_blocks_and_finds_far_neighbours(monkeypatch):
    """Protects the stream and the shortcut of looking at the first neighbours alone."""
    sets = patients(13, count=60, generated=90, copied=0.2)
    labels = make_labellings(sets.used, sets.groups, 5, 3, np.random.default_rng(0))

    def sums():
        done = []
        found = labelled_sums(sets, labels, cells=3, least=5, limit=0.8, seed=0, advance=done.append)
        assert sum(done) == 90
        return [found.figures(q) for q in range(len(labels.codes))] + [found.figures(0, 3)]

    before = sums()
    monkeypatch.setattr("ganprint.audit.memorisation.neighbours._FIRST", 2)
    monkeypatch.setattr("ganprint.audit.memorisation.streamed.generated_blocks", lambda r, g: generated_blocks(r, g, 7))
    for old, new in zip(before, sums(), strict=True):
        assert new == pytest.approx(old, rel=1e-12)


def test_duplicates_are_at_distance_zero():
    """Protects copies of rows with large norms, which the expanded square would put at a distance."""
    rng = np.random.default_rng(0)
    rows = (1e4 + rng.normal(size=(5, 300))).astype(np.float32).astype(float)
    assert np.diag(close_squares(rows, rows.copy())).tolist() == [0] * 5
    near = rows + 1e-3
    assert np.diag(close_squares(rows, near)) == pytest.approx(((rows - near) ** 2).sum(axis=1), rel=1e-12)


def test_small_parts():
    """Protects medians, ratios, units, variances, intervals and p values on numbers that a hand can check."""
    assert median(histogram(np.array([0.1, 0.5, 0.9]))) == pytest.approx(0.5, abs=1e-3)
    assert math.isnan(median(np.zeros(1000)))
    assert distance_ratio(np.array([[0.0, 0.0], [1.0, 2.0], [1.0, np.inf]])).tolist() == [0, 0.5, 0]
    assert nearest_units(np.array([[3.0, 1.0, 2.0]]), np.array([1, 0, 1])).tolist() == [[1, 2]]
    assert jackknife([1.0, 3.0]) == 1.0
    assert math.isnan(jackknife([1.0]))
    assert permutation_p(2.0, np.array([1.0, 2.0, 3.0]), high=True) == 0.75
    assert permutation_p(2.0, np.array([1.0, 2.0, 3.0]), high=False) == 0.75
    assert interval(0.5, 0.01, 20, 0.95, share_of=None) == pytest.approx((0.5 - 0.2093, 0.5 + 0.2093), abs=1e-4)
    low, high = interval(0.9, 0.04, 20, 0.95, share_of=50)
    assert 0 < low < 0.9 < high < 1
    tied = closer_to_used(np.array([[1.0, 1.0]]), np.array([1, 0]), np.array([1.0]), np.array([1.0]))
    assert tied.tolist() == [0.5]
    among = np.array([[np.inf, 1.0], [1.0, np.inf]])
    assert authentic(np.array([1.0, 1.1]), np.array([0, 1]), own_nearest(among, np.array([True, True]))).tolist() == [
        False,
        True,
    ]


def degenerate():
    sets = patients(14, count=8, generated=12)
    ones = np.ones_like
    return {
        "all generated equal": Sets(sets.real, sets.used, sets.groups, ones(sets.generated)),
        "all real equal": Sets(ones(sets.real), sets.used, sets.groups, sets.generated),
        "everything equal": Sets(ones(sets.real), sets.used, sets.groups, ones(sets.generated)),
        "one group a class": Sets(sets.real, sets.used, np.where(sets.used, "a", "b"), sets.generated),
        "one group": Sets(sets.real, sets.used, np.full(len(sets.used), "a"), sets.generated),
        "one held out": Sets(sets.real, np.arange(len(sets.used)) > 0, sets.groups, sets.generated),
        "none used": Sets(sets.real, np.zeros(len(sets.used), bool), sets.groups, sets.generated),
        "one generated": Sets(sets.real, sets.used, sets.groups, sets.generated[:1]),
        "none generated": Sets(sets.real, sets.used, sets.groups, sets.generated[:0]),
        "two of each": Sets(sets.real[:4], np.array([1, 1, 0, 0], bool), np.array(list("abcd")), sets.generated[:2]),
        "twice the same": Sets(np.repeat(sets.real[::2], 2, axis=0), sets.used, sets.groups, sets.real[sets.used][::2]),
    }


@pytest.mark.parametrize("name", degenerate())
def test_degenerate_inputs_give_a_value_or_a_reason(name):
    """Protects every extreme corpus: no crash, no NaN in JSON, and a reason wherever there is no value."""
    found = table(degenerate()[name], permutations=20)
    assert len(found) == 12
    json.dumps(found, allow_nan=False)
    for row in found.values():
        assert row["value"] is not None or row["reason"]
        assert row["low"] is not None or row["reason"]
        assert row["reading"].endswith(".")


def test_the_same_seed_gives_the_same_table():
    """Protects reproducibility: labellings, cells and sample come from the generator passed in."""
    sets = patients(15, copied=0.2)
    assert table(sets, seed=4, sample=30) == table(sets, seed=4, sample=30)


def test_p_is_corrected_over_all_tables():
    """Protects the split-wide correction: a second embedding can only raise corrected values, never below p."""
    rows = [
        memorisation_rows(patients(seed, copied=0.3), Settings(permutations=40, folds=3), np.random.default_rng(0))
        for seed in (16, 16)
    ]
    alone = with_readings({"a": rows[0]}, 0.05)["a"]
    noise = [{**row, "drawn": row["drawn"][::-1]} if row["p"] is not None else row for row in rows[1]]
    both = with_readings({"a": rows[0], "b": noise}, 0.05)["a"]
    for one, two in zip(alone, both, strict=True):
        if one["p"] is not None:
            assert one["p"] <= one["p_corrected"] <= two["p_corrected"]
    assert all("drawn" not in row for row in both)


def test_dvc_knows_what_decides_the_table():
    """A changed test or correction repeats the stage: what the measures import of `evaluate` is a dependency."""
    root = Path(__file__).parents[2]
    listed = yaml.safe_load((root / "dvc.yaml").read_text())["stages"]["memorisation"]["deps"]
    code = "".join(path.read_text() for path in (root / "src/ganprint/audit/memorisation").glob("*.py"))
    used = set(re.findall(r"^from ganprint\.evaluate\.(\w+) ", code, re.MULTILINE))
    assert used
    assert {f"src/ganprint/evaluate/{name}.py" for name in used} <= set(listed)
