"""The whole of params.yaml."""

from pathlib import Path

import yaml
from pydantic import Field, ValidationError, model_validator

from ganprint.errors import InputError
from ganprint.params.base import FrozenModel, Name, one_line
from ganprint.params.corpus import CorpusParameters
from ganprint.params.embed import EmbeddingParameters, PretrainingParameters
from ganprint.params.results import (
    AuditParameters,
    ComputeParameters,
    EvaluateParameters,
    MemorisationParameters,
    TrackParameters,
)
from ganprint.params.runs import FoldParameters, RunParameters
from ganprint.params.strength import StrengthParameters
from ganprint.params.study import StudyParameters

__all__ = ["Params", "load_params"]


class Params(FrozenModel):
    """The whole of params.yaml."""

    profile: Name
    seed: int = Field(ge=0, lt=2**63)
    compute: ComputeParameters
    corpus: CorpusParameters
    pretrain: dict[Name, PretrainingParameters] = Field(default_factory=dict)
    embed: dict[Name, EmbeddingParameters]
    folds: FoldParameters
    runs: dict[Name, RunParameters]
    evaluate: EvaluateParameters
    memorisation: MemorisationParameters = Field(default_factory=MemorisationParameters)
    audit: AuditParameters
    track: TrackParameters
    strength: dict[Name, StrengthParameters] = Field(default_factory=dict)
    study: dict[Name, StudyParameters] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _runs_name_embeddings(self) -> "Params":
        for name, run in self.runs.items():
            for embedding in run.views:
                if embedding not in self.embed:
                    known = ", ".join(self.embed)
                    raise ValueError(f"run '{name}' wants embedding '{embedding}', which is not under embed ({known})")
            # What else the run's own embedding lacks, the stages tell that read it.
            if run.pooling == "grid":
                self._check_pooling(f"run '{name}'", run.embedding, run.pooling)
            for embedding, pooling in run.further_views.items():
                self._check_pooling(f"run '{name}', further_views", embedding, pooling)
        return self

    def _check_pooling(self, subject: str, embedding: str, pooling: str) -> None:
        block = self.embed[embedding]
        maps = block.pooling == "average"
        has = ["average", "max", *(["grid"] if block.grid else [])] if maps else [block.pooling]
        if pooling in has:
            return
        fault = f"has no such pooling; allowed: {', '.join(has)}"
        if pooling == "grid" and maps:
            fault = f"has none; set embed.{embedding}.grid to its number of cells along a side"
        raise ValueError(f"{subject} wants pooling '{pooling}' of embedding '{embedding}', which {fault}")

    @model_validator(mode="after")
    def _studies_name_runs(self) -> "Params":
        for name, study in self.strength.items():
            for run in study.runs:
                if run not in self.runs:
                    raise ValueError(f"study '{name}' wants run '{run}', which is not under runs")
        return self

    @model_validator(mode="after")
    def _studies_name_embeddings(self) -> "Params":
        for name, study in self.study.items():
            for embedding in study.views:
                if embedding not in self.embed:
                    raise ValueError(f"study '{name}' wants embedding '{embedding}', which is not under embed")
            for key, comparator in study.comparators.items():
                for embedding, pooling in comparator.further_views.items():
                    self._check_pooling(f"study '{name}', comparator '{key}', further_views", embedding, pooling)
            for embedding in study.embeddings:
                block = self.embed[embedding]
                if block.pooling == "average" and not block.grid and study.poolings == ["grid"]:
                    raise ValueError(f"study '{name}' reads '{embedding}' by 'grid' alone, and it has no grid")
        return self

    @model_validator(mode="after")
    def _embeddings_fit_their_pretraining(self) -> "Params":
        for name, embedding in self.embed.items():
            block = embedding.pretraining(name)
            if block is None:
                continue
            if block not in self.pretrain:
                known = ", ".join(self.pretrain) or "empty"
                raise ValueError(
                    f"embedding '{name}' wants pretraining '{block}', which is not under pretrain ({known})"
                )
            for key in ("backbone", "preprocessing"):
                ours, theirs = getattr(embedding, key), getattr(self.pretrain[block], key)
                if ours != theirs:
                    raise ValueError(
                        f"embedding '{name}' has {key} '{ours}', its pretraining '{block}' has '{theirs}'; say the same"
                    )
        return self


def load_params(path: Path) -> Params:
    """Read and check params.yaml.

    Raises
    ------
    InputError
        When the file is missing, is not YAML, or a parameter is unknown, missing or out of range.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run the command in the project's folder") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: can not be read as YAML: {' '.join(str(error).split())}") from None
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path}: {one_line(error)}") from None
