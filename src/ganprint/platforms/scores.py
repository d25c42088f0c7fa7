"""The figures of a submission as flat names and numbers: leaderboard columns, scores files, TIRA's measures."""

from collections.abc import Mapping
from typing import Any

from ganprint.evaluate.figures import Figure
from ganprint.platforms.judged import Judged

__all__ = ["SHOWN", "flat_scores", "leaderboard_columns", "limits", "prototext", "scores_text"]

SHOWN = ("f1", "accuracy", "precision", "recall", "specificity", "kappa")
"""Figures of decisions, the official one first."""

_TITLES = {
    "f1": "F1 (official)",
    "f1_low": "F1, low",
    "f1_high": "F1, high",
    "f1_p": "p of F1 by chance",
    "accuracy": "Accuracy",
    "accuracy_low": "Accuracy, low",
    "accuracy_high": "Accuracy, high",
    "recall": "Recall",
    "specificity": "Specificity",
}
_SMALLER_IS_BETTER = frozenset({"f1_p"})
Scores = dict[str, float | int]


def limits(figure: Figure) -> tuple[float | None, float | None]:
    """Give the interval of a figure: the one by group where images share groups and the exact one ignores that."""
    if figure.group_low is not None:
        return figure.group_low, figure.group_high
    return figure.low, figure.high


def flat_scores(judged: Judged) -> Scores:
    """Give name to number, the official F1 first; what is undefined is left out, since platforms want numbers.

    Names: every figure of :data:`SHOWN`, with ``_low`` and ``_high`` for its interval; ``f1_p``, ``f1_coins``,
    ``f1_all_used``; the counts ``tp``, ``tn``, ``fp``, ``fn``; ``images`` and ``groups``.

    Raises
    ------
    ValueError
        When the submission is not valid: it has faults, and no figures.
    """
    if judged.evaluation is None:
        raise ValueError("a submission that is not valid has no scores")
    evaluation = judged.evaluation
    found: dict[str, float | int | None] = {}
    for name in SHOWN:
        low, high = limits(evaluation.figures[name])
        found |= {name: evaluation.figures[name].value, f"{name}_low": low, f"{name}_high": high}
        if name == "f1":
            found |= {"f1_p": judged.p, "f1_coins": judged.coins.value if judged.coins else None}
            found["f1_all_used"] = judged.all_used
    found |= {name: int(evaluation.figures[name].value or 0) for name in ("tp", "tn", "fp", "fn")}
    found |= {"images": evaluation.n, "groups": evaluation.groups}
    return {name: value for name, value in found.items() if value is not None}


def scores_text(scores: Mapping[str, float | int]) -> str:
    r"""Give a line ``name: number`` per score: the scores.txt of CodaLab, which Codabench reads as YAML.

    Numbers have six decimals, never an exponent, since YAML 1.1 takes ``1e-05`` for text.

    Examples
    --------
    >>> scores_text({"f1": 0.5, "images": 200})
    'f1: 0.500000\nimages: 200\n'
    """
    return "".join(
        f"{name}: {value if isinstance(value, int) else format(value, '.6f')}\n" for name, value in scores.items()
    )


def prototext(scores: Mapping[str, float | int]) -> str:
    """Give the scores as TIRA's ``evaluation.prototext``: one ``measure`` with key and value per score.

    Keys are words in title case, as TIRA's own evaluators write them.

    Examples
    --------
    >>> print(prototext({"f1_low": 0.5}), end="")
    measure {
      key: "F1 Low"
      value: "0.5"
    }
    """
    return "".join(
        f'measure {{\n  key: "{name.replace("_", " ").title()}"\n  value: "{value}"\n}}\n'
        for name, value in scores.items()
    )


def leaderboard_columns() -> list[dict[str, Any]]:
    """Give the columns of a Codabench leaderboard; the platform ranks by the one with index 0, the official F1."""
    return [
        {
            "title": title,
            "key": key,
            "index": index,
            "sorting": "asc" if key in _SMALLER_IS_BETTER else "desc",
            "precision": 4,
        }
        for index, (key, title) in enumerate(_TITLES.items())
    ]
