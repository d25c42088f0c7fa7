"""import-official: any layout becomes the kit's own, and every difference from the edition is reported."""

import json
import shutil

import numpy as np
import pytest
from corpus_samples import PARTS, STEMS, fill, png_of, slice_png

from ganprint.corpus.entries import ArchiveLimits
from ganprint.corpus.folder import Scan, ScannedImage, images_of, scan
from ganprint.corpus.layouts import PARTS as LAYOUT_PARTS
from ganprint.corpus.official import Difference, import_official, opened, verify
from ganprint.corpus.store import write_corpus
from ganprint.errors import InputError


def pixels(root) -> str:
    """The hash of what a folder would be stored as."""
    return write_corpus(images_of(scan(root)), root.parent / f"{root.name}-stored", {}).hash


def test_the_whole_of_2023_has_no_difference(tmp_path):
    """Its 10 860 images, by counts, ids, size and kind (every entry points to one file, to be quick)."""
    (tmp_path / "a.png").write_bytes(slice_png(7, size=256))
    images = [
        ScannedImage(f"{stem}{number:04d}", part, "", "a.png")
        for part, stem, count in zip(LAYOUT_PARTS, STEMS, (80, 80, 500, 200, 10_000), strict=True)
        for number in range(1, count + 1)
    ]
    report = verify(Scan(tmp_path, "imageclef-2023", tuple(images), (), None))
    assert (report.edition, report.edition_given) == ("2023", False)
    assert report.differences == ()
    assert report.sizes == {"256x256": 10_860}
    assert report.formats == {"8-bit grey": 10_860}
    assert "differences from edition 2023: none" in report.render()


@pytest.mark.parametrize("layout", PARTS)
def test_every_layout_becomes_the_kits_own(tmp_path, layout):
    """The same images, ids and groups come out of every layout; bytes are kept."""
    given = fill(tmp_path / "given", layout)
    (given / "groups.csv").write_text("id,split,group\nused_1,development,p1\n")
    report = import_official(given, tmp_path / "out")
    assert report.layout == layout
    assert report.source_sha256 is None
    found = scan(tmp_path / "out")
    assert found.layout == "ganprint"
    assert (found.groups, found.left_out) == ("groups.csv", ())
    assert (tmp_path / "out/development/real_used/used_1.png").read_bytes() == slice_png(0)
    assert pixels(tmp_path / "out") == pixels(given)


def test_archives_in_a_folder_are_imported_together(tmp_path):
    """Development and test are handed out at different times, as archives of their own."""
    fill(tmp_path / "all", "imageclef-2025")
    (tmp_path / "given").mkdir()
    for name in ("Training", "Test"):
        shutil.make_archive(str(tmp_path / "given" / name), "zip", tmp_path / "all/Subtask1", name)
    before = sorted((tmp_path / "given").iterdir())
    import_official(tmp_path / "given", tmp_path / "out")
    assert pixels(tmp_path / "out") == pixels(tmp_path / "all")
    assert sorted((tmp_path / "given").iterdir()) == before


def test_a_tar_is_imported_with_its_hash_and_the_report_stays(tmp_path):
    """import.json says where the folder comes from and what differed, as plain values."""
    shutil.make_archive(str(tmp_path / "a"), "gztar", fill(tmp_path / "given"))
    report = import_official(tmp_path / "a.tar.gz", tmp_path / "out", edition="2025")
    kept = json.loads((tmp_path / "out/import.json").read_text())
    assert kept == json.loads(json.dumps(report.to_dict()))
    assert len(kept["source_sha256"]) == 64
    assert kept["edition_given"] is True


def test_counts_sizes_kinds_and_ids_that_differ_are_reported(tmp_path):
    """Every deviation is one line with what is expected and what is found; it stops nothing."""
    given = fill(tmp_path / "given", "imageclef-2023")
    palette = (b"PLTE", bytes(768))
    (given / "img_real/used/used_1.png").write_bytes(png_of(np.zeros((4, 6), int), colour=3, extra=[palette]))
    (given / "img_real/used/used_2.png").write_bytes(png_of(np.zeros((4, 4, 3), int), colour=2))
    report = verify(scan(given), "2023")
    assert Difference("images in development/real_used", "80", "2") in report.differences
    assert Difference("images in test/generated", "10000", "3") in report.differences
    assert Difference("image size", "256x256", "13 4x4, 1 6x4") in report.differences
    assert Difference("kind of PNG", "8-bit grey or 8-bit palette", "1 8-bit RGB") in report.differences
    ids = [item.found for item in report.differences if item.what == "ids in test/real_unknown"]
    assert ids == [
        "missing real_unknown_0001, real_unknown_0002, real_unknown_0003, real_unknown_0004, real_unknown_0005 "
        "and 195 more",
        "unexpected real_unknown_1, real_unknown_2",
    ]
    assert len(report.differences) == 9
    text = report.render()
    assert "  image size: expected 256x256, found 13 4x4, 1 6x4\n" in text
    assert "differences from edition 2023: 9\n" in text


