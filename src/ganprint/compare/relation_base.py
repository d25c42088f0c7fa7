"""What the three variants of the relation network share: the network, its scores, and how it is kept."""

from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from ganprint.compare.data import Images, Test
from ganprint.compare.protocol import Comparator, Context, Figures, Scores, State
from ganprint.compare.relation_initial import InitialWeights, load_initial
from ganprint.compare.relation_network import RelationNetwork, build_network
from ganprint.compare.relation_scoring import mean_scores, pair_scores
from ganprint.compare.relation_training import OptimiserParameters
from ganprint.params import FrozenModel
from ganprint.seeds import derive_seed

__all__ = ["RelationComparator"]


class RelationComparator(Comparator):
    """Trains one relation network; a subclass says how, and may scale the pixels."""

    pixels = True
    accelerated = True
    Parameters: ClassVar[type[FrozenModel]] = OptimiserParameters
    parameters: OptimiserParameters
    initial: InitialWeights | None = None
    """What the last fit started from; not kept with the model."""

    def scale(self, grey: torch.Tensor) -> torch.Tensor:
        """Give the network's input from grey values in 0..255."""
        # The authors' code gives the network 0..255, and the text does not say otherwise.
        return grey

    def start(self, context: Context) -> RelationNetwork:
        """Build the untrained network on the context's device."""
        self.losses_: NDArray[np.float64] = np.empty(0)
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

    def epoch_done(self, loss: float, context: Context) -> None:
        """Keep the loss of an epoch and tell the progress."""
        self.losses_ = np.append(self.losses_, loss)
        context.advance(len(self.losses_), self.parameters.epochs, "epoch")

    def mean_scores(self, network: RelationNetwork, real: Images, generated: Images) -> Scores:
        """Give the mean pair score of each real image."""
        return mean_scores(network, real, generated, self.scale, block=self.parameters.score_block)

    def pair_scores(self, network: RelationNetwork, real: Images, generated: Images) -> torch.Tensor:
        """Give the score of every pair [n_real, n_generated]."""
        return pair_scores(network, real, generated, self.scale, block=self.parameters.score_block)

    def score(self, test: Test, context: Context) -> Scores:
        """Give the mean pair score over all generated images, in [0, 1]."""
        return self.mean_scores(self.network_.to(context.device), test.real, test.generated.in_order()[0])

    def figures(self) -> Figures:
        """Give the loss per epoch."""
        return Figures({"last_loss": float(self.losses_[-1])}, curves={"loss": list(self.losses_)})

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
