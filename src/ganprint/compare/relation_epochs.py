"""Epochs of a relation network's training: kept where an interrupted fit goes on, judged, and stopped in time."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganprint.compare.protocol import Context
from ganprint.compare.relation_training import OptimiserParameters, check_finite, optimiser
from ganprint.embed.weights import state_sha256

__all__ = ["Training"]

State = dict[str, NDArray[Any]]

_CHECKPOINT = "training"


class Training:
    """A training under way, epoch by epoch.

    Every epoch draws its chance from seeds of its own, so a training that goes on from a checkpoint ends with the same
    bytes as one that was never interrupted (on a CPU; some of CUDA's gradients are summed in no fixed order). A
    checkpoint of a training that began with other weights, such as a file that has changed since, is not gone on with.

    Parameters
    ----------
    network
        Trained in place, on its device.
    parameters
        Of the optimiser; ``epochs`` bounds the training.
    context
        Progress, live figures and checkpoints.
    judge
        Gives the figure of the network as it is, and the bar that it sets for later ones: an epoch is kept when its
        figure beats the highest bar of those kept before. None: the last epoch is kept.
    judged_as
        Names of figure and bar; an empty one is not told to whoever watches.
    floor
        The first bar; where no figure beats it, the network stays as it was before the training.
    patience
        Stop after so many epochs without one that is kept; 0: never.

    Attributes
    ----------
    losses
        Mean loss of every finished epoch.
    judged
        Figure and bar of every finished epoch [epochs, 2].
    kept_epoch
        Number of the kept epoch, counted from 0; -1 for the network as it was before the first.
    """

    def __init__(
        self,
        network: nn.Module,
        parameters: OptimiserParameters,
        context: Context,
        *,
        judge: Callable[[], tuple[float, float]] | None = None,
        judged_as: tuple[str, str] = ("", ""),
        floor: float = 0.0,
        patience: int = 0,
    ) -> None:
        self._network, self._parameters, self._context = network, parameters, context
        self._judge, self._judged_as, self._bar, self._patience = judge, judged_as, floor, patience
        self._optimiser = optimiser(network, parameters)
        self._start = bytes.fromhex(state_sha256(network.state_dict()))
        self._best: State = _arrays(network.state_dict()) if judge is not None else {}
        self._steps = 0
        self.losses: list[float] = []
        self.judged: list[tuple[float, float]] = []
        self.kept_epoch = -1

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or patience has run out."""
        if len(self.losses) >= self._parameters.epochs:
            return True
        return bool(self._patience and self.judged) and len(self.judged) - 1 - self.kept_epoch >= self._patience

    def run(self, steps: Callable[[int], Iterator[torch.Tensor]]) -> None:
        """Train to the end, from the last checkpoint if there is one, and leave the kept network in evaluation mode.

        Parameters
        ----------
        steps
            Given the number of an epoch, yields the loss of each of its steps, with its graph; the network is updated
            before the next one is asked for.
        """
        self._go_on()
        while not self.finished:
            self._epoch(steps)
        if self._judge is not None:
            self._network.load_state_dict(_tensors(self._best))
        self._network.eval()

    def _epoch(self, steps: Callable[[int], Iterator[torch.Tensor]]) -> None:
        epoch = len(self.losses)
        for group in self._optimiser.param_groups:
            group["lr"] = self._parameters.rate(epoch)
        self._network.train()
        losses: list[float] = []
        for loss in steps(epoch):
            check_finite(loss.detach())
            self._optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimiser.step()
            losses.append(float(loss.detach()))
            self._context.tell("step_loss", self._steps, losses[-1])
            self._steps += 1
        self.losses.append(float(np.mean(losses)))
        self._context.tell("loss", epoch, self.losses[-1])
        if self._judge is None:
            self.kept_epoch = epoch
        else:
            self.judged.append(self._judge())
            figure, bar = self.judged[-1]
            for name, value in zip(self._judged_as, self.judged[-1], strict=True):
                if name:
                    self._context.tell(name, epoch, value)
            if figure > self._bar:
                self._bar, self.kept_epoch = max(self._bar, bar), epoch
                self._best = _arrays(self._network.state_dict())
        self._keep()
        self._context.advance(len(self.losses), self._parameters.epochs, "epoch")

    def _keep(self) -> None:
        if self._context.checkpoints is None:
            return
        momentum = {
            str(number): state["momentum_buffer"].detach().cpu().numpy()
            for number, state in self._optimiser.state_dict()["state"].items()
            if state.get("momentum_buffer") is not None
        }
        parts = {"network": _arrays(self._network.state_dict()), "best": self._best, "momentum": momentum}
        arrays = {f"{part}.{name}": value for part, values in parts.items() for name, value in values.items()}
        figures = {
            "losses": np.array(self.losses),
            "judged": np.array(self.judged).reshape(-1, 2),
            "counts": np.array([self._steps, self.kept_epoch]),
            "bar": np.array([self._bar]),
            "start": np.frombuffer(self._start, dtype=np.uint8),
        }
        self._context.checkpoints.save(_CHECKPOINT, arrays | figures)

    def _go_on(self) -> None:
        kept = None if self._context.checkpoints is None else self._context.checkpoints.load(_CHECKPOINT)
        if kept is None or kept["start"].tobytes() != self._start:
            return
        self._network.load_state_dict(_tensors(_part(kept, "network")))
        self._best = _part(kept, "best")
        device = next(self._network.parameters()).device
        state = self._optimiser.state_dict()
        state["state"] = {
            int(number): {"momentum_buffer": torch.from_numpy(value).to(device)}
            for number, value in _part(kept, "momentum").items()
        }
        self._optimiser.load_state_dict(state)
        self.losses = kept["losses"].tolist()
        self.judged = [(figure, bar) for figure, bar in kept["judged"].tolist()]
        self._steps, self.kept_epoch = kept["counts"].tolist()
        self._bar = float(kept["bar"][0])


def _arrays(state: dict[str, torch.Tensor]) -> State:
    # Copies: on the CPU an array would share the memory that training goes on to change.
    return {name: value.detach().cpu().numpy().copy() for name, value in state.items()}


def _tensors(state: State) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.array(value)) for name, value in state.items()}


def _part(kept: State, part: str) -> State:
    prefix = f"{part}."
    return {name.removeprefix(prefix): value for name, value in kept.items() if name.startswith(prefix)}
