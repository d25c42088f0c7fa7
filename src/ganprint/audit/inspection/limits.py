"""What an inspection can not say, in the words that its report has."""

from math import ceil

__all__ = ["limits_of"]


def limits_of(groups: int, images: int, level: float, *, named: bool) -> list[str]:
    """Give the sentences that hold for an inspection.

    Parameters
    ----------
    groups
        Of the reference images that were scored beside the real ones; 0 without reference images.
    images
        Number of real images.
    level
        Of tests.
    named
        Whether it is known which images belong to one patient.
    """
    said = [
        "Nearness to generated images is not the same as use in training: other images of the same patient, or of a "
        "patient much like this one, are near as well.",
        "Sets of generated images that pass every test of nearness still leak to stronger attacks, for instance to "
        "somebody who has the generator itself; no result here is a proof of anonymity.",
        "A score has no unit and no meaning of its own: scores of different columns can not be compared.",
    ]
    if not groups:
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
    said.append(_of_single_images(groups, images, level))
    if not named:
        said.append(
            "Every image counts as a patient of its own, since no groups were given (--groups): with several slices of "
            "one patient the intervals are too narrow and p values too small."
        )
    return said


def _of_single_images(groups: int, images: int, level: float) -> str:
    """Say from which number on images can be called out at all; corrected values are multiples of the smallest p."""
    least = f"No image's p value is below 1 in {groups + 1}, whatever its score"
    if 1 / (groups + 1) > level:
        return (
            f"{least}, so none could be called out at level {level:g}: that no image is says nothing here. It takes "
            f"{ceil(1 / level) - 1} scored reference groups or more."
        )
    together = ceil(images / (groups + 1) / level - 1e-9)
    if together <= 1:
        return f"{least}."
    return (
        f"{least}. With {images} real images none could be called out by Holm at level {level:g}, and by Benjamini and "
        f"Hochberg no fewer than {together} together: a few copies can not be called out one by one."
    )
