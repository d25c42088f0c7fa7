"""The store: what is written is sorted, checked when read, and changes its hash with any change."""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest
from corpus_samples import fill, slice_png
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprint.corpus.folder import images_of, scan
from ganprint.corpus.index import CorpusImage
from ganprint.corpus.png import load_grey
from ganprint.corpus.store import corpus_hash, read_index, verify_files, write_corpus
from ganprint.errors import InputError


def real(name: str, value: int = 1, **changes) -> CorpusImage:
    image = CorpusImage(name, "real", "development", "used", name, slice_png(value), 4, 4)
    return dataclasses.replace(image, **changes)


def generated(name: str, value: int = 2) -> CorpusImage:
    return CorpusImage(name, "generated", "test", "", "", slice_png(value), 4, 4)


def unknown(name: str, value: int = 3) -> CorpusImage:
    return real(name, value, split="test", membership="unknown")


def some() -> list[CorpusImage]:
    return [unknown("b_10", 4), unknown("b_2", 5), generated("g_1"), real("007"), real("NA", membership="not_used")]


def test_the_folder_holds_images_index_ids_and_facts(tmp_path):
    """Layout, order and contents of the files are what later stages rely on."""
    summary = write_corpus(some(), tmp_path / "corpus", {"kind": "folder"})
    root = tmp_path / "corpus"
    files = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert files == [
        "corpus.json",
        "image_ids.txt",
        "images/development/real/007.png",
        "images/development/real/NA.png",
        "images/test/generated/g_1.png",
        "images/test/real/b_10.png",
        "images/test/real/b_2.png",
        "index.csv",
    ]
    assert (root / "image_ids.txt").read_bytes() == b"b_2\nb_10"
    lines = (root / "index.csv").read_bytes().decode().split("\n")
    assert lines[0] == "id,role,split,membership,group,path,sha256,width,height"
    assert [line.split(",")[0] for line in lines[1:-1]] == ["007", "NA", "g_1", "b_2", "b_10"]
    facts = json.loads((root / "corpus.json").read_text())
    assert facts["kind"] == "folder"
    assert facts["images"] == 5
    assert facts["hash"] == summary.hash
    assert facts["counts"]["development/real/not_used"] == 1
    assert facts["conversions"] == {}
    assert int(load_grey(root / "images/test/real/b_10.png")[0, 0]) == 4


def test_text_stays_text_when_read(tmp_path):
    """007 is no number and NA is not missing."""
    write_corpus(some(), tmp_path / "corpus", {})
    index = read_index(tmp_path / "corpus")
    assert list(index["id"]) == ["007", "NA", "g_1", "b_2", "b_10"]
    assert list(index["group"]) == ["007", "NA", "", "b_2", "b_10"]
    assert list(index["membership"]) == ["used", "not_used", "", "unknown", "unknown"]
    assert str(index["width"].dtype) == str(index["height"].dtype) == "int64"
    verify_files(tmp_path / "corpus", index)


@settings(max_examples=20)
@given(st.permutations(some()))
def test_the_hash_is_that_of_the_index_in_any_order(tmp_path_factory, images):
    """The order of writing does not matter, and sha256sum gives the same number."""
    root = tmp_path_factory.mktemp("store") / "corpus"
    first = write_corpus(some(), root, {}).hash
    assert write_corpus(images, root, {}).hash == first
    index = read_index(root)
    assert corpus_hash(index) == corpus_hash(index.iloc[::-1]) == first
    assert hashlib.sha256((root / "index.csv").read_bytes()).hexdigest() == first


@pytest.mark.parametrize(
    "change",
    [
        {"id": "other", "group": "007"},
        {"membership": "not_used"},
        {"group": "p"},
        {"png": slice_png(99)},
        {"width": 5},
    ],
)
def test_any_change_changes_the_hash(tmp_path, change):
    """The hash stands for ids, memberships, groups, pixels and sizes."""
    before = write_corpus([real("007")], tmp_path / "a", {}).hash
    assert write_corpus([real("007", **change)], tmp_path / "b", {}).hash != before


@given(
    st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=8),
    st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=8),
)
def test_any_id_is_stored_as_it_is_or_refused(tmp_path_factory, name, group):
    """An id that would not survive a file name or a submission is refused; every other comes back unchanged."""
    root = tmp_path_factory.mktemp("store") / "corpus"
    try:
        write_corpus([real(name, group=group)], root, {})
    except InputError:
        assert not root.exists()
        return
    index = read_index(root)
    assert (index["id"][0], index["group"][0]) == (name, group)
    verify_files(root, index)


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", "a\\b", "a,b", 'a"b', " a", "a\n", ".hidden"])
def test_an_unsafe_id_is_refused(tmp_path, name):
    """No id leads out of the folder or breaks a line of a submission."""
    with pytest.raises(InputError, match="image id"):
        write_corpus([real(name, group="p")], tmp_path / "corpus", {})
    assert list(tmp_path.iterdir()) == []


def test_one_id_twice_is_refused(tmp_path):
    """Within a split and role ids are unique, case aside."""
    with pytest.raises(InputError, match="have id A twice"):
        write_corpus([real("a"), real("A")], tmp_path / "corpus", {})


@pytest.mark.parametrize(
    "change",
    [{"membership": "unknown"}, {"membership": ""}, {"role": "generated"}, {"group": ""}, {"split": "test"}],
)
def test_an_impossible_image_is_an_error_of_the_program(tmp_path, change):
    """A test image with its truth, or a real one without a group, can not be stored by mistake."""
    with pytest.raises(ValueError, match=r"^a: "):
        write_corpus([real("a", **change)], tmp_path / "corpus", {})


