"""What a selection study was made with, as its record says and as params.yaml would have it now."""

from typing import Any

from ganprint.params import Params

__all__ = ["study_parameters"]


def study_parameters(params: Params, name: str) -> dict[str, Any]:
    """Give all parameters that decide the figures of study ``name``: seed, its block, embeddings, intervals."""
    study = params.study[name]
    return {
        "seed": params.seed,
        "study": study.model_dump(mode="json"),
        "embed": {view: params.embed[view].model_dump(mode="json") for view in study.views},
        "evaluate": params.evaluate.model_dump(mode="json", include={"confidence", "resamples"}),
    }
