"""params.yaml as typed objects, checked once at the door.

Every section has the name of the room, stage and command that it is for. Unknown keys are refused, so a misspelt
parameter can not be silently ignored.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ganprint.errors import InputError

__all__ = [
    "AugmentationParameters",
    "ComputeParameters",
    "CorpusParameters",
    "EmbeddingParameters",
    "EvaluateParameters",
    "FoldParameters",
    "FrozenModel",
    "Params",
    "PhantomParameters",
    "PretrainingParameters",
    "RunParameters",
    "ThresholdParameters",
    "TrackParameters",
    "load_params",
    "one_line",
]

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]


class FrozenModel(BaseModel):
    """Base of all parameter blocks: immutable, unknown keys refused, no silent conversion of text to numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PhantomParameters(FrozenModel):
    """The embedded corpus: procedural patients and a generative network trained on some of them.

    Attributes
    ----------
    size
        Width and height of the images in pixels.
    development_patients, test_patients
        Patients per split; each is used or not by an independent fair coin.
    slices_per_patient
        Real slices per patient.
    other_patients
        Patients that appear in no split: they train the autoencoder, and at ``memorisation`` 0 the generator too.
    generated_development, generated_test
        Samples of the generator per split.
    memorisation
        From 0 (generator trained on other patients of the same population: the null holds by construction) to 1
        (near-copying).
    autoencoder_steps, autoencoder_batch, autoencoder_width
        Training steps, images per step and channels of the autoencoder that makes the codes.
    moved_copies
        Copies of every training slice, moved and resized a little, that the generator sees beside the slice itself;
        the less so, the higher the dial.
    generator_steps_least, generator_steps_most
        Training steps of the generator towards the dial's ends; between them they grow geometrically. At 0 they are
        those of the default dial.
    generator_batch, generator_width, generator_depth
        Codes per training step, units per layer and layers of the generator.
    sampling_steps
        Denoising steps per generated image.
    """

    size: Literal[64, 128, 256] = 256
    development_patients: int = Field(default=40, ge=4)
    test_patients: int = Field(default=50, ge=4)
    slices_per_patient: int = Field(default=4, ge=1)
    other_patients: int = Field(default=60, ge=4)
    generated_development: int = Field(default=500, ge=1)
    generated_test: int = Field(default=2000, ge=1)
    memorisation: float = Field(default=0.5, ge=0, le=1)
    autoencoder_steps: int = Field(default=400, ge=1)
    autoencoder_batch: int = Field(default=6, ge=1)
    autoencoder_width: int = Field(default=48, ge=8, multiple_of=8)
    moved_copies: int = Field(default=4, ge=1)
    generator_steps_least: int = Field(default=100, ge=1)
    generator_steps_most: int = Field(default=700, ge=1)
    generator_batch: int = Field(default=256, ge=1)
    generator_width: int = Field(default=768, ge=8)
    generator_depth: int = Field(default=3, ge=1)
    sampling_steps: int = Field(default=25, ge=2)

    @model_validator(mode="after")
    def _steps_grow(self) -> "PhantomParameters":
        if self.generator_steps_least > self.generator_steps_most:
            raise ValueError("generator_steps_least must not exceed generator_steps_most")
        return self


class CorpusParameters(FrozenModel):
    """Where the images come from.

    Attributes
    ----------
    kind
        ``phantom`` (built here), ``folder`` (any folder in the official layout) or ``official`` (the organisers'
        archive or folder, whose counts are verified).
    path
        The folder or archive; for the phantom a place that is watched and not read.
    truth
        CSV ``id,membership`` with the truth of the test split; a file with the header alone says that it is unknown.
    phantom
        What the phantom is made of; used with ``kind: phantom`` alone.
    """

    kind: Literal["phantom", "folder", "official"]
    path: str
    truth: str
    phantom: PhantomParameters = PhantomParameters()


