"""Unpacking: whatever an archive says, nothing lands outside the target, and nothing beyond the limits."""

import io
import os
import re
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprint.corpus.archive import unpack
from ganprint.corpus.entries import ArchiveLimits
from ganprint.errors import InputError

GOOD = {"a/one.txt": b"1", "a/b/two.txt": b"22", "three.txt": b""}
TAR_MODES = {"a.tar": "w", "a.tar.gz": "w:gz", "a.tar.bz2": "w:bz2", "a.tar.xz": "w:xz"}


def make_zip(path: Path, files, method=zipfile.ZIP_DEFLATED) -> Path:
    """``files``: name (or ZipInfo) and content, in order; names may repeat."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, content)
    return path


def make_tar(path: Path, files, mode: str = "w") -> Path:
    """``files``: name (or TarInfo) and content, in order."""
    with tarfile.open(path, mode) as archive:
        for name, content in files.items() if isinstance(files, dict) else files:
            member = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if not isinstance(name, tarfile.TarInfo):
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def zip_bytes(files) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def refuse(source: Path, message: str, limits: ArchiveLimits | None = None) -> None:
    """Unpacking fails with the message, and leaves nothing anywhere."""
    home = source.parent
    before = sorted(home.rglob("*"))
    with pytest.raises(InputError) as caught:
        unpack(source, home / "out", limits)
    said = str(caught.value)
    assert said.startswith(str(source))
    assert "\n" not in said
    # Without the folder, whose name is the test's own and could match by itself.
    assert re.search(message, said.replace(str(home), "")), said
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize("name", TAR_MODES)
def test_every_kind_of_tar_is_unpacked(tmp_path, name):
    """Plain, gzip, bzip2 and xz; told by content, so the name may be anything."""
    source = make_tar(tmp_path / name, GOOD, TAR_MODES[name])
    unpack(source, tmp_path / "out")
    assert tree(tmp_path / "out") == GOOD
    unpack(source.rename(tmp_path / "no_suffix"), tmp_path / "again")
    assert tree(tmp_path / "again") == GOOD


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_every_kind_of_zip_is_unpacked(tmp_path, method):
    """Stored, deflated and bzip2."""
    unpack(make_zip(tmp_path / "a.zip", GOOD, method), tmp_path / "out")
    assert tree(tmp_path / "out") == GOOD


def test_folders_dots_and_backslashes_are_understood(tmp_path):
    """Entries for folders, a leading ./ and the backslashes of some zip programs."""
    files = [("a/", b""), ("./a/one.txt", b"1"), ("a\\b\\two.txt", b"2"), ("./", b"")]
    unpack(make_zip(tmp_path / "a.zip", files), tmp_path / "out")
    assert tree(tmp_path / "out") == {"a/one.txt": b"1", "a/b/two.txt": b"2"}
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(tmp_path / "out", arcname=".")
    unpack(tmp_path / "a.tar", tmp_path / "again")
    assert tree(tmp_path / "again") == tree(tmp_path / "out")


def test_modes_and_owners_of_the_archive_are_ignored(tmp_path):
    """No set-user-id bit comes out of an archive."""
    member = tarfile.TarInfo("run.sh")
    member.mode, member.uid = 0o6777, 0
    unpack(make_tar(tmp_path / "a.tar", [(member, b"")]), tmp_path / "out")
    assert not (tmp_path / "out/run.sh").stat().st_mode & 0o6111


@pytest.mark.parametrize(
    "name",
    ["../evil", "a/../../evil", "a/..", "/evil", "//evil", "..\\evil", "\\evil", "C:\\evil", "c:evil", "a/../evil"],
)
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_no_entry_leaves_the_target(tmp_path, make, name):
    """Absolute paths and .. are refused by name, with either slash."""
    (tmp_path / "in").mkdir()
    source = make(tmp_path / "in/a", [("good.txt", b"1"), (name, b"x")])
    refuse(source, "absolute path|leads out")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_in_a_tar_are_refused(tmp_path, kind):
    """Neither symbolic nor hard links, wherever they point to."""
    link = tarfile.TarInfo("link")
    link.type, link.linkname = kind, "good.txt"
    refuse(make_tar(tmp_path / "a.tar", [("good.txt", b"1"), (link, b"")]), "'link' is a link")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_in_a_tar_are_refused(tmp_path, kind):
    """Devices and pipes."""
    device = tarfile.TarInfo("device")
    device.type = kind
    refuse(make_tar(tmp_path / "a.tar", [(device, b"")]), "'device' is neither a file nor a folder")


@pytest.mark.parametrize(
    ("kind", "message"), [(stat.S_IFLNK, "is a link"), (stat.S_IFCHR, "is neither"), (stat.S_IFIFO, "is neither")]
)
def test_links_and_devices_in_a_zip_are_refused(tmp_path, kind, message):
    """A zip stores them in the attributes of Unix."""
    info = zipfile.ZipInfo("entry")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    refuse(make_zip(tmp_path / "a.zip", [(info, b"/etc/passwd")]), f"'entry' {message}")


def test_a_write_through_a_link_is_impossible(tmp_path):
    """The classic: a link out of the target, then a file through it."""
    link = tarfile.TarInfo("dir")
    link.type, link.linkname = tarfile.SYMTYPE, ".."
    refuse(make_tar(tmp_path / "a.tar", [(link, b""), ("dir/evil", b"x")]), "is a link")


@pytest.mark.parametrize(
    "files",
    [
        [("a.png", b"1"), ("a.png", b"2")],
        [("a.png", b"1"), ("A.PNG", b"2")],
        [("a/x.png", b"1"), ("A/y.png", b"2")],
        [("a", b"1"), ("a/b.png", b"2")],
        [("a/b.png", b"1"), ("a", b"2")],
        [("e\u0301.png", b"1"), ("\u00e9.png", b"2")],
        [("a.png", b"1"), ("./a.png", b"2")],
    ],
)
@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_names_that_collide_are_refused(tmp_path, make, files):
    """Twice the same, the same but for case or accents' spelling, and a file that is also a folder."""
    refuse(make(tmp_path / "a", files), "collide")


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize("name", ["a\nb.png", "a\x1b[2J.png", "a\u202egnp.exe"])
def test_control_characters_in_names_are_refused(tmp_path, make, name):
    """Names end up in messages, tables and terminals."""
    refuse(make(tmp_path / "a", [(name, b"")]), "control characters")


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_too_many_files_are_refused(tmp_path, make):
    """Files and the folders that they need are counted together."""
    files = {f"d{number}/x": b"" for number in range(5)}
    unpack(make(tmp_path / "a", files), tmp_path / "fits", ArchiveLimits(files=10))
    refuse(tmp_path / "a", "more than the 9 files and folders", ArchiveLimits(files=9))


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_size_limits_hold_per_file_and_in_all(tmp_path, make):
    """The limits are exact to the byte."""
    source = make(tmp_path / "a", {"x": os.urandom(3000), "y": os.urandom(2000)})
    unpack(source, tmp_path / "fits", ArchiveLimits(file_bytes=3000, total_bytes=5000))
    refuse(source, "'x' has more than the 2999 bytes", ArchiveLimits(file_bytes=2999))
    refuse(source, "more than the 4999 bytes", ArchiveLimits(total_bytes=4999))


