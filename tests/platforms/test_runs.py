"""A run inside an adapter: the layouts that platforms hand in, and what is wrong with them."""

import io
import json
import shutil
import threading
import urllib.error
import urllib.request
import zipfile

import pytest
from handed_in import LAYOUTS, call, hashes, laid_out

from ganprint.errors import InputError
from ganprint.stages.platforms_server import make_server
from ganprint.submit.validator import validate


def tira(source, output, *more, status=0, env=None):
    return call("platform", "tira", "run", "--input", source, "--output", output, *more, status=status, env=env)


def grand_challenge(folder, *more, status=0):
    words = ["--input", folder / "input", "--output", folder / "output"]
    return call("platform", "grand-challenge", "run", *words, *more, status=status)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tira_writes_one_valid_run_and_reads_only(planted, ids, tmp_path, layout):
    """Protects TIRA's contract in every layout: a strict submission, one file, the input untouched."""
    source = laid_out(planted, tmp_path / "input", layout)
    before = hashes(source)
    out, _ = tira(source, tmp_path / "output")
    assert [path.name for path in (tmp_path / "output").iterdir()] == ["run.csv"]
    content = (tmp_path / "output/run.csv").read_bytes()
    assert validate(content, ids, level="strict").valid
    assert "run.csv: valid, 30 of 60 used" in out
    assert hashes(source) == before


def test_tira_variables_stand_for_the_options(planted, tmp_path):
    """TIRA sets inputDataset and outputDir."""
    env = {"inputDataset": str(planted), "outputDir": str(tmp_path / "out")}
    out, _ = call("platform", "tira", "run", "--file-name", "predictions.csv", env=env)
    assert (tmp_path / "out/predictions.csv").is_file()
    assert "30 of 60 used" in out


def test_tira_run_then_evaluate(planted, tmp_path):
    """The two sides fit together; the planted leak is found, and faults of a run go to stdout with status 2."""
    tira(planted, tmp_path / "run")
    env = {"inputDataset": str(planted.parent / "truth.csv"), "inputRun": str(tmp_path / "run")}
    env["outputDir"] = str(tmp_path / "evaluation")
    out, _ = call("platform", "tira", "evaluate", "--resamples", 100, env=env)
    assert "run.csv: valid, F1 1.0000" in out
    text = (tmp_path / "evaluation/evaluation.prototext").read_text()
    assert text.startswith('measure {\n  key: "F1"\n  value: "1.0"\n}\n')
    (tmp_path / "run/run.csv").write_text("real_unknown_000,yes\n")
    out, err = call("platform", "tira", "evaluate", "--resamples", 100, env=env, status=2)
    assert "  line 1: E4: " in out
    assert "  line 1: E5: " in out
    assert err == ""
    assert not (tmp_path / "evaluation/evaluation.prototext").exists()


def test_the_splits_may_come_apart_and_as_archives(planted, tmp_path):
    """A test set without labels, and the development split in the image: the same answers, groups of both kept."""
    tira(planted, tmp_path / "whole", "--work", tmp_path / "first")
    with zipfile.ZipFile(tmp_path / "test.zip", "w") as archive:
        for path in sorted((planted / "test").rglob("*.png")):
            archive.write(path, path.relative_to(planted / "test"))
    (tmp_path / "input").mkdir()
    shutil.move(tmp_path / "test.zip", tmp_path / "input")
    development = shutil.copytree(planted / "development", tmp_path / "development")
    lines = [line for line in (planted / "groups.csv").read_text().splitlines() if ",test," not in line]
    (development / "groups.csv").write_text("\n".join(lines) + "\n")
    tira(tmp_path / "input", tmp_path / "apart", "--development", development, "--work", tmp_path / "second")
    assert (tmp_path / "apart/run.csv").read_bytes() == (tmp_path / "whole/run.csv").read_bytes()
    index = (tmp_path / "second/data/corpus/index.csv").read_text()
    assert "development-7" in index
    # Once more in the same work folder: what is there is replaced, and a bad file of groups is named.
    (development / "groups.csv").write_bytes(b"\xff\xfe")
    words = ["--development", development, "--work", tmp_path / "second"]
    _, err = tira(tmp_path / "input", tmp_path / "apart", *words, status=2)
    assert "development/groups.csv: header is not id,split,group" in err


