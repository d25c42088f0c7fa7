"""What a report says can not be concluded."""

from ganprint.audit.report.limits import limits_of


def limits(images, groups, profile="paper", **more):
    inference = {"splits": {"test": {"n": images, "positives": images // 2, "groups": groups}}}
    return limits_of(profile, inference, {"splits": {}}, **more)


def test_images_without_groups_are_said_to_count_as_patients():
    """Who names no patients is told that intervals take every image as one."""
    (said,) = [line for line in limits(20, 20) if "patient of its own" in line]
    assert said.startswith("Test split: every image counts as a patient of its own.")


def test_images_with_groups_are_not():
    """Where some images share a group, groups.csv was read, and the intervals are by patient."""
    assert not [line for line in limits(20, 19) if "patient of its own" in line]


def test_other_networks_than_the_papers_are_named():
    """Protects "ResNet-50 of the paper": torchvision's features under profile paper are said to be others."""
    (said,) = [line for line in limits(20, 20, other_networks=["svm-as-written"]) if "Keras" in line]
    assert said.startswith("svm-as-written: the paper took these features from Keras' ResNets")
    assert not [line for line in limits(20, 20) if "Keras" in line]
    (said,) = [line for line in limits(20, 20, "small", other_networks=["svm-as-written"]) if "Profile small" in line]
    assert "is not the paper's setting" in said


def test_a_search_on_the_development_split_is_told():
    """Protects development figures of runs that a study put there: the search behind them is named with its size."""
    (said,) = [line for line in limits(20, 20, studies={"features": 81}) if "Study" in line]
    assert said.startswith("Study features tried 81 candidates on the development split.")
