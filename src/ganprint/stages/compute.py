"""The device and the threads that a stage computes with, set once at its start."""

from dataclasses import dataclass

from ganprint.errors import InputError
from ganprint.params import ComputeParameters

__all__ = ["Computer", "prepare"]


@dataclass(frozen=True)
class Computer:
    """Where arithmetic runs: torch's device type, the device's name, and the number of CPU threads."""

    device: str
    name: str
    threads: int


def prepare(parameters: ComputeParameters) -> Computer:
    """Choose the device, fix the number of threads, and ask for deterministic algorithms.

    Raises
    ------
    InputError
        When CUDA is asked for and there is none.
    """
    import torch  # noqa: PLC0415  (seconds, which stages that do without it need not wait for)

    torch.set_num_threads(parameters.threads)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    # float32 means float32: convolutions in TF32, torch's default on CUDA, move the ranking of deep networks' scores.
    torch.backends.cudnn.allow_tf32 = False
    available = torch.cuda.is_available()
    if parameters.device == "cuda" and not available:
        raise InputError("compute.device: 'cuda' is asked for but no CUDA device is found; say 'cpu' or 'auto'")
    if parameters.device == "cpu" or not available:
        return Computer("cpu", "cpu", parameters.threads)
    return Computer("cuda", torch.cuda.get_device_name(), parameters.threads)
