"""The one-file example of CONTRIBUTING.md is run as it stands there."""

import re
import textwrap
from pathlib import Path

import numpy as np
import yaml
from sklearn.metrics import roc_auc_score

from ganprint.compare import protocol
from ganprint.compare.protocol import Context, create
from ganprint.params import RunParameters

TEXT = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def block(language):
    return textwrap.dedent(re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)[1])


def test_the_example_works_as_written(splits, monkeypatch):
    """A participant copies the file and the block: both must be accepted, and find the leak that is there."""
    protocol.registry()  # what registers while the copy stands would be lost with it
    monkeypatch.setattr(protocol, "_REGISTRY", dict(protocol._REGISTRY))
    (name, run), *more = yaml.safe_load(block("yaml")).items()
    assert not more
    parameters = RunParameters.model_validate(run)
    exec(compile(block("python"), "CONTRIBUTING.md", "exec"), {"__name__": "example"})
    comparator = create(parameters.comparator, parameters.variant, parameters.parameters)
    development, test, truth = splits(False)
    scores = comparator.fit(development, Context(1)).score(test, Context(1))
    assert name == "few-nearest"
    assert np.isfinite(scores).all()
    assert roc_auc_score(truth, scores) > 0.9
