"""Stage ``pretrain``: weights `pretrained-here`, learned from the corpus' own images without labels."""

import hashlib
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
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
from ganprint.embed.pretraining_images import images_sha256, pretraining_images
from ganprint.embed.weights import Weights, pretrained_weights, write_pretrained
from ganprint.errors import InputError
from ganprint.files import atomic_path, sha256_of, write_json
from ganprint.params import Params
from ganprint.provenance import provenance
from ganprint.seeds import derive_seed
from ganprint.stages.compute import Computer, prepare
from ganprint.stages.places import Places

__all__ = ["pretrain", "read_pretrained"]

_LIBRARIES = ("torch", "torchvision", "timm", "numpy", "pillow")


def pretrain(places: Places, params: Params, name: str) -> Path:
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
    training = begin_pretraining(parameters, _seed(params, name), computer.device)
    record = provenance(places.root, computer.name, computer.threads)
    metadata = _made_from(params, name, chosen) | {
        "start": {key: getattr(training.start, key) for key in ("source", "origin", "sha256")},
        "images": len(chosen),
        "device": computer.name,
        "threads": computer.threads,
        "libraries": {library: record["libraries"].get(library, "unknown") for library in _LIBRARIES},
    }
    images = _images(places, chosen, training.preprocessing, computer)
    _train(training, images, places.pretraining_checkpoint(name), metadata, f"pretrain {name}")
    metadata["losses"] = training.losses
    target = places.pretrained(name)
    with atomic_path(target) as temporary:
        write_pretrained(temporary, training.weights(), metadata)
    facts = {"pretraining": name, "sha256": sha256_of(target), "corpus_sha256": corpus_hash(index)}
    write_json(places.pretraining_record(name), metadata | facts | {"provenance": record})
    places.pretraining_checkpoint(name).unlink(missing_ok=True)
    return target


def read_pretrained(places: Places, params: Params, name: str, index: pd.DataFrame) -> Weights:
    """Read the weights of pretraining ``name``, if they are those of this corpus and of params.yaml.

    Raises
    ------
    InputError
        When they are missing, broken, or were learned from other images or with other parameters.
    """
    path = places.pretrained(name)
    weights, metadata = pretrained_weights(path, name)
    chosen = pretraining_images(index, test_images=params.pretrain[name].test_images)
    for key, expected in _made_from(params, name, chosen).items():
        if metadata.get(key) != expected:
            what = "from another corpus" if key == "images_sha256" else f"with other {key} than params.yaml has"
            raise InputError(f"{path}: learned {what}; run 'ganprint pretrain {name}' or 'dvc repro'")
    return weights


def _seed(params: Params, name: str) -> int:
    return derive_seed(params.seed, "pretrain", name)


def _made_from(params: Params, name: str, chosen: pd.DataFrame) -> dict[str, Any]:
    return {
        "parameters": params.pretrain[name].model_dump(mode="json"),
        "seed": _seed(params, name),
        "images_sha256": images_sha256(chosen),
    }


def _images(
    places: Places, chosen: pd.DataFrame, preprocessing: Preprocessing, computer: Computer
) -> NDArray[np.uint8]:
    def prepared(path: str) -> NDArray[np.uint8]:
        return preprocessing.geometry(load_grey(places.corpus / path))

    with ThreadPoolExecutor(computer.threads) as pool:
        return np.stack(list(pool.map(prepared, chosen["path"])))


def _train(
    training: Pretraining, images: NDArray[np.uint8], checkpoint: Path, metadata: dict[str, Any], title: str
) -> None:
    mark = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode()).hexdigest()
    kept = _kept(checkpoint, mark)
    if kept is not None:
        training.restore(kept)
    total = metadata["parameters"]["epochs"]
    with tqdm(total=total, initial=len(training.losses), desc=title, unit="epoch", disable=None) as shown:
        while not training.finished:
            shown.set_postfix(loss=f"{training.epoch(images):.3f}", refresh=False)
            with atomic_path(checkpoint) as temporary:
                torch.save({"mark": mark, "state": training.state()}, temporary)
            shown.update()


def _kept(checkpoint: Path, mark: str) -> dict[str, Any] | None:
    """Read what an interrupted training left, if it is one of the same things; anything else is trained anew."""
    try:
        content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
        return None
    if not isinstance(content, dict) or content.get("mark") != mark:
        return None
    state: dict[str, Any] = content["state"]
    return state
