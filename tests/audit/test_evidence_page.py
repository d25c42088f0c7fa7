"""The evidence page: everything from the data escaped, nothing fetched, each image there once."""

import base64
import copy
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from audit_samples import slice_of, table_of

from ganprint.audit.evidence.page import render_evidence
from ganprint.audit.evidence.pictures import webp
from ganprint.audit.evidence.search import EvidenceSearch, find_evidence

HOSTILE = "</script><script>alert(1)</script><img src=x onerror='alert(2)'>&\"\u2028{{ 7 * 7 }}"
VOID = {"img", "input", "br", "meta"}


class Page(HTMLParser):
    """Collects tags, attributes and text of scripts, and checks that tags are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self.open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "script":
            self.scripts.append([dict(attributes), ""])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1][1] += data


@pytest.fixture(scope="module")
def made():
    greys = [slice_of(seed) for seed in range(12)]
    images = table_of(greys, "UNTTgggggttt")
    search = EvidenceSearch(images=2, evidences=2, patch=32, references=3)
    evidence = find_evidence(images, search, greys.__getitem__, np.random.default_rng(0))
    return evidence, {images.key(row): webp(grey, 80) for row, grey in enumerate(greys)}


def test_hostile_ids_and_runs_stay_text(made):
    """Protects the reader: ids, groups, views and run names from files can not become markup or script."""
    evidence, pictures = copy.deepcopy(made[0]), dict(made[1])
    suspect = evidence["suspects"][0]
    suspect["image"] |= {"id": HOSTILE, "group": HOSTILE, "key": f"test/real/{HOSTILE}"}
    suspect["view"] = suspect["evidences"][0]["view"] = HOSTILE
    pictures[suspect["image"]["key"]] = b"picture"
    runs = {suspect["image"]["key"]: {HOSTILE: {HOSTILE: HOSTILE}}}
    clean = Page(render_evidence(*made))
    page = Page(render_evidence(evidence, pictures, runs))
    assert page.open == []
    assert [tag for tag, _ in page.tags if tag == "script"] == ["script"] * 3
    assert {tag for tag, _ in page.tags} == {tag for tag, _ in clean.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    data = json.loads(page.scripts[0][1])
    assert data["suspects"][0]["image"]["id"] == HOSTILE
    assert data["runs"] == runs


def test_nothing_is_fetched_and_nothing_is_evaluated(made):
    """Protects use offline and under a strict policy: no address, no inline handler or style, no eval."""
    text = render_evidence(*made)
    page = Page(text)
    for _, attributes in page.tags:
        assert not {"src", "href", "style"} & attributes.keys()
    outside = re.sub(r"data:image/webp;base64,[A-Za-z0-9+/=]+", "", text)
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(|\beval\b|new Function|fetch\(|XMLHttp", outside)


def test_each_image_is_inlined_once_as_it_was_written(made):
    """Protects the page's size and the pictures: one data address per image that is named, its bytes unchanged."""
    evidence, pictures = made
    page = Page(render_evidence(evidence, {**pictures, "test/real/other": b"not named"}))
    inlined = json.loads(page.scripts[1][1])
    wanted = {suspect["image"]["key"] for suspect in evidence["suspects"]}
    wanted |= {found["image"]["key"] for suspect in evidence["suspects"] for found in suspect["evidences"]}
    assert inlined.keys() == wanted
    for key, address in inlined.items():
        kind, data = address.split(",")
        assert kind == "data:image/webp;base64"
        assert base64.b64decode(data) == pictures[key]


def test_the_printed_list_has_every_suspect_and_alternative_texts(made):
    """Protects paper and screen readers: a row per suspect without scripts, and an alt text for each image."""
    evidence, pictures = made
    runs = {evidence["suspects"][0]["image"]["key"]: {"svm-corrected": {"score": 0.25, "answer": "can not say"}}}
    text = render_evidence(evidence, pictures, runs)
    static = text.split('id="evidence-static"')[1].split("<script")[0]
    assert static.count("<tr>") == 1 + len(evidence["suspects"])
    for suspect in evidence["suspects"]:
        assert f"Real image {suspect['image']['id']}" in static
    assert "svm-corrected: score 0.25, answer can not say" in static
    assert all("alt" in attributes for tag, attributes in Page(text).tags if tag == "img")


def test_every_part_that_the_script_asks_for_is_there(made):
    """Protects against a control that is renamed in one file alone: script and template agree on ids."""
    page = Page(render_evidence(*made))
    script = page.scripts[2][1]
    there = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    asked = {f"evidence-{name}" for name in re.findall(r'part\("([a-z-]+)"\)', script)}
    assert len(asked) > 15
    assert asked <= there


def test_missing_images_are_refused_and_no_evidence_is_said(made):
    """Protects against a page with holes, and gives a page where there is nothing to show."""
    evidence, pictures = made
    with pytest.raises(ValueError, match="images of the evidence are missing, first"):
        render_evidence(evidence, {key: data for key, data in pictures.items() if "real" not in key})
    assert "nothing to show" in render_evidence({**evidence, "suspects": []}, {})
