"""The page of one submission, which Codabench shows as "detailed results": figures, or faults; everything escaped."""

from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined

from ganprint.evaluate.figures import Figure
from ganprint.platforms.judged import Judged
from ganprint.platforms.scores import SHOWN, limits

__all__ = ["detailed_page"]


def detailed_page(judged: Judged, name: str) -> str:
    """Give one HTML file that asks nothing of the network and says nothing about single images' truth.

    Parameters
    ----------
    judged
        The judgement.
    name
        What to call the submission: its file name, which a participant chose.
    """
    environment = Environment(
        loader=FunctionLoader(_resource), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    evaluation = judged.evaluation
    figures = {} if evaluation is None else {title: evaluation.figures[title] for title in SHOWN}
    return environment.get_template("detailed.html.j2").render(
        name=name,
        report=judged.report,
        evaluation=evaluation,
        figures={title: (_number(figure.value), _interval(figure), figure) for title, figure in figures.items()},
        coins=None if judged.coins is None else (_number(judged.coins.value), _interval(judged.coins)),
        all_used=_number(judged.all_used),
        p=_number(judged.p),
    )


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def _interval(figure: Figure) -> str:
    low, high = limits(figure)
    return "none" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def _resource(name: str) -> str:
    return files("ganprint.platforms").joinpath(name).read_text(encoding="utf-8")