class EmbeddingParameters(FrozenModel):
    """One embedding: a backbone, its weights, and how an image is made ready for it.

    Attributes
    ----------
    backbone
        A registered name (``ganprint embed --help`` lists them); ``pixels`` is the image itself.
    weights
        ``imagenet``, ``packaged``, ``file:PATH``, ``random:SEED`` or ``pretrained-here:NAME`` (block NAME of section
        pretrain; without a name, the block that is called as the embedding is); ``none`` for pixels.
    preprocessing
        ``paper`` (nearest-neighbour resize, grey repeated, divided by 255, no mean or deviation) or ``weights`` (what
        the weights were trained with); for pixels ``nearest`` or ``area`` resize.
    size
        Width and height in pixels of the network's input.
    batch
        Images per forward pass.
    dtype
        Of the network's arithmetic; bfloat16 pays on processors and GPUs that have it.
    """

    backbone: str
    weights: str = Field(
        pattern=r"^(imagenet|packaged|none|file:.+|random:[0-9]+|pretrained-here(:[a-z0-9]+(-[a-z0-9]+)*)?)$"
    )
    preprocessing: Literal["paper", "weights", "nearest", "area"]
    size: int = Field(ge=16, le=1024)
    batch: int = Field(default=8, ge=1)
    dtype: Literal["float32", "bfloat16"] = "float32"

    def pretraining(self, name: str) -> str | None:
        """Give the block of section pretrain that makes the weights of the embedding ``name``; None if none does."""
        source, _, block = self.weights.partition(":")
        return (block or name) if source == "pretrained-here" else None


class AugmentationParameters(FrozenModel):
    """How a view of a slice may differ from it: changes that a copy survives. 0 switches a change off.

    Attributes
    ----------
    shift
        Largest shift along each axis, as a share of the image's side; what comes in is black.
    rotation
        Largest rotation in degrees, both ways.
    crop
        Largest share of the area that a random crop may cut off before it is resized to the whole.
    flip
        Probability of a mirror image, left for right.
    brightness, contrast
        Largest relative change of the grey values, and of their distance from the mean.
    noise
        Standard deviation of Gaussian noise on grey values 0..1; half of the views get it.
    blur
        Largest standard deviation of a Gaussian blur in pixels; half of the views get one.
    """

    shift: float = Field(default=0.1, ge=0, lt=0.5)
    rotation: float = Field(default=10.0, ge=0, le=180)
    crop: float = Field(default=0.4, ge=0, lt=1)
    flip: float = Field(default=0.5, ge=0, le=1)
    brightness: float = Field(default=0.2, ge=0, lt=1)
    contrast: float = Field(default=0.2, ge=0, lt=1)
    noise: float = Field(default=0.05, ge=0, le=1)
    blur: float = Field(default=1.0, ge=0, le=10)


class PretrainingParameters(FrozenModel):
    """Self-supervised training of a backbone on the corpus' own images, as a copy detector; no label is read.

    Attributes
    ----------
    backbone
        A registered name other than ``pixels``.
    start
        Weights that training begins with: ``random:SEED``, ``packaged``, ``imagenet`` or ``file:PATH``.
    preprocessing
        As of the embedding that will use the weights: ``paper`` or ``weights``.
    size
        Width and height in pixels of the network's input.
    epochs
        Passes over the images.
    batch
        Images per step; each gives two views, and the others' views are the negatives.
    learning_rate, weight_decay, warmup
        Of AdamW; the rate grows linearly during ``warmup`` epochs, then falls to 0 by a cosine.
    temperature
        Of the loss.
    projection
        Length of the vectors that the loss compares.
    test_images
        Also learn from the test split's images, real and generated (their labels stay unread in any case).
    augmentation
        What makes a view.
    """

    backbone: str
    start: str = Field(pattern=r"^(imagenet|packaged|file:.+|random:[0-9]+)$")
    preprocessing: Literal["paper", "weights"]
    size: int = Field(ge=32, le=1024)
    epochs: int = Field(default=20, ge=1)
    batch: int = Field(default=64, ge=2)
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    warmup: int = Field(default=2, ge=0)
    temperature: float = Field(default=0.2, gt=0)
    projection: int = Field(default=128, ge=2)
    test_images: bool = False
    augmentation: AugmentationParameters = AugmentationParameters()

    @model_validator(mode="after")
    def _warmup_ends(self) -> "PretrainingParameters":
        if self.warmup >= self.epochs:
            raise ValueError("warmup must be shorter than epochs")
        return self


