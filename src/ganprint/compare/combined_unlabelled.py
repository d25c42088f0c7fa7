"""The attacks of a combination as one score when there is no label."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from ganprint.compare.combined_members import MembersParameters, Team
from ganprint.compare.data import Development, Test
from ganprint.compare.protocol import Comparator, Context, Scores, register
from ganprint.compare.rank_aggregation import rank_aggregate
from ganprint.params import FrozenModel

__all__ = ["CombinedUnlabelled"]


@register
class CombinedUnlabelled(Comparator):
    """Rank aggregation of several attacks: the mean of their normal scores; no label is looked at.

    See :func:`ganprint.compare.rank_aggregation.rank_aggregate`. Every member counts the same. Members that need
    reference images are refused, since which images were not used is a label.

    Transductive: a rank is one among the images scored together. Cost: that of the members.
    """

    comparator = "combined-unlabelled"
    variant = "extension"
    pixels = None
    several = True
    learns = False
    transductive = True
    Parameters: ClassVar[type[FrozenModel]] = MembersParameters
    quick: ClassVar[Mapping[str, Any]] = {"members": [{"attack": "local-ratio"}, {"attack": "nearest"}]}
    parameters: MembersParameters

    def __init__(self, parameters: FrozenModel | None = None) -> None:
        super().__init__(parameters)
        self._team = Team(self.parameters.members)

    def applicable(self, development: Development, test: Test) -> str | None:
        """Refuse a member that can not run on the views, or that needs reference images."""
        del test
        if self._team.needs_reference:
            return "a member needs images known not to be used, which is a label; leave it away or run 'combined'"
        return self._team.refusal(development.real)

    def fit(self, development: Development, context: Context) -> Self:
        """Do nothing."""
        del development, context
        return self

    def score(self, test: Test, context: Context) -> Scores:
        """Give the mean normal score of each real image."""
        return rank_aggregate(self._team.scores(test.real, test.generated.in_order()[0], context))
