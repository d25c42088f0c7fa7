"""The phantom as a whole, at a size that takes seconds."""

import io
import math
import re

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ganprint.corpus.phantom import PhantomCorpus, build_phantom, cast, phantom_base
from ganprint.params import PhantomParameters

TINY = PhantomParameters(
    size=64,
    development_patients=7,
    test_patients=6,
    slices_per_patient=2,
    other_patients=7,
    generated_development=5,
    generated_test=8,
    memorisation=0.5,
    autoencoder_steps=4,
    autoencoder_batch=2,
    autoencoder_width=8,
    moved_copies=1,
    generator_steps_least=3,
    generator_steps_most=6,
    generator_width=32,
    generator_batch=16,
    sampling_steps=3,
)
SEED = 11


@pytest.fixture(scope="module")
def corpus() -> PhantomCorpus:
    return build_phantom(TINY, SEED)


def test_same_seed_same_bytes_whatever_the_threads(corpus: PhantomCorpus) -> None:
    """Protects determinism: the same corpus twice, and no result may depend on the number of threads."""
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1 if threads > 1 else 2)
        assert build_phantom(TINY, SEED) == corpus
    finally:
        torch.set_num_threads(threads)
    assert build_phantom(TINY, SEED + 1).images[0].png != corpus.images[0].png


def test_one_base_serves_every_strength_of_the_leak(corpus: PhantomCorpus) -> None:
    """Protects the study of leaks: a shared base gives the very corpora that are built alone, in any order."""
    base = phantom_base(TINY.model_copy(update={"memorisation": 0.9}), SEED)
    for level in (1.0, 0.0, TINY.memorisation):
        assert base.phantom(level) == build_phantom(TINY.model_copy(update={"memorisation": level}), SEED)
    assert base.phantom(TINY.memorisation) == corpus


def test_global_chance_and_threads_are_left_alone() -> None:
    """Protects callers: neither PyTorch's global generator nor its thread count may change."""
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    build_phantom(TINY, SEED)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_ids_roles_and_counts(corpus: PhantomCorpus) -> None:
    """Protects the official layout's names: used_0001, not_used_0001, real_unknown_0001, generated_00001."""
    by_kind: dict[tuple[str, str, str], list[str]] = {}
    for image in corpus.images:
        by_kind.setdefault((image.split, image.role, image.membership), []).append(image.id)
    used = by_kind["development", "real", "used"]
    not_used = by_kind["development", "real", "not_used"]
    assert len(used) + len(not_used) == 14
    assert used == [f"used_{n:04d}" for n in range(1, len(used) + 1)]
    assert not_used == [f"not_used_{n:04d}" for n in range(1, len(not_used) + 1)]
    assert by_kind["test", "real", "unknown"] == [f"real_unknown_{n:04d}" for n in range(1, 13)]
    assert by_kind["development", "generated", ""] == [f"generated_{n:05d}" for n in range(1, 6)]
    assert by_kind["test", "generated", ""] == [f"generated_{n:05d}" for n in range(1, 9)]
    assert len(corpus.images) == 14 + 12 + 5 + 8


def test_truth_belongs_to_patients(corpus: PhantomCorpus) -> None:
    """Protects the unit of the coin: all slices of a patient share their membership, and only test ids have a truth."""
    test_real = [image for image in corpus.images if image.split == "test" and image.role == "real"]
    assert set(corpus.truth) == {image.id for image in test_real}
    per_patient: dict[str, set[int]] = {}
    for image in test_real:
        per_patient.setdefault(image.group, set()).add(corpus.truth[image.id])
    assert len(per_patient) == 6
    assert all(len(answers) == 1 for answers in per_patient.values())
    assert set(corpus.truth.values()) == {0, 1}


def test_images_are_grey_png_of_the_size(corpus: PhantomCorpus) -> None:
    """Protects the stored format: 8-bit grey, the stated size, no metadata, none of them empty."""
    for image in corpus.images:
        with Image.open(io.BytesIO(image.png)) as opened:
            assert (opened.format, opened.mode, opened.size) == ("PNG", "L", (64, 64))
            assert not opened.info
            assert np.asarray(opened).std() > 1
        assert (image.width, image.height) == (64, 64)


def test_group_names_are_opaque(corpus: PhantomCorpus) -> None:
    """Protects against a leak by name: numbers run over both splits in an order that the split does not give."""
    groups = {image.group: image.split for image in corpus.images if image.role == "real"}
    assert sorted(groups) == [f"patient_{n:03d}" for n in range(1, 14)]
    in_order = [groups[name] for name in sorted(groups)]
    assert in_order != sorted(in_order)
    assert in_order != sorted(in_order, reverse=True)
    assert all(image.group == "" for image in corpus.images if image.role == "generated")


