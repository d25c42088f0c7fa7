"""A Codabench competition as files: ``competition.yaml`` (version 2), pages, scoring program and reference data."""

import csv
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

import yaml
from jinja2 import Environment, FunctionLoader, StrictUndefined

from ganprint.errors import InputError
from ganprint.platforms.judged import Reference
from ganprint.platforms.scores import leaderboard_columns
from ganprint.submit.writer import write_submission

__all__ = ["Competition", "competition_files", "zip_bytes"]

_PAGES = {"Overview": "overview.md", "Evaluation": "evaluation.md", "Submission format": "format.md"}
_COMMAND = "ganprint platform codabench score --input /app/input --output /app/output"
# The earliest time that a ZIP file can name: the bundle's bytes must depend on nothing but its content.
_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Competition:
    """What an organiser says of a competition.

    Attributes
    ----------
    title
        Its title.
    docker_image
        A public image in which the command ``ganprint`` runs: the scoring program is that command.
    start, end
        Of its one phase, in UTC; without an end it goes on.
    per_day, in_all
        Submissions that a participant may make. Each tells something about the truth, so both are limited.
    logo
        File name and bytes of a picture.
    terms
        Markdown or HTML that participants agree to; ``None`` for the terms that come with the kit.
    contact
        Address of the organisers, or ``None``.

    Raises
    ------
    InputError
        When the end is not after the start, or a number of submissions is below 1.
    """

    title: str
    docker_image: str
    start: datetime
    end: datetime | None
    per_day: int
    in_all: int
    logo: tuple[str, bytes]
    terms: str | None = None
    contact: str | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end <= self.start:
            raise InputError(f"phase: ends at {self.end}, not after its start at {self.start}")
        if self.per_day < 1 or self.in_all < self.per_day:
            raise InputError(
                f"phase: {self.per_day} submissions a day and {self.in_all} in all; wanted is 1 <= a day <= in all"
            )


def competition_files(competition: Competition, reference: Reference) -> dict[str, bytes]:
    """Give path to content of a competition bundle.

    Fields are those of the page "Yaml Structure" of Codabench's documentation (read in November 2026). Programs and
    data are folders in the bundle, which the platform zips by itself.

    Parameters
    ----------
    competition
        What the organiser says.
    reference
        Truth and groups of the real test images.
    """
    ids = list(reference.truth)
    made = {f"pages/{name}": _page(name, reference, competition) for name in _PAGES.values()}
    made["pages/terms.md"] = (
        _page("terms.md", reference, competition) if competition.terms is None else competition.terms.encode()
    )
    made[f"images/{competition.logo[0]}"] = competition.logo[1]
    made["scoring_program/metadata.yaml"] = _yaml({"command": _COMMAND})
    words = {1: "used", 0: "not_used"}
    rows = [f"{image_id},{words[reference.truth[image_id]]}" for image_id in ids]
    made["reference_data/truth.csv"] = _lines(["id,membership", *rows])
    made["reference_data/image_ids.txt"] = _lines(ids)
    if reference.groups:
        made["reference_data/groups.csv"] = _groups(reference)
    made["starting_kit/image_ids.txt"] = _lines(ids)
    made["starting_kit/run.csv"] = write_submission(ids, [1] * len(ids)).encode()
    made["competition.yaml"] = _yaml(_description(competition))
    return made


def zip_bytes(content: Mapping[str, bytes]) -> bytes:
    """Give a ZIP file that depends on names and contents alone: sorted, stored, one fixed time, one fixed mode.

    Nothing is compressed, so that no version of a compression library shows.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content[name])
    return stream.getvalue()


def _description(competition: Competition) -> dict[str, Any]:
    phase: dict[str, Any] = {
        "index": 0,
        "name": "Test",
        "description": "Say for every real test image whether the generator was trained on it.",
        "start": competition.start,
        "max_submissions": competition.in_all,
        "max_submissions_per_day": competition.per_day,
        "accepts_only_result_submissions": True,
        "starting_kit": "starting_kit",
        "tasks": [0],
    }
    if competition.end is not None:
        phase["end"] = competition.end
    return {
        "version": 2,
        "title": competition.title,
        "description": "Which real images was a generator trained on?",
        "image": f"images/{competition.logo[0]}",
        "terms": "pages/terms.md",
        "docker_image": competition.docker_image,
        "registration_auto_approve": False,
        "make_programs_available": True,
        "make_input_data_available": False,
        "enable_detailed_results": True,
        **({"contact_email": competition.contact} if competition.contact else {}),
        "pages": [{"title": title, "file": f"pages/{name}"} for title, name in _PAGES.items()],
        "tasks": [
            {
                "index": 0,
                "name": "Membership of the real test images",
                "description": "Decisions 0 or 1 per image; the official metric is F1.",
                "scoring_program": "scoring_program",
                "reference_data": "reference_data",
            }
        ],
        "phases": [phase],
        "leaderboards": [
            {"title": "Results", "key": "main", "submission_rule": "Force_Best", "columns": leaderboard_columns()}
        ],
    }


def _page(name: str, reference: Reference, competition: Competition) -> bytes:
    # Markdown, which Codabench renders and cleans itself: nothing is escaped here.
    environment = Environment(loader=FunctionLoader(_resource), undefined=StrictUndefined, autoescape=False)  # noqa: S701
    ids = list(reference.truth)
    page = environment.get_template(name).render(
        title=competition.title,
        images=len(ids),
        first=ids[0],
        per_day=competition.per_day,
        in_all=competition.in_all,
        grouped=bool(reference.groups),
    )
    return (page.rstrip("\n") + "\n").encode()


def _resource(name: str) -> str:
    return files("ganprint.platforms").joinpath("pages", name).read_text(encoding="utf-8")


def _groups(reference: Reference) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["id", "split", "group"])
    writer.writerows([name, "test", reference.groups[name]] for name in reference.truth if name in reference.groups)
    return stream.getvalue().encode()


def _yaml(content: Any) -> bytes:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120).encode()


def _lines(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
