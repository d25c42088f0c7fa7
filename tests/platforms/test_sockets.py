"""Grand Challenge's inputs.json: both forms, the choice of the input, and everything that can be wrong with it."""

import json

import numpy as np
import pytest

from ganprint.errors import InputError
from ganprint.evaluate.tables import ScoreTable
from ganprint.platforms.sockets import Socket, corpus_socket, membership, read_sockets

CORPUS = {"slug": "membership-corpus", "kind": "ZIP file", "super_kind": "File", "relative_path": "corpus.zip"}
AGE = {"slug": "age", "kind": "Integer", "super_kind": "Value", "relative_path": "age.json"}


def inputs(*described, keys=("socket", "interface")):
    values = [{**dict.fromkeys(keys, one), "value": None, "file": None, "image": None, "pk": 1} for one in described]
    return json.dumps(values).encode()


@pytest.mark.parametrize("keys", [("socket", "interface"), ("socket",), ("interface",)])
def test_the_present_and_the_older_form_are_read(keys):
    """The platform writes both keys now and wrote 'interface' alone before."""
    found = read_sockets(inputs(CORPUS, AGE, keys=keys), "inputs.json")
    assert found == [Socket("membership-corpus", "corpus.zip"), Socket("age", "age.json")]
    assert corpus_socket(found, None) == corpus_socket(found, "membership-corpus") == found[0]
    assert corpus_socket(found, "age") == found[1]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "can not be read as JSON"),
        (b"\xff\xfe", "can not be read as JSON"),
        (b"{}", "wanted is a list with one object per input, received dict"),
        (b"[]", "received nothing"),
        (b"[3]", "input 1: wanted is an object with the key 'socket'"),
        (b'[{"socket": null}]', "input 1: wanted is an object with the key 'socket'"),
        (b'[{"socket": {"slug": "a"}}]', "'slug' and 'relative_path' must be text, received 'a' and None"),
        (inputs(CORPUS | {"relative_path": "../etc/x.zip"}), "leads out of the input folder"),
        (inputs(CORPUS | {"relative_path": "/etc/x.zip"}), "leads out of the input folder"),
        (inputs(CORPUS | {"relative_path": ""}), "leads out of the input folder"),
    ],
)
def test_a_bad_file_is_named_with_its_fault(content, text):
    """One line that says where and what."""
    with pytest.raises(InputError, match=r"^inputs\.json") as raised:
        read_sockets(content, "inputs.json")
    assert text in str(raised.value)


@pytest.mark.parametrize(
    ("described", "slug", "text"),
    [
        ([AGE], None, "exactly one input socket of kind ZIP file"),
        ([CORPUS, CORPUS | {"slug": "b"}], None, "exactly one input socket of kind ZIP file"),
        ([CORPUS], "other", "wanted is an input socket 'other'"),
    ],
)
def test_an_unclear_choice_lists_what_there_is(described, slug, text):
    """The organiser sees which slug to name."""
    with pytest.raises(InputError) as raised:
        corpus_socket(read_sockets(inputs(*described), "inputs.json"), slug)
    assert text in str(raised.value)
    assert f"{described[0]['slug']} ({described[0]['relative_path']})" in str(raised.value)


def test_membership_is_plain_json_per_image():
    """Protects the output's form: order, names and types."""
    table = ScoreTable(np.array(["b", "a"]), np.array(["b", "a"]), np.array([2.0, -1.0]), np.array([1, 0]))
    rows = membership(table, np.array([0.75, 0.25]))
    assert json.loads(json.dumps(rows)) == [
        {"id": "b", "probability": 0.75, "score": 2.0, "used": True},
        {"id": "a", "probability": 0.25, "score": -1.0, "used": False},
    ]
