"""Columns that give the answer away, or the way to it, are refused; honest ones pass."""

from pathlib import Path

import numpy as np
import pytest

from ganprint.corpus.metadata import ImageKey, check_metadata, read_metadata
from ganprint.corpus.metadata_form import parse_table
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
    ("is known of 100% of the used and of 0% of the not used", lambda i: "" if i.id[0] == "n" else COIN[i]),
    ("is known of 0% of the used and of 100% of the not used", lambda i: "" if used(i) else COIN[i]),
    ("is known of [1-9][0-9]% of the used and of 0% of the not", lambda i: 1 if COIN[i] and i.id[0] != "n" else ""),
    ("is known of 100% of the real dev.* and of 0% of the real test", lambda i: None if i.id[0] == "r" else COIN[i]),
    ("is known of 100% of the real and of 0% of the generated", lambda i: None if i.id[0] == "g" else COIN[i]),
    ("s values tell the used from the not used", lambda i: NOISE[i] / 100 + used(i)),
    ("s values tell the used from the not used", lambda i: -NOISE[i] / 100 - used(i)),
    ("s values tell the used from the not used", lambda i: "ab"[used(i) if i.id[0] in "nu" else COIN[i]]),
    ("s values tell the used from the not used", lambda i: (2 * COIN[i] + used(i)) if i.id[0] in "nu" else COIN[i]),
    ("s values tell the real development from the real test", lambda i: f"{i.split[:3]}{COIN[i]}"),
]


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
LABELS += (
    " ground_truth gt split kfold fold1 train isTrain training test in_test ｌａｂｅｌ lábel real fake class y score"
)
FILES = (
    "file FileName file_path path fileSize png_bytes bytes md5 sha256 hash uuid patient_id ID SeriesInstanceUID index"
)
TIMES = "mtime ctime file_date modified created_at FileDate"
FREE = "age sex kvp exposure_time strain_index constraint slice_thickness manufacturer focused dose_gy idea"
FREE += " caused pathology profile grade site height mean_hu"


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
