"""Where a backbone's weights come from. There is never a silent fall-back from one source to another."""

import hashlib
import json
import pickle
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from ganprint.embed.keras_file import read_keras
from ganprint.errors import InputError
from ganprint.files import sha256_of

__all__ = [
    "Weights",
    "downloaded_weights",
    "file_weights",
    "packaged_weights",
    "pretrained_weights",
    "random_weights",
    "seeded_network",
    "state_sha256",
    "without_wrapper",
    "write_pretrained",
]

State = dict[str, torch.Tensor]

_METADATA_KEY = "ganprint"


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


_BROKEN = (
    RuntimeError,
    ValueError,
    EOFError,
    SafetensorError,
    pickle.UnpicklingError,
    # What PyTorch's reader of weights alone makes of bytes that happen to begin like a pickle.
    AttributeError,
    LookupError,
    TypeError,
)
"""What the libraries raise that read weight files."""


def _read_state(path: Path) -> State:
    """Read a state dict as weights alone: no code of the file is run."""
    try:
        _check_file(path)
        if path.suffix == ".safetensors":
            return load_file(path)
        if path.suffix == ".h5":
            return read_keras(path).state
        with warnings.catch_warnings():
            # TorchScript, which holds code, is refused below; a warning before that says nothing more.
            warnings.simplefilter("ignore", UserWarning)
            content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path}: no such weight file; check the path after 'file:' in params.yaml") from None
    except OSError as error:
        raise InputError(f"{path}: can not be read ({error.strerror or error}); give a weight file") from None
    except _BROKEN:
        # The libraries' own words speak of pickles and headers, and advise to read code as well.
        raise InputError(f"{path}: {_no_weights(path)}") from None
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in content.items()
    ):
        raise InputError(f"{path}: holds no state dict (parameter name to tensor); save model.state_dict()")
    return content


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give the weight file itself after 'file:'")
    if not path.stat().st_size:
        raise InputError(f"{path}: is empty; download it or write it again")


def _no_weights(path: Path) -> str:
    if path.suffix == ".safetensors":
        return "is no safetensors file; download it or write it again"
    return (
        "is no PyTorch weight file (or holds more than weights); download it again, or save weights alone with "
        "torch.save(model.state_dict(), FILE)"
    )


def file_weights(path: Path) -> Weights:
    """Read weights of a file given by the user: ``.safetensors``, a PyTorch state dict, or ``.h5`` of Keras' ResNets.

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


def write_pretrained(path: Path, state: State, metadata: dict[str, Any]) -> None:
    """Write weights that were trained here with what made them, as plain values, in the file's header."""
    # One entry: the format keeps several in no certain order, and equal training has to give equal bytes.
    save_file(state, path, {_METADATA_KEY: json.dumps(metadata, sort_keys=True)})


def pretrained_weights(path: Path, name: str) -> tuple[Weights, dict[str, Any]]:
    """Read weights that the pretraining ``name`` made, and their metadata.

    Raises
    ------
    InputError
        When the file is missing, or holds no such weights.
    """
    again = f"run 'ganprint pretrain {name}' or 'dvc repro'"
    try:
        with safe_open(path, framework="pt") as file:
            header: dict[str, str] = file.metadata() or {}
    except FileNotFoundError:
        raise InputError(f"{path}: no such weights; {again} first") from None
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: not a weight file ({str(error).splitlines()[0]}); remove it and {again}") from None
    if _METADATA_KEY not in header:
        raise InputError(f"{path}: not weights of a pretraining of this kit; remove it and {again}")
    metadata: dict[str, Any] = json.loads(header[_METADATA_KEY])
    return Weights("pretrained-here", path.name, sha256_of(path), _read_state(path)), metadata


def without_wrapper(state: State, own: State) -> State:
    """Leave out the name of the module that a network was saved in, where all of a file's tensors begin with it.

    SSCD's files have the ResNet in ``backbone``; torch's DataParallel puts it in ``module``.

    Parameters
    ----------
    state
        As in the file.
    own
        The network's; where its names begin so too, nothing is left out.
    """
    for wrapper in ("backbone.", "module."):
        wrapped = bool(state) and all(name.startswith(wrapper) for name in state)
        if wrapped and not any(name.startswith(wrapper) for name in own):
            return {name.removeprefix(wrapper): tensor for name, tensor in state.items()}
    return state


def downloaded_weights(enum: Any, source: str = "imagenet") -> Weights:
    """Read torchvision's weights of an enum member, downloaded once and checked against the hash in their name.

    Parameters
    ----------
    enum
        The member.
    source
        As in params.yaml.

    Raises
    ------
    InputError
        When they are not in torch's cache and can not be downloaded.
    """
    try:
        state: State = enum.get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError, RuntimeError) as error:
        raise InputError(
            f"weights '{source}': {enum} could not be fetched ({error}); connect to the network once, "
            "or give the downloaded file as 'file:PATH'"
        ) from None
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(enum.url).name
    return Weights(source, f"{type(enum).__name__}.{enum.name} ({file.name})", sha256_of(file), state)


def seeded_network(build: Callable[[], torch.nn.Module], seed: int) -> torch.nn.Module:
    """Build a network with initial weights drawn from a seed, leaving torch's global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def random_weights(build: Callable[[], torch.nn.Module], seed: int) -> Weights:
    """Give a network's initial weights drawn from a seed."""
    state = seeded_network(build, seed).state_dict()
    return Weights(f"random:{seed}", "initial weights", state_sha256(state), state)
