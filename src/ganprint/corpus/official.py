"""Importing what the organisers hand out: unpack, recognise, verify, and lay out anew. Nothing leaves the machine."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ganprint.corpus.archive import unpack
from ganprint.corpus.chunks import png_header
from ganprint.corpus.editions import Edition, edition_named, nearest_edition
from ganprint.corpus.entries import ArchiveLimits, is_archive_name
from ganprint.corpus.folder import IMPORT_FILE, LeftOut, Scan, scan
from ganprint.corpus.groups import GROUPS_FILE
from ganprint.corpus.index import natural_key
from ganprint.errors import InputError
from ganprint.files import atomic_directory, sha256_of, write_json

__all__ = ["Difference", "OfficialReport", "import_official", "opened", "verify"]

_SHOWN = 5


@dataclass(frozen=True)
class Difference:
    """One thing that is not as the edition says: what, what is expected, what is there."""

    what: str
    expected: str
    found: str


@dataclass(frozen=True)
class OfficialReport:
    """What a hand-out holds, beside what its edition says.

    Attributes
    ----------
    layout
        The layout that was recognised.
    edition
        The year it was compared with.
    edition_given
        Whether the caller named the edition; otherwise it is the one with the nearest counts.
    counts
        Images of each part.
    sizes
        Images by ``WIDTHxHEIGHT``.
    formats
        Images by kind of PNG.
    differences
        Empty when all that is known of the edition holds.
    left_out
        Files that are no image of the corpus.
    source_sha256
        Of the archive; None for a folder.
    """

    layout: str
    edition: str
    edition_given: bool
    counts: dict[str, int]
    sizes: dict[str, int]
    formats: dict[str, int]
    differences: tuple[Difference, ...]
    left_out: tuple[LeftOut, ...]
    source_sha256: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give the report as plain JSON values."""
        return asdict(self)

    def render(self) -> str:
        """Give the report as text of a few lines."""
        how = "as given" if self.edition_given else "nearest by counts"
        lines = [f"layout {self.layout}, compared with edition {self.edition} ({how})"]
        lines += [f"  {count:6d} {part}" for part, count in self.counts.items()]
        for title, tally in (("sizes", self.sizes), ("formats", self.formats)):
            lines.append(f"{title}: " + ", ".join(f"{count} {name}" for name, count in tally.items()))
        lines.append(f"differences from edition {self.edition}: {len(self.differences) or 'none'}")
        lines += [f"  {item.what}: expected {item.expected}, found {item.found}" for item in self.differences]
        lines.append(f"files left out: {len(self.left_out) or 'none'}")
        reasons = Counter(item.reason for item in self.left_out)
        lines += [f"  {count:6d} {reason}" for reason, count in sorted(reasons.items())]
        return "\n".join(lines) + "\n"


def verify(scanned: Scan, edition: str | None = None) -> OfficialReport:
    """Compare a folder with an edition of the task; only the headers of the images are read.

    Parameters
    ----------
    scanned
        What :func:`ganprint.corpus.folder.scan` found.
    edition
        The year; the edition with the nearest counts when None.

    Raises
    ------
    InputError
        When nothing is known of the edition, or a file is no PNG.
    """
    counts = scanned.counts()
    wanted = edition_named(edition) if edition is not None else nearest_edition(counts)
    sizes, formats = Counter[str](), Counter[str]()
    for image in scanned.images:
        path = scanned.root / image.path
        with path.open("rb") as stream:
            header = png_header(stream.read(33), str(path))
        sizes[f"{header.width}x{header.height}"] += 1
        formats[header.format] += 1
    differences = [
        *_count_differences(wanted, counts),
        *_kind_differences(wanted, sizes, formats),
        *_id_differences(wanted, [image.id for image in scanned.images if image.part.name == "test/real_unknown"]),
    ]
    return OfficialReport(
        layout=scanned.layout,
        edition=wanted.name,
        edition_given=edition is not None,
        counts=counts,
        sizes=dict(sizes.most_common()),
        formats=dict(formats.most_common()),
        differences=tuple(differences),
        left_out=scanned.left_out,
    )


