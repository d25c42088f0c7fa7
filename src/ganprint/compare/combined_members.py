"""The attacks that a combination asks: each with a view of its own, measured beside the same generated images."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from ganprint.compare.attack import Attack, Seen
from ganprint.compare.data import Images
from ganprint.compare.protocol import Context, create
from ganprint.errors import InputError
from ganprint.params import FrozenModel
from ganprint.seeds import derive_seed

__all__ = ["DEFAULT_MEMBERS", "Member", "MembersParameters", "Team"]

Floats = NDArray[np.float64]
Folds = NDArray[np.intp]


class Member(FrozenModel):
    """One attack of a combination.

    Attributes
    ----------
    attack
        Its name among the comparators.
    view
        The embedding it looks at, one of the run's ``further_views``; empty: the run's own.
    parameters
        Of the attack.
    """

    attack: str
    view: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)

    @property
    def label(self) -> str:
        """Give a short name that tells the attack, its metric and its view."""
        metric = str(self.parameters.get("metric", "euclidean"))
        return "-".join(filter(None, [self.attack, metric, self.view]))


DEFAULT_MEMBERS = tuple(
    Member(attack=attack, parameters={"metric": metric})
    for attack, metric in (
        ("local-ratio", "band-fine"),
        ("nearest", "band-fine"),
        ("nearest", "band-middle"),
        ("nearest", "band-coarse"),
    )
)
"""For a view of grey values; docs/combined.md has the figures on development images behind the choice."""


class MembersParameters(FrozenModel):
    """``members``: the attacks, no two the same. Those of one view and metric share passes, largest k first."""

    members: list[Member] = Field(default_factory=lambda: list(DEFAULT_MEMBERS), min_length=1)

    @field_validator("members")
    @classmethod
    def _members_differ(cls, members: list[Member]) -> list[Member]:
        if any(member in members[:place] for place, member in enumerate(members)):
            raise ValueError("a member is there twice")
        return members


class Team:
    """The attacks of a combination, made by name.

    Raises
    ------
    InputError
        When a member is unknown, is no attack, or its scores depend on the images that are scored together.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = tuple(members)
        self.attacks = tuple(_made(member) for member in members)

    def __len__(self) -> int:
        """Give the number of members."""
        return len(self.attacks)

    @property
    def labels(self) -> list[str]:
        """Give a name per member; what several have in common is told apart by the member's place."""
        labels = [member.label for member in self.members]
        return [f"{name}-{place}" if labels.count(name) > 1 else name for place, name in enumerate(labels, 1)]

    @property
    def needs_reference(self) -> bool:
        """True when a member needs reference images."""
        return any(attack.needs_reference for attack in self.attacks)

    def refusal(self, images: Images) -> str | None:
        """Give the reason why a member can not run on such images, or None."""
        for member, attack in zip(self.members, self.attacks, strict=True):
            if member.view and member.view not in images.further:
                return f"member {member.label}: the run has no view '{member.view}'; add it to further_views"
            reason = attack.refusal(_rows(images, member.view).dtype == np.uint8)
            if reason is not None:
                return f"member {member.label}: {reason}"
        return None

    def scores(self, real: Images, generated: Images, context: Context, reference: Images | None = None) -> Floats:
        """Give the scores [n, members] of n real images; members without reference images are scored once."""
        return self._filled(real, generated, context, reference, lambda _: True)

    def crossed(self, real: Images, generated: Images, context: Context, folds: Folds, known: Images) -> Floats:
        """Give the scores [n, members] of images that lie in ``folds`` of their own.

        Parameters
        ----------
        real
            n images; each is scored with the reference images of the other folds, never with itself or its patient.
        folds
            [n + r]: of the real images, then of the reference images.
        known
            r reference images.
        """
        found = self._filled(real, generated, context, None, lambda attack: not attack.needs_reference)
        if self.needs_reference:
            own, others = folds[: len(real)], folds[len(real) :]
            for fold in np.unique(own):
                rows = np.flatnonzero(own == fold)
                apart = known.take(np.flatnonzero(others != fold))
                part = self._filled(real.take(rows), generated, context, apart, lambda attack: attack.needs_reference)
                found[rows] = np.where(np.isnan(part), found[rows], part)
        return found

    def _filled(
        self,
        real: Images,
        generated: Images,
        context: Context,
        reference: Images | None,
        wanted: Callable[[Attack], bool],
    ) -> Floats:
        found, seen = np.full((len(real), len(self)), np.nan), dict[tuple[str, str, int], Seen]()
        for column, (member, attack) in enumerate(zip(self.members, self.attacks, strict=True)):
            if wanted(attack):
                key = (member.view, attack.parameters.metric, attack.parameters.block)
                if key not in seen:
                    known = None if reference is None else _rows(reference, member.view)
                    rows = (_rows(real, member.view), _rows(generated, member.view))
                    seen[key] = Seen(*rows, known, attack.parameters.metric, attack.parameters.block)
                # By its parameters: the same draws wherever the member is asked, others than those of its neighbours.
                seed = derive_seed(context.seed, "member", member.model_dump_json())
                found[:, column] = attack.attack(seen[key], replace(context, seed=seed))
        return found


def _rows(images: Images, view: str) -> NDArray[Any]:
    return images.further[view] if view else images.rows


def _made(member: Member) -> Attack:
    attack = create(member.attack, "extension", member.parameters)
    if not isinstance(attack, Attack):
        raise InputError(f"member {member.label}: '{member.attack}' is no attack that needs samples alone")
    if attack.transductive:
        raise InputError(
            f"member {member.label}: its scores depend on the images scored together, so development and test scores "
            "do not compare; leave it away"
        )
    return attack
