"""What every attack finds of copies planted on purpose: python benchmarks/planted_attacks.py [--networks STEPS]

A phantom whose generator has seen no image of either split (memorisation 0), so that what is planted is all there is to
find. Per kind of copy, half of the patients of the test split have a copy of each of their images planted among the
generated ones, in place of as many; then the other half has. So every image is judged once with a copy of it and once
without, and the halves' own differences cancel. All test images are scored, and beside them the development images
called not used, which have no copies either: the threshold is the score that at most 5 % of such images reach
(conformal: p = (1 + number of them that score as high) / (1 + their number)). Reference images, for attacks that want
some, are the development images called used; at memorisation 0 they are images of patients that the generator has not
seen.

Prints a table per view and metric: ROC AUC of images with a copy against images without (mean of both halves), and in
brackets the share of images with a copy at or above the threshold (sensitivity); the last column is the share of images
without a copy there, over all kinds (1 - specificity).

By default attacks; ``--networks STEPS``: the comparators that train a network for every scoring, with so many steps.
"""

import argparse
import hashlib
import io
import time
import warnings

import numpy as np
import torch
from PIL import Image
from planted_kinds import KINDS
from sklearn.metrics import roc_auc_score

from ganprint.compare.attack import Attack, Seen
from ganprint.compare.data import Development, Images, Test
from ganprint.compare.protocol import Context, registry
from ganprint.corpus.phantom import build_phantom
from ganprint.embed.backbones import load_backbone
from ganprint.embed.extract import extract, extract_pixels
from ganprint.embed.preprocessing import pixel_preprocessing
from ganprint.pairs import pair_distances
from ganprint.params import EmbeddingParameters, PhantomParameters

LEVEL = 0.05
SEED = 20230918
PIXELS, FEATURES = "pixels-64", "lite0-weights"
METRICS = {
    PIXELS: ("euclidean", "band-fine", "band-middle", "band-coarse", "ssim", "shifted"),
    FEATURES: ("euclidean", "cosine"),
}


class Remembered:
    """Distances that are asked for more than once: the generated images that no copy replaces stay the same."""

    def __init__(self, distances):
        self._distances, self._known = distances, {}

    def __len__(self):
        return len(self._distances)

    def to(self, block):
        key = (block.shape, hashlib.sha1(np.ascontiguousarray(block).tobytes()).hexdigest())
        if key not in self._known:
            if len(self._known) >= 8:  # the oldest but for the first, which are the lasting ones
                del self._known[list(self._known)[3]]
            self._known[key] = self._distances.to(block)
        return self._known[key].copy()


class Embedder:
    """Grey values 64 x 64, or features of the packaged network, of any list of images."""

    def __init__(self):
        self._pixels = pixel_preprocessing("area", 64)
        block = EmbeddingParameters(
            backbone="efficientnet-lite0", weights="packaged", preprocessing="weights", size=128, batch=16
        )
        self._backbone = load_backbone(block, None)

    def rows(self, greys, view):
        load, count = greys.__getitem__, len(greys)
        if view == PIXELS:
            parts = extract_pixels(self._pixels, load, count, batch=64, threads=1)
            return np.concatenate([part["none"] for part in parts])
        parts = extract(self._backbone, load, count, batch=16, device=torch.device("cpu"), threads=1)
        return np.concatenate([part["average"] for part in parts])


def phantom(generated):
    """Give grey images and patients by part of a phantom that leaks nothing."""
    parameters = PhantomParameters(
        memorisation=0.0, development_patients=80, generated_development=1, generated_test=generated
    )
    parts = {"test": [], "generated": [], "not_used": [], "used": []}
    for image in build_phantom(parameters, SEED).images:
        part = image.membership if image.split == "development" else "test"
        part = part if image.role == "real" else "generated"
        if (image.split, image.role) != ("development", "generated"):
            parts[part].append((np.asarray(Image.open(io.BytesIO(image.png))), image.group))
    return {
        name: ([grey for grey, _ in found], np.array([group for _, group in found])) for name, found in parts.items()
    }


def comparators(view, metric, steps):
    """Give every label-free comparator that can look at the view by the metric: attacks, or such as train ``steps``."""
    for (name, variant), cls in registry().items():
        title = name if variant == "extension" else f"{name} {variant}"
        if issubclass(cls, Attack):
            comparator = cls(cls.Parameters.model_validate({"metric": metric}))
            if steps is None and comparator.refusal(view == PIXELS) is None:
                yield title, comparator
        elif not cls.learns and cls.pixels is not False and (view, metric) == (PIXELS, "euclidean"):
            trains = "steps" in cls.Parameters.model_fields
            if trains == (steps is not None):
                yield title, cls(cls.Parameters.model_validate({"steps": steps} if trains else {}))


