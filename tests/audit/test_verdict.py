"""The verdict's rules, one by one, with numbers on either side of each limit."""

from dataclasses import replace

import pytest

from ganprint.audit.verdict import LAY, Control, Numbers, Rate, corpus_verdict, run_verdict

CHANCE = Control(Rate(0.5, 0.42, 0.58), 0.5)
LEAK = Numbers(
    "nearest",
    "test",
    auc=Rate(0.8, 0.7, 0.88),
    p_corrected=0.001,
    detectable_auc=0.65,
    blind=CHANCE,
    better_than_blind=Rate(0.3, 0.2, 0.4),
    swapped=CHANCE,
    better_than_noise=Rate(0.29, 0.19, 0.39),
    members=CHANCE,
    controls=4,
)
ABOVE = Control(Rate(0.75, 0.65, 0.84), 0.001)
UNCLEAR = Rate(0.05, -0.02, 0.1)


def kind(**changed):
    return run_verdict(replace(LEAK, **changed), 0.05).kind


def test_a_leak_is_shown_with_its_controls():
    """Protects the claim: the split, and numbers of the run and of every control, are told."""
    verdict = run_verdict(LEAK, 0.05)
    assert verdict.kind == "leak shown"
    said = " ".join(verdict.reasons)
    for number in (
        "0.800 [0.700, 0.880] on the test split",
        "p = 0.0010",
        "0.300 [0.200, 0.400]",
        "0.290 [0.190, 0.390]",
        "0.500 [0.420, 0.580]",
    ):
        assert number in said
    assert verdict.lay == LAY["leak shown"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"p_corrected": 0.05}, "leak shown"),
        ({"p_corrected": 0.051}, "not shown at this n"),
        ({"blind": ABOVE, "better_than_blind": UNCLEAR}, "split bias"),
        ({"blind": ABOVE, "better_than_blind": Rate(0.05, 0.01, 0.1)}, "leak shown"),
        # A control that is no worse than the run, and not above chance by itself, is no passed control.
        ({"blind": Control(Rate(0.74, 0.6, 0.85), 0.06), "better_than_blind": UNCLEAR}, "not shown at this n"),
        ({"swapped": ABOVE, "better_than_noise": UNCLEAR}, "split bias"),
        ({"swapped": ABOVE, "better_than_noise": Rate(0.05, 0.001, 0.1)}, "leak shown"),
        ({"better_than_noise": Rate(0.05, 0.0, 0.1)}, "not shown at this n"),
        ({"blind": None, "better_than_blind": None}, "not assessable"),
        ({"better_than_blind": None}, "not assessable"),
        ({"swapped": None, "better_than_noise": None}, "not assessable"),
        ({"members": Control(Rate(0.7, 0.6, 0.8), 0.0125)}, "not assessable"),
        ({"members": Control(Rate(0.7, 0.6, 0.8), 0.0126)}, "leak shown"),
        ({"detectable_auc": 0.96}, "not assessable"),
        ({"detectable_auc": None}, "not assessable"),
        ({"constant": True}, "not assessable"),
        ({"auc": None}, "not assessable"),
        ({"refusal": "no prediction that can run"}, "not assessable"),
    ],
)
def test_each_rule_at_its_limit(changed, expected):
    """Protects every rule of the module's list, in its order."""
    assert kind(**changed) == expected


def test_below_chance_is_no_leak_and_is_said():
    """Protects against claims from an inverted ranking: it is named, and not counted."""
    verdict = run_verdict(replace(LEAK, auc=Rate(0.33, 0.22, 0.44), p_corrected=1.0), 0.05)
    assert verdict.kind == "not shown at this n"
    assert "below chance" in verdict.reasons[0]
    assert "below chance" not in run_verdict(replace(LEAK, p_corrected=1.0), 0.05).reasons[0]


def test_missing_controls_are_told():
    """Protects honesty: without a control nothing is claimed, and one that was not made is named."""
    verdict = run_verdict(replace(LEAK, blind=None, better_than_blind=None, swapped=None), 0.05)
    assert "no baseline that never sees the generated images and no control beside noise" in verdict.reasons[1]
    verdict = run_verdict(replace(LEAK, members=None), 0.05)
    assert verdict.kind == "leak shown"
    assert "used images against used images: not made" in verdict.reasons[-1]


def test_the_corpus_has_the_strongest_verdict_of_its_runs():
    """Protects the order: one leak among many runs at chance is a leak; no runs are no answer."""
    leak = run_verdict(LEAK, 0.05)
    bias = run_verdict(replace(LEAK, swapped=ABOVE, better_than_noise=UNCLEAR), 0.05)
    none = run_verdict(replace(LEAK, p_corrected=0.9), 0.05)
    refused = run_verdict(replace(LEAK, refusal="why"), 0.05)
    assert corpus_verdict([none, bias, leak, refused]).kind == "leak shown"
    assert corpus_verdict([none, bias, refused]).kind == "split bias"
    assert corpus_verdict([refused, none]).kind == "not shown at this n"
    assert corpus_verdict([refused]).kind == corpus_verdict([]).kind == "not assessable"
