"""Stage ``evidence``: near-duplicates, mode collapse, re-identification, and the nearest images of suspicious ones.

No truth of the test split is read: development labels come from the corpus' index, and test images have none there.
"""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy import fft
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ganprint.audit.evidence.collapse import collapse_check
from ganprint.audit.evidence.duplicates import find_duplicates
from ganprint.audit.evidence.fingerprints import Fingerprint, fingerprint, stack
from ganprint.audit.evidence.images import AuditImages
from ganprint.audit.evidence.near import near_rule
from ganprint.audit.evidence.patches import patch_side
from ganprint.audit.evidence.pictures import encode_pictures
from ganprint.audit.evidence.reidentification import reidentification
from ganprint.audit.evidence.search import EvidenceSearch, find_evidence
from ganprint.corpus.index import Split
from ganprint.corpus.png import load_grey
from ganprint.corpus.store import corpus_hash, read_index
from ganprint.embed.store import read_embedding
from ganprint.errors import InputError
from ganprint.files import atomic_directory, write_json
from ganprint.params import Params
from ganprint.seeds import generator
from ganprint.stages.places import Places
from ganprint.stages.progress import bar

__all__ = ["PIXEL_VIEW", "read_evidence", "write_evidence"]

PIXEL_VIEW = "pixels"
"""Name of the view that every corpus has: grey values averaged to 64 x 64 pixels."""

_PIXEL_SIDE = 64
_POOLING = "average"
_BATCH = 64


def write_evidence(places: Places, params: Params) -> dict[str, Any]:
    """Write results/evidence: duplicates, collapse, reidentification and evidence as JSON, and the images they show.

    Views are the average-pooled rows of every network embedding of params.yaml and the pixels.

    Returns
    -------
    What was found, in a few figures.

    Raises
    ------
    InputError
        When the corpus or an embedding is missing, broken or of another corpus.
    """
    index = read_index(places.corpus)
    threads = params.compute.threads
    with threadpool_limits(threads), fft.set_workers(threads):
        images = _audit_images(places, params, index)
        with bar("evidence: near-duplicates", 1, "part") as advance:
            duplicates = find_duplicates(images, near_rule(images, params.audit.near_hash))
            advance(1)
        collapse = _collapse(params, images)
        recognised = reidentification(
            images,
            duplicates.generated_near_real,
            permutations=params.evaluate.permutations,
            confidence=params.evaluate.confidence,
            rng=generator(params.seed, "evidence", "reidentification"),
        )
        evidence, pictures = _evidence(places, params, index, images)
    written = {
        "duplicates": duplicates.content,
        "collapse": collapse,
        "reidentification": recognised,
        "evidence": evidence,
    }
    with atomic_directory(places.evidence) as folder:
        for name, content in written.items():
            write_json(folder / f"{name}.json", {**content, "corpus_sha256": corpus_hash(index), "seed": params.seed})
        for key, data in pictures.items():
            target = folder / "images" / f"{key}.webp"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    return _figures(written)


