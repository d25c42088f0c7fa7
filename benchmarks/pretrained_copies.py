"""How well embeddings find copies again, and the leak: python benchmarks/pretrained_copies.py EMBEDDING...

In a project whose embeddings were computed. For every kind of change, each real test image is looked for among
its own changed copy, those of all other real test images, and the generated test images: "first" is the share whose
nearest is the own copy, "rank" the mean reciprocal rank. The last column is the ROC AUC of minus the distance to the
nearest generated image on the development split, used against not used; no test label is read.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.spatial.distance import cdist
from sklearn.metrics import roc_auc_score

from ganprint.corpus.png import load_grey
from ganprint.corpus.store import read_index
from ganprint.embed.backbones import load_backbone
from ganprint.embed.extract import extract, extract_pixels
from ganprint.embed.preprocessing import pixel_preprocessing
from ganprint.embed.store import read_embedding
from ganprint.params import load_params
from ganprint.stages.places import Places
from ganprint.stages.pretrain import read_pretrained

PLACES = Places(Path())


def shifted(grey):
    return np.roll(np.pad(grey, 32), (10, 20), axis=(0, 1))[32:-32, 32:-32]


def rescaled(grey):
    height, width = grey.shape
    larger = Image.fromarray(grey).resize((round(width * 1.08), round(height * 1.08)), Image.Resampling.BICUBIC)
    left, top = (larger.width - width) // 2, (larger.height - height) // 2
    return np.asarray(larger)[top : top + height, left : left + width]


def noised(grey):
    noise = np.random.default_rng(int(grey.sum())).normal(0, 15, grey.shape)
    return np.clip(grey + noise, 0, 255).astype(np.uint8)


CHANGES = {
    "shifted": shifted,
    "mirrored": lambda grey: np.ascontiguousarray(grey[:, ::-1]),
    "larger": rescaled,
    "noised": noised,
    "darker": lambda grey: (grey * 0.85).astype(np.uint8),
    "all": lambda grey: (noised(rescaled(shifted(grey))[:, ::-1]) * 0.85).astype(np.uint8),
}


def rows_of(params, name, index, images):
    parameters = params.embed[name]
    if parameters.backbone == "pixels":
        preprocessing = pixel_preprocessing(parameters.preprocessing, parameters.size)
        parts = extract_pixels(preprocessing, images.__getitem__, len(images), batch=64, threads=1)
        return np.concatenate([part["none"] for part in parts])
    block = parameters.pretraining(name)
    pretrained = None if block is None else read_pretrained(PLACES, params, block, index)
    backbone = load_backbone(parameters, pretrained)
    device = torch.device("cpu")
    parts = extract(backbone, images.__getitem__, len(images), batch=32, device=device, threads=1)
    return np.concatenate([part["average"] for part in parts])


def main(names):
    params = load_params(PLACES.params)
    torch.set_num_threads(params.compute.threads)
    index = read_index(PLACES.corpus)
    test = index[(index["split"] == "test") & (index["role"] == "real")]
    images = [load_grey(PLACES.corpus / path) for path in test["path"]]
    development = index[index["split"] == "development"]
    used = (development.loc[development["role"] == "real", "membership"] == "used").to_numpy()
    print("| embedding |", " | ".join(CHANGES), "| AUC |")
    print("| --- |" + " ---: |" * (len(CHANGES) + 1))
    for name in names:
        pooling = "none" if params.embed[name].backbone == "pixels" else "average"
        embedding = read_embedding(PLACES.embedding(name), pooling)
        rows, keys = embedding.rows.astype(np.float64), embedding.keys

        def part(split, role, rows=rows, keys=keys):
            return rows[((keys["split"] == split) & (keys["role"] == role)).to_numpy()]

        cells = []
        for change in CHANGES.values():
            copies = rows_of(params, name, index, [change(image) for image in images])
            distances = cdist(part("test", "real"), np.vstack([copies, part("test", "generated")]))
            ranks = (distances < np.diagonal(distances)[:, np.newaxis]).sum(axis=1) + 1
            cells.append(f"{(ranks == 1).mean():.3f} ({(1 / ranks).mean():.3f})")
        nearest = cdist(part("development", "real"), part("development", "generated")).min(axis=1)
        print(f"| {name} |", " | ".join(cells), f"| {roc_auc_score(used, -nearest):.3f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
