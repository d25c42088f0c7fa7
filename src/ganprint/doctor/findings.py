"""What the doctor finds: facts, notes and troubles, as text and as plain values."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Finding", "Level", "as_json", "fact", "has_trouble", "note", "render", "trouble"]

Level = Literal["fact", "note", "trouble"]
_MARKS: dict[Level, str] = {"fact": " ", "note": "-", "trouble": "!"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    section
        Under which heading it stands.
    name, value
        What was looked at, and how it is.
    level
        ``fact``; ``note`` (worth knowing, nothing needed is missing); ``trouble`` (something needed is missing).
    advice
        What to do; empty for a fact.
    """

    section: str
    name: str
    value: str
    level: Level
    advice: str


def fact(section: str, name: str, value: object) -> Finding:
    """Give a finding that asks for nothing."""
    return Finding(section, name, str(value), "fact", "")


def note(section: str, name: str, value: object, advice: str) -> Finding:
    """Give a finding that is worth knowing; nothing that is needed is missing."""
    return Finding(section, name, str(value), "note", advice)


def trouble(section: str, name: str, value: object, advice: str) -> Finding:
    """Give a finding that stands in the way of regenerating the results."""
    return Finding(section, name, str(value), "trouble", advice)


def has_trouble(findings: Iterable[Finding]) -> bool:
    """Say whether anything that is needed is missing."""
    return any(finding.level == "trouble" for finding in findings)


def render(findings: Iterable[Finding]) -> list[str]:
    """Give the lines for a terminal: sections in their order, ``!`` before a trouble, ``-`` before a note."""
    found = list(findings)
    width = max((len(finding.name) for finding in found), default=0)
    lines: list[str] = []
    for section in dict.fromkeys(finding.section for finding in found):
        lines += [section] if not lines else ["", section]
        for finding in found:
            if finding.section == section:
                advice = f"; {finding.advice}" if finding.advice else ""
                lines.append(f"{_MARKS[finding.level]} {finding.name:<{width}}  {finding.value}{advice}".rstrip())
    counted = sum(finding.level == "trouble" for finding in found)
    said = "everything needed is here" if not counted else f"{counted} trouble{'s' * (counted > 1)}, marked !"
    return [*lines, "", said]


def as_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """Give plain values: ``ok``, and the findings in their order."""
    found = list(findings)
    return {"ok": not has_trouble(found), "findings": [asdict(finding) for finding in found]}
