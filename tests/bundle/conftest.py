"""A finished project on a planted corpus, its bundle, and ways to write a bundle that is not as it should be."""

import shutil

import pytest
from bundle_samples import DATE, content
from pipeline import ROOT
from planted import audited

from ganprint.bundle.archive import MANIFEST, digests, manifest, write_zip
from ganprint.bundle.crate import METADATA
from ganprint.bundle.sbom import environment_sbom
from ganprint.params import load_params
from ganprint.stages import bundle
from ganprint.stages.places import Places


@pytest.fixture(scope="session")
def sbom():
    """The list of this environment's packages, written once: it takes seconds."""
    return environment_sbom()


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A project in which every stage has run on a folder of images; tests only read it."""
    root = audited(tmp_path_factory.mktemp("bundle"), "leak")
    for name in ("dvc.yaml", "CITATION.cff", "LICENSE"):
        shutil.copy(ROOT / name, root)
    return root


@pytest.fixture
def make(finished, sbom, monkeypatch):
    """Write a bundle of a project, by default the finished one."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.setattr(bundle, "environment_sbom", lambda: sbom)

    def write(out, root=finished, **options):
        places = Places(root)
        return bundle.write_bundle(places, load_params(places.params), out, **options)

    return write


@pytest.fixture(scope="session")
def bundled(finished, sbom, tmp_path_factory):
    """The bundle of the finished project; tests only read it."""
    out = tmp_path_factory.mktemp("bundled") / "results.zip"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SOURCE_DATE_EPOCH", raising=False)
        patch.setattr(bundle, "environment_sbom", lambda: sbom)
        places = Places(finished)
        bundle.write_bundle(places, load_params(places.params), out)
    return out


@pytest.fixture
def forge(bundled, tmp_path):
    """Write the bundle with other contents; ``consistent`` makes the hashes right again, as one who cheats would."""

    def write(changes, *, consistent=False):
        old = content(bundled)
        files = {path: body for path, body in (old | changes).items() if body is not None}
        if consistent:
            text = files[METADATA].decode()
            before, after = digests(old), digests(files)
            for path in changes:
                text = text.replace(before[path], after[path])
            files[METADATA] = text.encode()
            files[MANIFEST] = manifest(digests({path: body for path, body in files.items() if path != MANIFEST}))
        write_zip(tmp_path / "forged.zip", files, DATE)
        return tmp_path / "forged.zip"

    return write