def scores_of(comparator, seen):
    """Score the real images of ``seen``: attacks share its passes, others are fitted."""
    context = Context(SEED)
    if isinstance(comparator, Attack):
        reference = seen.reference
        seen.reference = reference if comparator.needs_reference else None
        try:
            return comparator.attack(seen, context)
        finally:
            seen.reference = reference
    real, generated, reference = map(named, (seen.real, np.concatenate(list(seen.blocks())), seen.reference))
    used = (np.arange(len(reference)) % 2).astype(np.int8)  # of no meaning: these comparators read no label
    development = Development(reference, used, reference.ids, generated)
    return comparator.fit(development, context).score(Test(real, generated), context)


def named(rows):
    return Images(np.array([f"{number:06d}" for number in range(len(rows))]), rows)


def judged(scores, planted, calibration):
    """Give AUC, sensitivity and false positive rate at the conformal threshold of the calibration scores."""
    p = (1 + (calibration[None, :] >= scores[:, None]).sum(axis=1)) / (1 + len(calibration))
    flagged = p <= LEVEL
    return roc_auc_score(planted, scores), flagged[planted].mean(), flagged[~planted].mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--generated", type=int, default=1000)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), help="kinds of copies")
    parser.add_argument("--networks", type=int, metavar="STEPS", help="comparators that train, with so many steps")
    parser.add_argument("--attacks", nargs="*", default=[], help="attacks")
    parser.add_argument("--metrics", nargs="*", default=[], help="metrics of pairs")
    chosen = parser.parse_args()
    started = time.perf_counter()
    torch.set_num_threads(1)
    parts = phantom(chosen.generated)
    greys, groups = parts["test"]
    patients = np.random.default_rng(SEED).permutation(np.unique(groups))
    first = np.isin(groups, patients[: len(patients) // 2])
    halves = [first, ~first]
    embedder = Embedder()
    rng = np.random.default_rng(SEED)
    generated = parts["generated"][0]
    copies = {
        kind: [np.ascontiguousarray(KINDS[kind][0](*pair, rng)) for pair in zip(greys, generated, strict=False)]
        for kind in chosen.kinds
    }
    print(
        f"{len(greys)} test images of {len(patients)} patients, half of them with a copy at a time; {len(generated)} "
        f"generated images; threshold from {len(parts['not_used'][0])} images, reference {len(parts['used'][0])}."
    )
    for view in (PIXELS, FEATURES) if chosen.networks is None else (PIXELS,):
        rows = {name: embedder.rows(found, view) for name, (found, _) in parts.items()}
        rows |= {kind: embedder.rows(made, view) for kind, made in copies.items()}
        for metric in METRICS[view]:
            if (not chosen.metrics or metric in chosen.metrics) and list(comparators(view, metric, chosen.networks)):
                table(rows, view, metric, halves, chosen)
    print(f"\n{time.perf_counter() - started:.0f} s in all")


def table(rows, view, metric, halves, chosen):
    """Print the table of one view and metric."""
    results, seconds = {}, {}
    real = np.concatenate([rows["test"], rows["not_used"]])
    measures = {
        ("measure", name): Remembered(pair_distances(found, metric))
        for name, found in (("real", real), ("reference", rows["used"]))
    }
    kept = rows["generated"][len(halves[0]) :]
    for kind in chosen.kinds:
        for half in halves:
            # Images without a copy leave the generated image in whose place their copy would be.
            planted = np.where(half[:, None], rows[kind], rows["generated"][: len(half)])
            seen = Seen(real, [kept, planted], rows["used"], metric, _kept=dict(measures))
            for title, scores in scored(seen, view, metric, chosen, seconds):
                found = judged(scores[: len(half)], half, scores[len(half) :])
                results.setdefault(title, {}).setdefault(kind, []).append(found)
    print(f"\n### {view}, {metric}\n")
    heads = [kind.replace(" with a generated image", "") for kind in chosen.kinds]
    print("| attack |", " | ".join(heads), "| without a copy |")
    print("| --- |" + " ---: |" * (len(chosen.kinds) + 1))
    for title, cells in results.items():
        means = {kind: np.mean(cells[kind], axis=0) for kind in chosen.kinds}
        shown = [f"{auc:.2f} ({found:.0%})" for auc, found, _ in means.values()]
        print(f"| {title} |", " | ".join(shown), f"| {np.mean([wrong for _, _, wrong in means.values()]):.1%} |")
    print("\nSeconds:", ", ".join(f"{title} {taken:.0f}" for title, taken in seconds.items()), flush=True)


def scored(seen, view, metric, chosen, seconds):
    """Give the title and the scores of every comparator that can look at this view by this metric."""
    for title, comparator in comparators(view, metric, chosen.networks):
        if chosen.attacks and title not in chosen.attacks:
            continue
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            scores = scores_of(comparator, seen)
        seconds[title] = seconds.get(title, 0.0) + time.perf_counter() - start
        yield title, scores


if __name__ == "__main__":
    main()
