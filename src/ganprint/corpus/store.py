"""A corpus on disk: images, index and what is known of them; written once, checked when read."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ganprint.corpus.index import INDEX_COLUMNS, CorpusImage, is_id, natural_key
from ganprint.errors import InputError
from ganprint.files import atomic_directory, sha256_of, write_json

__all__ = [
    "CORPUS_FILE",
    "IDS_FILE",
    "INDEX_FILE",
    "CorpusSummary",
    "corpus_hash",
    "read_index",
    "verify_files",
    "write_corpus",
]

INDEX_FILE, IDS_FILE, CORPUS_FILE = "index.csv", "image_ids.txt", "corpus.json"
_KEY = ["split", "role", "id"]
# What may stand together; development real images share one folder, so that a path tells no membership.
_KINDS = {
    ("development", "real", "used"),
    ("development", "real", "not_used"),
    ("development", "generated", ""),
    ("test", "real", "unknown"),
    ("test", "generated", ""),
}


@dataclass(frozen=True)
class CorpusSummary:
    """What was written.

    Attributes
    ----------
    root
        The folder.
    hash
        SHA-256 of index.csv, see :func:`corpus_hash`.
    counts
        Images by split, role and membership, for example ``development/real/used``.
    sizes
        Images by ``WIDTHxHEIGHT``.
    conversions
        Images by what was done to make them 8-bit grey; untouched ones are not counted.
    """

    root: Path
    hash: str
    counts: dict[str, int]
    sizes: dict[str, int]
    conversions: dict[str, int]


def write_corpus(images: Iterable[CorpusImage], out: Path, facts: Mapping[str, Any]) -> CorpusSummary:
    """Write a corpus folder, one image at a time; ``out`` appears when all is written.

    Parameters
    ----------
    images
        In any order; the index is sorted by split, role and natural order of ids.
    out
        The folder; an older corpus there is replaced, anything else is refused.
    facts
        What else corpus.json is to say (kind, layout, files left out, differences from an edition).

    Raises
    ------
    InputError
        When ``out`` holds something other than a corpus, an id can not be a file name or a line of a submission, two
        ids of a split and role are the same but for case, or there are no images.
    """
    if out.exists() and not (out / CORPUS_FILE).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists and is no corpus; remove it or choose another folder")
    counts, sizes, conversions = Counter[str](), Counter[str](), Counter[str]()
    rows: dict[tuple[str, str, str], tuple[str | int, ...]] = {}
    with atomic_directory(out) as folder:
        for image in images:
            _check(image)
            key = (image.split, image.role, image.id.casefold())
            if key in rows:
                raise InputError(f"{out}: {image.split} {image.role} images have id {image.id} twice (case aside)")
            rows[key] = _stored(image, folder)
            counts["/".join(filter(None, (image.split, image.role, image.membership)))] += 1
            sizes[f"{image.width}x{image.height}"] += 1
            if image.conversion:
                conversions[image.conversion] += 1
        if not rows:
            raise InputError(f"{out}: there are no images to write; check the corpus section of params.yaml")
        index = _sorted(pd.DataFrame(list(rows.values()), columns=list(INDEX_COLUMNS)))
        (folder / INDEX_FILE).write_bytes(_csv(index))
        # Without a last newline, as the organisers' own list of ids.
        (folder / IDS_FILE).write_bytes("\n".join(_test_ids(index)).encode())
        summary = CorpusSummary(out, corpus_hash(index), dict(counts), dict(sizes), dict(conversions))
        write_json(folder / CORPUS_FILE, _facts(summary, facts))
    return summary


def read_index(root: Path) -> pd.DataFrame:
    """Read and check the index of a corpus folder.

    Returns
    -------
    A table with the columns :data:`ganprint.corpus.index.INDEX_COLUMNS`: text, and whole numbers for width and height.
    Text stays text: an id ``007`` or ``NA`` is what it says.

    Raises
    ------
    InputError
        When the file is missing or is not what :func:`write_corpus` writes.
    """
    path = root / INDEX_FILE
    try:
        index = pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False, encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run ganprint corpus") from None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path}: can not be read as CSV: {' '.join(str(error).split())}") from None
    if tuple(index.columns) != INDEX_COLUMNS:
        raise InputError(f"{path}: columns are {', '.join(index.columns)}, wanted are {', '.join(INDEX_COLUMNS)}")
    if not len(index):
        raise InputError(f"{path}: holds no image; run ganprint corpus again")
    kind = pd.Series(list(zip(index["split"], index["role"], index["membership"], strict=True)), index=index.index)
    stored = "images/" + index["split"] + "/" + index["role"] + "/" + index["id"] + ".png"
    checks = {
        "split, role or membership": kind.isin(_KINDS),
        "id": index["id"].map(is_id),
        "path": index["path"] == stored,
        "sha256": index["sha256"].str.fullmatch("[0-9a-f]{64}"),
        "width or height": index["width"].str.fullmatch("[1-9][0-9]{0,8}")
        & index["height"].str.fullmatch("[1-9][0-9]{0,8}"),
        "split, role and id, which are there twice": ~index.duplicated(_KEY),
    }
    for what, good in checks.items():
        if not good.all():
            line = int((~good.astype(bool)).to_numpy().argmax()) + 2
            raise InputError(f"{path} line {line}: bad {what}; run ganprint corpus again")
    return index.astype({"width": "int64", "height": "int64"})


def corpus_hash(index: pd.DataFrame) -> str:
    """Give the SHA-256 of the index as written: it changes with any image, id, membership or group.

    It does not depend on the order of the rows, and equals the SHA-256 of index.csv.
    """
    return hashlib.sha256(_csv(_sorted(index))).hexdigest()


def verify_files(root: Path, index: pd.DataFrame) -> None:
    """Compare every image file with its SHA-256 in the index.

    Raises
    ------
    InputError
        When a file is missing, changed, or of no row; the message has the number of each and the first path.
    """
    wanted = dict(zip(index["path"], index["sha256"], strict=True))
    there = {path.relative_to(root).as_posix() for path in (root / "images").rglob("*") if not path.is_dir()}
    faults = {
        "missing": sorted(wanted.keys() - there),
        "changed": sorted(path for path in wanted.keys() & there if sha256_of(root / path) != wanted[path]),
        "in no row of the index": sorted(there - wanted.keys()),
    }
    said = [f"{len(paths)} files {what}, first {paths[0]}" for what, paths in faults.items() if paths]
    if said:
        raise InputError(f"{root}: {'; '.join(said)}; run ganprint corpus again")


def _check(image: CorpusImage) -> None:
    if not is_id(image.id):
        raise InputError(f"image id {image.id!r} has a comma, quote, slash, outer blank or the like; rename the image")
    if (image.split, image.role, image.membership) not in _KINDS:
        raise ValueError(f"{image.id}: {image.split} {image.role} can not be {image.membership!r}")
    if bool(image.group) != (image.role == "real"):
        raise ValueError(f"{image.id}: real images have a group, generated ones none; received {image.group!r}")


def _stored(image: CorpusImage, folder: Path) -> tuple[str | int, ...]:
    path = f"images/{image.split}/{image.role}/{image.id}.png"
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(image.png)
    digest = hashlib.sha256(image.png).hexdigest()
    size = (image.width, image.height)
    return (image.id, image.role, image.split, image.membership, image.group, path, digest, *size)


def _sorted(index: pd.DataFrame) -> pd.DataFrame:
    keys = [(split, role, natural_key(name)) for split, role, name in index[_KEY].itertuples(index=False)]
    return index.iloc[sorted(range(len(keys)), key=keys.__getitem__)].reset_index(drop=True)


def _csv(index: pd.DataFrame) -> bytes:
    return index.to_csv(index=False, lineterminator="\n", columns=list(INDEX_COLUMNS)).encode()


def _test_ids(index: pd.DataFrame) -> list[str]:
    return list(index.loc[(index["split"] == "test") & (index["role"] == "real"), "id"])


def _facts(summary: CorpusSummary, facts: Mapping[str, Any]) -> dict[str, Any]:
    own = {
        "hash": summary.hash,
        "images": sum(summary.counts.values()),
        "counts": summary.counts,
        "sizes": summary.sizes,
        "same_size": len(summary.sizes) == 1,
        "conversions": summary.conversions,
    }
    if taken := own.keys() & facts.keys():
        raise ValueError(f"facts must not say {', '.join(sorted(taken))}: the store measures it")
    return {**facts, **own}
