"""Progress bars with rate and remaining time; silent where the output is no terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

__all__ = ["bar", "step_bars"]


@contextmanager
def bar(title: str, total: int, unit: str) -> Iterator[Callable[[int], object]]:
    """Show one bar; the function given advances it."""
    with tqdm(total=total, desc=title, unit=unit, disable=None) as shown:
        yield shown.update


@contextmanager
def step_bars(title: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar per step of long work; the function given is told (step, done, total)."""
    shown: dict[str, Any] = {}

    def advance(step: str, done: int, total: int) -> None:
        if step not in shown:
            for other in shown.values():
                other.close()
            shown[step] = tqdm(total=total, desc=f"{title}: {step}", disable=None)
        shown[step].update(done - shown[step].n)

    try:
        yield advance
    finally:
        for other in shown.values():
            other.close()
