"""From the figures and tests of finished runs to the numbers that the verdict's rules ask for."""

from collections.abc import Mapping
from typing import Any, Literal

from ganprint.audit.verdict import Control, Numbers, Rate

__all__ = ["decisive_split", "numbers_of"]

Plain = Mapping[str, Any]


def decisive_split(inference: Plain) -> Literal["development", "test"]:
    """Give the split that verdicts rest on: test where its truth is known, else development (out of fold)."""
    return "test" if "test" in inference["splits"] else "development"


def numbers_of(
    run: str, figures: Mapping[str, Plain], inference: Plain, *, baseline: str | None, constant: bool
) -> Numbers:
    """Collect the numbers of one run that has scores.

    Parameters
    ----------
    run
        Its name.
    figures
        Run name to content of its figures.json, for the run and the baseline.
    inference
        Content of inference.json.
    baseline
        Name of the blind baseline, if there is one.
    constant
        True when all of the run's scores are equal.
    """
    split = decisive_split(inference)
    tested = inference["splits"][split]["runs"]
    own = tested[run]
    development = inference["splits"]["development"]["runs"]
    controls = [name for name, found in development.items() if found.get("member_control")]
    swapped = own.get("swapped")
    readings = figures[run]["readings"]
    blind = tested.get(baseline) if baseline is not None else None
    return Numbers(
        run=run,
        split=split,
        constant=constant,
        auc=_rate(readings["own"][split]["figures"]["roc_auc"]),
        p_corrected=own["permutation"]["roc_auc"]["p_holm"],
        detectable_auc=own["power"]["auc"],
        blind=None
        if blind is None or baseline is None
        else _control(
            blind["permutation"]["roc_auc"], figures[baseline]["readings"]["own"][split]["figures"]["roc_auc"]
        ),
        better_than_blind=None if baseline is None else _difference(inference["splits"][split], run, baseline),
        swapped=None if not swapped else _control(swapped["roc_auc"], readings["swapped"][split]["figures"]["roc_auc"]),
        better_than_noise=_plain_difference(own.get("against_noise")),
        members=_member_control(development.get(run, {})),
        controls=max(1, len(controls)),
    )


def _rate(figure: Plain) -> Rate | None:
    if figure["value"] is None:
        return None
    # One group alone gives no interval: then nothing is known, and the interval says so.
    low, high = (0.0 if figure["low"] is None else figure["low"], 1.0 if figure["high"] is None else figure["high"])
    return Rate(float(figure["value"]), float(low), float(high))


def _control(test: Plain, figure: Plain) -> Control | None:
    rate = _rate(figure)
    return None if rate is None or test["p"] is None else Control(rate, float(test["p"]))


def _member_control(development: Plain) -> Control | None:
    control = development.get("member_control")
    return _control(control, {**control, "value": control["auc"]}) if control else None


def _difference(split: Plain, run: str, baseline: str) -> Rate | None:
    found = [pair for pair in split["comparisons"] if (pair["a"], pair["b"]) == (run, baseline)]
    return _plain_difference(found[0] if found else None)


def _plain_difference(pair: Plain | None) -> Rate | None:
    """Give a difference with its limits; one without limits, as of a single group, is as good as none."""
    if pair is None or any(pair[name] is None for name in ("auc_difference", "low", "high")):
        return None
    return Rate(float(pair["auc_difference"]), float(pair["low"]), float(pair["high"]))