@pytest.mark.parametrize("make", [make_zip, lambda path, files: make_tar(path, files, "w:gz")])
def test_a_bomb_is_refused_by_its_ratio(tmp_path, make):
    """2 MB of zeros in 2 kB: refused before the limit on bytes is anywhere near."""
    source = make(tmp_path / "a", {"zeros": bytes(2_000_000)})
    assert source.stat().st_size < 20_000
    refuse(source, "100 times its size", ArchiveLimits(ratio_from=100_000))
    unpack(source, tmp_path / "small", ArchiveLimits())


def test_the_default_limits_stop_a_bomb(tmp_path):
    """100 MB of zeros in 20 files do not pass."""
    refuse(make_zip(tmp_path / "a.zip", {f"{n}": bytes(5_000_000) for n in range(20)}), "as a bomb would")


def test_the_default_limits_let_the_largest_edition_pass(tmp_path):
    """2023 has 10 860 images in its folders."""
    source = make_zip(tmp_path / "a.zip", {f"part{n % 5}/{n}.png": b"x" for n in range(10_860)}, zipfile.ZIP_STORED)
    unpack(source, tmp_path / "out")
    assert sum(len(files) for _, _, files in os.walk(tmp_path / "out")) == 10_860


def test_a_long_tar_header_is_not_read(tmp_path):
    """A pax header is data that a reader loads whole, and parses slowly: its size is judged first."""
    member = tarfile.TarInfo("x")
    member.pax_headers = {"comment": "0" * 40_000}
    refuse(make_tar(tmp_path / "a.tar.gz", [(member, b"")], "w:gz"), "a header of 40448 bytes")