def test_a_data_set_that_is_an_archive_is_unpacked(planted, ids, tmp_path):
    """Organisers hand out ZIP files; the input keeps its archive and gets nothing beside it."""
    (tmp_path / "input").mkdir()
    (tmp_path / "input/corpus.zip").write_bytes(zipped(planted))
    before = hashes(tmp_path / "input")
    tira(tmp_path / "input", tmp_path / "output")
    assert validate((tmp_path / "output/run.csv").read_bytes(), ids, level="strict").valid
    assert hashes(tmp_path / "input") == before


def test_another_run_of_another_profile(planted, tmp_path):
    """The choice is the participant's; a run that learns from labels runs too."""
    out, _ = tira(planted, tmp_path / "out", "--profile", "small", "--run", "svm-corrected", "--device", "cpu")
    assert "run.csv: valid" in out


def _broken_png(source):
    (source / "test/generated/generated_007.png").write_bytes(b"\x89PNG\r\n\x1a\nnonsense")


def _other_ids(source):
    (source / "image_ids.txt").write_text("real_unknown_000\nreal_unknown_999\n")


def _no_images(source):
    for path in source.rglob("*.png"):
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "more", "text"),
    [
        (shutil.rmtree, [], "no such folder; give the folder with the images"),
        (_no_images, [], "not a complete corpus in a known layout"),
        (lambda source: shutil.rmtree(source / "test/generated"), [], "test/generated (looked for test/generated)"),
        (_broken_png, [], "generated_007.png"),
        (_other_ids, [], "1 of 2 ids have no real test image and 59 real test images are not listed"),
        (lambda source: (source / "image_ids.txt").write_text(""), [], "image_ids.txt: no ids"),
        (lambda source: None, ["--run", "oracle"], "--run oracle: no such run; allowed: relation-as-coded"),
        (lambda source: None, ["--run", "blind"], "--run blind: a baseline"),
        (lambda source: None, ["--run", "svm-as-coded", "--profile", "small"], "run 'svm-as-coded': refused: "),
        (lambda source: None, ["--profile", "big"], "--profile big: unknown; allowed: default, paper, small"),
        (lambda source: None, ["--development", "nowhere"], "nowhere: no such folder"),
        (lambda source: None, ["--file-name", "../run.csv"], "wanted is a file's name without folders"),
    ],
)
def test_bad_input_is_one_line_with_status_2_and_no_output(planted, tmp_path, spoil, more, text):
    """A participant sees the platform's log alone."""
    source = shutil.copytree(planted, tmp_path / "input")
    spoil(source)
    _, err = tira(source, tmp_path / "output", *more, status=2)
    assert err.startswith("ganprint: ")
    assert err.count("\n") == 1
    assert text in err
    assert not (tmp_path / "output").exists()


def test_an_output_that_can_not_be_written_and_a_work_folder_in_the_input(planted, tmp_path):
    """Both are the caller's to mend."""
    (tmp_path / "file").write_text("")
    assert "can not be written" in tira(planted, tmp_path / "file", status=2)[1]
    source = shutil.copytree(planted, tmp_path / "input")
    assert "which is only read" in tira(source, tmp_path / "out", "--work", source / "work", status=2)[1]
    assert not (source / "work").exists()


def zipped(folder, wrap=""):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, wrap + path.relative_to(folder).as_posix())
    return stream.getvalue()


INPUTS = [{"socket": {"slug": "ct-slices", "relative_path": "corpora/slices.zip"}, "value": None, "image": None}]


def case(tmp_path, planted, form):
    """Lay out a case as the platform does (unpacked), as a local test may (packed), or without inputs.json (older)."""
    folder = tmp_path / form
    (folder / "input/corpora").mkdir(parents=True)
    (folder / "output").mkdir()
    if form == "packed":
        # The other archive is no input that is meant: were both unpacked, each part would be there twice.
        for name in ("slices.zip", "other.zip"):
            (folder / "input/corpora" / name).write_bytes(zipped(planted))
    else:
        with zipfile.ZipFile(io.BytesIO(zipped(planted))) as archive:
            archive.extractall(folder / "input/corpora")
    if form != "older":
        (folder / "input/inputs.json").write_text(json.dumps(INPUTS))
    return folder


