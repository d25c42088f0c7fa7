"""A submission held against the truth: figures as computed by hand, and every fault."""

import math
import random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprint.errors import InputError
from ganprint.params import EvaluateParameters
from ganprint.platforms.detailed import detailed_page
from ganprint.platforms.judged import Reference, fault_lines, judge
from ganprint.platforms.scores import flat_scores, leaderboard_columns, prototext, scores_text

QUICK = EvaluateParameters(resamples=100, permutations=100)
IDS = [f"real_unknown_{n:04d}" for n in range(1, 13)]
TRUTH = {name: n % 2 for n, name in enumerate(IDS)}


def content(decisions):
    return "".join(f"{name},{decision}\n" for name, decision in decisions.items()).encode()


def judged(decisions, truth=None, groups=None):
    return judge(content(decisions), Reference(truth or TRUTH, groups or {}), QUICK)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 1), min_size=12, max_size=12), st.lists(st.integers(0, 1), min_size=12, max_size=12))
def test_figures_are_those_counted_by_hand(truth, decisions):
    """Protects the official metric: F1 and the counts, whatever the answers; undefined figures are absent."""
    if sum(truth) in {0, 12}:
        truth = [*truth[:-1], 1 - truth[-1]]
    pairs = list(zip(truth, decisions, strict=True))
    tp, fp, fn = pairs.count((1, 1)), pairs.count((0, 1)), pairs.count((1, 0))
    scores = flat_scores(judged(dict(zip(IDS, decisions, strict=True)), dict(zip(IDS, truth, strict=True))))
    assert math.isclose(scores["f1"], 2 * tp / (2 * tp + fp + fn))
    assert (scores["tp"], scores["fp"], scores["fn"], scores["tn"]) == (tp, fp, fn, pairs.count((0, 0)))
    assert math.isclose(scores["accuracy"], sum(t == d for t, d in pairs) / 12)
    assert math.isclose(scores["f1_all_used"], 2 * sum(truth) / (12 + sum(truth)))
    assert ("precision" in scores) == (tp + fp > 0)
    assert all(math.isfinite(value) for value in scores.values())


def test_row_order_line_ends_and_padding_change_nothing():
    """Participants' editors differ: the same answers have the same figures to the last digit."""
    decisions = {name: int(n < 8) for n, name in enumerate(IDS)}
    rows = [f" {name} ,\t{decision}" for name, decision in decisions.items()]
    random.Random(1).shuffle(rows)
    reference = Reference(TRUTH, {})
    other = judge("\r\n".join(rows).encode(), reference, QUICK)
    assert flat_scores(other) == flat_scores(judged(decisions))


def test_perfect_and_inverted_answers_and_their_p():
    """Protects the polarity: 1 is used, and the test against chance is one-sided."""
    perfect, inverted = judged(TRUTH), judged({name: 1 - used for name, used in TRUTH.items()})
    assert flat_scores(perfect)["f1"] == 1.0
    assert flat_scores(inverted)["f1"] == 0.0
    assert perfect.p < 0.05 < 0.9 < inverted.p


def test_intervals_are_by_group_where_images_share_groups():
    """Twelve images of two patients are not twelve independent ones."""
    groups = {name: f"patient {n // 6}" for n, name in enumerate(IDS)}
    alone = flat_scores(judged(TRUTH | {IDS[0]: 1}))
    shared = judged(TRUTH | {IDS[0]: 1}, groups=groups)
    assert flat_scores(shared)["groups"] == 2
    figure = shared.evaluation.figures["accuracy"]
    assert flat_scores(shared)["accuracy_low"] == figure.group_low != figure.low == alone["accuracy_low"]


def test_every_fault_has_its_line_and_nothing_is_scored():
    """A participant mends the file at once, and a broken file is never ranked."""
    bad = b"real_unknown_0001,1\nreal_unknown_0002,maybe\nreal_unknown_0001,0\nstranger,1\nreal_unknown_0003;1\n"
    found = judge(bad, Reference(TRUTH, {}), QUICK)
    lines = fault_lines(found.report, "run.csv")
    assert lines[0] == "run.csv: not valid, 5 faults"
    for line, code in ((2, "E4"), (3, "E3"), (4, "E2"), (5, "E1"), (5, "E5")):
        assert any(text.startswith(f"  line {line}: {code}: ") for text in lines), (line, code)
    assert sum("stops here" in text for text in lines) == 1
    with pytest.raises(ValueError, match="no scores"):
        flat_scores(found)


def test_the_official_metric_comes_first_and_the_leaderboard_reads_what_is_written():
    """Codabench ranks by column 0 and looks scores up by key: a key that is not written leaves the column empty."""
    worst = flat_scores(judged(dict.fromkeys(IDS, 0)))
    best = flat_scores(judged(TRUTH))
    columns = leaderboard_columns()
    assert next(iter(best)) == columns[0]["key"] == "f1"
    assert [column["index"] for column in columns] == list(range(len(columns)))
    assert {column["key"] for column in columns} <= set(worst) & set(best)
    assert [column["key"] for column in columns if column["sorting"] == "asc"] == ["f1_p"]


@given(st.dictionaries(st.sampled_from(["f1", "f1_p", "n"]), st.floats(0, 1) | st.integers(0, 999)))
def test_scores_txt_is_yaml_of_numbers(scores):
    """Codabench reads scores.txt with a YAML 1.1 parser, to which 1e-05 is text."""
    read = yaml.safe_load(scores_text(scores)) or {}
    assert list(read) == list(scores)
    for name, value in scores.items():
        assert isinstance(read[name], int | float)
        assert abs(read[name] - value) <= 5.1e-7


def test_prototext_is_a_list_of_measures():
    """TIRA's reader splits at 'measure {' and allows one colon a line."""
    text = prototext(flat_scores(judged(TRUTH)))
    assert text.startswith('measure {\n  key: "F1"\n  value: "1.0"\n}\n')
    assert text.count("measure {") == text.count("key:") == text.count("value:") == len(flat_scores(judged(TRUTH)))
    assert all(line.count(":") <= 1 for line in text.splitlines())


def test_the_page_escapes_what_a_participant_wrote():
    """The page is shown to other people on the platform: a file name or a line must not become markup."""
    attack = "<script>alert(1)</script>"
    page = detailed_page(judge(f"{attack},1\n".encode(), Reference(TRUTH, {}), QUICK), f"{attack}.csv")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "2 faults, no score" in " ".join(page.split())


def test_the_page_of_a_valid_submission_names_no_image():
    """The truth of single images must not leave the scoring program."""
    page = detailed_page(judged(TRUTH | {IDS[0]: 1}), "run.csv")
    assert "F1 0.9231" in " ".join(page.split())
    assert "real_unknown" not in page


def test_no_truth_is_an_error():
    """An unknown truth scores nobody."""
    with pytest.raises(InputError, match="truth: unknown"):
        Reference({}, {})