def test_a_sparse_file_is_refused(tmp_path):
    """A sparse entry of some bytes can stand for terabytes."""
    member = tarfile.TarInfo("sparse")
    member.type = tarfile.GNUTYPE_SPARSE
    refuse(make_tar(tmp_path / "a.tar", [(member, b"")]), "sparse")


def test_a_zip_that_lies_about_a_size_is_refused(tmp_path):
    """A header that understates the size does not let more bytes through."""
    source = make_zip(tmp_path / "a.zip", {"x": b"z" * 50_000})
    data = source.read_bytes().replace(struct.pack("<I", 50_000), struct.pack("<I", 10))
    source.write_bytes(data)
    refuse(source, "can not be read|truncated", ArchiveLimits(file_bytes=100))


def test_an_encrypted_zip_is_refused(tmp_path):
    """The kit asks for no password."""
    source = make_zip(tmp_path / "a.zip", {"x": b"secret"})
    data = bytearray(source.read_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + offset] |= 1
    source.write_bytes(bytes(data))
    refuse(source, "encrypted; unpack it with its password")


def test_an_unknown_compression_is_refused(tmp_path):
    """Deflate64 and its kin are named, not guessed."""
    source = make_zip(tmp_path / "a.zip", {"x": b"x"}, zipfile.ZIP_LZMA)
    refuse(source, "compressed by method 14")


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"7z\xbc\xaf\x27\x1c" + bytes(600), "7z archives are not read"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(600), "rar archives are not read"),
        (b"\x28\xb5\x2f\xfd" + bytes(600), "zstandard archives are not read"),
        (b"hello" * 200, "neither zip nor tar"),
        (b"", "neither zip nor tar"),
        (b"PK\x03\x04", "can not be read"),
        (b"\x1f\x8b" + bytes(100), "can not be read"),
        (bytes(257) + b"ustar" + bytes(250), "can not be read|end mark"),
    ],
)
def test_other_formats_are_named(tmp_path, head, message):
    """What is not read is said, with what to do."""
    (tmp_path / "a.bin").write_bytes(head)
    refuse(tmp_path / "a.bin", message)


@pytest.mark.parametrize("name", ["a.zip", *TAR_MODES])
def test_every_truncation_is_refused(tmp_path, name):
    """A broken download gives no corpus, wherever it broke; a plain tar's padding after its end mark may go."""
    files = {"a.bin": os.urandom(700), "b.bin": os.urandom(1500)}
    source = tmp_path / name
    make_zip(source, files) if name == "a.zip" else make_tar(source, files, TAR_MODES[name])
    whole = source.read_bytes()
    end = 4 * 512 + 3 * 512 + 512 if name == "a.tar" else len(whole)
    for cut in {*range(0, end, 97), *range(512, end, 512), end - 1}:
        source.write_bytes(whole[:cut])
        with pytest.raises(InputError):
            unpack(source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@settings(max_examples=150)
@given(st.sampled_from(["a.zip", "a.tar", "a.tar.gz"]), st.data())
def test_damaged_archives_end_in_one_line(tmp_path_factory, name, data):
    """Changed bytes give the error of the kit or a harmless tree, never another exception or a stray file."""
    home = tmp_path_factory.mktemp("damaged")
    source = home / name
    files = {"dir/a.txt": b"a" * 600, "b.txt": b"b"}
    make_zip(source, files) if name == "a.zip" else make_tar(source, files, TAR_MODES[name])
    raw = bytearray(source.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, min(len(raw), 2600) - 1))] = data.draw(st.integers(0, 255))
    source.write_bytes(bytes(raw))
    said = str(source)
    try:
        unpack(source, home / "out", ArchiveLimits(total_bytes=100_000))
    except InputError as error:
        said = str(error)
    assert said.startswith(str(source))
    assert "\n" not in said
    assert {path.name for path in home.iterdir()} <= {name, "out"}