def test_no_images_is_an_error(tmp_path):
    """An empty corpus is never written."""
    with pytest.raises(InputError, match="no images"):
        write_corpus([], tmp_path / "corpus", {})


def test_a_failure_leaves_the_old_corpus(tmp_path):
    """The new corpus replaces the old one at the very end or not at all."""
    before = write_corpus(some(), tmp_path / "corpus", {}).hash

    def broken():
        yield real("new")
        raise InputError("stop")

    with pytest.raises(InputError, match="stop"):
        write_corpus(broken(), tmp_path / "corpus", {})
    assert corpus_hash(read_index(tmp_path / "corpus")) == before
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_a_folder_that_is_no_corpus_is_never_replaced(tmp_path):
    """A slip in a path must not delete somebody's folder."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("x")
    with pytest.raises(InputError, match="exists and is no corpus"):
        write_corpus(some(), tmp_path / "home", {})
    assert (tmp_path / "home" / "thesis.txt").exists()


def test_facts_can_not_overrule_what_is_measured(tmp_path):
    """Counts and hash in corpus.json are the store's own."""
    with pytest.raises(ValueError, match="counts"):
        write_corpus(some(), tmp_path / "corpus", {"counts": {}})


def test_sizes_and_conversions_are_counted(tmp_path):
    """Images of several sizes are allowed and reported."""
    images = [real("a"), real("b", width=5, conversion="8-bit RGB"), real("c", conversion="8-bit RGB")]
    summary = write_corpus(images, tmp_path / "corpus", {})
    assert summary.sizes == {"4x4": 2, "5x4": 1}
    assert summary.conversions == {"8-bit RGB": 2}
    assert json.loads((tmp_path / "corpus/corpus.json").read_text())["same_size"] is False


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id,role", "name,role", "columns are name, role"),
        ("007,real,development,used", "007,real,development,unknown", "line 2: bad split, role or membership"),
        ("b_2,real,test,unknown", "b_2,real,test,used", "bad split, role or membership"),
        ("images/test/real/b_2.png", "../b_2.png", "line 5: bad path"),
        (",4,4\nb_2", ",4,x\nb_2", "line 4: bad width or height"),
        (",4,4\nb_2", ",4.0,4\nb_2", "bad width or height"),
        ("b_10,", "b_2,", "bad (path|split, role and id)"),
    ],
)
def test_a_changed_index_is_refused_with_its_line(tmp_path, old, new, message):
    """Whatever was edited by hand or broken in transport is found at the door."""
    write_corpus(some(), tmp_path / "corpus", {})
    path = tmp_path / "corpus/index.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError, match=rf"index\.csv.*{message}"):
        read_index(tmp_path / "corpus")


def test_a_repeated_row_is_refused(tmp_path):
    """(split, role, id) is the key of the index."""
    write_corpus(some(), tmp_path / "corpus", {})
    path = tmp_path / "corpus/index.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, lines[-1]]))
    with pytest.raises(InputError, match="line 7: bad split, role and id"):
        read_index(tmp_path / "corpus")


@pytest.mark.parametrize(
    "content", [None, b"", b"\xff\xfe", b"id,role,split,membership,group,path,sha256,width,height\n"]
)
def test_an_unreadable_index_is_refused(tmp_path, content):
    """Missing, empty, binary and bare-header files end in one line."""
    if content is not None:
        (tmp_path / "index.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"index\.csv"):
        read_index(tmp_path)


def test_changed_missing_and_extra_files_are_found(tmp_path):
    """verify_files compares every byte and lists what belongs to no row."""
    root = tmp_path / "corpus"
    write_corpus(some(), root, {})
    index = read_index(root)
    (root / "images/test/real/b_2.png").write_bytes(slice_png(50))
    (root / "images/test/real/b_10.png").unlink()
    (root / "images/test/real/c.png").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        verify_files(root, index)
    for part in ("1 files missing, first images/test/real/b_10.png", "1 files changed, first images/test/real/b_2.png"):
        assert part in str(caught.value)
    assert "1 files in no row of the index, first images/test/real/c.png" in str(caught.value)


def test_a_folder_is_stored_whole(tmp_path):
    """From a folder to the index: every image, its group, and the same hash twice."""
    found = scan(fill(tmp_path / "given"))
    first = write_corpus(images_of(found), tmp_path / "corpus", {"kind": "folder", "layout": found.layout})
    index = read_index(tmp_path / "corpus")
    assert len(index) == 14
    assert first.counts["development/real/not_used"] == 3
    assert write_corpus(images_of(found), tmp_path / "again", {}).hash == first.hash


def test_the_open_ct_corpus_can_be_stored(tmp_path):
    """Real slices: the whole corpus is recognised, and its 360 real images are kept byte for byte with their groups."""
    root = Path(__file__).parents[2].parent / "shared" / "corpora" / "ct-open"
    if not root.is_dir():
        pytest.skip(f"no folder {root.name} in shared/corpora beside the repository")
    found = scan(root)
    assert found.layout == "ganprint"
    assert list(found.counts().values()) == [80, 80, 500, 200, 2500]
    real_alone = dataclasses.replace(found, images=tuple(item for item in found.images if item.part.role == "real"))
    summary = write_corpus(images_of(real_alone), tmp_path / "corpus", {})
    assert summary.sizes == {"256x256": 360}
    assert summary.conversions == {}
    index = read_index(tmp_path / "corpus")
    assert index.groupby("split")["group"].nunique().to_dict() == {"development": 34, "test": 42}
    stored = tmp_path / "corpus/images/test/real/real_unknown_0001.png"
    assert stored.read_bytes() == (root / "test/real_unknown/real_unknown_0001.png").read_bytes()
    verify_files(tmp_path / "corpus", index)