class ThresholdParameters(FrozenModel):
    """How scores become decisions: a rule that sees development data alone.

    Attributes
    ----------
    rule
        ``fixed`` (``at`` or above is used), ``youden`` (largest recall + specificity of the out-of-fold development
        scores) or ``f1`` (largest F1 of them, the official metric).
    at
        The threshold of ``fixed``.
    """

    rule: Literal["fixed", "youden", "f1"]
    at: float | None = None

    @model_validator(mode="after")
    def _fixed_needs_a_value(self) -> "ThresholdParameters":
        if (self.rule == "fixed") != (self.at is not None):
            raise ValueError("'at' belongs to rule 'fixed' and to no other")
        return self


class RunParameters(FrozenModel):
    """One run: a comparator, what it looks at, its threshold rule and its own parameters.

    Attributes
    ----------
    baseline
        True for a run that others are held against: it makes no submission and no claim.
    member_control
        Also put the whole procedure through used images alone, half of their groups called used.
    """

    comparator: Name
    variant: Literal["as_coded", "as_written", "corrected", "extension"]
    embedding: Name
    pooling: Literal["none", "max", "average"]
    threshold: ThresholdParameters
    baseline: bool = False
    member_control: bool = False
    parameters: dict[str, Any] = Field(default_factory=dict)


class FoldParameters(FrozenModel):
    """Out-of-fold development scores: the same folds, by group, for every run."""

    count: int = Field(default=5, ge=2)


class ComputeParameters(FrozenModel):
    """What computes: part of every result's provenance, since sums in another order differ in their last digits."""

    device: Literal["cpu", "cuda", "auto"] = "cpu"
    threads: int = Field(default=2, ge=1)


class EvaluateParameters(FrozenModel):
    """Figures and tests.

    Attributes
    ----------
    confidence
        Level of all intervals; tests are at one minus it.
    resamples
        Bootstrap resamples of groups.
    permutations
        Random relabellings of groups of a permutation test.
    power
        Power at which the smallest leak that could have been shown is stated.
    abstain
        Error level of the per-image answers "used", "not used", "can not say".
    """

    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    resamples: int = Field(default=10_000, ge=100)
    permutations: int = Field(default=10_000, ge=100)
    power: float = Field(default=0.8, gt=0.5, lt=1)
    abstain: float = Field(default=0.1, gt=0, lt=0.5)


class AuditParameters(FrozenModel):
    """What the report shows.

    Attributes
    ----------
    images
        Most suspicious real images per split on the evidence page.
    evidences
        Nearest generated images per real image and view.
    near_hash
        Largest number of differing bits, of 64, of the perceptual hashes of near-duplicates.
    patch
        Side in pixels of the region that is looked for in the generated image.
    """

    images: int = Field(default=24, ge=1, le=500)
    evidences: int = Field(default=3, ge=1, le=10)
    near_hash: int = Field(default=4, ge=0, le=20)
    patch: int = Field(default=64, ge=16, le=256)


class TrackParameters(FrozenModel):
    """MLflow: the experiment's name. The server is MLflow's own MLFLOW_TRACKING_URI; without it a local SQLite file."""

    experiment: str = "ganprint"


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
    audit: AuditParameters
    track: TrackParameters

    @model_validator(mode="after")
    def _runs_name_embeddings(self) -> "Params":
        for name, run in self.runs.items():
            if run.embedding not in self.embed:
                known = ", ".join(self.embed)
                raise ValueError(f"run '{name}' wants embedding '{run.embedding}', which is not under embed ({known})")
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


def one_line(error: ValidationError) -> str:
    """Say all faults of a pydantic validation in one line: place, what is wrong, what was received."""
    parts = []
    for fault in error.errors(include_url=False):
        place = ".".join(str(part) for part in fault["loc"])
        received = "" if fault["type"] in {"missing", "value_error"} else f" (received {fault['input']!r})"
        parts.append(f"{place + ': ' if place else ''}{fault['msg']}{received}")
    return "; ".join(parts)


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
