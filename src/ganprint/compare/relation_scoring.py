"""Scores of a trained relation network on full grids of (real, generated) pairs: bounded memory, interruptible."""

import hashlib
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganprint.compare.checkpoints import Checkpoints
from ganprint.compare.data import Images
from ganprint.compare.relation_network import RelationNetwork
from ganprint.embed.folding import fold_batch_norm
from ganprint.pairs import RelationGrid

__all__ = ["Mean", "PixelScale", "ScoreDtype", "mean_scores", "network_input", "pair_scores", "score_dtype"]

PixelScale = Callable[[torch.Tensor], torch.Tensor]
Advance = Callable[[int, int, str], None]
ScoreDtype = Literal["float32", "bfloat16", "auto"]
Mean = Literal["scores", "log_odds"]

_IMAGES_PER_PASS = 64
_CPU_MEMORY = 2**31
_LIVE_ACTIVATIONS = 4
"""A residual block holds its input, its output and two between; its widest tensor bounds each."""


def score_dtype(name: ScoreDtype, device: str) -> torch.dtype:
    """Give the type to score in: ``auto`` is bfloat16 where the processor multiplies it, float32 elsewhere.

    A processor without such instructions computes bfloat16 correctly, but more slowly than float32.
    """
    if name != "auto":
        return torch.bfloat16 if name == "bfloat16" else torch.float32
    if torch.device(device).type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        capabilities = torch.cpu.get_capabilities()
        native = any(capabilities.get(name, False) for name in ("amx_bf16", "avx512_bf16", "bf16"))
    return torch.bfloat16 if native else torch.float32


def network_input(images: Images, rows: NDArray[np.intp], scale: PixelScale, device: str) -> torch.Tensor:
    """Give rows of grey values as the network's input [n, 1, side, side], scaled."""
    side = int(np.sqrt(images.rows.shape[1]))
    grey = torch.from_numpy(images.rows[rows]).to(device).view(len(rows), 1, side, side)
    return scale(grey.to(torch.float32))


