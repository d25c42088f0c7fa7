"""Keras' published ResNet weights (``.h5``) as state dicts for :func:`ganprint.embed.keras_resnet.keras_resnet`.

A file is hashed before the HDF5 library sees it. No link is followed out of it, and nothing is read whose type, shape
and storage are not those of the network: what is taken from a file is no larger than the network.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from ganprint.embed.keras_resnet import KERAS_BLOCKS, keras_layers, keras_resnet
from ganprint.errors import InputError

__all__ = ["PUBLISHED", "KerasWeights", "read_keras"]

PUBLISHED = {
    "2cb95161c43110f7111970584f804107": "resnet50_weights_tf_dim_ordering_tf_kernels.h5",
    "4d473c1dd8becc155b73f8504c6f6626": "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "f1aeb4b969a6efcfb50fad2f0c20cfc5": "resnet101_weights_tf_dim_ordering_tf_kernels.h5",
    "88cf7a10940856eca736dc7b7e228a21": "resnet101_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "100835be76be38e30d865e96f2aaae62": "resnet152_weights_tf_dim_ordering_tf_kernels.h5",
    "ee4c566cf9a93f14d82f913c2dc6dd0c": "resnet152_weights_tf_dim_ordering_tf_kernels_notop.h5",
}
"""MD5 and name of every file that Keras publishes (``WEIGHTS_HASHES`` in ``keras/src/applications/resnet.py``)."""

_LARGEST = 400 << 20
_MOST_NAMES = 2000
_CHUNK = 1 << 20
_SIGNATURE = b"\x89HDF\r\n\x1a\n"

_TENSORS = {
    "conv": (("kernel", "weight"), ("bias", "bias")),
    "bn": (("gamma", "weight"), ("beta", "bias"), ("moving_mean", "running_mean"), ("moving_variance", "running_var")),
    "predictions": (("kernel", "weight"), ("bias", "bias")),
}
"""Keras' name and torch's of the tensors of a layer, by the end of the layer's name."""


@dataclass(frozen=True)
class KerasWeights:
    """Weights of a Keras file.

    Attributes
    ----------
    network
        One of :data:`ganprint.embed.keras_resnet.KERAS_BLOCKS`.
    published
        The name that Keras publishes the file under; None for a file that Keras does not publish.
    md5, sha256
        Of the file.
    state
        Parameter name to tensor, float32; with ``fc`` when the file has the classifier.
    """

    network: str
    published: str | None
    md5: str
    sha256: str
    state: dict[str, torch.Tensor]


def read_keras(path: Path, accepted: str | None = None) -> KerasWeights:
    """Read a Keras weight file of a ResNet-50, -101 or -152 (version 1).

    Parameters
    ----------
    path
        The ``.h5`` file.
    accepted
        SHA-256 of a file that Keras does not publish and that is to be read all the same. Its layers must have Keras'
        names; those of a published file are taken in their order alone, as Keras does.

    Raises
    ------
    InputError
        When the file is missing or no HDF5 file, is another than Keras publishes and not accepted, or does not hold
        such a network.
    """
    if accepted is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", accepted):
        raise InputError(f"--accept-hash '{accepted}': is no SHA-256; give its 64 hexadecimal digits")
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            if size > _LARGEST:
                raise InputError(f"{path}: larger than any of Keras' ResNet weights; give the published .h5 file")
            if not _signed(stream, size):
                raise InputError(f"{path}: is no HDF5 file; download it again")
            md5, sha256 = _hashes(stream)
            published = PUBLISHED.get(md5)
            _check_hash(path, published, (md5, sha256), accepted)
            network, state = _read(path, stream, named=published is None)
    except FileNotFoundError:
        raise InputError(f"{path}: no such weight file; check the path") from None
    except OSError as error:
        reason = str(error).split("\n", 1)[0]
        raise InputError(f"{path}: not a file of Keras weights ({reason}); download it again") from None
    return KerasWeights(network, published, md5, sha256, state)


def _signed(stream: BinaryIO, size: int) -> bool:
    """Look for HDF5's signature where the format allows it: at 0, 512, 1024, 2048, ... bytes."""
    place = 0
    while place < size:
        stream.seek(place)
        if stream.read(len(_SIGNATURE)) == _SIGNATURE:
            return True
        place = max(512, 2 * place)
    return False


def _hashes(stream: BinaryIO) -> tuple[str, str]:
    # MD5 since that is what Keras publishes; the SHA-256 is what is recorded.
    digests = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        for digest in digests:
            digest.update(chunk)
    return digests[0].hexdigest(), digests[1].hexdigest()


