"""What an inspection can not say, in the words that its report has."""

__all__ = ["limits_of"]


def limits_of(reference: bool, calibration: int, groups: bool) -> list[str]:
    """Give the sentences that hold for an inspection.

    Parameters
    ----------
    reference
        Whether there were reference images.
    calibration
        How many of them were scored beside the real ones.
    groups
        Whether it is known which images belong to one patient.
    """
    said = [
        "Nearness to generated images is not the same as use in training: other images of the same patient, or of a "
        "patient much like this one, are near as well.",
        "Sets of generated images that pass every test of nearness still leak to stronger attacks, for instance to "
        "somebody who has the generator itself; no result here is a proof of anonymity.",
        "A score has no unit and no meaning of its own: scores of different columns can not be compared.",
    ]
    if not reference:
        said += [
            "Without reference images no rate of errors can be stated. An image stands out when its score is above the "
            "median of all real images by three robust standard deviations; where most real images were used, none of "
            "them stands out.",
            "Thresholds of the attacks' authors are shown where they have one; what they are worth here is not known.",
        ]
        return said
    said.append(
        "All tests assume that reference images differ from the real ones in nothing but that they were not used: the "
        "same hospital, scanner, years and preparation. The baseline that never sees generated images looks for such "
        "a difference, and may miss one."
    )
    said.append(
        f"No image's p value is below 1 in {calibration + 1}, whatever its score: with more real images than that, "
        "corrected values call out an image only together with others."
    )
    if not groups:
        said.append(
            "Every image counts as a patient of its own, since no groups were given (--groups): with several slices of "
            "one patient the intervals are too narrow and p values too small."
        )
    return said
