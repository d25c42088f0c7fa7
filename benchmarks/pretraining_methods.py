"""Which self-supervised method makes the better copy detector: python benchmarks/pretraining_methods.py PROJECT...

In each project (a folder with data/corpus) every method trains the same backbone from the same weights on the real and
generated images of the development split, without labels. Then, with the untrained weights, grey values and bands
beside it:

- planted copies: of some real test images, which no training saw, copies of every kind of planted_kinds.py are looked
  for among the copies of the others and generated test images; the figure is the reciprocal rank of the own copy,
  averaged over kinds, with a bootstrap interval by patient. Only pixels of the test split are read.
- leak: ROC AUC of the attack `nearest` (cosine; Euclidean for grey values and bands) on the development split, used
  against not used, with a bootstrap interval by patient. It learns nothing, so its scores are out of fold as they are;
  but the weights have seen these images, used and not used alike.

With several projects it says at the end what the rule of choice makes of them: see `choice`. `--keep FILE` keeps what
was found, `--join FILE...` makes tables and choice of what several calls kept. `--prepare FILE` keeps the images as the
network will see them and trains nothing; `--prepared FILE...` goes on from there, on a machine that has no corpora.
"""

import argparse
import copy
import gzip
import pickle
import time
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from planted_kinds import KINDS

from ganprint.bands import BANDS, band_rows
from ganprint.corpus.png import load_grey
from ganprint.corpus.store import read_index
from ganprint.embed.backbones import BACKBONES, choose_preprocessing, load_backbone
from ganprint.embed.preprocessing import pixel_preprocessing
from ganprint.embed.pretraining import Pretraining
from ganprint.embed.pretraining_images import image_patients
from ganprint.embed.weights import Weights
from ganprint.evaluate.intervals import bootstrap_interval, resample_groups
from ganprint.evaluate.weighted import weighted_auc
from ganprint.pairs import squared_distances
from ganprint.params import EmbeddingParameters, PretrainingParameters

SEED = 20230918
PLANTED = [kind for kind in KINDS if kind != "nothing planted"]
DEFAULT, START = "simclr", "start weights, untrained"
VARIANTS = {
    "simclr": {},
    "simclr, negatives: patient": {"negatives": "patient"},
    "byol": {"method": "byol", "momentum": 0.9},
    "byol, momentum: 0.99": {"method": "byol"},
    "barlow": {"method": "barlow"},
    "vicreg": {"method": "vicreg"},
}
RESAMPLES, CONFIDENCE = 2000, 0.95


class Corpus:
    """The images of a project that the benchmark looks at, by part, and copies planted of some."""

    def __init__(self, root, planted, distractors):
        index = read_index(root / "data" / "corpus")
        self.name, rng = str(root), np.random.default_rng(SEED)
        learned = index[index["split"] == "development"].reset_index(drop=True)
        self.real = (learned["role"] == "real").to_numpy()
        self.patients = image_patients(learned, learned)
        self.used = (learned["membership"] == "used").to_numpy()[self.real].astype(np.int8)
        self.groups = learned["group"].to_numpy(dtype=str)[self.real]
        test = {role: index[(index["split"] == "test") & (index["role"] == role)] for role in ("real", "generated")}
        chosen = test["real"].sample(min(planted, len(test["real"])), random_state=SEED)
        others = test["generated"].sample(min(distractors, len(test["generated"])), random_state=SEED)
        self.test_groups = chosen["group"].to_numpy(dtype=str)
        parts = {"learned": learned, "originals": chosen, "others": others}
        self.images = {
            part: [load_grey(root / "data" / "corpus" / path) for path in rows["path"]] for part, rows in parts.items()
        }
        pairs = list(zip(self.images["originals"], self.images["others"], strict=False))
        for kind in PLANTED:
            make = KINDS[kind][0]
            self.images[kind] = [np.ascontiguousarray(make(grey, other, rng)) for grey, other in pairs]

    def through(self, preprocessing):
        """Give the same with the images as a network sees them, stacked."""
        made = copy.copy(self)
        made.images = {
            part: np.stack([preprocessing.geometry(grey) for grey in greys]) for part, greys in self.images.items()
        }
        return made

    def forgotten(self):
        """Give the same without images."""
        made = copy.copy(self)
        made.images = {}
        return made


@dataclass
class Found:
    """What a view finds: per original the mean reciprocal rank over kinds, per kind over originals, and scores."""

    reciprocal: np.ndarray
    kinds: dict
    scores: np.ndarray
    seconds: float = 0.0
    losses: tuple = ()
    spreads: tuple = ()


def pixels(greys):
    preprocessing = pixel_preprocessing("area", 64)
    return np.stack([preprocessing.geometry(grey).ravel() for grey in greys]).astype(np.float64)