def test_the_edition_is_the_one_with_the_nearest_counts(tmp_path):
    """100 + 100 labelled and many generated images look like 2025; only what is known of it is compared."""
    palette = (b"PLTE", bytes(768))
    image = png_of([[0]], colour=3, extra=[palette])
    given = fill(tmp_path / "given", "imageclef-2025", counts=(100, 100, 200, 5, 5), png=lambda _: image)
    report = verify(scan(given))
    assert (report.edition, report.edition_given) == ("2025", False)
    assert report.differences == (Difference("images in development/generated", "5000", "200"),)


def test_left_out_files_are_in_the_report(tmp_path):
    """Files that are not imported are counted by reason and listed in the data."""
    given = fill(tmp_path / "given")
    (given / "test/generated/a.jpg").write_bytes(b"x")
    report = import_official(given, tmp_path / "out")
    assert [item.path for item in report.left_out] == ["test/generated/a.jpg"]
    assert "files left out: 1\n       1 extension .jpg, not .png\n" in report.render()
    assert not (tmp_path / "out/test/generated/a.jpg").exists()


def test_an_unknown_edition_is_refused(tmp_path):
    """The layout of 2024 was not found, so nothing can be verified."""
    with pytest.raises(InputError, match="edition: received '2024', known are 2023, 2025"):
        verify(scan(fill(tmp_path)), "2024")


def test_a_file_that_is_no_png_is_named(tmp_path):
    """The import stops at a file that only claims to be a PNG, and leaves nothing."""
    given = fill(tmp_path / "given")
    (given / "test/generated/generated_2.png").write_bytes(b"GIF89a")
    with pytest.raises(InputError, match=r"generated_2\.png: not a PNG"):
        import_official(given, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["given"]


def test_the_limits_reach_the_archive(tmp_path):
    """import-official unpacks under the limits that it is given, and cleans up."""
    shutil.make_archive(str(tmp_path / "a"), "zip", fill(tmp_path / "given"))
    with pytest.raises(InputError, match=r"a\.zip: holds more than the 5"):
        import_official(tmp_path / "a.zip", tmp_path / "out", limits=ArchiveLimits(files=5))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "given"]


def test_an_earlier_import_is_replaced_and_nothing_else(tmp_path):
    """A slip in the path must not delete somebody's folder."""
    given = fill(tmp_path / "given")
    import_official(given, tmp_path / "out")
    (given / "test/generated/generated_3.png").unlink()
    import_official(given, tmp_path / "out")
    assert scan(tmp_path / "out").counts()["test/generated"] == 2
    (tmp_path / "home").mkdir()
    (tmp_path / "home/thesis.txt").write_text("x")
    with pytest.raises(InputError, match="home: exists and is no earlier import"):
        import_official(given, tmp_path / "home")
    assert (tmp_path / "home/thesis.txt").exists()


def test_source_and_target_must_not_contain_each_other(tmp_path):
    """Writing into the hand-out, or over it, is refused."""
    given = fill(tmp_path / "given")
    for out in (given, given / "out", tmp_path):
        with pytest.raises(InputError, match="lies within"):
            import_official(given, out)
    with pytest.raises(InputError, match="nowhere: no such file or folder"):
        import_official(tmp_path / "nowhere", tmp_path / "out")


def test_an_archive_can_be_scanned_without_an_import(tmp_path):
    """kind: official takes an archive too; what is unpacked is gone afterwards."""
    shutil.make_archive(str(tmp_path / "a"), "zip", fill(tmp_path / "given"))
    with opened(tmp_path / "a.zip", tmp_path) as found:
        assert found.counts() == scan(tmp_path / "given").counts()
        assert len(list(images_of(found))) == 14
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "given"]
