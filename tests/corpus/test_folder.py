"""Folders in every known layout: recognised, listed in full, or refused with what is there."""

import os
from pathlib import Path

import pytest
from corpus_samples import PARTS, fill, png_of, slice_png

from ganprint.corpus.folder import images_of, scan
from ganprint.corpus.layouts import normalised
from ganprint.errors import InputError

COUNTS = {
    "development/real_used": 2,
    "development/real_not_used": 3,
    "development/generated": 4,
    "test/real_unknown": 2,
    "test/generated": 3,
}


@pytest.mark.parametrize("wrapper", ["", "hand-out", "hand-out/more"])
@pytest.mark.parametrize("layout", PARTS)
def test_every_layout_is_recognised(tmp_path, layout, wrapper):
    """The four layouts give the same parts, wrapped in other folders or not."""
    found = scan(fill(tmp_path, layout, wrapper=wrapper))
    assert found.layout == layout
    assert found.counts() == COUNTS
    assert found.left_out == ()
    memberships = [(image.part.split, image.part.role, image.part.membership) for image in found.images]
    assert memberships.count(("development", "real", "used")) == 2
    assert memberships.count(("development", "real", "not_used")) == 3
    assert memberships.count(("test", "real", "unknown")) == 2


@pytest.mark.parametrize("layout", PARTS)
def test_case_hyphens_and_blanks_do_not_matter(tmp_path, layout):
    """People rename folders; Real-Used and real_used are one."""
    fill(tmp_path / "given", layout)
    for folder, _, _ in list(os.walk(tmp_path / "given", topdown=False))[:-1]:
        path = Path(folder)
        path.rename(path.with_name(path.name.title().replace("_", "-")))
    found = scan(tmp_path / "given")
    assert (found.layout, found.counts()) == (layout, COUNTS)


def test_the_two_places_of_the_relation_network_code_are_merged(tmp_path):
    """train and validate together are the development split."""
    fill(tmp_path, "relation-network")
    extra = tmp_path / "validate" / "real_used"
    extra.mkdir()
    (extra / "used_9.png").write_bytes(slice_png(99))
    found = scan(tmp_path)
    used = [image.id for image in found.images if image.part.membership == "used"]
    assert used == ["used_1", "used_2", "used_9"]


def test_2023_test_images_may_lie_in_several_numbered_folders(tmp_path):
    """generated_1 and generated_2 are one part."""
    fill(tmp_path, "imageclef-2023")
    (tmp_path / "test/test_1/generated_2").mkdir()
    (tmp_path / "test/test_1/generated_2/generated_77.png").write_bytes(slice_png(77))
    assert scan(tmp_path).counts()["test/generated"] == 4


def test_ids_are_in_natural_order_without_padding(tmp_path):
    """Names need not be zero-padded: 2 comes before 10."""
    found = scan(fill(tmp_path, counts=(1, 1, 12, 1, 1)))
    ids = [image.id for image in found.images if image.part.name == "development/generated"]
    assert ids == [f"generated_{number}" for number in range(1, 13)]


def test_every_other_file_is_listed_with_its_reason(tmp_path):
    """Nothing is dropped silently; an upper-case extension is still a PNG."""
    fill(tmp_path)
    generated = tmp_path / "test/generated"
    (generated / "EXTRA_1.PNG").write_bytes(slice_png(1))
    others = {
        "README.md": "extension .md, not .png",
        "test/generated/photo.jpg": "extension .jpg, not .png",
        "test/generated/Thumbs.db": "extension .db, not .png",
        "test/generated/noext": "no extension",
        "test/generated/.hidden.png": "hidden",
        "__MACOSX/test/a.png": "hidden",
        "preview/a.png": "in a folder of no part",
        "a.png": "in a folder of no part",
        "test/generated/deeper/a.png": "in a folder of no part",
    }
    for path in others:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"x")
    found = scan(tmp_path)
    assert {item.path: item.reason for item in found.left_out} == others
    assert [item.path for item in found.left_out] == sorted(others)
    assert "EXTRA_1" in {image.id for image in found.images}