def read_evidence(places: Places) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read what the evidence page shows.

    Returns
    -------
    The content of evidence.json, and the images' bytes by key (``split/role/id``).

    Raises
    ------
    InputError
        When it is missing or broken.
    """
    path = places.evidence / "evidence.json"
    try:
        evidence: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        keys = evidence["pictures"]["keys"]
        return evidence, {key: (places.evidence / "images" / f"{key}.webp").read_bytes() for key in keys}
    except FileNotFoundError as error:
        raise InputError(f"{error.filename}: no such file; run 'dvc repro' first") from None
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: can not be read ({' '.join(str(error).split())}); run 'dvc repro'") from None


def _audit_images(places: Places, params: Params, index: pd.DataFrame) -> AuditImages:
    views = {
        name: _network_rows(places.embedding(name), index)
        for name, embedding in params.embed.items()
        if embedding.pooling == "average"
    }
    prints, pixels = _looked_at([places.corpus / path for path in index["path"]], params.compute.threads)

    def column(name: str) -> NDArray[np.str_]:
        return index[name].to_numpy().astype(np.str_)

    return AuditImages(
        ids=column("id"),
        roles=column("role"),
        splits=column("split"),
        memberships=column("membership"),
        groups=column("group"),
        fingerprints=stack(prints),
        views={**views, PIXEL_VIEW: pixels},
    )


def _network_rows(path: Path, index: pd.DataFrame) -> NDArray[np.float32]:
    embedding = read_embedding(path, _POOLING)
    keys = ["split", "role", "id"]
    if embedding.metadata["corpus_sha256"] != corpus_hash(index) or not index[keys].equals(embedding.keys):
        raise InputError(f"{path}: made from another corpus; run 'dvc repro'")
    return embedding.rows.astype(np.float32, copy=False)


def _looked_at(paths: list[Path], threads: int) -> tuple[list[Fingerprint], NDArray[np.uint8]]:
    """Decode every image once: its fingerprint and its row of the pixel view."""
    pixels = np.empty((len(paths), _PIXEL_SIDE**2), dtype=np.uint8)

    def look(row: int) -> Fingerprint:
        grey = load_grey(paths[row])
        small = Image.fromarray(grey).resize((_PIXEL_SIDE, _PIXEL_SIDE), Image.Resampling.BOX)
        pixels[row] = np.asarray(small).ravel()
        return fingerprint(grey)

    prints: list[Fingerprint] = []
    with bar("evidence: fingerprints", len(paths), "image") as advance, ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(paths), _BATCH):
            prints += pool.map(look, range(start, min(start + _BATCH, len(paths))))
            advance(len(prints) - start)
    return prints, pixels


def _collapse(params: Params, images: AuditImages) -> dict[str, Any]:
    splits: tuple[Split, ...] = get_args(Split)
    with bar("evidence: mode collapse", len(splits), "split") as advance:
        found = {}
        for split in splits:
            found[split] = collapse_check(images, split, generator(params.seed, "evidence", "collapse", split))
            advance(1)
    return {"version": 1, "splits": found}


def _evidence(
    places: Places, params: Params, index: pd.DataFrame, images: AuditImages
) -> tuple[dict[str, Any], dict[str, bytes]]:
    paths = list(index["path"])

    def load(row: int) -> NDArray[np.uint8]:
        return load_grey(places.corpus / paths[row])

    patch = patch_side(params.audit.patch, int(index[["width", "height"]].to_numpy().min()))
    search = EvidenceSearch(params.audit.images, params.audit.evidences, patch)
    total = sum(min(search.images, len(images.rows("real", split))) for split in get_args(Split))
    with bar("evidence: matched regions", total, "image") as advance:
        evidence = find_evidence(images, search, load, generator(params.seed, "evidence", "references"), advance)
    row_of = {images.key(row): row for row in range(len(images.ids))}
    keys = sorted(_shown(evidence))
    pictures, quality = encode_pictures(load, [row_of[key] for key in keys])
    found = {key: pictures[row_of[key]] for key in keys}
    evidence["pictures"] = {"format": "webp", "quality": quality, "bytes": sum(map(len, found.values())), "keys": keys}
    return evidence, found


def _shown(evidence: Mapping[str, Any]) -> set[str]:
    keys = {suspect["image"]["key"] for suspect in evidence["suspects"]}
    return keys | {found["image"]["key"] for suspect in evidence["suspects"] for found in suspect["evidences"]}


def _figures(written: Mapping[str, Any]) -> dict[str, Any]:
    relations = written["duplicates"]["relations"]
    return {
        "near": {name: relation["counts"]["near"] for name, relation in relations.items()},
        "exact": {name: relation["counts"]["exact"] for name, relation in relations.items()},
        "collapsed": {split: found["collapsed"] for split, found in written["collapse"]["splits"].items()},
        "recognisable": written["reidentification"]["recognisable"],
        "suspects": len(written["evidence"]["suspects"]),
        "pictures": len(written["evidence"]["pictures"]["keys"]),
        "quality": written["evidence"]["pictures"]["quality"],
    }
