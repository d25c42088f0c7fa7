"""Stage ``pretrain``: weights `pretrained-here`, learned from the corpus' own images without labels."""

import hashlib
import json
import pickle
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from ganprint.corpus.png import load_grey
from ganprint.corpus.store import corpus_hash, read_index
from ganprint.embed.autoencoder_pretraining import begin_pretraining
from ganprint.embed.preprocessing import Preprocessing
from ganprint.embed.pretraining import Pretraining
from ganprint.embed.pretraining_images import image_patients, images_sha256, pretraining_images
from ganprint.embed.weights import Weights, pretrained_weights, write_pretrained
from ganprint.errors import InputError
from ganprint.files import atomic_path, sha256_of, write_json
from ganprint.params import Params
from ganprint.provenance import provenance
from ganprint.seeds import derive_seed
from ganprint.stages.checkpoints import sources_sha256
from ganprint.stages.compute import Computer, prepare
from ganprint.stages.places import Places

__all__ = ["Pretrained", "pretrain", "read_pretrained"]

_CHECKPOINT = 2
"""Version of what a checkpoint holds; one of another version is of no use."""

_LIBRARIES = ("torch", "torchvision", "timm", "numpy", "pillow")


@dataclass(frozen=True)
class Pretrained:
    """The file of weights, and a warning of one line where there is cause for one."""

    path: Path
    warning: str | None


def pretrain(places: Places, params: Params, name: str) -> Pretrained:
    """Write data/pretrained/NAME.safetensors and its record.

    After every epoch the state is kept beside the record; an interrupted training of the same images, parameters, seed
    and libraries goes on from there, any other begins anew.

    Raises
    ------
    InputError
        When params.yaml has no such block, or its backbone, starting weights or the corpus are bad.
    """
    if name not in params.pretrain:
        known = ", ".join(params.pretrain) or "none, section pretrain is empty"
        raise InputError(f"{places.params}: no pretraining '{name}'; allowed: {known}")
    parameters = params.pretrain[name]
    computer = prepare(params.compute)
    index = read_index(places.corpus)
    chosen = pretraining_images(index, test_images=parameters.test_images)
    patients = image_patients(index, chosen) if parameters.negatives == "patient" else None
    training = begin_pretraining(parameters, _seed(params, name), computer.device)
    record = provenance(places.root, computer.name, computer.threads)
    metadata = _made_from(params, name, index) | {
        "start": {key: getattr(training.start, key) for key in ("source", "origin", "sha256")},
        "images": len(chosen),
        "device": computer.name,
        "threads": computer.threads,
        "libraries": {library: record["libraries"].get(library, "unknown") for library in _LIBRARIES},
    }
    images = _images(places, chosen, training.preprocessing, computer)
    checkpoint = _Checkpoint(places.pretraining_checkpoint(name), metadata)
    _train(training, images, patients, checkpoint, f"pretrain {name}")
    metadata["losses"] = training.losses
    target = places.pretrained(name)
    with atomic_path(target) as temporary:
        write_pretrained(temporary, training.weights(), metadata)
    facts = {
        "pretraining": name,
        "sha256": sha256_of(target),
        "corpus_sha256": corpus_hash(index),
        "counts": _counts(chosen),
        "spreads": [spread.as_dict() for spread in training.spreads],
        "collapsed": training.collapsed,
    }
    write_json(places.pretraining_record(name), metadata | facts | {"provenance": record})
    checkpoint.path.unlink(missing_ok=True)
    return Pretrained(target, _warning(name, training))


def read_pretrained(places: Places, params: Params, name: str, index: pd.DataFrame) -> Weights:
    """Read the weights of pretraining ``name``, if they are those of this corpus and of params.yaml.

    Raises
    ------
    InputError
        When they are missing, broken, or were learned from other images or with other parameters.
    """
    path = places.pretrained(name)
    weights, metadata = pretrained_weights(path, name)
    for key, expected in _made_from(params, name, index).items():
        if metadata.get(key) != expected:
            what = "from another corpus" if key.endswith("_sha256") else f"with other {key} than params.yaml has"
            raise InputError(f"{path}: learned {what}; run 'ganprint pretrain {name}' or 'dvc repro'")
    return weights


def _seed(params: Params, name: str) -> int:
    return derive_seed(params.seed, "pretrain", name)


def _made_from(params: Params, name: str, index: pd.DataFrame) -> dict[str, Any]:
    parameters = params.pretrain[name]
    chosen = pretraining_images(index, test_images=parameters.test_images)
    made = {
        "parameters": parameters.model_dump(mode="json"),
        "seed": _seed(params, name),
        "images_sha256": images_sha256(chosen),
    }
    if parameters.negatives == "patient":
        text = json.dumps(image_patients(index, chosen))
        made["patients_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    return made


def _counts(chosen: pd.DataFrame) -> dict[str, int]:
    return dict(Counter(f"{split} {role}" for split, role in zip(chosen["split"], chosen["role"], strict=True)))


def _warning(name: str, training: Pretraining) -> str | None:
    if not training.collapsed:
        return None
    before, after = training.spreads[0], training.spreads[-1]
    return (
        f"pretrain {name}: the features collapsed: of different images they are as good as one (effective rank "
        f"{before.effective_rank:.1f} before, {after.effective_rank:.1f} now; deviation {before.deviation:.3f}, "
        f"{after.deviation:.3f}); lower learning_rate, take a larger batch or another method"
    )


def _images(
    places: Places, chosen: pd.DataFrame, preprocessing: Preprocessing, computer: Computer
) -> NDArray[np.uint8]:
    def prepared(path: str) -> NDArray[np.uint8]:
        return preprocessing.geometry(load_grey(places.corpus / path))

    with ThreadPoolExecutor(computer.threads) as pool:
        return np.stack(list(pool.map(prepared, chosen["path"])))


class _Checkpoint:
    """The state after the last finished epoch of a training of the same things; any other is of no use."""

    def __init__(self, path: Path, metadata: dict[str, Any]) -> None:
        self.path = path
        made_by = {"checkpoint": _CHECKPOINT, "sources": sources_sha256(("ganprint.embed", "ganprint.seeds"))}
        text = json.dumps(metadata | made_by, sort_keys=True)
        self._mark = hashlib.sha256(text.encode()).hexdigest()

    def read(self) -> dict[str, Any] | None:
        """Give what an interrupted training left."""
        try:
            content = torch.load(self.path, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
            return None
        if not isinstance(content, dict) or content.get("mark") != self._mark:
            return None
        state: dict[str, Any] = content["state"]
        return state

    def write(self, state: dict[str, Any]) -> None:
        """Keep a state."""
        with atomic_path(self.path) as temporary:
            torch.save({"mark": self._mark, "state": state}, temporary)


def _train(
    training: Pretraining,
    images: NDArray[np.uint8],
    patients: list[str] | None,
    checkpoint: _Checkpoint,
    title: str,
) -> None:
    kept = checkpoint.read()
    if kept is not None:
        training.restore(kept)
    steps = training.steps(len(images), patients)
    done, total = len(training.losses), training.epochs
    with tqdm(total=total * steps, initial=done * steps, desc=title, unit="step", disable=None) as shown:

        def advance(loss: float) -> None:
            shown.set_postfix(epoch=f"{len(training.losses) + 1}/{total}", loss=f"{loss:.3f}", refresh=False)
            shown.update()

        while not training.finished:
            training.epoch(images, patients, advance)
            checkpoint.write(training.state())
