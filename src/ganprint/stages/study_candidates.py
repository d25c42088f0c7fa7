"""The candidates of a selection study: every embedding, pooling and comparator of its block, in order of simplicity."""

from dataclasses import dataclass

from ganprint.compare.protocol import create
from ganprint.errors import InputError, said_of
from ganprint.params import Params, RunParameters, StudyComparatorParameters, StudyParameters
from ganprint.stages.places import Places

__all__ = ["StudyCandidate", "study_candidates"]


@dataclass(frozen=True)
class StudyCandidate:
    """One candidate.

    Attributes
    ----------
    name
        ``EMBEDDING.POOLING.COMPARATOR``.
    run
        What it is, as a run of params.yaml.
    comparator
        Its name in the study.
    family
        Kind of the embedding: ``grey values``, ``hand-made``, ``metadata`` or ``network``.
    learns
        True when its scores depend on labels.
    baseline
        True when it is never selected.
    place
        In the order of simplicity, from 0.
    """

    name: str
    run: RunParameters
    comparator: str
    family: str
    learns: bool
    baseline: bool
    place: int


def study_candidates(places: Places, params: Params, name: str) -> list[StudyCandidate]:
    """Give the candidates of study ``name``, the simplest first.

    Raises
    ------
    InputError
        When a comparator is unknown, is given wrong parameters, or looks at one view and is given several.
    """
    study = params.study[name]
    found = []
    for comparator_place, (key, block) in enumerate(study.comparators.items()):
        learns = _learns(places, name, key, block)
        for embedding in block.embeddings or study.embeddings:
            for pooling_place, pooling in enumerate(_poolings(params, study, embedding)):
                run = RunParameters.model_validate(
                    {
                        **block.model_dump(exclude={"embeddings"}),
                        "embedding": embedding,
                        "pooling": pooling,
                    }
                )
                order = (learns, study.embeddings.index(embedding), comparator_place, pooling_place)
                found.append((order, f"{embedding}.{pooling}.{key}", run, key))
    found.sort(key=lambda one: one[0])
    return [
        StudyCandidate(full, run, key, _family(params, run.embedding), order[0], run.baseline, place)
        for place, (order, full, run, key) in enumerate(found)
    ]


def _poolings(params: Params, study: StudyParameters, embedding: str) -> list[str]:
    block = params.embed[embedding]
    if block.pooling in {"none", "values"}:
        return [block.pooling]
    return [pooling for pooling in study.poolings if pooling != "grid" or block.grid]


def _learns(places: Places, name: str, key: str, block: StudyComparatorParameters) -> bool:
    with said_of(f"{places.params}: study '{name}', comparator '{key}'"):
        made = create(block.comparator, block.variant, block.parameters)
        if block.further_views and not made.several:
            raise InputError(f"{block.comparator} looks at one view; remove its further_views")
        return made.learns


def _family(params: Params, embedding: str) -> str:
    block = params.embed[embedding]
    if block.weights != "none":
        return "network"
    return {"pixels": "grey values", "metadata": "metadata"}.get(block.backbone, "hand-made")
