"""Stage ``corpus``: build or import the images, and put the truth of the test split in a file of its own."""

from collections.abc import Iterable
from typing import Any

from ganprint.compare.protocol import create
from ganprint.corpus.folder import Scan, images_of, scan
from ganprint.corpus.index import CorpusImage
from ganprint.corpus.official import opened, verify
from ganprint.corpus.store import CorpusSummary, write_corpus
from ganprint.corpus.truth import read_truth, write_truth
from ganprint.errors import InputError
from ganprint.files import write_json
from ganprint.params import Params
from ganprint.provenance import provenance
from ganprint.stages.compute import prepare
from ganprint.stages.places import Places
from ganprint.stages.progress import bar, step_bars

__all__ = ["make_corpus"]


def make_corpus(places: Places, params: Params) -> CorpusSummary:
    """Write data/corpus and data/truth.csv.

    Every run's parameters are checked here as well, so that a wrong one is found before anything long starts.

    Raises
    ------
    InputError
        When a run's parameters or the corpus' source are bad.
    """
    for name, run in params.runs.items():
        try:
            create(run.comparator, run.variant, run.parameters)
        except InputError as error:
            raise InputError(f"{places.params}: run '{name}': {error}") from None
    computer = prepare(params.compute)
    facts = {"kind": params.corpus.kind, "parameters": params.corpus.model_dump(mode="json"), "seed": params.seed}
    make = _phantom if params.corpus.kind == "phantom" else _imported
    summary = make(places, params, facts)
    # Beside the corpus, not in it: the same images are the same data whatever revision made them.
    record = provenance(places.root, computer.name, computer.threads)
    write_json(places.corpus_record, facts | {"corpus_sha256": summary.hash, "provenance": record})
    return summary


def _phantom(places: Places, params: Params, facts: dict[str, Any]) -> CorpusSummary:
    from ganprint.corpus.phantom import build_phantom  # noqa: PLC0415  (torch, needed for this kind alone)

    with step_bars("phantom") as advance:
        phantom = build_phantom(params.corpus.phantom, params.seed, advance)
    summary = write_corpus(phantom.images, places.corpus, facts)
    write_truth(places.truth, phantom.truth)
    return summary


def _imported(places: Places, params: Params, facts: dict[str, Any]) -> CorpusSummary:
    source = places.root / params.corpus.path
    if params.corpus.kind == "official":
        places.corpus.parent.mkdir(parents=True, exist_ok=True)
        with opened(source, places.corpus.parent) as scanned:
            return _stored(places, params, scanned, facts | {"edition": verify(scanned).to_dict()})
    return _stored(places, params, scan(source), facts)


def _stored(places: Places, params: Params, scanned: Scan, facts: dict[str, Any]) -> CorpusSummary:
    test_ids = [image.id for image in scanned.images if (image.part.split, image.part.role) == ("test", "real")]
    truth = read_truth(places.root / params.corpus.truth, test_ids)
    with bar("import", len(scanned.images), "image") as advance:
        summary = write_corpus(_counted(scanned, advance), places.corpus, facts | _left_out(scanned))
    write_truth(places.truth, truth)
    return summary


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
