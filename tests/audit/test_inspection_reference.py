"""Real beside reference images: what is said of a column that was chosen among many."""

import numpy as np

from ganprint.audit.inspection.reference import Beside, minus_blind
from ganprint.evaluate.weighted import weighted_auc

COLUMNS, STUDIES, SHIFT = 20, 200, 1.2


def test_the_best_of_many_columns_is_not_better_than_the_blind_answer_by_being_chosen():
    """Reference images unlike the real ones: all columns see that just as the answer that looks at no generated image.

    The best of them seems better for being chosen; at the level of one column that would be called a leak too often.
    """
    rng = np.random.default_rng(7)
    real = np.repeat(np.array([1, 0], dtype=np.int8), 60)
    groups = np.arange(len(real)).astype(np.str_)
    called = {1: 0, COLUMNS: 0}
    for study in range(STUDIES):
        blind, *columns = rng.standard_normal((1 + COLUMNS, len(real))) + SHIFT * real
        best = max(columns, key=lambda scores: weighted_auc(np.ones((1, len(real))), real, scores)["roc_auc"][0])
        for tried in called:
            found = minus_blind(best, blind, Beside(real, groups, 0.95, 1000, 99, study), tried=tried)
            called[tried] += found is not None and found[1] > 0
    assert called[1] > 0.12 * STUDIES
    assert called[COLUMNS] <= 0.06 * STUDIES
