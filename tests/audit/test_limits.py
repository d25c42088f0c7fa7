"""What a report says can not be concluded."""

from ganprint.audit.report.limits import limits_of


def limits(images, groups):
    inference = {"splits": {"test": {"n": images, "positives": images // 2, "groups": groups}}}
    return limits_of("paper", inference, {"splits": {}})


def test_images_without_groups_are_said_to_count_as_patients():
    """Who names no patients is told that intervals take every image as one."""
    (said,) = [line for line in limits(20, 20) if "patient of its own" in line]
    assert said.startswith("Test split: every image counts as a patient of its own.")


def test_images_with_groups_are_not():
    """Where some images share a group, groups.csv was read, and the intervals are by patient."""
    assert not [line for line in limits(20, 19) if "patient of its own" in line]