@contextmanager
def opened(source: Path, work: Path, limits: ArchiveLimits | None = None) -> Iterator[Scan]:
    """Scan a hand-out: an archive, a folder with archives in it, or a folder of images.

    Parameters
    ----------
    source
        The archive or folder; it is never written to.
    work
        An existing folder on a disk with room for what is unpacked; removed from it when the block ends.
    limits
        See :class:`ganprint.corpus.entries.ArchiveLimits`.

    Raises
    ------
    InputError
        See :func:`ganprint.corpus.archive.unpack` and :func:`ganprint.corpus.folder.scan`.
    """
    if not source.exists():
        raise InputError(f"{source}: no such file or folder; give the organisers' archive or the unpacked folder")
    if source.is_dir() and not any(is_archive_name(path.name) for path in source.rglob("*")):
        yield scan(source)
        return
    with TemporaryDirectory(prefix=".unpacked-", dir=work) as temporary:
        # The folder has the source's name, so that messages about a file in it can be understood.
        folder = Path(temporary) / source.name
        unpack(source, folder, limits)
        yield scan(folder)


def import_official(
    source: Path, out: Path, *, edition: str | None = None, limits: ArchiveLimits | None = None
) -> OfficialReport:
    """Copy the organisers' hand-out into the kit's own layout, with the report of :func:`verify` in import.json.

    The images' bytes and names are kept; they are converted when the corpus is stored.

    Parameters
    ----------
    source
        The archive, or the folder with archives or images; it is never written to.
    out
        The folder to write, which ``kind: official`` or ``kind: folder`` reads; an earlier import there is replaced,
        anything else refused. What is unpacked lies beside it meanwhile.
    edition
        The year to compare with; the nearest when None. Differences are reported and stop nothing.
    limits
        See :class:`ganprint.corpus.entries.ArchiveLimits`.

    Raises
    ------
    InputError
        When the source can not be unpacked or recognised, or ``out`` is not free.
    """
    here, there = source.resolve(), out.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise InputError(f"{out}: lies within {source} or around it; choose a folder elsewhere")
    if out.exists() and not (out / IMPORT_FILE).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists and is no earlier import; remove it or choose another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with opened(source, out.parent, limits) as scanned, atomic_directory(out) as folder:
        report = verify(scanned, edition)
        if source.is_file():
            report = OfficialReport(**{**vars(report), "source_sha256": sha256_of(source)})
        # What was unpacked here may be moved; what was handed in is copied.
        _lay_out(scanned, folder, shutil.copyfile if scanned.root == source else os.replace)
        write_json(folder / IMPORT_FILE, report.to_dict())
    return report


def _lay_out(scanned: Scan, folder: Path, place: Callable[[Path, Path], object]) -> None:
    for image in scanned.images:
        target = folder / image.part.name / f"{image.id}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        place(scanned.root / image.path, target)
    if scanned.groups:
        place(scanned.root / scanned.groups, folder / GROUPS_FILE)


def _count_differences(edition: Edition, counts: dict[str, int]) -> list[Difference]:
    return [
        Difference(f"images in {part}", str(wanted), str(counts[part]))
        for part, wanted in edition.counts.items()
        if counts[part] != wanted
    ]


def _kind_differences(edition: Edition, sizes: Counter[str], formats: Counter[str]) -> list[Difference]:
    size = {f"{edition.size[0]}x{edition.size[1]}"} if edition.size else set(sizes)
    found = []
    for what, wanted, tally in (("image size", size, sizes), ("kind of PNG", set(edition.formats), formats)):
        others = [f"{count} {name}" for name, count in tally.most_common() if name not in wanted]
        if others:
            found.append(Difference(what, " or ".join(sorted(wanted)), ", ".join(others)))
    return found


def _id_differences(edition: Edition, ids: Sequence[str]) -> list[Difference]:
    if not edition.test_ids:
        return []
    wanted = f"{edition.test_ids[0]} to {edition.test_ids[-1]}"
    found = []
    for what, names in (
        ("missing", set(edition.test_ids) - set(ids)),
        ("unexpected", set(ids) - set(edition.test_ids)),
    ):
        if names:
            shown = ", ".join(sorted(names, key=natural_key)[:_SHOWN])
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            found.append(Difference("ids in test/real_unknown", wanted, f"{what} {shown}{more}"))
    return found
