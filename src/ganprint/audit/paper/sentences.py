"""Sentences about numbers, written for a reader: figures by their names, a capital letter first, a full stop last."""

from collections.abc import Mapping

__all__ = ["figure_title", "sentences", "told"]

_TITLES = {"f1": "F1", "roc_auc": "ROC AUC"}


def figure_title(name: str) -> str:
    """Give a figure's name as a reader knows it: ``f1`` is F1, ``roc_auc`` is ROC AUC."""
    return _TITLES.get(name, name)


def sentences(*parts: str) -> str:
    """Join parts as sentences, each with a capital letter and a full stop."""
    return " ".join(part[:1].upper() + part[1:].rstrip(".") + "." for part in parts)


def told(readings: Mapping[str, Mapping[str, float]]) -> str:
    """Say figures reading by reading: ``as coded: test ROC AUC 0.500, development ROC AUC 0.500; as written: ...``.

    Parameters
    ----------
    readings
        Title of a reading to ``"SPLIT FIGURE"`` to value; a reading without figures is left out.
    """
    parts = []
    for title, values in readings.items():
        said = ", ".join(
            f"{split} {figure_title(name)} {value:.3f}" for (split, name), value in _by_split(values).items()
        )
        parts += [f"{title}: {said}"] if said else []
    return "; ".join(parts) or "no truth is known on this corpus"


def _by_split(values: Mapping[str, float]) -> dict[tuple[str, str], float]:
    """Take the split off a key."""
    parted = {key: key.partition(" ") for key in values}
    return {(parted[key][0], parted[key][2]): value for key, value in values.items()}
