"""The doctor's look at what needs torch: device, driver, bfloat16, and which weights are here without a network."""

from collections.abc import Iterator
from pathlib import Path

from ganprint.doctor.findings import Finding, fact, note, trouble
from ganprint.doctor.machine import driver_version, newer_driver_needed
from ganprint.embed.catalogue import catalogue
from ganprint.embed.catalogue_weights import whereabouts
from ganprint.params import ComputeParameters, EmbeddingParameters, Params
from ganprint.stages.places import Places

__all__ = ["look_at_device", "look_at_weights", "row_bytes"]

_LONGEST_ROW = 2048


def look_at_device(parameters: ComputeParameters | None) -> Iterator[Finding]:
    """Say what computes, and whether the GPU's driver is new enough for torch's CUDA."""
    import torch  # noqa: PLC0415  (seconds, and absent in a broken environment)

    wanted = parameters.device if parameters else "auto"
    build, driver = torch.version.cuda, driver_version()
    yield fact("device", "torch's CUDA", build or "none: a build for the processor alone")
    if torch.cuda.is_available():
        index = torch.cuda.current_device()
        memory = torch.cuda.get_device_properties(index).total_memory // 2**20
        yield fact("device", "GPU", f"{torch.cuda.get_device_name(index)}, {memory} MiB, driver {driver or 'unknown'}")
        yield fact("device", "GPU's bfloat16", "yes" if torch.cuda.is_bf16_supported() else "no: say float32")
        built, has = _least_capability(torch.cuda.get_arch_list()), torch.cuda.get_device_capability(index)
        if built is not None and has < built:
            said = f"capability {has[0]}.{has[1]}, torch is built for {built[0]}.{built[1]} and newer"
            tell = note if wanted == "cpu" else trouble
            yield tell("device", "GPU's age", said, "say compute.device cpu, or use a newer GPU")
        return
    said, advice = _no_gpu(build, driver)
    if wanted == "cuda":
        yield trouble("device", "GPU", said, f"compute.device is 'cuda': {advice or 'say cpu or auto'}")
    elif advice:
        yield note("device", "GPU", said, advice)
    else:
        yield fact("device", "GPU", f"{said}: the processor computes")


def _least_capability(architectures: list[str]) -> tuple[int, int] | None:
    """Give the least compute capability among names such as ``sm_75``; None where there is none."""
    numbers = [int(name[3:]) for name in architectures if name.startswith("sm_") and name[3:].isdigit()]
    return divmod(min(numbers), 10) if numbers else None


def _no_gpu(build: str | None, driver: str | None) -> tuple[str, str]:
    """Say why torch finds no GPU, and what would help where anything would."""
    if driver is None:
        return "none (no NVIDIA driver)", ""
    if build is None:
        return f"driver {driver}, but torch is built without CUDA", "install torch from the lock"
    needed = newer_driver_needed(build, driver)
    if needed is not None:
        return f"driver {driver} is too old for CUDA {build}", f"install driver {needed} or newer"
    return f"driver {driver}, but torch finds no GPU", "give the container the GPU, or look at CUDA_VISIBLE_DEVICES"


def look_at_weights(places: Places, params: Params | None) -> Iterator[Finding]:
    """Name the weights that are here and how many would be downloaded, then what the parameters want."""
    here: dict[tuple[str, str], bool] = {}
    for name, entry in catalogue().items():
        for source, published in entry.files.items():
            here[name, source] = whereabouts(published) in {"packaged", "cached"}
            if here[name, source]:
                yield fact("weights", f"{name} {source}", f"here ({Path(published.file).name})")
    absent = {name for name, _ in here if not any(found for (other, _), found in here.items() if other == name)}
    yield fact("weights", "other networks", f"{len(absent)}: would be downloaded; 'ganprint backbones' lists them")
    for name, embedding in (params.embed if params else {}).items():
        yield _wanted(places, name, embedding, here)


def _wanted(places: Places, name: str, embedding: EmbeddingParameters, here: dict[tuple[str, str], bool]) -> Finding:
    title, source = f"embed.{name}", embedding.weights
    said = f"{embedding.backbone}, weights {source}"
    if source.startswith("file:"):
        if not Path(source.removeprefix("file:")).is_file():
            return trouble("weights", title, f"{said}: no such file", "check the path after 'file:' in params.yaml")
        return fact("weights", title, f"{said}: here")
    pretraining = embedding.pretraining(name)
    if pretraining is not None:
        made = places.pretrained(pretraining).is_file()
        return fact("weights", title, f"{said}: {'here' if made else 'made by the stage pretrain'}")
    if not here.get((embedding.backbone, source), True):
        advice = "connect to the network once, or download the file elsewhere and say 'file:PATH'"
        return trouble("weights", title, f"{said}: not here", advice)
    return fact("weights", title, f"{said}: nothing to fetch")


def row_bytes(embedding: EmbeddingParameters) -> int:
    """Give the bytes of one image's features at most: of pixels, of a formula that keeps them, or of all poolings."""
    if embedding.weights == "none":
        return embedding.size**2 * (1 if embedding.backbone == "pixels" else 4)
    return (2 + embedding.grid**2) * 4 * _LONGEST_ROW
