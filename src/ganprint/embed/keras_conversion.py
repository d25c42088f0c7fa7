"""Keras' weights as a file of this kit: once converted, neither HDF5 nor the published file is needed."""

import json
from pathlib import Path

from safetensors.torch import save_file

from ganprint.embed.keras_file import KerasWeights, read_keras
from ganprint.errors import InputError
from ganprint.files import atomic_path

__all__ = ["convert_keras"]

_METADATA_KEY = "keras"


def convert_keras(source: Path, target: Path, accepted: str | None = None) -> KerasWeights:
    """Write the weights of a Keras file as safetensors, with where they come from in the header.

    Parameters
    ----------
    source
        Keras' ``.h5`` file.
    target
        Written atomically; ends in ``.safetensors``. The same source gives the same bytes.
    accepted
        As :func:`ganprint.embed.keras_file.read_keras` takes it.

    Returns
    -------
    What was converted.

    Raises
    ------
    InputError
        When the target has another ending, or the source is not accepted or not readable.
    """
    if target.suffix != ".safetensors":
        raise InputError(f"{target}: the converted file has to end in .safetensors; give such a name")
    weights = read_keras(source, accepted)
    metadata = {
        "network": weights.network,
        "keras_file": weights.published,
        "md5": weights.md5,
        "sha256": weights.sha256,
    }
    with atomic_path(target) as temporary:
        # One entry: the format keeps several in no certain order.
        save_file(weights.state, temporary, {_METADATA_KEY: json.dumps(metadata, sort_keys=True)})
    return weights
