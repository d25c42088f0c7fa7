"""params.yaml as typed objects, checked once at the door.

Every section has the name of the room, stage and command that it is for. Unknown keys are refused, so a misspelt
parameter can not be silently ignored.
"""

from ganprint.params.base import FrozenModel, one_line
from ganprint.params.corpus import CorpusParameters, PhantomParameters
from ganprint.params.embed import AugmentationParameters, EmbeddingParameters, PretrainingParameters
from ganprint.params.results import (
    AuditParameters,
    ComputeParameters,
    EvaluateParameters,
    MemorisationParameters,
    TrackParameters,
)
from ganprint.params.runs import FoldParameters, RunParameters, ThresholdParameters
from ganprint.params.strength import StrengthParameters
from ganprint.params.study import StudyComparatorParameters, StudyFoldParameters, StudyParameters
from ganprint.params.whole import Params, load_params

__all__ = [
    "AuditParameters",
    "AugmentationParameters",
    "ComputeParameters",
    "CorpusParameters",
    "EmbeddingParameters",
    "EvaluateParameters",
    "FoldParameters",
    "FrozenModel",
    "MemorisationParameters",
    "Params",
    "PhantomParameters",
    "PretrainingParameters",
    "RunParameters",
    "StrengthParameters",
    "StudyComparatorParameters",
    "StudyFoldParameters",
    "StudyParameters",
    "ThresholdParameters",
    "TrackParameters",
    "load_params",
    "one_line",
]