def _check_hash(path: Path, published: str | None, found: tuple[str, str], accepted: str | None) -> None:
    md5, sha256 = found
    if accepted is not None and accepted.lower() != sha256:
        raise InputError(
            f"{path}: its SHA-256 is {sha256}, not the accepted {accepted}; download it again or correct --accept-hash"
        )
    if published is None and accepted is None:
        raise InputError(
            f"{path}: none of the ResNet files that Keras publishes (MD5 {md5}); download it again or, if you trust "
            f"it, run 'ganprint convert-keras' with --accept-hash {sha256}"
        )


def _read(path: Path, stream: BinaryIO, *, named: bool) -> tuple[str, dict[str, torch.Tensor]]:
    import h5py  # noqa: PLC0415  (nothing else needs it)

    try:
        with h5py.File(stream, "r") as file:
            layers = [layer for layer in _names(file, "layer_names") if _names(_member(file, layer), "weight_names")]
            network, pairs = _network(layers, named=named)
            with torch.device("meta"):
                shapes = {name: tuple(tensor.shape) for name, tensor in keras_resnet(network).state_dict().items()}
            return network, dict(_tensors(file, pairs, shapes))
    except (KeyError, RuntimeError, TypeError, UnicodeDecodeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not Keras weights of a ResNet-50, -101 or -152, version 1 ({reason})") from None


def _network(layers: list[str], *, named: bool) -> tuple[str, list[tuple[str, str, str]]]:
    """Give the network with so many layers, and for each the file's name, Keras' name and torchvision's."""
    for network in KERAS_BLOCKS:
        known = list(keras_layers(network))
        if len(layers) in {len(known), len(known) - 1}:
            pairs = [(layer, *names) for layer, names in zip(layers, known, strict=False)]
            strange = [(layer, theirs) for layer, theirs, _ in pairs if layer != theirs]
            if named and strange:
                raise ValueError("its layer '{}' stands where '{}' should".format(*strange[0]))
            return network, pairs
    raise ValueError(f"it has {len(layers)} layers with weights")


def _tensors(
    file: Any, pairs: list[tuple[str, str, str]], shapes: dict[str, tuple[int, ...]]
) -> Iterator[tuple[str, torch.Tensor]]:
    for layer, theirs, ours in pairs:
        group = _member(file, layer)
        paths = _names(group, "weight_names")
        wanted = _TENSORS[theirs.rpartition("_")[2]]
        if [path.rpartition("/")[2].removesuffix(":0") for path in paths] != [leaf for leaf, _ in wanted]:
            raise ValueError(f"its layer '{layer}' has the weights {', '.join(paths)}")
        for path, (_, name) in zip(paths, wanted, strict=True):
            values = _values(_member(group, path), f"{layer}/{path}", shapes[f"{ours}.{name}"])
            yield f"{ours}.{name}", torch.from_numpy(values)


def _names(group: Any, attribute: str) -> list[str]:
    if attribute not in group.attrs:
        raise ValueError(f"'{group.name}' has no attribute '{attribute}'")
    shape = group.attrs.get_id(attribute).shape
    if len(shape) != 1 or shape[0] > _MOST_NAMES:
        raise ValueError(f"'{group.name}' has no list of names '{attribute}', or too long a one")
    names = [name.decode() if isinstance(name, bytes) else str(name) for name in group.attrs[attribute]]
    if len(set(names)) != len(names):
        raise ValueError(f"'{group.name}' names one of its '{attribute}' twice")
    return names


def _member(group: Any, path: str) -> Any:
    """Give what ``path`` names, step by step, so that no step leaves the file or goes round in it."""
    import h5py  # noqa: PLC0415

    for step in path.split("/"):
        if not isinstance(group, h5py.Group) or not isinstance(group.get(step, getlink=True), h5py.HardLink):
            raise KeyError(f"'{path}' is missing or lies outside the file")
        group = group[step]
    return group


def _values(dataset: Any, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Read an array in torch's order of axes: of kernels [h, w, in, out] and [in, out], out comes first."""
    import h5py  # noqa: PLC0415

    axes = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}[len(shape)]
    stored = tuple(shape[axes.index(axis)] for axis in range(len(shape)))
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype != np.float32 or dataset.shape != stored:
        raise ValueError(f"'{name}' is no float32 array of shape {stored}")
    # Keras writes arrays in one piece. Pieces may be compressed, and virtual or external ones lie in other files.
    if dataset.chunks is not None or dataset.is_virtual or dataset.external is not None:
        raise ValueError(f"'{name}' is not stored in one piece in the file")
    return np.ascontiguousarray(dataset[()].transpose(axes))
