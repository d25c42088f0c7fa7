"""Which images share a batch: any, or, for harder and safer negatives, slices of the same patients."""

from collections.abc import Sequence

import torch

__all__ = ["any_batches", "batch_count", "patient_batches"]


def any_batches(count: int, batch: int) -> list[torch.Tensor]:
    """Give batches of row numbers in random order, by torch's global generator; what is left over is left out."""
    batch = min(batch, count)
    order = torch.randperm(count)
    return [order[step * batch : (step + 1) * batch] for step in range(count // batch)]


def patient_batches(patients: Sequence[str], batch: int) -> list[torch.Tensor]:
    """Give batches of either real or generated images, a patient's slices side by side.

    A real slice's negatives are then other real slices, those of its own patient first: alike, and no copies. Never a
    generated image, which may be its copy.

    Parameters
    ----------
    patients
        Of each image; empty for a generated one.
    batch
        Images in one; what is left over of either kind is left out.
    """
    batches = []
    for rows in _kinds(patients):
        chosen = rows[torch.randperm(len(rows))].tolist()
        names = dict.fromkeys(patients[row] for row in chosen)
        rank = {name: place for place, name in enumerate(names)}
        chosen.sort(key=lambda row: rank[patients[row]])
        size = min(batch, len(chosen))
        order = torch.tensor(chosen)
        batches += [order[step * size : (step + 1) * size] for step in range(len(chosen) // size)]
    return [batches[place] for place in torch.randperm(len(batches)).tolist()]


def batch_count(patients: Sequence[str], batch: int) -> int:
    """Give the number of batches that :func:`patient_batches` makes."""
    return sum(len(rows) // min(batch, len(rows)) for rows in _kinds(patients))


def _kinds(patients: Sequence[str]) -> list[torch.Tensor]:
    # An image alone has no negative: such a kind is left out.
    real = torch.tensor([bool(patient) for patient in patients], dtype=torch.bool)
    kinds = [torch.nonzero(kind).flatten() for kind in (real, ~real)]
    return [rows for rows in kinds if len(rows) > 1]