def test_grand_challenge_reads_all_forms_of_a_case_and_writes_one_json(planted, ids, tmp_path):
    """Protects the contract: a ZIP socket, unpacked or packed, or no inputs.json; the same answers, one file."""
    written = set()
    for form in ("unpacked", "packed", "older"):
        folder = case(tmp_path, planted, form)
        before = hashes(folder / "input")
        grand_challenge(folder)
        assert hashes(folder / "input") == before
        [path] = (folder / "output").rglob("*")
        assert path.name == "membership-probabilities.json"
        written.add(path.read_text())
    [text] = written
    rows = json.loads(text)
    assert [row["id"] for row in rows] == ids
    assert all(0 <= row["probability"] <= 1 for row in rows)
    # Higher scores never have lower probabilities, and the threshold parts the decisions.
    by_score = sorted(rows, key=lambda row: row["score"])
    assert [row["probability"] for row in by_score] == sorted(row["probability"] for row in rows)
    assert [row["used"] for row in by_score] == sorted(row["used"] for row in rows)


@pytest.mark.parametrize(
    ("spoil", "more", "text"),
    [
        (lambda folder: shutil.rmtree(folder / "input"), [], "no such folder; the platform puts the inputs there"),
        (lambda folder: (folder / "input/inputs.json").write_text("{"), [], "inputs.json: can not be read as JSON"),
        (lambda folder: None, ["--socket", "mri"], "wanted is an input socket 'mri'"),
        (lambda folder: (folder / "input/inputs.json").unlink(), ["--socket", "mri"], "there is no input socket 'mri'"),
        (lambda folder: shutil.rmtree(folder / "input/corpora"), [], "slices.zip: no such file or folder"),
        (lambda folder: None, ["--output-file", "../x.json"], "leads out of"),
        (lambda folder: shutil.rmtree(folder / "input/corpora/test"), [], "not a complete corpus"),
    ],
)
def test_grand_challenge_bad_cases_say_what_to_do_on_stderr(planted, tmp_path, spoil, more, text):
    """The platform marks the job as failed and shows stderr."""
    folder = case(tmp_path, planted, "unpacked")
    spoil(folder)
    out, err = grand_challenge(folder, *more, status=2)
    assert out == ""
    assert err.startswith("ganprint: ")
    assert err.count("\n") == 1
    assert text in err
    assert not list((folder / "output").iterdir())


def asked(server, method, path):
    request = urllib.request.Request(f"http://127.0.0.1:{server.server_port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture
def serving():
    """Start servers and stop them after the test."""
    started = []

    def start(handle_case):
        server = make_server("127.0.0.1", 0, handle_case)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        started.append((server, thread))
        return server

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_server_answers_health_and_invoke(serving, capfd):
    """Protects the "invoke" interface: 200 when ready, 201 for a case that went well, 500 with the reason otherwise."""
    answers = iter(["done", InputError("inputs.json: is not there;\nput it there"), "again"])

    def handle():
        answer = next(answers)
        if isinstance(answer, InputError):
            raise answer
        return answer

    server = serving(handle)
    assert asked(server, "GET", "/health") == (200, "")
    assert asked(server, "POST", "/invoke") == (201, "done")
    assert asked(server, "POST", "/invoke") == (500, "ganprint: inputs.json: is not there; put it there")
    assert asked(server, "POST", "/invoke") == (201, "again")
    assert asked(server, "GET", "/invoke")[0] == asked(server, "POST", "/health")[0] == 404
    out, err = capfd.readouterr()
    assert (out, err) == ("done\nagain\n", "ganprint: inputs.json: is not there; put it there\n")


def test_the_server_takes_one_case_at_a_time_and_stays_healthy(serving):
    """A case may take minutes: health must answer meanwhile, and a second case must not write to the same output."""
    entered, leave = threading.Event(), threading.Event()

    def handle():
        entered.set()
        assert leave.wait(30)
        return "done"

    server = serving(handle)
    first = []
    thread = threading.Thread(target=lambda: first.append(asked(server, "POST", "/invoke")))
    thread.start()
    assert entered.wait(30)
    assert asked(server, "GET", "/health")[0] == 200
    assert asked(server, "POST", "/invoke")[0] == 503
    leave.set()
    thread.join()
    assert first == [(201, "done")]


def test_a_port_in_use_is_an_error(serving):
    """One line instead of a traceback."""
    server = serving(lambda: "")
    with pytest.raises(InputError, match="can not be listened on"):
        make_server("127.0.0.1", server.server_port, lambda: "")