def test_archives_within_are_unpacked_one_level(tmp_path):
    """Each becomes a folder of its name, without repeating a folder of that name; deeper ones stay files."""
    deep = zip_bytes({"deepest.txt": b"d"})
    inner = zip_bytes({"train/x.txt": b"x", "train/deep.zip": deep})
    flat = zip_bytes({"y.txt": b"y"})
    source = make_zip(tmp_path / "a.zip", {"in/train.zip": inner, "in/test.ZIP": flat, "readme": b"r"})
    unpack(source, tmp_path / "out")
    assert tree(tmp_path / "out") == {
        "in/train/x.txt": b"x",
        "in/train/deep.zip": deep,
        "in/test/y.txt": b"y",
        "readme": b"r",
    }


def test_a_folder_with_archives_is_copied_and_unpacked(tmp_path):
    """The hand-out may be several archives in a folder; the folder itself is left alone."""
    (tmp_path / "given").mkdir()
    make_zip(tmp_path / "given/train.zip", {"x.txt": b"x"})
    make_tar(tmp_path / "given/test.tar.gz", {"y.txt": b"y"}, "w:gz")
    (tmp_path / "given/notes.txt").write_bytes(b"n")
    before = tree(tmp_path / "given")
    unpack(tmp_path / "given", tmp_path / "out")
    assert tree(tmp_path / "out") == {"train/x.txt": b"x", "test/y.txt": b"y", "notes.txt": b"n"}
    assert tree(tmp_path / "given") == before


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("/etc"), os.mkfifo])
def test_links_and_pipes_beside_archives_are_refused(tmp_path, make):
    """A folder of archives is held to the same rules as an archive."""
    (tmp_path / "given").mkdir()
    make_zip(tmp_path / "given/train.zip", {"x.txt": b"x"})
    make(tmp_path / "given/odd")
    refuse(tmp_path / "given", "odd' is (a link|neither)")


def test_limits_are_shared_with_the_archives_within(tmp_path):
    """Ten small archives can not do together what one may not."""
    inner = {f"{number}.zip": zip_bytes({"x": os.urandom(1000)}) for number in range(10)}
    source = make_zip(tmp_path / "a.zip", inner, zipfile.ZIP_STORED)
    whole = sum(map(len, inner.values())) + 10_000
    unpack(source, tmp_path / "fits", ArchiveLimits(total_bytes=whole, files=20))
    refuse(source, r"9\.zip: unpacks to more", ArchiveLimits(total_bytes=whole - 1))
    refuse(source, r"9\.zip: holds more than", ArchiveLimits(files=19))
    refuse(source, "more than the 900 bytes", ArchiveLimits(nested_bytes=900))


@pytest.mark.parametrize("name", ["../evil", "/evil"])
def test_an_attack_within_is_refused_by_the_inner_name(tmp_path, name):
    """The archives within are trusted no more than the outer one."""
    source = make_zip(tmp_path / "a.zip", {"in/b.zip": zip_bytes({name: b"x"})})
    refuse(source, r"a\.zip/in/b\.zip: entry")


def test_an_archive_beside_its_own_folder_is_refused(tmp_path):
    """train.zip beside train/ could be two versions."""
    source = make_zip(tmp_path / "a.zip", {"train.zip": zip_bytes({"x": b"x"}), "train/x": b"y"})
    refuse(source, r"train\.zip: there is also train")


def test_an_existing_target_is_never_touched(tmp_path):
    """Unpacking never replaces a folder."""
    source = make_zip(tmp_path / "a.zip", GOOD)
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="out: exists already"):
        unpack(source, tmp_path / "out")


def test_a_missing_archive_is_named(tmp_path):
    """One line, with the path."""
    refuse(tmp_path / "none.zip", "can not be read")
