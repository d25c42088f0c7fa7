"""What an interrupted run leaves behind, and what becomes of it."""

import itertools
import signal
import subprocess
import sys

import numpy as np
import pytest

from ganprint.compare.data import Development, Images, Test
from ganprint.compare.nearest import NearestNeighbour
from ganprint.params import load_params
from ganprint.stages.checkpoints import FolderCheckpoints, RunCheckpoints, sources_sha256
from ganprint.stages.compare import compare_run
from ganprint.stages.places import Places
from ganprint.stages.views import Views

RUN = "nearest-neighbour"


def test_arrays_come_back_as_they_were_saved(tmp_path):
    """Numbers of any kind and shape, bit by bit and writable; the last ones saved under a name count."""
    store = FolderCheckpoints(tmp_path / "fit")
    arrays = {
        "sums": np.array([0.1, -0.0, np.inf]),
        "state": np.arange(6, dtype=np.uint8).reshape(2, 3).T,
        "epoch": np.int64(3),
        "none": np.empty((0, 2), dtype=np.float32),
        "mask": np.array([True, False]),
    }
    assert store.load("training") is None
    store.save("training", {"epoch": np.int64(2)})
    store.save("training", arrays)
    loaded = store.load("training")
    assert loaded.keys() == arrays.keys()
    for name, value in arrays.items():
        assert loaded[name].dtype == np.asarray(value).dtype
        assert loaded[name].shape == np.shape(value)
        np.testing.assert_array_equal(loaded[name], value)
    loaded["sums"][0] = 1  # a fit goes on in place
    assert [path.name for path in (tmp_path / "fit").iterdir()] == ["training.safetensors"]


def test_a_file_cut_short_counts_as_none(tmp_path):
    """After a power cut the work of that file is done again instead of ending in an error."""
    store = FolderCheckpoints(tmp_path)
    store.save("block", {"sums": np.arange(100.0)})
    path = tmp_path / "block.safetensors"
    for length in (0, 5, path.stat().st_size - 1):
        path.write_bytes(path.read_bytes()[:length])
        assert store.load("block") is None


@pytest.mark.parametrize("name", ["", "../out", "a/b", ".hidden", "white space"])
def test_names_can_not_leave_the_folder(tmp_path, name):
    """A comparator of another package decides on names; files stay where they belong."""
    store = FolderCheckpoints(tmp_path)
    with pytest.raises(ValueError, match="make a name"):
        store.save(name, {})
    with pytest.raises(ValueError, match="make a name"):
        store.load(name)


def test_what_was_made_from_other_things_is_removed(tmp_path):
    """Changed parameters find nothing of the former ones, and their files do not pile up."""
    folder = tmp_path / "checkpoints" / "run"
    first = RunCheckpoints.open(folder, {"rate": 1e-3, "seed": 1})
    first.of("fold", 0).save("training", {"epoch": np.array(1)})
    same = RunCheckpoints.open(folder, {"seed": 1, "rate": 1e-3})
    assert same.of("fold", 0).load("training") is not None
    assert same.of("fold", 1).load("training") is None
    assert same.of("members", "fold", 0).load("training") is None
    other = RunCheckpoints.open(folder, {"rate": 1e-4, "seed": 1})
    assert other.of("fold", 0).load("training") is None
    assert list(folder.iterdir()) == []
    other.of("whole").save("training", {"epoch": np.array(1)})
    other.remove()
    assert not folder.parent.exists()


def test_removing_one_run_leaves_the_others(tmp_path):
    """Two runs may be interrupted at a time."""
    one, two = (RunCheckpoints.open(tmp_path / name, {}) for name in ("one", "two"))
    for store in (one, two):
        store.of("whole").save("training", {"epoch": np.array(1)})
    one.remove()
    assert two.of("whole").load("training") is not None


