"""Where a relation network's training begins: weights drawn from the seed, ImageNet weights, or a file.

What begins from where is never left to guessing: :class:`InitialWeights` says which tensors were loaded, which were
left as the seed drew them, and which of the source have no place.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torchvision

from ganprint.compare.relation_network import RelationNetwork
from ganprint.embed.weights import Weights, downloaded_weights, file_weights, state_sha256
from ganprint.errors import InputError

__all__ = ["InitialWeights", "initial_refusal", "load_initial"]

State = dict[str, torch.Tensor]

_IMAGENET_DEPTHS = (18, 34, 50, 101, 152)
_IMAGENET_PLANES = 64
_ROLES = ("real.", "generated.")
_STEM_CONVOLUTION = "stem.0.weight"
# The steps that a batch-norm has seen: no weight, and missing in older files.
_COUNTER = "num_batches_tracked"


@dataclass(frozen=True)
class InitialWeights:
    """What a network started from.

    Attributes
    ----------
    source
        ``scratch``, ``imagenet`` or ``file:PATH``.
    origin
        File or enum that was read, without a folder.
    sha256
        Of the file; of the drawn tensors when nothing was read.
    loaded
        The network's tensors that came from the source.
    drawn
        The network's tensors that are as the seed drew them.
    unused
        Tensors of the source that the network has no place for: a classifier, another run's curves.
    """

    source: str
    origin: str
    sha256: str
    loaded: tuple[str, ...]
    drawn: tuple[str, ...]
    unused: tuple[str, ...]

    def numbers(self) -> dict[str, float]:
        """Give how many tensors were loaded, drawn and left unused, for the figures of a run."""
        counts = {"loaded": self.loaded, "drawn": self.drawn, "unused": self.unused}
        return {f"initial_tensors_{name}": float(len(tensors)) for name, tensors in counts.items()}

    def record(self) -> dict[str, Any]:
        """Give all of it as plain values, layers by the shortest name that holds no layer of the other kind."""
        return {
            "source": self.source,
            "origin": self.origin,
            "sha256": self.sha256,
            "loaded": _shortest(self.loaded, self.drawn),
            "drawn": _shortest(self.drawn, self.loaded),
            "unused": list(self.unused),
        }


def _shortest(names: Iterable[str], others: Iterable[str]) -> list[str]:
    """Name the largest modules that hold tensors of ``names`` and none of ``others``, in the order of ``names``."""
    foreign: set[str] = set()
    for name in others:
        parts = name.split(".")
        foreign.update(".".join(parts[:length]) for length in range(1, len(parts) + 1))
    found: dict[str, None] = {}
    for name in names:
        parts = name.split(".")
        prefixes = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
        found[next(prefix for prefix in prefixes if prefix not in foreign)] = None
    return list(found)


def initial_refusal(source: str, depth: int, planes: int) -> str | None:
    """Give the reason why a network of this depth and width can not start from a source, or None when it can."""
    if source != "imagenet":
        return None
    if depth not in _IMAGENET_DEPTHS:
        allowed = ", ".join(map(str, _IMAGENET_DEPTHS))
        return f"initial 'imagenet': torchvision has no weights of depth {depth}; choose depth {allowed}, or 'scratch'"
    if planes != _IMAGENET_PLANES:
        return (
            f"initial 'imagenet': these weights have {_IMAGENET_PLANES} planes, not {planes}; set planes, or 'scratch'"
        )
    return None


def load_initial(network: RelationNetwork, source: str, depth: int) -> InitialWeights:
    """Put a source's weights in the place of those that the seed drew, as far as the source has them.

    A backbone's weights (torchvision's names, or this kit's) go to both roles; the relation module then stays as drawn.
    A whole network's (the state of one, or a run's model file) go to their own roles; where a role of the file is
    missing because it was shared, ``real`` serves both. Weights for three colours are summed over the colours into the
    grey stem: a grey image has the same answer as its three equal channels. A stem convolution of another kernel size
    stays as drawn; nothing else may be missing, be left over or have another shape, a classifier apart.

    Parameters
    ----------
    network
        With its initial weights; changed in place, batch-norm statistics included.
    source
        ``scratch``, ``imagenet`` (torchvision's IMAGENET1K_V1) or ``file:PATH`` (read as weights alone).
    depth
        Of the network.

    Raises
    ------
    InputError
        When the weights are not to be had or do not fit.
    """
    own = network.state_dict()
    if source == "scratch":
        return InitialWeights(source, "initial weights", state_sha256(own), (), _weights_of(own), ())
    given = _read(source, depth)
    whole, unused = _by_place(given.state)
    found, faults, used = _fitting(own, whole)
    faults += [name for name in whole if name not in used and not _spare(name, own)]
    if faults:
        raise InputError(
            f"initial '{source}': does not fit depth {depth} ({len(faults)} tensors missing, unknown or of another "
            f"shape, first '{faults[0]}'); give a state dict of a ResNet or relation network of this depth and width"
        )
    network.load_state_dict(found, strict=False)
    drawn = tuple(name for name in _weights_of(own) if name not in found)
    left = [name for name in whole if name not in used and not name.endswith(_COUNTER)]
    return InitialWeights(source, given.origin, given.sha256, _weights_of(found), drawn, (*unused, *left))


def _weights_of(state: State) -> tuple[str, ...]:
    return tuple(name for name in state if not name.endswith(_COUNTER))


def _read(source: str, depth: int) -> Weights:
    if source == "imagenet":
        enum: Any = torchvision.models.get_model_weights(f"resnet{depth}")
        return downloaded_weights(enum.IMAGENET1K_V1)
    return file_weights(Path(source.removeprefix("file:")))


def _by_place(state: State) -> tuple[State, list[str]]:
    """Give a source's tensors by the names of a whole network, or of a backbone alone, and the names of no use."""
    prefix = "network."
    if any(name.startswith(prefix) for name in state):
        # A run's model file: beside the network it holds the run's curves.
        inside = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
        return inside, [name for name in state if not name.startswith(prefix)]
    unused = [name for name in state if name.startswith("fc.")]
    return {_own_name(name): tensor for name, tensor in state.items() if name not in unused}, unused


def _own_name(name: str) -> str:
    """Give this kit's name of a tensor of torchvision's ResNet; other names stay as they are."""
    first, _, rest = name.partition(".")
    if first in {"conv1", "bn1"}:
        return f"stem.{int(first == 'bn1')}.{rest}"
    if first.startswith("layer") and first.removeprefix("layer").isdecimal():
        return f"groups.{int(first.removeprefix('layer')) - 1}.{rest}"
    return name


def _sources_of(name: str) -> list[str]:
    """Give the names under which a source may have a tensor of the network, the most special first."""
    role = next((role for role in _ROLES if name.startswith(role)), None)
    if role is None:
        return [name]
    inside = name.removeprefix(role)
    return [name, f"real.{inside}", inside]


def _fitting(own: State, given: State) -> tuple[State, list[str], set[str]]:
    """Give what can be loaded, the tensors that lack a source of their shape, and the names of the source met."""
    found: State = {}
    faults: list[str] = []
    used: set[str] = set()
    relation_given = any(name.startswith("relation.") for name in given)
    for name, tensor in own.items():
        key = next((key for key in _sources_of(name) if key in given), None)
        if key is None:
            if not name.endswith(_COUNTER) and (relation_given or not name.startswith("relation.")):
                faults.append(name)
            continue
        value = given[key]
        if name.endswith(_COUNTER) and value.numel() == 1:
            value = value.reshape(tensor.shape)  # files may hold a number as an array of one
        is_stem = name.endswith(_STEM_CONVOLUTION) and value.ndim == tensor.ndim
        if is_stem and value.shape[1] == 3:
            value = value.sum(dim=1, keepdim=True)
        if value.shape == tensor.shape:
            found[name] = value
            used.add(key)
        elif not (is_stem and value.shape[:2] == tensor.shape[:2]):
            faults.append(name)
    return found, faults, used


def _spare(name: str, own: State) -> bool:
    """Whether a source's tensor may be left over: a counter, another kernel's stem, the second of two shared roles."""
    shared = not any(key.startswith("generated.") for key in own)
    return name.endswith((_COUNTER, _STEM_CONVOLUTION)) or (shared and name.startswith("generated."))
