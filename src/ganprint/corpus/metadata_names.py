"""Names of columns that say by themselves that the column holds a label, a file's traits, an identity or a date.

The names are read in any case and wording: accents and full-width letters are folded, and ``isUsed``, ``IS_USED`` and
``is used`` are one. A name that is refused by mistake can be changed; a label under an innocent name is found by its
values (:mod:`ganprint.corpus.metadata_leaks`).
"""

import re
import unicodedata
from itertools import pairwise

__all__ = ["name_reason", "names_date"]

_LABEL_WORDS = re.compile(
    "used|unused|use|seen|unseen|train|trained|training|untrained|test|tested|testing|dev|development|val|validation"
    "|folds?|fit|role|real|fake|synthetic|generated|gan|score|prediction|predicted|answers?|solution|subset|partition"
    "|gt|leak|leaked|memorised|memorized"
)
_LABEL_NAMES = re.compile("class|classes|y|set|groups?|part")
_LABEL_PARTS = re.compile(
    "label|member|truth|target|split|(?<!s)train|(not|un|is|was|were|has|been|ever)used|used(for|in|by|to)"
    "|(k|cv)fold|hold(ing)?out|is(real|fake|synthetic|generated|test)|testset|devset"
)
_FILE_WORDS = re.compile(
    "files?|paths?|folder|directory|png|dicom|dcm|jpg|jpeg|nifti|bytes|ids?|uids?|uuid|guid|hash|hashes|sha|crc|digest|inode"
)
_FILE_NAMES = re.compile("index|idx|row|rownumber|order|rank|number|no|nr|name|image|unnamed|size")
_FILE_PARTS = re.compile("file(name|path|size|date|time|order)|imagename|md5|sha(1|256|512)|checksum|uuid")
_FILE_TIMES = re.compile("mtime|ctime|atime|birthtime|modified|created|changed|accessed")
_DATE_WORDS = re.compile("dates?|datetime|timestamp|epoch|years?|month|weekday")
_DATE_PARTS = re.compile("(acquisition|study|series|scan|content|instance|creation)(date|time)")
_STANDARD, _DEVIATION = ("std", "standard"), re.compile("dev[0-9]*")
_NOTHING = re.compile("(?!)")
_DIGITS = "0123456789"


def name_reason(name: str) -> str | None:
    """Say why no column may have this name; None when it may.

    Examples
    --------
    >>> name_reason("wasUsed")
    "its name says that it holds labels ('used')"
    >>> name_reason("age_years") is None
    True
    """
    words = _words(name)
    joined = "".join(words)
    # The standard deviation is no development split.
    kept = [word for before, word in pairwise(["", *words]) if not (_DEVIATION.fullmatch(word) and before in _STANDARD)]
    if found := _found(kept, joined, _LABEL_WORDS, _LABEL_NAMES, _LABEL_PARTS):
        return f"its name says that it holds labels ({found!r})"
    if found := _found(words, joined, _FILE_TIMES, _NOTHING, _NOTHING):
        return f"its name says that it holds the time of a file ({found!r})"
    if found := _found(words, joined, _FILE_WORDS, _FILE_NAMES, _FILE_PARTS):
        return f"its name says that it holds names, traits or the order of files, or identifiers ({found!r})"
    return None


def names_date(name: str) -> bool:
    """Say whether a name speaks of dates or times of recording.

    Examples
    --------
    >>> names_date("AcquisitionTime"), names_date("exposure_time")
    (True, False)
    """
    words = _words(name)
    found = any(_DATE_WORDS.fullmatch(word) for word in words) or _DATE_PARTS.search("".join(words))
    return bool(found) or words == ["time"]


def _words(name: str) -> list[str]:
    folded = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", plain)
    return [word for word in re.split(r"[^\w]+|_+", parted.casefold()) if word]


def _found(
    words: list[str], joined: str, word: re.Pattern[str], whole: re.Pattern[str], part: re.Pattern[str]
) -> str | None:
    """Give the word of a name, the whole name, or the part of it that a pattern knows; digits at ends do not count."""
    for one in words:
        if word.fullmatch(one) or word.fullmatch(one.rstrip(_DIGITS)):
            return one
    if whole.fullmatch(joined.rstrip(_DIGITS)):
        return joined
    match = part.search(joined)
    return match.group() if match else None
