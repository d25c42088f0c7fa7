"""What a selection study lets one say: one claim, its size, and what the search alone would have shown."""

from collections.abc import Mapping
from typing import Any

__all__ = ["study_sentences"]

_NAMED = 4
"""Candidates that are named beside the selected one."""


def study_sentences(content: Mapping[str, Any]) -> list[str]:
    """Give the sentences that the report opens with; ``content`` is that of selection.json."""
    chosen, nested, naive = content["chosen"], content["nested"], content["naive"]
    said = [
        f"Selected of {content['candidates']} candidates: {chosen['candidate']}, ROC AUC {_with_limits(chosen)} on the "
        f"development split; p = {chosen['p_corrected']:.3f} after correction for all that was tried.",
        _claims(content),
        f"Select, then use: in patients that had no part in the selection the rule's choice reaches ROC AUC "
        f"{_with_limits(nested)}. The best figure of the table is {naive['auc']:.3f} ({naive['candidate']}), "
        f"{abs(content['optimism']):.3f} {'above' if content['optimism'] >= 0 else 'below'} it.",
    ]
    if content["claims"] and nested["low"] <= 0.5:
        said.append("The interval of the nested figure reaches chance: how much the rule's choice sees is not known.")
    if not content["claims"] and nested["low"] > 0.5:
        said.append(
            "The interval of the nested figure lies above chance, but it takes fits and selections as they are and has "
            "no correction: the test decides."
        )
    return said


def _claims(content: Mapping[str, Any]) -> str:
    level, claims = 1 - content["confidence"], content["claims"]
    draws = content["permutations"]
    drawn = f"{draws} exchanges of membership, smallest possible p {1 / (1 + draws):.3f}"
    if not claims:
        return (
            f"Nothing is claimed: no candidate's corrected p is at most {level:.2g} ({drawn}). The best of "
            f"{content['candidates']} candidates often looks like this where membership was handed out at random."
        )
    own = content["chosen"]["candidate"] in claims
    others = [name for name in claims if name != content["chosen"]["candidate"]]
    listed = ", ".join(others[:_NAMED]) + (f" and {len(others) - _NAMED} more" if len(others) > _NAMED else "")
    passed = "the selected candidate passes" if own else f"not the selected candidate, but {listed} passed"
    also = f" So {'do' if len(others) > 1 else 'does'} {listed}." if own and others else ""
    few = (
        " With so few exchanges this is the smallest p there is; more of them tell better." if draws < 1 / level else ""
    )
    return f"Membership is seen: {passed} the corrected test at level {level:.2g} ({drawn}).{also}{few}"


def _with_limits(figure: Mapping[str, float]) -> str:
    return f"{figure['auc']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
