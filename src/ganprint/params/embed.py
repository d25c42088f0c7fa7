"""Parameters of embeddings and of the training of their weights."""

from collections.abc import Callable
from typing import Literal

from pydantic import Field, model_validator

from ganprint.params.base import FrozenModel

__all__ = ["AugmentationParameters", "EmbeddingParameters", "PretrainingParameters"]

_IMAGENET = "imagenet(:IMAGENET1K_[A-Z0-9_]+)?"


def _is(default: object) -> Callable[[object], bool]:
    """Leave a parameter that came later out of records at its default: what was made before it stays what it is."""
    return lambda value: value == default


class EmbeddingParameters(FrozenModel):
    """One embedding: a backbone, its weights, and how an image is made ready for it.

    Attributes
    ----------
    backbone
        A registered name (``ganprint backbones`` lists the networks): a network, a hand-made formula, or ``pixels``,
        the image itself.
    weights
        ``imagenet`` (IMAGENET1K_V1) or ``imagenet:MEMBER`` of torchvision's enum, ``packaged``, ``file:PATH``,
        ``random:SEED`` or ``pretrained-here:NAME`` (block NAME of section pretrain; without a name, the block that is
        called as the embedding is); ``none`` for pixels and formulas.
    preprocessing
        ``paper`` (nearest-neighbour resize, grey repeated, divided by 255, no mean or deviation) or ``weights`` (what
        the weights were trained with); for pixels and formulas ``nearest`` or ``area`` resize.
    size
        Width and height in pixels of the network's input.
    layer
        The network's layer to read, by name; without one, the last before its classifier.
    grid
        Cells along each side that the layer's map is averaged over for pooling ``grid``, which keeps where something
        is; the features are ``grid`` x ``grid`` times as long. 0: no such pooling.
    batch
        Images per forward pass.
    dtype
        Of the network's arithmetic; bfloat16 pays on processors and GPUs that have it.
    """

    backbone: str
    weights: str = Field(
        pattern=rf"^({_IMAGENET}|packaged|none|file:.+|random:[0-9]+|pretrained-here(:[a-z0-9]+(-[a-z0-9]+)*)?)$"
    )
    preprocessing: Literal["paper", "weights", "nearest", "area"]
    size: int = Field(ge=16, le=1024)
    layer: str | None = None
    grid: int = Field(default=0, ge=0, le=16, exclude_if=_is(0))
    batch: int = Field(default=8, ge=1)
    dtype: Literal["float32", "bfloat16"] = "float32"

    @model_validator(mode="after")
    def _grid_is_of_a_map(self) -> "EmbeddingParameters":
        if self.grid and self.weights == "none":
            raise ValueError("a grid is of a network's map; leave it out")
        return self

    @property
    def pooling(self) -> Literal["none", "values", "average"]:
        """The reading for whoever asks for none: grey values as they are, a formula's values, or averaged maps."""
        if self.weights == "none":
            return "none" if self.backbone == "pixels" else "values"
        return "average"

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
        Images per step; each gives two views.
    learning_rate, weight_decay, warmup
        Of AdamW; the rate grows linearly during ``warmup`` epochs, then falls to 0 by a cosine.
    temperature
        Of SimCLR's loss.
    projection
        Length of the vectors that the loss compares.
    method
        ``simclr``, ``byol``, ``barlow`` or ``vicreg``; the backbone ``autoencoder`` learns by reconstruction instead.
    momentum
        Of BYOL's slow copy at the beginning; it grows to 1.
    negatives
        Of SimCLR: ``any`` other views in a batch of whatever images, or batches of real or generated images alone with
        the slices of a ``patient`` side by side.
    batched_views
        Make the views of a batch at once, on the device that trains: faster, above all on CUDA, and other views.
    dtype
        Of the networks' arithmetic in training; weights and losses are float32 in any case.
    test_images
        Also learn from the test split's images, real and generated (their labels stay unread in any case).
    augmentation
        What makes a view.
    """

    backbone: str
    start: str = Field(pattern=rf"^({_IMAGENET}|packaged|file:.+|random:[0-9]+)$")
    preprocessing: Literal["paper", "weights"]
    size: int = Field(ge=32, le=1024)
    epochs: int = Field(default=20, ge=1)
    batch: int = Field(default=64, ge=2)
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    warmup: int = Field(default=2, ge=0)
    temperature: float = Field(default=0.2, gt=0)
    projection: int = Field(default=128, ge=2)
    method: Literal["simclr", "byol", "barlow", "vicreg"] = Field(default="simclr", exclude_if=_is("simclr"))
    momentum: float = Field(default=0.99, ge=0, lt=1, exclude_if=_is(0.99))
    negatives: Literal["any", "patient"] = Field(default="any", exclude_if=_is("any"))
    batched_views: bool = Field(default=False, exclude_if=_is(False))
    dtype: Literal["float32", "bfloat16"] = Field(default="float32", exclude_if=_is("float32"))
    test_images: bool = False
    augmentation: AugmentationParameters = AugmentationParameters()

    @model_validator(mode="after")
    def _warmup_ends(self) -> "PretrainingParameters":
        if self.warmup >= self.epochs:
            raise ValueError("warmup must be shorter than epochs")
        return self

    @model_validator(mode="after")
    def _method_reads_what_is_said(self) -> "PretrainingParameters":
        # What nothing reads would look like a setting and be none.
        if self.backbone == "autoencoder" and self.method != "simclr":
            raise ValueError("the backbone autoencoder learns by reconstruction; leave method out")
        if self.negatives != "any" and (self.method != "simclr" or self.backbone == "autoencoder"):
            raise ValueError("negatives are of method simclr alone; leave them out")
        if self.momentum != type(self).model_fields["momentum"].default and self.method != "byol":
            raise ValueError("momentum is of method byol alone; leave it out")
        return self
