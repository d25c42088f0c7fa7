"""The comparator protocol and its registry: one file per comparator, found by name.

A comparator is fitted on the development split and gives every real test image one score, higher = more likely used.
To add one: subclass :class:`Comparator` in a module of this package (or of another package that names it under the
entry point group ``ganprint.comparators``), decorate it with :func:`register`, and add a block to params.yaml.
"""

import importlib
import importlib.util
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, ClassVar, Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ganprint.compare.checkpoints import Checkpoints
from ganprint.compare.data import Development, Test
from ganprint.errors import InputError
from ganprint.params import FrozenModel, one_line

__all__ = ["Comparator", "Context", "Figures", "NoParameters", "create", "register", "registry"]

Scores = NDArray[np.float64]
State = dict[str, NDArray[Any]]
Variant = Literal["as_coded", "as_written", "corrected", "extension"]


class NoParameters(FrozenModel):
    """For comparators that have nothing to set."""


@dataclass(frozen=True)
class Context:
    """What surrounds a fit and is no parameter of the method.

    Attributes
    ----------
    seed
        Base of all seeds of this fit; already derived for the run and the fold.
    device
        ``cpu`` or ``cuda``.
    progress
        Called with (done, total, unit) as long work goes on.
    checkpoints
        Where this fit, and scoring with it, may keep what they have done; None: nowhere.
    live
        Called with (name, step, value) as a fit learns, for whoever watches; no result depends on it.
    """

    seed: int
    device: str = "cpu"
    progress: Callable[[int, int, str], None] | None = None
    checkpoints: Checkpoints | None = None
    live: Callable[[str, int, float], None] | None = None

    def advance(self, done: int, total: int, unit: str) -> None:
        """Tell the caller how far long work is."""
        if self.progress is not None:
            self.progress(done, total, unit)

    def tell(self, name: str, step: int, value: float) -> None:
        """Tell whoever watches a figure of a fit that goes on."""
        if self.live is not None:
            self.live(name, step, value)


@dataclass(frozen=True)
class Figures:
    """What a fitted comparator has to show besides scores.

    Attributes
    ----------
    numbers
        Name to number, logged as they are.
    linkage
        SciPy linkage matrix [n - 1, 4] of a dendrogram, and the height of the cut, if there is one.
    curves
        Name to values per step, for example the loss per epoch.
    details
        Plain values that are no numbers, for example which layers were loaded.
    """

    numbers: Mapping[str, float]
    linkage: tuple[NDArray[np.float64], float] | None = None
    curves: Mapping[str, list[float]] | None = None
    details: Mapping[str, Any] | None = None


class Comparator(ABC):
    """Base of all comparators.

    The constructor takes parameters alone; ``fit`` leaves attributes ending in an underscore; ``state`` and
    ``restore`` save and load what was fitted as plain arrays, never as code.
    """

    comparator: ClassVar[str]
    variant: ClassVar[Variant]
    pixels: ClassVar[bool | None] = False
    """True when the view must be grey values, False when it must be features, None when either will do."""
    several: ClassVar[bool] = False
    """True when it looks at the run's further views as well."""
    accelerated: ClassVar[bool] = False
    """True when it computes with torch, on the device that params.yaml names; others compute with NumPy."""
    learns: ClassVar[bool] = True
    """False when neither fit nor score looks at a label: then out-of-fold scores do not depend on labels either."""
    transductive: ClassVar[bool] = False
    """True when an image's score depends on the real images scored with it, as some published methods have it.

    It must not learn then: all development images are scored together, as all test images are.
    """
    Parameters: ClassVar[type[FrozenModel]] = NoParameters
    quick: ClassVar[Mapping[str, Any]] = {}
    """Parameters under which a fit on a few small images takes a second: what the contract tests run with."""

    def __init__(self, parameters: FrozenModel | None = None) -> None:
        if parameters is None:
            parameters = self.Parameters()
        if not isinstance(parameters, self.Parameters):
            raise TypeError(f"{type(self).__name__} takes {self.Parameters.__qualname__}, not {type(parameters)}")
        self.parameters = parameters

    def applicable(self, development: Development, test: Test) -> str | None:
        """Give the reason why this comparator can not run on these images, or None when it can."""
        del development, test
        return None

    @abstractmethod
    def fit(self, development: Development, context: Context) -> Self:
        """Fit on the development split; return self."""

    @abstractmethod
    def score(self, test: Test, context: Context) -> Scores:
        """Give one finite score per real image of ``test``, in its order: higher = more likely used."""

    def other_readings(self, test: Test, context: Context) -> dict[str, Scores]:
        """Give further scores that the same fit allows and that the audit shows beside the first, by name."""
        del test, context
        return {}

    def figures(self) -> Figures:
        """Give what the fit has to show."""
        return Figures({})

    def state(self) -> State:
        """Give the fitted attributes as arrays."""
        return {name: np.asarray(value) for name, value in vars(self).items() if name.endswith("_")}

    def restore(self, state: State) -> Self:
        """Take back what :meth:`state` gave; return self."""
        for name, value in state.items():
            setattr(self, name, value)
        return self


_REGISTRY: dict[tuple[str, str], type[Comparator]] = {}
C = TypeVar("C", bound=type[Comparator])


def register(comparator: C) -> C:
    """Class decorator: make a comparator known under its name and variant.

    Raises
    ------
    TypeError
        When the class is no :class:`Comparator`, or is transductive and learns.
    ValueError
        When another class has the name.
    """
    if not issubclass(comparator, Comparator):
        raise TypeError(f"{comparator!r} is no Comparator")
    if comparator.transductive and comparator.learns:
        raise TypeError(
            f"{comparator.__name__} is transductive and learns: it would be scored beside labels it has seen"
        )
    key = (comparator.comparator, comparator.variant)
    if _REGISTRY.setdefault(key, comparator) is not comparator:
        raise ValueError(f"comparator {key} is registered already, by {_REGISTRY[key].__module__}")
    return comparator


def registry() -> dict[tuple[str, str], type[Comparator]]:
    """Give all comparators by (name, variant): this package's modules and the entry points of other packages."""
    package = importlib.import_module("ganprint.compare")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"ganprint.compare.{module.name}")
    for point in entry_points(group="ganprint.comparators"):
        point.load()
    return dict(sorted(_REGISTRY.items()))


def create(comparator: str, variant: str, parameters: Mapping[str, Any]) -> Comparator:
    """Build a comparator from a run's block of params.yaml.

    Raises
    ------
    InputError
        When the name is not registered or a parameter is unknown, missing or out of range.
    """
    package = f"ganprint.compare.{comparator.replace('-', '_')}"
    if importlib.util.find_spec(package) is not None:
        # The usual case: a comparator's module has its name, and the libraries of the others need not be loaded.
        importlib.import_module(package)
    known = _REGISTRY if (comparator, variant) in _REGISTRY else registry()
    if (comparator, variant) not in known:
        names = ", ".join(f"{name} {kind}" for name, kind in known)
        raise InputError(f"comparator '{comparator}', variant '{variant}': not registered; allowed: {names}")
    cls = known[comparator, variant]
    try:
        return cls(cls.Parameters.model_validate(dict(parameters)))
    except ValidationError as error:
        raise InputError(f"parameters of {comparator} {variant}: {one_line(error)}") from None
