"""What the three variants of the relation network share: the network, its scores, and how it is kept."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from ganprint.compare.data import Images, Test
from ganprint.compare.protocol import Comparator, Context, Figures, Scores, State
from ganprint.compare.relation_epochs import Training
from ganprint.compare.relation_initial import InitialWeights, load_initial
from ganprint.compare.relation_network import RelationNetwork, build_network
from ganprint.compare.relation_scoring import Mean, mean_scores, pair_scores, score_dtype
from ganprint.compare.relation_training import OptimiserParameters, check_finite
from ganprint.errors import InputError
from ganprint.pairs import GridMemoryError
from ganprint.params import FrozenModel
from ganprint.seeds import derive_seed

__all__ = ["RelationComparator"]


class RelationComparator(Comparator):
    """Trains one relation network; a subclass says how, and may scale the pixels."""

    pixels = True
    accelerated = True
    Parameters: ClassVar[type[FrozenModel]] = OptimiserParameters
    parameters: OptimiserParameters
    losses_: NDArray[np.float64]
    judged_: NDArray[np.float64]
    kept_epoch_: np.int64
    initial: InitialWeights | None = None
    """What the last fit started from; not kept with the model."""
    scored_in: str | None = None
    """The type that pairs were last scored in; not kept with the model."""

    def scale(self, grey: torch.Tensor) -> torch.Tensor:
        """Give the network's input from grey values in 0..255."""
        # The authors' code gives the network 0..255, and the text does not say otherwise.
        return grey

    def start(self, context: Context) -> RelationNetwork:
        """Build the untrained network on the context's device."""
        network = self._build(derive_seed(context.seed, "weights"))
        self.initial = load_initial(network, self.parameters.initial, self.parameters.depth)
        return network.to(context.device)

    def _build(self, seed: int) -> RelationNetwork:
        parameters = self.parameters
        return build_network(
            parameters.depth,
            parameters.planes,
            seed,
            stem=parameters.stem,
            zero_init_residual=parameters.zero_init_residual,
            shared=parameters.shared,
        )

    def train(self, training: Training, steps: Callable[[int], Iterator[torch.Tensor]]) -> None:
        """Train to the end and keep what is known of every epoch."""
        training.run(steps)
        self.losses_, self.judged_ = np.array(training.losses), np.array(training.judged).reshape(-1, 2)
        self.kept_epoch_ = np.int64(training.kept_epoch)

    def mean_scores(
        self,
        network: RelationNetwork,
        real: Images,
        generated: Images,
        context: Context | None = None,
        mean: Mean = "scores",
    ) -> Scores:
        """Give the mean over each real image's pairs; with a context it can be interrupted."""
        kept: dict[str, Any] = {}
        if context is not None:
            kept = {"checkpoints": context.checkpoints, "advance": context.advance}
        with self._bounded():
            scores = mean_scores(network, real, generated, self.scale, mean=mean, **self._how(network), **kept)
        check_finite(torch.from_numpy(scores))
        return scores

    def pair_scores(self, network: RelationNetwork, real: Images, generated: Images) -> torch.Tensor:
        """Give the score of every pair [n_real, n_generated]."""
        with self._bounded():
            scores = pair_scores(network, real, generated, self.scale, **self._how(network))
        check_finite(scores)
        return scores

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        try:
            yield
        except GridMemoryError as error:
            raise InputError(
                f"score_memory {self.parameters.score_memory}: half of it is for the grid, whose {error}; give a "
                "larger score_memory, in MiB"
            ) from None

    def _how(self, network: RelationNetwork) -> dict[str, Any]:
        parameters = self.parameters
        dtype = score_dtype(parameters.score_dtype, str(next(network.parameters()).device))
        self.scored_in = str(dtype).removeprefix("torch.")
        return {"block": parameters.score_block, "memory": parameters.score_memory * 2**20 or None, "dtype": dtype}

    def score(self, test: Test, context: Context) -> Scores:
        """Give the mean pair score over all generated images, in [0, 1]."""
        return self.mean_scores(self.network_.to(context.device), test.real, test.generated.in_order()[0], context)

    def figures(self) -> Figures:
        """Give the loss per epoch, which layers were loaded if any were, and what ``auto`` chose."""
        numbers = {"last_loss": float(self.losses_[-1]), "kept_epoch": float(self.kept_epoch_)}
        details: dict[str, Any] = {}
        if self.parameters.score_dtype == "auto" and self.scored_in is not None:
            details["score_dtype"] = self.scored_in  # the processor decides it, and the scores' last bits with it
        if self.initial is not None and self.parameters.initial != "scratch":
            numbers |= self.initial.numbers()
            details["initial"] = self.initial.record()
        return Figures(numbers, curves={"loss": list(self.losses_)}, details=details or None)

    def state(self) -> State:
        """Give losses and the network's tensors as arrays."""
        arrays = {
            name: np.asarray(value) for name, value in vars(self).items() if name.endswith("_") and name != "network_"
        }
        tensors = {f"network.{name}": value.cpu().numpy() for name, value in self.network_.state_dict().items()}
        return arrays | tensors

    def restore(self, state: State) -> Self:
        """Rebuild the network and take its tensors."""
        tensors = {name.removeprefix("network."): value for name, value in state.items() if name.startswith("network.")}
        super().restore({name: value for name, value in state.items() if not name.startswith("network.")})
        self.network_ = self._build(0)
        self.network_.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in tensors.items()})
        return self
