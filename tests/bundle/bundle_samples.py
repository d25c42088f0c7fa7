"""Reading a zip file whole."""

import zipfile
from datetime import UTC, datetime

DATE = datetime(2026, 1, 1, tzinfo=UTC)


def content(path):
    """Give path to bytes of everything in a zip file."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
