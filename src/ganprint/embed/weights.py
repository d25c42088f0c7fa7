"""Where a backbone's weights come from. There is never a silent fall-back from one source to another."""

import hashlib
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from ganprint.errors import InputError
from ganprint.files import sha256_of

__all__ = [
    "Weights",
    "downloaded_weights",
    "file_weights",
    "packaged_weights",
    "random_weights",
    "seeded_network",
    "state_sha256",
]

State = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Weights:
    """A state dict with its origin.

    Attributes
    ----------
    source
        As in params.yaml, for example ``packaged``.
    origin
        File or enum that was read, without a folder.
    sha256
        Of the file; for random weights of the tensors.
    state
        Parameter name to tensor.
    """

    source: str
    origin: str
    sha256: str
    state: State


def state_sha256(state: State) -> str:
    """Give the SHA-256 over names, types, shapes and bytes of a state dict, in its order."""
    digest = hashlib.sha256()
    for name, tensor in state.items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _read_state(path: Path) -> State:
    """Read a state dict as weights alone: no code of the file is run."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path}: no such weight file; check the path after 'file:' in params.yaml") from None
    except (
        OSError,
        RuntimeError,
        ValueError,
        EOFError,
        SafetensorError,
        pickle.UnpicklingError,
    ) as error:
        reason = str(error).split("\n", 1)[0]
        raise InputError(f"{path}: not a weight file that can be read as weights alone ({reason})") from None
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict) or not all(isinstance(value, torch.Tensor) for value in content.values()):
        raise InputError(f"{path}: holds no state dict (parameter name to tensor); save model.state_dict()")
    return content


def file_weights(path: Path) -> Weights:
    """Read weights of a file given by the user (``.safetensors`` or a PyTorch state dict).

    Raises
    ------
    InputError
        When the file is missing or is anything but a state dict.
    """
    state = _read_state(path)
    return Weights(f"file:{path}", path.name, sha256_of(path), state)


def packaged_weights(path: Path) -> Weights:
    """Read weights that an installed package carries."""
    return Weights("packaged", path.name, sha256_of(path), _read_state(path))


def downloaded_weights(enum: Any) -> Weights:
    """Read torchvision's weights of an enum member, downloaded once and checked against the hash in their name.

    Raises
    ------
    InputError
        When they are not in torch's cache and can not be downloaded.
    """
    try:
        state: State = enum.get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError, RuntimeError) as error:
        raise InputError(
            f"weights 'imagenet': {enum} could not be fetched ({error}); connect to the network once, "
            "or give the downloaded file as 'file:PATH'"
        ) from None
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(enum.url).name
    return Weights("imagenet", f"{type(enum).__name__}.{enum.name} ({file.name})", sha256_of(file), state)


def seeded_network(build: Callable[[], torch.nn.Module], seed: int) -> torch.nn.Module:
    """Build a network with initial weights drawn from a seed, leaving torch's global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def random_weights(build: Callable[[], torch.nn.Module], seed: int) -> Weights:
    """Give a network's initial weights drawn from a seed."""
    state = seeded_network(build, seed).state_dict()
    return Weights(f"random:{seed}", "initial weights", state_sha256(state), state)