def test_changed_sources_change_the_hash(tmp_path, monkeypatch):
    """New code does not go on with what old code left."""
    package = tmp_path / "some_sources"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "rule.py").write_text("RATE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = sources_sha256(["some_sources"])
    assert sources_sha256(["some_sources"]) == before
    module = sources_sha256(["some_sources.rule"])
    (package / "rule.py").write_text("RATE = 2\n")
    assert sources_sha256(["some_sources"]) != before
    assert sources_sha256(["some_sources.rule"]) != module


def few_views():
    """Random grey values: what the run finds on them does not matter here."""
    rng = np.random.default_rng(0)

    def images(prefix, count):
        ids = np.array([f"{prefix}-{number:02d}" for number in range(count)])
        return Images(ids, rng.integers(0, 256, (count, 16), dtype=np.uint8))

    real = images("real", 12)
    development = Development(real, np.tile([0, 1], 6).astype(np.int8), real.ids, images("generated", 5))
    test = Test(images("unknown", 4), images("generated", 5))
    return Views(development, test, test.real.ids, {"corpus_sha256": "0"})


def test_an_interrupted_run_goes_on_and_then_leaves_nothing(project, monkeypatch):
    """The stage hands a store to every fit, keeps it when the run dies, and deletes it with the complete results."""
    places, params = Places(project), load_params(project / "params.yaml")
    asked = []

    def killed_in_the_second_fold(self, test, context):
        asked.append(context.checkpoints.load("scores"))
        if asked[-1] is not None:
            return asked[-1]["scores"]
        if len(asked) == 3:
            raise KeyboardInterrupt
        scores = np.arange(len(test.real), dtype=np.float64)
        context.checkpoints.save("scores", {"scores": scores})
        return scores

    monkeypatch.setattr("ganprint.stages.compare.read_views", lambda places, run: few_views())
    # A commit elsewhere in the repository must not throw away hours of work.
    revisions = (f"commit-{number}" for number in itertools.count())
    monkeypatch.setattr(
        "ganprint.stages.compare.provenance", lambda *words: {"code_revision": next(revisions), "python": "3"}
    )
    monkeypatch.setattr(NearestNeighbour, "score", killed_in_the_second_fold)
    with pytest.raises(KeyboardInterrupt):
        compare_run(places, params, RUN)
    # Every fit is asked twice: beside the generated images, and beside noise.
    assert [kept is not None for kept in asked] == [False, True, False]
    assert places.checkpoints(RUN).is_dir()
    assert not places.compared(RUN).exists()
    del asked[:]
    asked.extend([None] * 3)  # past the kill
    compare_run(places, params, RUN)
    folds = params.folds.count
    assert [kept is not None for kept in asked[3:]] == [True, True] + [False, True] * folds
    assert (places.compared(RUN) / "scores.csv").is_file()
    assert not places.checkpoints(RUN).exists()


SCORING = """
import os, signal, sys
from pathlib import Path
import numpy as np
from ganprint.compare.data import Images
from ganprint.compare.relation_network import build_network
from ganprint.compare.relation_scoring import mean_scores
from ganprint.stages.checkpoints import FolderCheckpoints

class Killed(FolderCheckpoints):
    def save(self, name, arrays):
        super().save(name, arrays)
        if len(list(self.folder.iterdir())) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

rng = np.random.default_rng(0)
real, generated = (
    Images(np.array([f"{role}-{i}" for i in range(n)]), rng.integers(0, 256, (n, 256), dtype=np.uint8))
    for role, n in (("real", 3), ("generated", 10))
)
network = build_network(10, 4, 1)

def score(store):
    scores = mean_scores(network, real, generated, lambda grey: grey / 255, block=3, checkpoints=store)
    print(scores.tobytes().hex(), flush=True)

folder = Path(sys.argv[1])
if sys.argv[2] == "killed":
    score(None)
    score(Killed(folder))
else:
    score(FolderCheckpoints(folder))
"""


def run_scoring(folder, how):
    command = [sys.executable, "-c", SCORING, str(folder), how]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_scoring_killed_between_blocks_ends_with_the_same_bytes(tmp_path):
    """SIGKILL after the second of four blocks: no handler runs; the next call adds the other two to what lies there."""
    killed = run_scoring(tmp_path, "killed")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    uninterrupted = killed.stdout.split()
    assert len(uninterrupted) == 1
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(kept) == 2
    resumed = run_scoring(tmp_path, "to its end")
    assert resumed.stdout.split() == uninterrupted, resumed.stderr
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(after) == 4
    assert kept.items() <= after.items()
