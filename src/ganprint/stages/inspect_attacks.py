"""Every registered attack on the images of an inspection; what is finished stays on disk, column by column."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprint.compare.attack import Attack, Seen
from ganprint.compare.protocol import Context, registry
from ganprint.errors import InputError
from ganprint.files import atomic_path
from ganprint.pairs import Metric, Neighbourhood
from ganprint.seeds import derive_seed
from ganprint.stages.inspect_rows import InspectView, KeptRows, key_of, source_hash

__all__ = ["NEIGHBOURS", "Column", "Inspected", "KeptSeen", "columns_of", "need_reference", "sight"]

NEIGHBOURS = 50
"""Nearest generated images found by the first pass over a view: attacks that need no more share it."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Inspected:
    """One view of all that is inspected.

    Attributes
    ----------
    name, view
        Of the view.
    scored
        [n, d], rows of the images that get scores: the real ones, and after them the calibration images, if any.
    generated
        Rows on disk.
    reference
        [r, d], rows that attacks may look at as images that were not used; None without any.
    """

    name: str
    view: InspectView
    scored: NDArray[Any]
    generated: KeptRows
    reference: NDArray[Any] | None


@dataclass(frozen=True)
class Column:
    """Scores [n] of one attack in one view, or the reason why there are none."""

    attack: str
    view: str
    title: str
    metric: str
    used_from: float | None
    scores: Floats | None
    refusal: str | None = None

    @property
    def name(self) -> str:
        """Give the name of the column in scores.csv: the metric is said where it is not the usual one."""
        metric = "" if self.metric == "euclidean" else f":{self.metric}"
        return f"{self.attack}{metric}@{self.view}"


@dataclass
class KeptSeen(Seen):
    """What attacks see, whose passes for nearest neighbours stay on disk."""

    folder: Path = Path()

    def neighbours(self, k: int = 1) -> Neighbourhood:
        """Give who is nearest to whom: read, or found and kept."""
        path = self.folder / "neighbours.npz"
        known: Neighbourhood | None = self._kept.get("on disk")
        if known is None and path.is_file():
            with np.load(path) as kept:
                known = Neighbourhood(**kept)
        if known is None or known.k < min(k, len(known.best_real)):
            known = super().neighbours(max(k, NEIGHBOURS))
            with atomic_path(path) as temporary, temporary.open("wb") as file:
                np.savez(file, **vars(known))
        self._kept["on disk"] = known
        return known


def sight(inspected: Inspected, metric: Metric, work: Path, key: str) -> KeptSeen:
    """Give what attacks with one metric see of a view; ``key`` stands for all images."""
    code = source_hash("compare", "pairs")
    folder = work / f"seen-{inspected.name}-{metric}-{key_of([key, inspected.generated.folder.name, code])}"
    return KeptSeen(inspected.scored, inspected.generated, inspected.reference, metric, folder=folder)


def columns_of(
    views: Sequence[Inspected],
    work: Path,
    key: str,
    *,
    seed: int,
    device: str,
    wanted: Sequence[str],
    metrics: Sequence[Metric],
    advance: Callable[[str, int, int], object],
) -> list[Column]:
    """Run every registered attack in every view.

    Parameters
    ----------
    views
        Of the same images.
    work
        Folder of kept work.
    key
        Stands for the images and their roles: scores of another key are not taken.
    seed
        Base of the attacks' seeds.
    device
        ``cpu`` or ``cuda``.
    wanted
        Names of attacks; all when empty.
    metrics
        How pairs are measured: each attack runs with each of them.
    advance
        Told (what goes on, done, total).

    Raises
    ------
    InputError
        When a wanted attack is not registered.
    """
    attacks = _attacks(wanted, metrics)
    sights: dict[tuple[str, str], KeptSeen] = {}
    columns: list[Column] = []
    total = len(views) * len(attacks)
    for inspected in views:
        for attack in attacks:
            metric: Metric = getattr(attack.parameters, "metric", "euclidean")
            advance("attacks", len(columns), total)
            refusal = _refusal(attack, inspected)
            scores = None
            if refusal is None:
                if (inspected.name, metric) not in sights:
                    sights[inspected.name, metric] = sight(inspected, metric, work, key)
                context = Context(derive_seed(seed, "inspect", attack.comparator, inspected.name), device)
                scores = _scores(attack, sights[inspected.name, metric], context)
            columns.append(_column(attack, inspected.name, metric, scores, refusal))
    advance("attacks", total, total)
    return columns


def need_reference(wanted: Sequence[str]) -> bool:
    """Tell whether any of the wanted attacks (all when empty) looks at reference images itself."""
    return any(attack.needs_reference for attack in _attacks(wanted, ["euclidean"]))


def _attacks(wanted: Sequence[str], metrics: Sequence[Metric]) -> list[Attack]:
    found = {_name(name, kind): cls for (name, kind), cls in registry().items() if issubclass(cls, Attack)}
    if strangers := sorted(set(wanted) - found.keys()):
        raise InputError(f"--attack {strangers[0]}: no such attack; allowed: {', '.join(found)}")
    chosen = [cls for name, cls in found.items() if not wanted or name in wanted]
    # An attack without a choice of metric runs once.
    return [
        cls(cls.Parameters.model_validate({"metric": metric} if "metric" in cls.Parameters.model_fields else {}))
        for cls in chosen
        for metric in (metrics if "metric" in cls.Parameters.model_fields else metrics[:1])
    ]


def _name(comparator: str, variant: str) -> str:
    return comparator if variant == "extension" else f"{comparator}-{variant.replace('_', '-')}"


def _refusal(attack: Attack, inspected: Inspected) -> str | None:
    if attack.comparator.endswith("-as-coded"):
        return "shows a fault of published code, for the audit of a task alone"
    if attack.several:
        return "looks at several views at once"
    if attack.needs_reference and (inspected.reference is None or not len(inspected.reference)):
        return "needs reference images; give --reference, real images that were certainly not used"
    return attack.refusal(inspected.view.grey)


def _scores(attack: Attack, seen: KeptSeen, context: Context) -> Floats:
    key = key_of([attack.parameters.model_dump(mode="json"), context.seed, context.device])
    path = seen.folder / f"{attack.comparator}-{attack.variant}-{key}.npy"
    if path.is_file():
        kept: Floats = np.load(path)
        return kept
    scores = attack.attack(seen, context)
    if scores.shape != (len(seen.real),) or not np.isfinite(scores).all():
        raise ValueError(f"attack {attack.comparator}: scores of shape {scores.shape}, or not finite")
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.save(file, scores.astype(np.float64))
    return scores.astype(np.float64)


def _column(attack: Attack, view: str, metric: str, scores: Floats | None, refusal: str | None) -> Column:
    title = (type(attack).__doc__ or "").strip().split("\n", 1)[0]
    return Column(_name(attack.comparator, attack.variant), view, title, metric, attack.used_from, scores, refusal)