@pytest.mark.parametrize("layout", PARTS)
@pytest.mark.parametrize("part", range(5))
def test_a_missing_part_is_named_with_what_was_found(tmp_path, layout, part):
    """The message says what is lacking, where it was looked for, and which folders are there."""
    counts = [1, 1, 1, 1, 1]
    counts[part] = 0
    with pytest.raises(InputError) as caught:
        scan(fill(tmp_path, layout, counts=tuple(counts)))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}: not a complete corpus")
    assert list(COUNTS)[part] in message
    assert "looked for" in message
    assert f"{PARTS[layout][part]} (0 PNG)" in message
    assert "\n" not in message


def test_missing_generated_test_images_are_explained(tmp_path):
    """Without them no comparator can run, and the message says so."""
    with pytest.raises(InputError, match="the comparators need the generated images of the test split"):
        scan(fill(tmp_path, counts=(1, 1, 1, 1, 0)))


def test_two_complete_layouts_are_ambiguous(tmp_path):
    """Which of two corpora is meant is not guessed."""
    fill(tmp_path, "ganprint")
    fill(tmp_path, "imageclef-2023")
    with pytest.raises(InputError, match="two complete layouts, ganprint and imageclef-2023"):
        scan(tmp_path)


@pytest.mark.parametrize("layout", PARTS)
def test_two_places_for_one_part_are_ambiguous(tmp_path, layout):
    """Two copies in different wrappers are named, not merged."""
    fill(tmp_path, layout, wrapper="one")
    fill(tmp_path, layout, wrapper="two")
    with pytest.raises(InputError, match=r"is ambiguous, found one/.*, two/.*"):
        scan(tmp_path)


def test_two_spellings_of_one_folder_are_ambiguous(tmp_path):
    """Real-Used beside real_used could be anything."""
    fill(tmp_path)
    (tmp_path / "development/Real-Used").mkdir()
    (tmp_path / "development/Real-Used/used_7.png").write_bytes(slice_png(7))
    with pytest.raises(InputError, match="development/real_used is ambiguous"):
        scan(tmp_path)


def test_generated_images_of_no_clear_split_are_refused(tmp_path):
    """All four folders side by side leave one generated folder for two splits."""
    for folder in ("real_used", "real_not_used", "generated", "real_unknown"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(slice_png(1))
    with pytest.raises(InputError, match="generated could be generated images of either split"):
        scan(tmp_path)


@pytest.mark.parametrize("other", ["used_1.PNG", "USED_1.png"])
def test_two_images_of_one_id_are_refused(tmp_path, other):
    """Ids are unique within split and role, also where a disk knows no case."""
    fill(tmp_path)
    (tmp_path / "development/real_not_used" / other).write_bytes(slice_png(9))
    with pytest.raises(InputError, match=r"development/real_used/used_1\.png and .*same id"):
        scan(tmp_path)


@pytest.mark.parametrize("name", ["a,b.png", 'a"b.png', " a.png", "a\nb.png", "a .png"])
def test_a_name_that_is_no_id_is_refused_at_once(tmp_path, name):
    """An id that would break a line of the submission is found before any image is read."""
    (fill(tmp_path) / "test/real_unknown" / name).write_bytes(b"")
    with pytest.raises(InputError, match="is no id for a submission") as caught:
        scan(tmp_path)
    assert "\n" not in str(caught.value)


def test_one_id_in_two_splits_or_roles_is_no_clash(tmp_path):
    """generated_1 is in both splits of every edition."""
    found = scan(fill(tmp_path))
    assert sum(image.id == "generated_1" for image in found.images) == 2


def test_links_are_refused_by_name(tmp_path):
    """A link to a file or folder could lead out of the corpus."""
    fill(tmp_path / "a")
    (tmp_path / "a/test/generated/link.png").symlink_to(tmp_path / "a/test/generated/generated_1.png")
    with pytest.raises(InputError, match=r"link\.png: a link"):
        scan(tmp_path / "a")
    fill(tmp_path / "b")
    (tmp_path / "b/more").symlink_to(tmp_path / "a")
    with pytest.raises(InputError, match="more: a link"):
        scan(tmp_path / "b")


def test_a_pipe_is_refused_by_name(tmp_path):
    """Opening a pipe would wait for ever."""
    os.mkfifo(fill(tmp_path) / "test/generated/pipe.png")
    with pytest.raises(InputError, match=r"pipe\.png: neither a file nor a folder"):
        scan(tmp_path)


def test_a_missing_folder_and_a_file_are_told_apart(tmp_path):
    """An archive given as a folder gets its own advice."""
    (tmp_path / "a.zip").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"a\.zip: is a file; import-official"):
        scan(tmp_path / "a.zip")
    with pytest.raises(InputError, match="nowhere: no such folder"):
        scan(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="folders found: none"):
        scan(tmp_path / "empty")


