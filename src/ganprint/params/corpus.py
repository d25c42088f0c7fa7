"""Parameters of the corpus."""

from typing import Literal

from pydantic import Field, model_validator

from ganprint.params.base import FrozenModel

__all__ = ["DEFAULT_METADATA", "CorpusParameters", "PhantomParameters"]

DEFAULT_METADATA = "data/source/metadata.csv"
"""Where metadata is looked for when nothing is said; there alone a missing file means that there is none."""


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
    metadata
        CSV ``id,COLUMN,...`` with what is known of the images; a file with the header ``id`` alone says: nothing.
    metadata_allow
        Columns of it that look like a leak of the membership, and are known to be none.
    phantom
        What the phantom is made of; used with ``kind: phantom`` alone.
    """

    kind: Literal["phantom", "folder", "official"]
    path: str
    truth: str
    metadata: str = DEFAULT_METADATA
    metadata_allow: list[str] = Field(default_factory=list)
    phantom: PhantomParameters = PhantomParameters()
