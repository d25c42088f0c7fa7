"""Stage ``corpus``: build or import the images, and put the truth of the test split in a file of its own."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from ganprint.compare.protocol import create
from ganprint.corpus.folder import Scan, images_of, scan
from ganprint.corpus.index import CorpusImage
from ganprint.corpus.metadata import (
    METADATA_FILE,
    ImageKey,
    check_metadata,
    metadata_facts,
    read_metadata,
    write_metadata,
)
from ganprint.corpus.metadata_form import MetadataTable, no_metadata
from ganprint.corpus.official import opened, verify
from ganprint.corpus.store import CorpusSummary, write_corpus
from ganprint.corpus.truth import read_truth, write_truth
from ganprint.errors import said_of
from ganprint.files import write_json
from ganprint.params import Params
from ganprint.params.corpus import DEFAULT_METADATA
from ganprint.provenance import provenance
from ganprint.stages.compute import prepare
from ganprint.stages.places import Places
from ganprint.stages.progress import bar, step_bars

__all__ = ["make_corpus"]


def make_corpus(places: Places, params: Params) -> CorpusSummary:
    """Write data/corpus, with the metadata that is given, and data/truth.csv.

    Every run's parameters are checked here as well, so that a wrong one is found before anything long starts.

    Raises
    ------
    InputError
        When a run's parameters, the corpus' source or its metadata are bad.
    """
    for name, run in params.runs.items():
        with said_of(f"{places.params}: run '{name}'"):
            create(run.comparator, run.variant, run.parameters)
    computer = prepare(params.compute)
    table = _table(places, params)
    facts: dict[str, Any] = {"kind": params.corpus.kind, "seed": params.seed}
    make = _phantom if params.corpus.kind == "phantom" else _imported
    # What is told of the images beside their pixels is no part of corpus.json: the same images are the same data.
    images_alone = params.corpus.model_dump(mode="json", exclude={"metadata", "metadata_allow"})
    summary, given = make(places, params, facts | {"parameters": images_alone}, table)
    write_metadata(places.corpus / METADATA_FILE, given)
    # Beside the corpus, not in it: the same images are the same data whatever revision made them.
    facts |= {"parameters": params.corpus.model_dump(mode="json"), "metadata": metadata_facts(given)}
    record = provenance(places.root, computer.name, computer.threads)
    write_json(places.corpus_record, facts | {"corpus_sha256": summary.hash, "provenance": record})
    return summary


def _table(places: Places, params: Params) -> MetadataTable:
    """Read the metadata that is given, before anything long starts."""
    path = places.root / params.corpus.metadata
    if params.corpus.metadata == DEFAULT_METADATA and not path.exists():
        return no_metadata(path)
    return read_metadata(path)


def _phantom(
    places: Places, params: Params, facts: dict[str, Any], table: MetadataTable
) -> tuple[CorpusSummary, pd.DataFrame]:
    from ganprint.corpus.phantom import build_phantom  # noqa: PLC0415  (torch, needed for this kind alone)

    with step_bars("phantom") as advance:
        phantom = build_phantom(params.corpus.phantom, params.seed, advance)
    keys = [ImageKey(item.split, item.role, item.id, item.membership, item.group) for item in phantom.images]
    given = check_metadata(table, keys, params.corpus.metadata_allow)
    summary = write_corpus(phantom.images, places.corpus, facts)
    write_truth(places.truth, phantom.truth)
    return summary, given


def _imported(
    places: Places, params: Params, facts: dict[str, Any], table: MetadataTable
) -> tuple[CorpusSummary, pd.DataFrame]:
    source = places.root / params.corpus.path
    if params.corpus.kind == "official":
        places.corpus.parent.mkdir(parents=True, exist_ok=True)
        with opened(source, places.corpus.parent) as scanned:
            return _stored(places, params, scanned, facts | {"edition": verify(scanned).to_dict()}, table)
    return _stored(places, params, scan(source), facts, table)


def _stored(
    places: Places, params: Params, scanned: Scan, facts: dict[str, Any], table: MetadataTable
) -> tuple[CorpusSummary, pd.DataFrame]:
    test_ids = [image.id for image in scanned.images if (image.part.split, image.part.role) == ("test", "real")]
    truth = read_truth(places.root / params.corpus.truth, test_ids)
    keys = [
        ImageKey(item.part.split, item.part.role, item.id, item.part.membership, item.group) for item in scanned.images
    ]
    given = check_metadata(table, keys, params.corpus.metadata_allow)
    with bar("import", len(scanned.images), "image") as advance:
        summary = write_corpus(_counted(scanned, advance), places.corpus, facts | _left_out(scanned))
    write_truth(places.truth, truth)
    return summary, given


def _counted(scanned: Scan, advance: Any) -> Iterable[CorpusImage]:
    for image in images_of(scanned):
        yield image
        advance(1)


def _left_out(scanned: Scan) -> dict[str, Any]:
    return {
        "layout": scanned.layout,
        "groups": scanned.groups or "none: every image is its own group",
        "left_out": [{"path": item.path, "reason": item.reason} for item in scanned.left_out],
    }
