"""What all parameter blocks have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = ["FrozenModel", "one_line"]

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]


class FrozenModel(BaseModel):
    """Base of all parameter blocks: immutable, unknown keys refused, no silent conversion of text to numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def one_line(error: ValidationError) -> str:
    """Say all faults of a pydantic validation in one line: place, what is wrong, what was received."""
    parts = []
    for fault in error.errors(include_url=False):
        place = ".".join(str(part) for part in fault["loc"])
        received = "" if fault["type"] in {"missing", "value_error"} else f" (received {fault['input']!r})"
        # Pydantic's word for what our own checks raise says nothing to a reader.
        told = fault["msg"].removeprefix("Value error, ")
        parts.append(f"{place + ': ' if place else ''}{told}{received}")
    return "; ".join(parts)