def network_view(chosen, state, device="cpu"):
    """Give the view of a network: unit vectors of pooled features, whose Euclidean distances rank as cosine."""
    block = EmbeddingParameters(
        backbone=chosen.backbone,
        weights="pretrained-here:x",
        preprocessing=chosen.preprocessing,
        size=chosen.size,
        batch=64,
    )
    backbone = load_backbone(block, Weights("pretrained-here", "x", "0", state))
    network = backbone.network.to(device)

    @torch.inference_mode()
    def rows(images):
        parts = []
        for start in range(0, len(images), 64):
            batch = torch.from_numpy(images[start : start + 64]).to(device)
            parts.append(network(backbone.preprocessing.values(batch)).mean(dim=(2, 3)).cpu().numpy())
        features = np.concatenate(parts).astype(np.float64)
        return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)

    return rows


def judged(corpus, view):
    """Look for the copies, and score the development split, by Euclidean distances of a view's rows."""
    originals, others = view(corpus.images["originals"]), view(corpus.images["others"])
    ranks = {}
    for kind in PLANTED:
        distances = squared_distances(originals, np.concatenate([view(corpus.images[kind]), others]))
        own = np.diagonal(distances)[:, None]
        # Equal distances count half, so that a view that tells nothing apart does not come first.
        ranks[kind] = 1 / (1 + (distances < own).sum(axis=1) + ((distances == own).sum(axis=1) - 1) / 2)
    rows = view(corpus.images["learned"])
    scores = -squared_distances(rows[corpus.real], rows[~corpus.real]).min(axis=1)
    kinds = {kind: float(values.mean()) for kind, values in ranks.items()}
    return Found(np.mean(list(ranks.values()), axis=0), kinds, scores)


def trained(corpus, chosen, device="cpu"):
    """Train a method and look with what it learned; gives also what it began with."""
    training = Pretraining(chosen, SEED, device)
    start = training.weights()
    patients = corpus.patients if chosen.negatives == "patient" else None
    began, wall = time.process_time(), time.perf_counter()
    while not training.finished:
        training.epoch(corpus.images["learned"], patients)
    seconds = time.process_time() - began if device == "cpu" else time.perf_counter() - wall
    found = judged(corpus, network_view(chosen, training.weights(), device))
    found.seconds, found.losses, found.spreads = seconds, tuple(training.losses), tuple(training.spreads)
    return found, start


def mean_drawn(groups, values):
    """Bootstrap a mean by patient; equal groups draw equally, so differences can be paired."""

    def statistic(weights):
        return {"roc_auc": weights @ values / weights.sum(axis=1)}

    return resample_groups(groups, statistic, resamples=RESAMPLES, rng=np.random.default_rng(SEED))


def auc_drawn(corpus, scores):
    def statistic(weights):
        return weighted_auc(weights, corpus.used, scores)

    return resample_groups(corpus.groups, statistic, resamples=RESAMPLES, rng=np.random.default_rng(SEED))


def shown(drawn):
    limits = bootstrap_interval(drawn, "roc_auc", CONFIDENCE)
    value = f"{drawn.estimates['roc_auc']:.3f}"
    return value if limits is None else f"{value} ({limits.low:.3f}, {limits.high:.3f})"


def grey_views(corpus):
    """Give what grey values and bands find."""
    results = {"grey values, 64 x 64": judged(corpus, pixels)}
    for band in BANDS:
        results[band] = judged(corpus, lambda greys, band=band: band_rows(pixels(greys), band))
    return results


def measured(corpus, variants, chosen, device="cpu"):
    """Give what the untrained weights and every method find; the corpus' images are as the network sees them."""
    results = {}
    for name in variants:
        parameters = PretrainingParameters(**(chosen | VARIANTS[name]))
        found, start = trained(corpus, parameters, device)
        if not results:
            results[START] = judged(corpus, network_view(parameters, start, device))
        results[name] = found
        print(f"{corpus.name} {name}: {found.seconds:.0f} s, planted {found.reciprocal.mean():.3f}", flush=True)
    return results


def prepared(project, options):
    """Give a project's images as the network sees them, and what grey views find in them."""
    corpus = Corpus(project, options.planted, options.distractors)
    preprocessing = choose_preprocessing(BACKBONES[options.backbone], "weights", options.size)
    return corpus.through(preprocessing), grey_views(corpus)


def table(corpus, results):
    print(f"\n### {corpus.name}\n")
    print("| view | planted copies | AUC of nearest | less AUC of the start | loss | effective rank | deviation | s |")
    print("| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: |")
    start = auc_drawn(corpus, results[START].scores)
    for name, found in results.items():
        auc = auc_drawn(corpus, found.scores)
        cells = [shown(mean_drawn(corpus.test_groups, found.reciprocal)), shown(auc), "", "", "", "", ""]
        if found.losses:
            first, last = found.spreads[0], found.spreads[-1]
            cells[2:] = [
                shown(auc.minus(start)),
                f"{found.losses[0]:.2f} to {found.losses[-1]:.2f}",
                f"{first.effective_rank:.1f} to {last.effective_rank:.1f}",
                f"{first.deviation:.3f} to {last.deviation:.3f}",
                f"{found.seconds:.0f}",
            ]
        print(f"| {name} |", " | ".join(cells), "|", flush=True)