class GridScoring:
    """Scores of given real images beside any generated ones, by one network.

    The network is copied; in the copy batch-norms are folded, channels come last, and numbers have the type asked for.

    Parameters
    ----------
    network
        The trained network; it is put into evaluation mode.
    real
        Real images.
    scale
        From grey values to the network's input.
    block
        Most generated images whose maps are held at a time.
    dtype
        float32 or bfloat16, of the relation module's work on maps and pairs (:class:`ganprint.pairs.RelationGrid`).
    maps_dtype
        float32 or bfloat16, of the backbones. Rounding adds up over their layers: in bfloat16 the logits of networks of
        depth 50 and 101 with random residual branches were off by three times their spread, and the ranking was lost;
        where branches were near their start at zero it was kept, nearly. On a GPU float32 means TF32 where torch's
        settings allow it, which stands between the two.
    memory
        Bound in bytes, besides weights, images and the real images' maps: half of it for the backbones' activations,
        half for the grid. None: 2 GiB on a CPU, half of what is free on a GPU.
    """

    def __init__(
        self,
        network: RelationNetwork,
        real: Images,
        scale: PixelScale,
        *,
        block: int,
        dtype: torch.dtype = torch.float32,
        maps_dtype: torch.dtype = torch.float32,
        memory: int | None = None,
    ) -> None:
        network.eval()
        self.device = str(next(network.parameters()).device)
        self.dtype, self.maps_dtype = dtype, maps_dtype
        self._network, self._real, self._scale, self._block = network, real, scale, block
        self.memory = memory or _available(self.device)

    @cached_property
    def _backbones(self) -> tuple[nn.Module, nn.Module]:
        # Copied together, so that one backbone for both roles stays one, and is folded once.
        pair = deepcopy((self._network.real, self._network.generated))
        for backbone in dict.fromkeys(pair):
            fold_batch_norm(backbone).to(self.maps_dtype)
            backbone.to(memory_format=torch.channels_last)
        return pair

    @cached_property
    def _grid(self) -> RelationGrid:
        # Real maps are held as long as the grid takes its halves from them.
        maps = torch.cat(list(self._maps(self._backbones[0], self._real)))
        return RelationGrid(self._network.relation, maps, block=self._block, memory=self.memory // 2, dtype=self.dtype)

    @cached_property
    def _images_per_pass(self) -> int:
        widest = 0

        def measure(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
            nonlocal widest
            widest = max(widest, output.numel() * output.element_size())

        backbone = self._backbones[0]
        hooks = [module.register_forward_hook(measure) for module in backbone.modules()]
        with torch.inference_mode():
            backbone(network_input(self._real, np.arange(1), self._scale, self.device).to(self.maps_dtype))
        for hook in hooks:
            hook.remove()
        return max(1, min(_IMAGES_PER_PASS, self._block, self.memory // 2 // (_LIVE_ACTIVATIONS * widest)))

    def _maps(self, backbone: nn.Module, images: Images) -> Iterator[torch.Tensor]:
        for start in range(0, len(images), self._images_per_pass):
            rows = np.arange(start, min(start + self._images_per_pass, len(images)))
            with torch.inference_mode():
                yield backbone(network_input(images, rows, self._scale, self.device).to(self.maps_dtype))

    def logits(self, generated: Images) -> torch.Tensor:
        """Give the logits of all pairs [n_real, n_generated], in float32."""
        maps = self._maps(self._backbones[1], generated)
        return torch.cat([logits for piece in maps for logits in self._grid.logits(piece)], dim=1)

    def sums(self, generated: Images) -> NDArray[np.float64]:
        """Give the sum of each real image's scores over these generated images [n_real]."""
        scores = torch.sigmoid(self.logits(generated))
        sums: NDArray[np.float64] = scores.sum(dim=1, dtype=torch.float64).cpu().numpy()
        return sums

    def log_odds(self, generated: Images) -> NDArray[np.float64]:
        """Give the logarithm of the sum of each real image's odds over these generated images [n_real]."""
        odds = torch.logsumexp(self.logits(generated).to(torch.float64), dim=1)
        summed: NDArray[np.float64] = odds.cpu().numpy()
        return summed

    @cached_property
    def key(self) -> str:
        """Hash of all that decides the scores but the generated images."""
        digest = hashlib.sha256(f"{self.device} {self.dtype} {self.maps_dtype} {self._block} {self.memory}".encode())
        for name, tensor in self._network.state_dict().items():
            digest.update(
                f"\0{name}\0".encode() + tensor.cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes()
            )
        digest.update(self._scale(torch.arange(256.0)).numpy().tobytes())
        digest.update(_bytes(self._real))
        return digest.hexdigest()


def _bytes(images: Images) -> bytes:
    ids = "\0".join(images.ids.tolist())
    return f"{len(images)}\0{ids}\0".encode() + np.ascontiguousarray(images.rows).tobytes()


def _available(device: str) -> int:
    if torch.device(device).type != "cuda":
        return _CPU_MEMORY
    # A power of two: little differences of what is free must not change the tiles, and with them the last bits.
    free = int(torch.cuda.mem_get_info(device)[0])
    return 1 << ((free // 2).bit_length() - 1)


def mean_scores(
    network: RelationNetwork,
    real: Images,
    generated: Images,
    scale: PixelScale,
    *,
    block: int,
    mean: Mean = "scores",
    dtype: torch.dtype = torch.float32,
    maps_dtype: torch.dtype = torch.float32,
    memory: int | None = None,
    checkpoints: Checkpoints | None = None,
    advance: Advance | None = None,
) -> NDArray[np.float64]:
    """Give the mean over all generated images of each real image's pairs [n_real], streaming over the former.

    With ``checkpoints`` the sums of every block of generated images are kept under a name made of hashes of the
    network, the images, the type and the sizes: an interrupted scoring that is called again computes what is missing
    and gives the same bytes; a changed network, image or setting finds nothing of the old ones.

    Parameters
    ----------
    network, real, scale, block, dtype, maps_dtype, memory
        Of :class:`GridScoring`.
    generated
        Generated images, at least one.
    mean
        ``scores``: the mean of the scores in [0, 1]; ``log_odds``: the logarithm of the mean of the odds, which are the
        exponentials of the logits. A few pairs that belong together decide the latter, where the former counts every
        unrelated pair as much.
    checkpoints
        Where to keep finished blocks.
    advance
        Told (generated images done, all, "generated image") after every block.

    Raises
    ------
    ValueError
        When there is no generated image, or ``memory`` is too small for one pair.
    """
    if not len(generated):
        raise ValueError("there are no generated images to average over")
    scoring = GridScoring(network, real, scale, block=block, dtype=dtype, maps_dtype=maps_dtype, memory=memory)
    reduced = GridScoring.sums if mean == "scores" else GridScoring.log_odds
    totals = []
    for start in range(0, len(generated), block):
        part = generated.take(np.arange(start, min(start + block, len(generated))))
        totals.append(reduced(scoring, part) if checkpoints is None else _kept(scoring, part, mean, checkpoints))
        if advance is not None:
            advance(start + len(part), len(generated), "generated image")
    means: NDArray[np.float64] = (
        np.sum(totals, axis=0) / len(generated)
        if mean == "scores"
        else np.logaddexp.reduce(totals, axis=0) - np.log(len(generated))
    )
    return means


def _kept(scoring: GridScoring, part: Images, mean: Mean, checkpoints: Checkpoints) -> NDArray[np.float64]:
    name = f"{mean}-" + hashlib.sha256(scoring.key.encode() + _bytes(part)).hexdigest()[:40]
    kept = checkpoints.load(name)
    if kept is None:
        kept = {"sums": scoring.sums(part) if mean == "scores" else scoring.log_odds(part)}
        checkpoints.save(name, kept)
    return kept["sums"]


def pair_scores(
    network: RelationNetwork,
    real: Images,
    generated: Images,
    scale: PixelScale,
    *,
    block: int,
    dtype: torch.dtype = torch.float32,
    maps_dtype: torch.dtype = torch.float32,
    memory: int | None = None,
) -> torch.Tensor:
    """Give the score of every pair [n_real, n_generated], in float32 on the CPU; parameters as :func:`mean_scores`."""
    scoring = GridScoring(network, real, scale, block=block, dtype=dtype, maps_dtype=maps_dtype, memory=memory)
    return torch.sigmoid(scoring.logits(generated)).cpu()