@pytest.mark.parametrize("wrapper", ["", "wrapped"])
def test_groups_are_read_and_the_rest_stay_alone(tmp_path, wrapper):
    """groups.csv is found beside the parts; an image without a line is its own group, generated ones have none."""
    fill(tmp_path, wrapper=wrapper)
    (tmp_path / wrapper / "groups.csv").write_text("id,split,group\nused_1,development,p1\nreal_unknown_2,test,NA\n")
    found = scan(tmp_path)
    groups = {(image.part.split, image.id): image.group for image in found.images if image.part.role == "real"}
    assert groups["development", "used_1"] == "p1"
    assert groups["development", "used_2"] == "used_2"
    assert groups["test", "real_unknown_2"] == "NA"
    assert {image.group for image in found.images if image.part.role == "generated"} == {""}
    assert found.left_out == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,group\nused_1,p\n", "header is 'id,group'"),
        ("", "header is 'missing'"),
        ("id,split,group\nused_1,development\n", "line 2"),
        ("id,split,group\nused_1,development, \n", "line 2"),
        ("id,split,group\nused_1,development,p\nused_1,development,q\n", "line 3: id used_1 .* twice"),
        ("id,split,group\nused_9,development,p\nused_1,test,p\n", "2 lines name no real image.*development/used_9"),
        ("id,split,group\ngenerated_1,test,p\n", "1 lines name no real image.*test/generated_1"),
        ('id,split,group\n"used_1,development,p\n', "can not be read as CSV"),
    ],
)
def test_bad_groups_are_refused(tmp_path, text, message):
    """A group file for other images would silently change every interval."""
    (fill(tmp_path) / "groups.csv").write_text(text)
    with pytest.raises(InputError, match=rf"groups\.csv.*{message}"):
        scan(tmp_path)


def test_two_group_files_are_refused(tmp_path):
    """Which of two group files holds is not guessed."""
    fill(tmp_path, wrapper="wrapped")
    for folder in (tmp_path, tmp_path / "wrapped"):
        (folder / "groups.csv").write_text("id,split,group\n")
    with pytest.raises(InputError, match=r"groups\.csv: there is also"):
        scan(tmp_path)


def test_images_are_converted_one_by_one(tmp_path):
    """A palette corpus becomes grey by its colours, and says so."""
    palette = bytes(255 - value // 3 for value in range(768))
    fill(tmp_path, png=lambda value: png_of([[value, value]], colour=3, extra=[(b"PLTE", palette)]))
    images = list(images_of(scan(tmp_path)))
    assert [image.id for image in images[:2]] == ["used_1", "used_2"]
    assert {image.conversion for image in images} == {"8-bit palette"}
    assert (images[0].width, images[0].height) == (2, 1)


def test_a_bad_image_is_named_with_its_path(tmp_path):
    """The message leads to the one file among thousands; the limits are parameters."""
    bad = fill(tmp_path) / "test/generated/generated_2.png"
    with pytest.raises(InputError, match=r"used_1\.png: larger than the 10 bytes"):
        list(images_of(scan(tmp_path), max_file_bytes=10))
    with pytest.raises(InputError, match="allowed are 15"):
        list(images_of(scan(tmp_path), max_pixels=15))
    bad.write_bytes(b"")
    with pytest.raises(InputError, match=f"^{bad}: not a PNG"):
        list(images_of(scan(tmp_path)))


def test_names_are_normalised():
    """Case, hyphens, blanks and underscores are one."""
    assert normalised("Real - Not__Used") == "real_not_used"