def kinds_table(all_results):
    """Per kind of copy, the mean reciprocal rank over the corpora."""
    print("\n| view |", " | ".join(PLANTED), "|")
    print("| --- |" + " ---: |" * len(PLANTED))
    for name in all_results[0]:
        if not all(name in results for results in all_results):
            continue
        cells = [np.mean([results[name].kinds[kind] for results in all_results]) for kind in PLANTED]
        print(f"| {name} |", " | ".join(f"{cell:.2f}" for cell in cells), "|")


def choice(corpora, all_results, variants):
    """Apply the rule.

    A method whose features collapsed on any corpus is out. Of the others the one with the highest reciprocal rank of
    planted copies, averaged over the corpora, is the candidate. It takes the default's place only when its lead over
    the default is above 0 with the whole interval (bootstrap by patient, paired, all corpora together), and its mean
    AUC on the development splits is not below the default's.
    """
    alive = [name for name in variants if not any(results[name].spreads[-1].collapsed for results in all_results)]
    mean = {name: np.mean([results[name].reciprocal.mean() for results in all_results]) for name in alive}
    pairs = list(zip(corpora, all_results, strict=True))
    auc = {
        name: np.mean([auc_drawn(corpus, results[name].scores).estimates["roc_auc"] for corpus, results in pairs])
        for name in alive
    }
    # Corpora weigh alike: each has as many originals. Their patients are different people.
    groups = np.concatenate([np.char.add(f"{i} ", corpus.test_groups) for i, corpus in enumerate(corpora)])
    print("\n| method | planted copies, mean | lead over the default | AUC of nearest, mean |")
    print("| --- | ---: | ---: | ---: |")
    leads = {}
    for name in alive:
        lead = np.concatenate([r[name].reciprocal - r[DEFAULT].reciprocal for r in all_results])
        leads[name] = mean_drawn(groups, lead)
        said = "" if name == DEFAULT else shown(leads[name])
        print(f"| {name} | {mean[name]:.3f} | {said} | {auc[name]:.3f} |")
    best = max(alive, key=mean.__getitem__)
    limits = bootstrap_interval(leads[best], "roc_auc", CONFIDENCE) if best != DEFAULT else None
    takes = limits is not None and limits.low > 0 and auc[best] >= auc[DEFAULT]
    print(f"\nCandidate: {best}. By the rule the choice is {best if takes else DEFAULT}.")


def options_of():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("projects", nargs="*", type=Path)
    parser.add_argument("--methods", nargs="*", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--start", default="packaged")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--projection", type=int, default=256)
    parser.add_argument("--planted", type=int, default=60, help="real test images that copies are made of")
    parser.add_argument("--distractors", type=int, default=300, help="generated test images")
    parser.add_argument("--prepare", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--prepared", nargs="*", default=[], type=Path)
    parser.add_argument("--join", nargs="*", default=[], type=Path)
    return parser.parse_args()


def joined(paths):
    """Put together what several calls kept, by corpus and view."""
    found = {}
    for path in paths:
        for corpus, results in pickle.loads(path.read_bytes()):
            found.setdefault(corpus.name, (corpus, {}))[1].update(results)
    return list(found.values())


def main():
    options = options_of()
    torch.set_num_threads(1)
    chosen = {key: getattr(options, key) for key in ("backbone", "start", "size", "epochs", "batch", "projection")}
    chosen |= {"preprocessing": "weights", "warmup": 1, "learning_rate": options.rate}
    print(f"{chosen}, {options.planted} originals among {options.distractors} generated images", flush=True)
    begun = (prepared(project, options) for project in options.projects)
    if options.prepare:
        options.prepare.write_bytes(gzip.compress(pickle.dumps(list(begun))))
        return
    found = []
    for corpus, results in chain(begun, *(pickle.loads(gzip.decompress(f.read_bytes())) for f in options.prepared)):
        found.append((corpus.forgotten(), results | measured(corpus, options.methods, chosen)))
        if options.keep:
            options.keep.write_bytes(pickle.dumps(found))
    found += joined(options.join)
    for pair in found:
        table(*pair)
    corpora, all_results = zip(*found, strict=True)
    kinds_table(all_results)
    variants = [name for name in VARIANTS if all(name in results for results in all_results)]
    if len(corpora) > 1 and DEFAULT in variants:
        choice(corpora, all_results, variants)


if __name__ == "__main__":
    main()
