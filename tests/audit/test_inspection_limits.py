"""What an inspection says that it can not say: who can be called out at all."""

import numpy as np
import pytest

from ganprint.audit.inspection.limits import limits_of
from ganprint.audit.inspection.reference import Beside, answer_images


def of_single_images(groups, images, level=0.05):
    (said,) = [line for line in limits_of(groups, images, level, named=True) if "p value is below" in line]
    return said


def called_out(groups, images, copies, level=0.05):
    """Images called out when ``copies`` of the real ones score above every reference image."""
    real = np.repeat([1, 0], [images, groups]).astype(np.int8)
    scores = np.concatenate([np.full(copies, 2.0), np.zeros(images - copies), np.ones(groups)])
    names = np.arange(len(real)).astype(str)
    answers = answer_images(scores, Beside(real, names, 1 - level, 100, 99, 0))
    return int((answers.false_discovery <= level).sum()), int((answers.holm <= level).sum())


@pytest.mark.parametrize(("groups", "images"), [(10, 30), (18, 1), (19, 1), (19, 2), (40, 30), (99, 5), (99, 6)])
def test_what_is_said_of_single_images_is_what_the_corrections_do(groups, images):
    """Nobody may read "none was called out" as comfort where none could be; the limit said is the one that holds."""
    said = of_single_images(groups, images)
    assert f"below 1 in {groups + 1}," in said
    possible = [copies for copies in range(1, images + 1) if called_out(groups, images, copies)[0]]
    if not possible:
        assert "none could be called out at level 0.05" in said
        assert "It takes 19 scored" in said
    elif possible[0] == 1:
        assert said.endswith("whatever its score.")
        assert called_out(groups, images, 1)[1] == 1
    else:
        assert f"no fewer than {possible[0]} together" in said
        assert not any(called_out(groups, images, copies)[1] for copies in possible)


def test_groups_and_references_that_are_missing_are_said():
    """Without groups p values are too small, without reference images there are none."""
    assert any("patient of its own" in line for line in limits_of(10, 10, 0.05, named=False))
    assert not any("patient of its own" in line for line in limits_of(10, 10, 0.05, named=True))
    assert any("Without reference" in line for line in limits_of(0, 10, 0.05, named=True))
