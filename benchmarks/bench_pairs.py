"""The pairs room: the grid SVM, votes, nearest rows and the relation module, against the plain ways."""

from collections.abc import Iterator

import numpy as np
import torch
from measure import Row, alone, in_child, paired
from scipy.spatial.distance import cdist
from sklearn.svm import SVC

from ganprint.pairs import GridSVC, RelationModule, nearest, relation_scores


def features(kind: str, n_real: int, n_generated: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows and labels: independent normal numbers, or 8 factors and 5 % noise, as image features are correlated."""
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(n_real, width)), rng.normal(size=(n_generated, width))
    if kind == "correlated":
        factors = rng.normal(size=(8, width))
        real = rng.normal(size=(n_real, 8)) @ factors + 0.05 * real
        generated = rng.normal(size=(n_generated, 8)) @ factors + 0.05 * generated + 1
    return real, generated, rng.permutation(np.arange(n_real) % 2)


def concatenations(real: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """Build what the paper builds: every [r; g]."""
    return np.hstack([np.repeat(real, len(generated), axis=0), np.tile(generated, (len(real), 1))])


def svm_against_svc(quick: bool) -> Iterator[Row]:
    """Fit and prediction at a size where SVC still ends."""
    n_real, n_generated = (20, 20) if quick else (80, 100)
    real, generated, y = features("random", n_real, n_generated, 512)
    built, labels = concatenations(real, generated), np.repeat(y, n_generated)
    svc = SVC()
    size = f"{n_real} x {n_generated} pairs, 2 x 512 numbers, C = 1"
    note = "plain: scikit-learn SVC on the built pairs (building not timed)"
    yield paired(
        f"SVM fit, {size}", lambda: GridSVC().fit(real, generated, y), lambda: svc.fit(built, labels),
        repeats=3, note=note,
    )  # fmt: skip
    machine = GridSVC().fit(real, generated, y)
    few, some = real[:20], generated[:50]
    test = concatenations(few, some)
    difference = np.abs(machine.decision_function(few, some).ravel() - svc.decision_function(test)).max()
    yield paired(
        "SVM decision values of 20 x 50 pairs with it", lambda: machine.decision_function(few, some),
        lambda: svc.decision_function(test), repeats=3, note=f"largest difference {difference:.1e}",
    )  # fmt: skip


def svm_of_the_paper(quick: bool) -> Iterator[Row]:
    """The paper's development grid, on easy and on hard features, where the box binds and where it does not."""
    n_real, n_generated = (40, 60) if quick else (160, 500)
    for kind in ("random", "correlated"):
        real, generated, y = features(kind, n_real, n_generated, 2048)
        for C in (0.1, 1.0, 100.0):
            machine = GridSVC(C=C)
            what = f"SVM fit, {n_real} x {n_generated} pairs, 2 x 2048 {kind} numbers, C = {C:g}"

            def fit(machine=machine, real=real, generated=generated, y=y) -> object:
                return machine.fit(real, generated, y)

            def note(machine=machine) -> str:
                return f"{machine.n_iter_} Newton steps, KKT violation {machine.kkt_violation_:.0e}"

            yield alone(what, fit, repeats=3, note=note)


def votes(quick: bool) -> Iterator[Row]:
    """The test edition's vote in bounded memory, in a process of its own."""
    sizes = ("20", "1000") if quick else ("200", "10000")
    runs = [in_child("vote_memory.py", *sizes) for _ in range(3)]
    seconds, peak = (float(np.median([run[key] for run in runs])) for key in ("seconds", "peak_mib"))
    note = f"peak memory of the whole process {peak:.0f} MiB; the built pairs would take {runs[0]['built_gib']:.0f} GiB"
    yield Row(f"SVM vote, {sizes[0]} x {sizes[1]} pairs, 2 x 2048 numbers", seconds, None, None, 3, note)


def neighbours(quick: bool) -> Iterator[Row]:
    """Ten nearest generated rows."""
    n_real, n_generated = (20, 1000) if quick else (200, 10_000)
    real, generated, _ = features("random", n_real, n_generated, 2048)

    def plain() -> object:
        return np.argsort(cdist(real, generated), axis=1)[:, :10]

    yield paired(
        f"10 nearest, {n_real} x {n_generated}, 2048 numbers", lambda: nearest(real, generated, 10), plain,
        repeats=3, note="plain: all distances by SciPy's cdist, sorted",
    )  # fmt: skip


def relation(quick: bool) -> Iterator[Row]:
    """The relation module of run 1 on ready feature maps."""
    n_real, n_generated, channels = (4, 10, 64) if quick else (20, 200, 256)
    rng = torch.Generator().manual_seed(0)
    module = RelationModule(channels).eval()
    real = torch.randn(n_real, channels, 8, 8, generator=rng)
    generated = torch.randn(n_generated, channels, 8, 8, generator=rng)

    def plain() -> object:
        with torch.inference_mode():
            return [[module(torch.cat([r, g]).unsqueeze(0)).item() for g in generated] for r in real]

    yield paired(
        f"Relation scores, {n_real} x {n_generated} pairs, maps {channels} x 8 x 8",
        lambda: relation_scores(module, real, generated), plain, repeats=3, note="plain: one pair per call",
    )  # fmt: skip


def rows(quick: bool) -> Iterator[Row]:
    """All rows of this room."""
    for benchmark in (svm_against_svc, svm_of_the_paper, votes, neighbours, relation):
        yield from benchmark(quick)
