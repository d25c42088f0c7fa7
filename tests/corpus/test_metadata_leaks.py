"""Columns that give the answer away, or the way to it, are refused; honest ones pass."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ganprint.corpus.metadata import ImageKey, check_metadata, read_metadata
from ganprint.corpus.metadata_form import parse_table
from ganprint.corpus.metadata_leaks import find_leak
from ganprint.corpus.metadata_names import name_reason, names_date
from ganprint.errors import InputError


def corpus():
    """40 real development images of 20 patients, 20 real test images of 10, 30 generated ones."""
    images = []
    for number in range(1, 21):
        images.append(ImageKey("development", "real", f"used_{number}", "used", f"p{number % 10}"))
        images.append(ImageKey("development", "real", f"not_used_{number}", "not_used", f"p{10 + number % 10}"))
        images.append(ImageKey("test", "real", f"real_unknown_{number}", "unknown", f"p{20 + number % 10}"))
    for number in range(1, 16):
        images.append(ImageKey("development", "generated", f"generated_{number}", "", ""))
        images.append(ImageKey("test", "generated", f"generated_{number}", "", ""))
    return images


IMAGES = corpus()
RNG = np.random.default_rng(7)
NOISE = dict(zip(IMAGES, RNG.normal(size=len(IMAGES)).round(4), strict=True))
COIN = dict(zip(IMAGES, RNG.integers(0, 2, len(IMAGES)), strict=True))
AGES = dict(zip(sorted({image.group for image in IMAGES}), RNG.integers(40, 70, 31), strict=True))


def number_of(image):
    return int(image.id.rpartition("_")[2])


def used(image):
    return image.membership == "used"


def check(value, name="x", allow=()):
    """Check a column whose cell of each image a function gives; an image with None has no line."""
    lines = [f"{image.id},{image.split},{image.role},{cell}" for image in IMAGES if (cell := value(image)) is not None]
    table = parse_table(Path("given.csv"), "\n".join([f"id,split,role,{name}", *lines]).encode())
    return check_metadata(table, IMAGES, allow)


HONEST = {
    "a measure": NOISE.get,
    "a code": COIN.get,
    "a category": lambda image: "fm"[COIN[image]],
    "a measure with gaps": lambda image: NOISE[image] if COIN[image] else "",
    "a trait that goes with the answer, as traits may": lambda image: NOISE[image] + used(image),
    "the same for all": lambda image: 5,
    "an age: one for all slices of a patient": lambda image: AGES[image.group],
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_columns_pass(name):
    """A check that refuses everything would be of no use."""
    assert len(check(HONEST[name])) == len(IMAGES)


ALWAYS = [
    ("holds names of files or images", lambda image: f"scans/{image.id}"),
    (r"holds names of files or images \(first 'a[12]\.PNG'", lambda image: f"a{COIN[image] + 1}.PNG"),
    ("holds hashes or identifiers", lambda image: f"{number_of(image):032x}"),
    (r"holds hashes or identifiers \(first '1\.2\.840", lambda image: f"1.2.840.113619.{COIN[image]}"),
]


@pytest.mark.parametrize(("reason", "value"), ALWAYS)
def test_what_can_be_no_trait_is_refused_in_any_case(reason, value):
    """Allowing the column does not help."""
    for allow in ([], ["x"]):
        with pytest.raises(InputError, match=f"given.csv: column 'x' is refused: it {reason}.*; remove it") as caught:
            check(value, allow=allow)
        assert "metadata_allow" not in str(caught.value)


def test_too_many_categories_are_refused():
    """Each would be a column; so many texts are names."""
    with pytest.raises(InputError, match=r"column 'x' is refused: it has 35 different texts.*; remove it"):
        check(lambda image: f"t {number_of(image)} {image.role if image.role == 'generated' else ''}")


LEAKS = [
    (r"holds dates or times \(first '2021-0", lambda i: f"2021-0{1 + COIN[i]}-03"),
    (r"holds dates or times \(first '2021-0.-01 1", lambda i: f"2021-0{1 + COIN[i]}-01 1{COIN[i]}:00"),
    (r"holds dates or times \(first '2021010", lambda i: f"2021010{1 + COIN[i]}"),
    (r"holds dates or times \(first '1\.2\.202", lambda i: f"1.2.202{COIN[i]}"),
    (r"holds dates or times \(first '17000", lambda i: 1_700_000_000 + 5 * COIN[i]),
    (r"holds dates or times \(first '17000[0-9]+\.5", lambda i: f"{1_700_000_000_000 + 5 * COIN[i]}.5"),
    ("is another text or whole number for each image", lambda i: IMAGES.index(i) * 37 % 97),
    ("is another text or whole number for each group", lambda i: 7 * int(i.group[1:]) % 31 if i.group else None),
    ("follows the order of the ids .*rank correlation 1.000", lambda i: number_of(i) * 1.5),
    ("follows the order of the ids .*rank correlation -1.000", lambda i: 1 / number_of(i)),
    (
        "follows the order of the ids .*rank correlation 0.99",
        lambda i: {3: 4.5, 4: 3.5}.get(number_of(i), number_of(i) + 0.5),
    ),
    ("is known of [1-9][0-9]% of the used and of 0% of the not", lambda i: 1 if COIN[i] and i.id[0] != "n" else ""),
    ("is known of 100% of the real dev.* and of 0% of the real test", lambda i: None if i.id[0] == "r" else COIN[i]),
    ("is known of 100% of the real and of 0% of the generated", lambda i: None if i.id[0] == "g" else COIN[i]),
    ("s values tell the real development from the real test", lambda i: f"{i.split[:3]}{COIN[i]}"),
]


LABELS = [
    ("is known of 100% of the used and of 0% of the not used", lambda i: "" if i.id[0] == "n" else COIN[i]),
    ("is known of 0% of the used and of 100% of the not used", lambda i: "" if used(i) else COIN[i]),
    ("s values tell the used from the not used", lambda i: NOISE[i] / 100 + used(i)),
    ("s values tell the used from the not used", lambda i: -NOISE[i] / 100 - used(i)),
    ("s values tell the used from the not used", lambda i: "ab"[used(i) if i.id[0] in "nu" else COIN[i]]),
    ("s values tell the used from the not used", lambda i: (2 * COIN[i] + used(i)) if i.id[0] in "nu" else COIN[i]),
    # What would be refused for another reason, too, and could be allowed if that were all.
    ("s values tell the used from the not used", lambda i: None if i.id[0] == "g" else used(i) + NOISE[i] / 100),
    ("s values tell the used from the not used", lambda i: 100 * (i.id[0] == "u") + number_of(i)),
    ("is known of 100% of the used and of 0% of the not used", lambda i: number_of(i) * 1.5 if used(i) else None),
]


@pytest.mark.parametrize("allow", [[], ["x"]], ids=["as it is", "allowed"])
@pytest.mark.parametrize(("reason", "value"), LABELS)
def test_what_tells_the_label_beyond_chance_is_refused_whatever_is_allowed(reason, value, allow):
    """Protects the audit: an allowance for an age of real images alone must not let the answer in."""
    with pytest.raises(InputError, match=f"column 'x' is refused: (as days, )?it'?s? ?{reason}.*; remove it") as caught:
        check(value, allow=allow)
    assert "metadata_allow" not in str(caught.value)


def test_allowed_dates_must_not_tell_the_label():
    """Protects from scans of used images that are older: as days they are a number that tells."""
    with pytest.raises(InputError, match=r"column 'x' is refused: as days, its values tell the used .*; remove it"):
        check(lambda i: f"20{10 + 5 * used(i)}-0{1 + COIN[i]}-0{1 + number_of(i) % 9}", allow=["x"])


def test_what_may_be_chance_can_be_allowed():
    """Protects honest columns of few patients: three against three are in order once in ten tables."""
    few = {image: AGES[image.group] for image in IMAGES if image.group in {"p1", "p2", "p3"}}
    few |= {image: 20 + place for place, image in enumerate(i for i in IMAGES if i.group in {"p11", "p12", "p13"})}
    with pytest.raises(InputError, match=r"tell the used from the not used .*name it under corpus\.metadata_allow"):
        check(lambda image: few.get(image, "" if image.membership in {"used", "not_used"} else COIN[image]))
    check(lambda image: few.get(image, "" if image.membership in {"used", "not_used"} else COIN[image]), allow=["x"])


@pytest.mark.parametrize(("reason", "value"), LEAKS)
def test_what_looks_like_a_leak_is_refused(reason, value):
    """The line names file, column, reason and the way to let it through knowingly."""
    expected = f"given.csv: column 'x' is refused: it'?s? ?{reason}.*; name it under corpus.metadata_allow"
    with pytest.raises(InputError, match=expected):
        check(value)


@pytest.mark.parametrize(("reason", "value"), [leak for leak in LEAKS if "dates" not in leak[0]])
def test_what_is_allowed_passes_as_it_is(reason, value):
    """The user answers for it."""
    del reason
    given = check(value, allow=["x"])
    assert given["x"].tolist()[0] == str(value(next(i for i in IMAGES if i[:3] == tuple(given.iloc[0, :3]))))


def test_one_image_that_differs_does_not_hide_a_label():
    """99 of 100 are as good as all: here one of 20 used images in 400 pairs."""
    swapped = {IMAGES[0]: 0.5}
    with pytest.raises(InputError, match="tell the used"):
        check(lambda image: swapped.get(image, used(image) + NOISE[image] / 100))


def patients(number, slices, rng=None):
    """Real development images of so many patients, half of them used, ids 0001 onwards; 50 generated images."""
    order = np.arange(number) if rng is None else rng.permutation(number)
    rows = [
        (
            "development",
            "real",
            f"{slices * patient + part + 1:04d}",
            "used" if place < number // 2 else "not_used",
            name,
        )
        for patient, place in enumerate(order)
        for part in range(slices)
        for name in [f"p{patient}"]
    ]
    rows += [("development", "generated", f"g{made:04d}", "", "") for made in range(50)]
    return pd.DataFrame(rows, columns=["split", "role", "id", "membership", "group"], dtype=str)


def leak(images, cells):
    found = find_leak(images, pd.Series([str(cell) for cell in cells], dtype=str))
    return found.reason if found else ""


def innocent(images, rng):
    """Columns that know nothing of the membership."""
    every = len(images)
    person = pd.factorize(images["group"].where(images["group"] != "", images["id"]))[0]
    people = person.max() + 1
    ages = rng.normal(60, 12, people).round().astype(int).clip(18, 95)
    measure = rng.normal(60, 10, every)
    yield "normal, full precision", [repr(float(number)) for number in measure]
    yield "normal, one decimal", [f"{number:.1f}" for number in measure]
    yield "normal, by patient", [f"{number:.3f}" for number in rng.normal(size=people)[person]]
    yield "whole ages, by patient", ages[person]
    yield "whole numbers among the ids", [f"{number:.0f}" for number in 1000 + 10 * measure]
    yield "three values", rng.integers(1, 4, every)
    yield "five values, by patient", rng.integers(0, 5, people)[person]
    yield "normal, 10 % known", np.where(rng.random(every) < 0.1, measure.round(2).astype(str), "")
    yield "ages, of 30 % of patients", np.where((rng.random(people) < 0.3)[person], ages[person].astype(str), "")


def refusals(number, slices, draws, seed=1):
    """How many of so many draws of each innocent column are refused."""
    refused, rng = Counter(), np.random.default_rng(seed)
    for _ in range(draws):
        images = patients(number, slices, rng)
        for name, cells in innocent(images, rng):
            refused[name] += leak(images, cells) != ""
    return refused


@pytest.mark.parametrize("shape", [(40, 4), (200, 1)])
def test_columns_that_know_nothing_are_rarely_refused(shape):
    """What is looked for in many ways is found by chance too; an age of few patients may be, and can be allowed."""
    refused = refusals(*shape, draws=20)
    assert len(refused) == 9
    assert refused.pop("ages, of 30 % of patients") <= 1
    assert not any(refused.values())


@pytest.mark.parametrize("shape", [(40, 4), (200, 1)])
def test_a_trait_that_is_right_in_9_of_10_passes(shape):
    """Cutting the overlap of the sides into small pieces must not turn a trait into a perfect one."""
    rng = np.random.default_rng(3)
    for _ in range(10):
        images = patients(*shape, rng)
        assert leak(images, rng.normal(size=len(images)) + 2.6 * (images["membership"] == "used")) == ""


def outside(used, rng):
    return (
        rng.choice([-1, 1], used.size) * np.where(used, 11 + 9 * rng.random(used.size), 10 * rng.random(used.size))
    ).round(2)


def striped(used, rng):
    return (3.7 * (2 * rng.integers(0, 3, used.size) + used) + 3.3 * rng.random(used.size)).round(3)


def even_or_odd(used, rng):
    return 100 * rng.integers(1, 60, used.size) + 2 * rng.integers(0, 5, used.size) + used


def last_decimal(used, rng):
    return (rng.integers(200, 900, used.size) + 0.3 + 0.4 * used) / 10


def odd_thousands(used, rng):
    return 2000 * rng.integers(1, 60, used.size) + 1000 * used + 900 * rng.random(used.size)


def coded(used, rng):
    codes = rng.permutation(16)
    return codes[np.where(used, rng.integers(0, 8, used.size), rng.integers(8, 16, used.size))]


HIDDEN = {
    outside: "intervals of its values tell",
    striped: "intervals of its values tell",
    even_or_odd: "digits or repeated values tell",
    last_decimal: "digits or repeated values tell",
    odd_thousands: "digits or repeated values tell",
    coded: "values tell",
}


@pytest.mark.parametrize("shape", [(40, 4), (100, 1)])
@pytest.mark.parametrize("value", HIDDEN)
def test_labels_hidden_from_the_order_of_values_are_found(value, shape):
    """Each lets a decision tree tell all images, while the ROC AUC of the value itself is near 1/2."""
    rng = np.random.default_rng(5)
    images = patients(*shape, rng)
    cells = value((images["membership"] == "used").to_numpy(), rng)
    assert HIDDEN[value] in leak(images, cells)
    first, other = (np.flatnonzero(images["membership"] == side)[0] for side in ("used", "not_used"))
    cells[first] = cells[other]
    assert "tell" in leak(images, cells) or value is coded  # one wrong image does not hide it


def test_presence_is_not_saved_by_too_few_values_to_compare():
    """Known of all used images and of 3 others: the values of 3 are not compared, so presence has to tell."""
    images = patients(25, 4, np.random.default_rng(2))
    noise = np.random.default_rng(4).random(len(images)).round(3).astype(str)
    others = images["membership"] == "not_used"
    kept = ~others | (others.cumsum() <= 3)
    assert leak(images, np.where(kept, noise, "")).startswith("it is known of 100% of the used and of 6%")


def test_a_number_must_be_the_id_and_not_contain_it():
    """Digits of a measure contain ids by chance, and what names a file can not be allowed."""
    images = patients(100, 2)
    numbers = images["id"].str.extract("([0-9]+)")[0]
    assert leak(images, "61.3" + numbers).startswith("it follows the order")
    rng = np.random.default_rng(6)
    half = np.where(
        np.arange(len(images)) % 20 < 13, numbers.astype(int).astype(str), rng.integers(1, 99, len(images)).astype(str)
    )
    assert leak(images, half).startswith("it holds names of files or images")
    rare = np.where(np.arange(len(images)) % 20 < 3, numbers, rng.integers(1, 99, len(images)).astype(str))
    assert leak(images, rare) == ""
    assert leak(images, "scan " + images["id"]).startswith("it holds names of files or images")


def test_ages_of_few_patients_are_no_identifier():
    """Ten ages are all different in every third table; a text for each of ten patients still is an identifier."""
    images = patients(10, 4, np.random.default_rng(1))[:40]
    ages = [63, 71, 55, 48, 80, 66, 59, 77, 62, 70]
    assert leak(images, np.repeat(ages, 4)) == ""
    assert "for each group" in leak(images, [f"ward {age}" for age in np.repeat(ages, 4)])
    many = patients(25, 2, np.random.default_rng(1))[:50]
    assert "for each group" in leak(many, np.repeat(np.random.default_rng(0).permutation(25) + 40, 2))


def test_allowed_dates_become_days():
    """A number of days is a trait of a recording that can be computed with; other ways to write dates are refused."""
    dates = ("1970-01-02", "19700111")
    given = check(lambda image: dates[COIN[image]], allow=["x"])
    assert set(given["x"]) == {"1.0", "10.0"}
    for cell in ("1.2.2020", "1700000000"):
        with pytest.raises(InputError, match=f"column 'x' has '{cell}' among its dates; write all as YYYY-MM-DD"):
            check(lambda image, cell=cell: cell, allow=["x"])


LABELS = (
    "label Labels imageLabel LABEL_2 used isUsed is_used NotUsed was-used ever.used membership IsMember target Truth"
)
LABELS += " dev is_dev dev_std std_dev_used contrast_used"
LABELS += " ground_truth gt data_split"
LABELS += " kfold fold1 train isTrain training test in_test ｌａｂｅｌ lábel real fake class y score"
FILES = (
    "file FileName file_path path fileSize png_bytes bytes md5 sha256 hash uuid patient_id ID SeriesInstanceUID index"
)
TIMES = "mtime ctime file_date modified created_at FileDate"
FREE = "age sex kvp exposure_time strain_index constraint slice_thickness manufacturer focused dose_gy idea"
FREE += " std_dev stdDev hu_standard_dev caused pathology profile grade site height mean_hu"


@pytest.mark.parametrize("name", [*LABELS.split(), "is used"])
def test_names_of_labels_are_refused_in_any_case_and_wording(name, tmp_path):
    """Before any value is looked at."""
    (tmp_path / "m.csv").write_text(f"id,{name}\n")
    with pytest.raises(InputError, match=r"m\.csv: column '.*' is refused: its name says that it holds labels"):
        read_metadata(tmp_path / "m.csv")


@pytest.mark.parametrize("name", [*FILES.split(), *TIMES.split()])
def test_names_of_files_their_dates_and_identifiers_are_refused(name):
    """What a file is called, when it was written and how large it is says nothing of a slice."""
    assert "its name says that it holds" in (name_reason(name) or "")


@pytest.mark.parametrize("name", FREE.split())
def test_other_names_are_free(name):
    """Words that only contain a refused one."""
    assert name_reason(name) is None


def test_a_name_that_speaks_of_dates_needs_permission():
    """Even where its values are small numbers."""
    assert names_date("StudyDate")
    assert not names_date("exposure_time")
    with pytest.raises(InputError, match="its name says that it holds dates or times; name it under"):
        check(COIN.get, name="study_year")
    assert set(check(COIN.get, name="study_year", allow=["study_year"])["study_year"]) == {"0", "1"}