def _with_other_coins(monkeypatch: pytest.MonkeyPatch, parameters: PhantomParameters) -> PhantomCorpus:
    true_coins = cast._coins
    monkeypatch.setattr(cast, "_coins", lambda *axes: ~true_coins(*axes))
    return build_phantom(parameters, SEED)


def test_coins_move_no_pixel_and_no_order(corpus: PhantomCorpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects the split from bias by construction: with every coin turned, the same real images come in the same
    order under the same patients' names.
    """
    turned = _with_other_coins(monkeypatch, TINY)

    def real(of: PhantomCorpus, split: str) -> list[tuple[bytes, str]]:
        return [(i.png, i.group) for i in of.images if i.split == split and i.role == "real"]

    assert real(turned, "test") == real(corpus, "test")
    assert sorted(real(turned, "development")) == sorted(real(corpus, "development"))
    assert turned.truth == {name: 1 - answer for name, answer in corpus.truth.items()}


@pytest.mark.parametrize(("memorisation", "same"), [(0.0, True), (0.5, False)])
def test_null_holds_by_construction(memorisation: float, same: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects the null: at dial 0 the generated images are the same bytes whatever the coins; above 0 they are not."""
    parameters = TINY.model_copy(update={"memorisation": memorisation})
    before = [i.png for i in build_phantom(parameters, SEED).images if i.role == "generated"]
    after = [i.png for i in _with_other_coins(monkeypatch, parameters).images if i.role == "generated"]
    assert (before == after) is same


def test_more_patients_change_no_other(corpus: PhantomCorpus) -> None:
    """Protects the seeds' axes: patients added to a split leave those that were there as they are."""
    larger = build_phantom(TINY.model_copy(update={"development_patients": 9, "test_patients": 8}), SEED)
    before = {image.png for image in corpus.images if image.role == "real"}
    assert before < {image.png for image in larger.images if image.role == "real"}


def test_progress_reaches_every_total() -> None:
    """Protects the progress bar: each step counts up to its total and is named as documented."""
    last: dict[str, tuple[int, int]] = {}

    def progress(step: str, done: int, total: int) -> None:
        assert done == last.get(step, (0, 0))[0] + 1
        last[step] = (done, total)

    build_phantom(TINY, SEED, progress)
    assert list(last) == ["patients", "other patients", "autoencoder", "generator", "samples"]
    assert all(done == total for done, total in last.values())


def test_coins_are_fair_and_independent() -> None:
    """Protects the one-run audit's assumption: over many seeds the coins are even, and neighbours do not agree more
    often than chance (bounds at four standard errors).
    """
    coins = np.array([cast._coins(seed, "test", 40) for seed in range(100)])
    assert abs(coins.mean() - 0.5) < 4 * 0.5 / math.sqrt(coins.size)
    agree = coins[:, 1:] == coins[:, :-1]
    assert abs(agree.mean() - 0.5) < 4 * 0.5 / math.sqrt(agree.size)


def _statistics(grey: np.ndarray) -> list[float]:
    return [grey.mean(), grey.std(), *np.percentile(grey, [10, 50, 90]), np.abs(np.diff(grey)).mean()]


def test_blind_statistics_find_nothing() -> None:
    """Protects against split bias: simple image statistics, cross-validated by patient, stay near chance on average
    over five draws of the coins (the bound is four standard errors of an AUC of 24 against 24 patients, halved by
    the five draws).
    """
    patients = [cast.patient_slices(5, "development", number, 1, 64)[0] for number in range(48)]
    statistics = np.array(
        [
            [s.mean(), s.std(), *np.percentile(s, [10, 50, 90]), np.abs(np.diff(s.astype(float))).mean()]
            for s in patients
        ]
    )
    areas = []
    for seed in range(5):
        coins = np.array([member.used for member in cast.draw_cast(seed, 48, 4)][:48])
        model = make_pipeline(StandardScaler(), LogisticRegression())
        scores = cross_val_predict(
            model, statistics, coins, groups=np.arange(48), cv=GroupKFold(6), method="decision_function"
        )
        areas.append(roc_auc_score(coins, scores))
    assert abs(np.mean(areas) - 0.5) < 4 * 0.083 / math.sqrt(5)


def test_ids_match_the_official_pattern(corpus: PhantomCorpus) -> None:
    """Protects the submission's ids: lower case, digits, no extension."""
    assert all(re.fullmatch(r"[a-z_]+_\d{4,5}", image.id) for image in corpus.images)
