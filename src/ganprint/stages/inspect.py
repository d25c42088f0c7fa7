"""``ganprint inspect``: what generated images tell about real ones, without labels and without the pipeline."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from scipy import fft
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

import ganprint
from ganprint.audit.inspection.columns import ColumnFacts, column_models
from ganprint.audit.inspection.model import ColumnModel, InspectReport, InspectVerdictModel, schema
from ganprint.audit.inspection.page import render_inspection
from ganprint.audit.inspection.verdict import look_alikes
from ganprint.compare.threshold import outlier_threshold
from ganprint.errors import InputError
from ganprint.files import write_json, write_text
from ganprint.params import ComputeParameters
from ganprint.provenance import provenance
from ganprint.stages.compute import Computer, prepare
from ganprint.stages.inspect_attacks import Column, Inspected, columns_of, need_reference, sight
from ganprint.stages.inspect_evidence import evidence_of
from ganprint.stages.inspect_judge import Judged, judge
from ganprint.stages.inspect_memorisation import memorisation_of
from ganprint.stages.inspect_options import InspectOptions
from ganprint.stages.inspect_people import People, read_people
from ganprint.stages.inspect_rows import VIEWS, InspectView, KeptRows, keep_rows, key_of
from ganprint.stages.inspect_tables import scores_csv
from ganprint.stages.progress import step_bars

__all__ = ["WORK", "inspect_folders"]

WORK = ".work"
"""Folder of kept work inside the folder that is written; it may be removed."""

Advance = Callable[[str, int, int], object]


def inspect_folders(options: InspectOptions) -> InspectReport:
    """Write scores.csv, report.json, report.html and inspect.schema.json; with references also reference-scores.csv.

    A run that was killed goes on where it was; kept work of other inputs, options or code is not taken.

    Raises
    ------
    InputError
        When a folder, an image, the groups or an option is bad, or nothing can be written.
    """
    strangers = [name for name in options.views if name not in VIEWS]
    if strangers or not options.views:
        raise InputError(f"--view {', '.join(strangers) or 'missing'}: no such view; allowed: {', '.join(VIEWS)}")
    people = read_people(options, halve=options.reference is not None and need_reference(options.attacks))
    _writable(options.out / WORK)
    computer = prepare(ComputeParameters(device=options.device, threads=options.threads))
    with threadpool_limits(options.threads), fft.set_workers(options.threads), step_bars("inspect") as advance:
        return _inspect(people, options, computer, advance)


def _writable(work: Path) -> None:
    # Before the work, not after it.
    try:
        work.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=work):
            pass
    except OSError as error:
        raise InputError(f"{work}: can not be written ({error.strerror}); give another --out") from None


def _inspect(people: People, options: InspectOptions, computer: Computer, advance: Advance) -> InspectReport:
    work = options.out / WORK
    rows, digests = _rows(people, options, computer, work, advance)
    views = [_inspected(name, VIEWS[name], rows, people) for name in options.views]
    served = [people.calibration.tolist(), people.for_attacks.tolist()]
    key = key_of([{role: gallery.key for role, gallery in people.galleries.items()}, served])
    device, wanted = computer.device, options.attacks
    columns = columns_of(
        views, work, key, seed=options.seed, device=device, wanted=wanted, metrics=options.metrics, advance=advance
    )
    advance("tests", 0, 1)
    judged = judge(people, views, columns, digests, options)
    advance("tests", 1, 1)
    sights = [(inspected, sight(inspected, "euclidean", work, key)) for inspected in views]
    memorisation = memorisation_of(people, rows, options, work, advance)
    evidence, pictures = evidence_of(people, sights, options, advance)
    report = InspectReport(
        verdict=_with_look_alikes(judged.verdict, evidence),
        level=options.level,
        confidence=1 - options.level,
        folders=judged.folders,
        views={name: VIEWS[name].words for name in options.views},
        equal=judged.equal,
        columns=_models(columns, judged, len(people.real_groups)),
        images=judged.images,
        reference=judged.reference,
        memorisation=memorisation,
        evidence=evidence,
        limits=judged.limits,
        provenance=_provenance(options, computer),
    )
    _write_tables(options.out, people, columns, judged)
    write_json(options.out / "inspect.schema.json", schema())
    write_json(options.out / "report.json", report.model_dump(mode="json"))
    write_text(options.out / "report.html", render_inspection(report, pictures))
    return report


def _rows(
    people: People, options: InspectOptions, computer: Computer, work: Path, advance: Advance
) -> tuple[dict[str, dict[str, KeptRows]], dict[str, list[str]]]:
    """Give rows by role and view, and the digests of all images by role."""
    views: Mapping[str, InspectView] = {name: VIEWS[name] for name in options.views}
    rows, digests = {}, {}
    for role, gallery in people.galleries.items():
        done = 0

        def one(step: int, role: str = role, total: int = len(gallery)) -> None:
            nonlocal done
            done += step
            advance(f"{role} images", done, total)

        rows[role], kept = keep_rows(gallery, views, work, computer, one)
        digests[role] = [digest.decode() for digest in kept.all()[:, 0].tolist()]
    return rows, digests


def _inspected(name: str, view: InspectView, rows: dict[str, dict[str, KeptRows]], people: People) -> Inspected:
    real = rows["real"][name].all()
    if "reference" not in rows:
        return Inspected(name, view, real, rows["generated"][name], None)
    reference = rows["reference"][name].all()
    scored = np.concatenate([real, reference[people.calibration]])
    return Inspected(name, view, scored, rows["generated"][name], reference[people.for_attacks])


def _models(columns: Sequence[Column], judged: Judged, n: int) -> list[ColumnModel]:
    scores = {column.name: column.scores[:n] for column in columns if column.scores is not None}
    facts = [
        ColumnFacts(
            column.name,
            column.attack,
            column.view,
            column.metric,
            column.title,
            column.used_from,
            column.refusal,
            outlier_threshold(scores[column.name]) if column.name in scores else None,
        )
        for column in columns
    ]
    return column_models(facts, scores, judged.combined[:n], judged.tests)


def _with_look_alikes(verdict: InspectVerdictModel, evidence: Mapping[str, Any]) -> InspectVerdictModel:
    # Where nothing was shown a reader may stop at the verdict, and the evidence may hold a copy that no test saw.
    if verdict.kind == "shown":
        return verdict
    return verdict.model_copy(update={"reasons": [*verdict.reasons, *look_alikes(evidence)]})


def _provenance(options: InspectOptions, computer: Computer) -> dict[str, Any]:
    source = Path(ganprint.__file__).resolve().parents[2]
    told = options.model_dump(mode="json")
    return provenance(source, computer.name, computer.threads) | {"options": told}


def _write_tables(out: Path, people: People, columns: Sequence[Column], judged: Judged) -> None:
    n = len(people.real_groups)
    finished = {column.name: column.scores for column in columns if column.scores is not None}
    finished["combined"] = judged.combined
    write_text(out / "scores.csv", scores_csv(people.galleries["real"].ids, finished, slice(0, n)))
    if len(people.calibration):
        ids = people.galleries["reference"].ids[people.calibration]
        write_text(out / "reference-scores.csv", scores_csv(ids, finished, slice(n, None)))
