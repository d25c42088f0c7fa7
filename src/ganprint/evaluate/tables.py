"""What is evaluated: a score and a decision per real image, and the truth about the same images."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganprint.errors import InputError

__all__ = ["SCORE_COLUMNS", "ScoreTable", "labels_of"]

SCORE_COLUMNS = ("id", "group", "score", "decision")


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """Scores and decisions of one run on the real images of one split.

    Attributes
    ----------
    ids
        [n], each once.
    groups
        [n], patient or volume; the id itself when nothing is known.
    scores
        [n], finite, higher = more likely used.
    decisions
        [n], 1 for used, 0 for not used.

    Raises
    ------
    InputError
        When the table is empty, lengths differ, an id stands twice, a score is not finite or a decision not 0 or 1.
    """

    ids: NDArray[np.str_]
    groups: NDArray[np.str_]
    scores: NDArray[np.float64]
    decisions: NDArray[np.int8]

    def __post_init__(self) -> None:
        lengths = {name: np.shape(getattr(self, name)) for name in ("ids", "groups", "scores", "decisions")}
        if len(set(lengths.values())) != 1 or len(np.shape(self.ids)) != 1 or len(self.ids) == 0:
            raise InputError(f"score table: shapes {lengths}; give one id, group, score and decision per image")
        if not np.isin(self.decisions, (0, 1)).all():
            raise InputError(f"score table: decisions {np.unique(self.decisions).tolist()}; allowed are 0 and 1")
        # Copies that nobody can change: a table may be shared by many figures.
        for name, kind in (("ids", np.str_), ("groups", np.str_), ("scores", np.float64), ("decisions", np.int8)):
            values = np.array(getattr(self, name), dtype=kind)
            values.setflags(write=False)
            object.__setattr__(self, name, values)
        if not np.isfinite(self.scores).all():
            first = self.ids[~np.isfinite(self.scores)][0]
            raise InputError(f"score table: the score of {first} is not finite; give every image a score")
        names, counts = np.unique(self.ids, return_counts=True)
        if counts.max() > 1:
            raise InputError(f"score table: {names[counts.argmax()]} stands {counts.max()} times; give each image once")

    def __len__(self) -> int:
        return len(self.ids)

    def to_frame(self) -> pd.DataFrame:
        """Give the table with the columns ``id, group, score, decision``."""
        columns = (self.ids.astype(object), self.groups.astype(object), self.scores, self.decisions)
        return pd.DataFrame(dict(zip(SCORE_COLUMNS, columns, strict=True)))

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, name: str) -> "ScoreTable":
        """Read what :meth:`to_frame` gives; ``name`` is what messages call it.

        Raises
        ------
        InputError
            When a column or a value is missing, or the table is not valid.
        """
        missing = [column for column in SCORE_COLUMNS if column not in frame.columns]
        if missing:
            raise InputError(f"{name}: no column {', '.join(missing)}; the columns are {', '.join(SCORE_COLUMNS)}")
        if frame[list(SCORE_COLUMNS)].isna().to_numpy().any():
            raise InputError(f"{name}: a value is missing; every image has an id, a group, a score and a decision")
        try:
            return cls(
                frame["id"].to_numpy(dtype=np.str_),
                frame["group"].to_numpy(dtype=np.str_),
                frame["score"].to_numpy(dtype=np.float64),
                frame["decision"].to_numpy(),
            )
        except (ValueError, InputError) as error:
            raise InputError(f"{name}: {error}") from None


def labels_of(table: ScoreTable, truth: Mapping[str, int]) -> NDArray[np.int8]:
    """Give the truth in the order of the table: [n], 1 for used, 0 for not used.

    Raises
    ------
    InputError
        When table and truth are not about the same images, or a truth is not 0 or 1.
    """
    known, asked = set(truth), set(table.ids.tolist())
    if known != asked:
        example = min(known ^ asked)
        raise InputError(
            f"truth: {len(asked - known)} scored images have no truth and {len(known - asked)} images of the truth "
            f"have no score, for example {example}; give scores and truth of the same images"
        )
    labels = np.array([truth[image_id] for image_id in table.ids.tolist()])
    if not np.isin(labels, (0, 1)).all():
        raise InputError(f"truth: values {np.unique(labels).tolist()}; allowed are 1 (used) and 0 (not used)")
    return labels.astype(np.int8)
