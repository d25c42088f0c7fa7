"""CITATION.cff: whom to name, under which licence, and the work that this one is about."""

from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ganprint.errors import InputError
from ganprint.params import one_line

__all__ = ["Author", "Citation", "Reference", "read_citation"]


class Author(BaseModel):
    """A person or an organisation: name, type of schema.org, and an ORCID where there is one."""

    name: str
    kind: str
    identifier: str | None = None


class Reference(BaseModel):
    """A work that is cited."""

    title: str
    year: str | None = None
    notes: str | None = None
    authors: list[str] = Field(default_factory=list)


class Citation(BaseModel):
    """What a bundle needs of a citation file.

    Attributes
    ----------
    license
        SPDX identifier.
    date
        ISO date of the release.
    authors, references
        At least one author.
    """

    model_config = ConfigDict(frozen=True)

    license: str
    date: str
    authors: list[Author] = Field(min_length=1)
    references: list[Reference]


def read_citation(content: bytes, name: str) -> Citation:
    """Read a citation file (Citation File Format 1.2).

    Parameters
    ----------
    content
        Its bytes.
    name
        What to call it in messages.

    Raises
    ------
    InputError
        When it is not YAML, or names no author, licence or date.
    """
    try:
        plain = yaml.safe_load(content)
        return Citation(
            license=plain["license"],
            date=str(plain["date-released"]),
            authors=[_author(author) for author in plain["authors"]],
            references=[_reference(reference) for reference in plain.get("references", [])],
        )
    except ValidationError as error:
        raise InputError(f"{name}: {one_line(error)}") from None
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{name}: authors, license and date-released are needed ({reason})") from None


def _author(plain: dict[str, Any]) -> Author:
    if "name" in plain:
        return Author(name=plain["name"], kind="Organization")
    name = " ".join(str(plain[part]) for part in ("given-names", "family-names") if part in plain)
    return Author(name=name, kind="Person", identifier=plain.get("orcid"))


def _reference(plain: dict[str, Any]) -> Reference:
    parts = [str(plain[part]) for part in ("collection-title", "notes") if part in plain]
    return Reference(
        title=" ".join(str(plain["title"]).split()),
        year=str(plain["year"]) if "year" in plain else None,
        notes="; ".join(parts) or None,
        authors=[_author(author).name for author in plain.get("authors", [])],
    )
