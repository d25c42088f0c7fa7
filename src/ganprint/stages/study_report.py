"""Finished selection studies as parts of the pipeline's report."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from ganprint.audit.report.model import StudyModel
from ganprint.audit.study_page import render_study_section
from ganprint.audit.study_words import study_sentences
from ganprint.corpus.store import corpus_hash, read_index
from ganprint.errors import InputError
from ganprint.files import write_text
from ganprint.params import Params
from ganprint.stages.places import Places
from ganprint.stages.study_record import study_parameters
from ganprint.stages.study_track import read_selection

__all__ = ["read_studies", "studies_html", "write_study_plots"]

_CAPTION = (
    "ROC AUC of every candidate on the development split, with intervals by resampled groups that know nothing of the "
    "number of candidates. Filled: learns from no label. The grey band is the interval of the nested figure: select, "
    "then use."
)


def read_studies(places: Places, params: Params) -> list[StudyModel]:
    """Read every study of this corpus; most projects have none.

    A study that params.yaml no longer has was made all the same: it is told until its folder is removed.

    Raises
    ------
    InputError
        When a study of params.yaml has no results, or they are of another corpus or of other parameters.
    """
    corpus, studies = corpus_hash(read_index(places.corpus)), []
    folders = {path.parent.name for path in places.study("any").parent.glob("*/selection.json")}
    for name in [*params.study, *sorted(folders - set(params.study))]:
        folder = places.study(name)
        selection = read_selection(folder)
        if selection.get("corpus_sha256") != corpus:
            if name not in params.study:
                continue
            raise InputError(f"{folder}: made from another corpus; run 'ganprint study {name}' or 'dvc repro'")
        if name in params.study and selection["parameters"] != study_parameters(params, name):
            raise InputError(f"{folder}: made with other parameters; run 'ganprint study {name}' or 'dvc repro'")
        # As JSON, so that an empty cell is null.
        table: list[dict[str, Any]] = json.loads(_table(folder).to_json(orient="records"))
        studies.append(StudyModel(name=name, said=study_sentences(selection), selection=selection, table=table))
    return studies


def studies_html(places: Places, studies: list[StudyModel]) -> list[str]:
    """Give the report's section of each study."""
    return [render_study_section(study.selection, _table(places.study(study.name))) for study in studies]


def write_study_plots(places: Places, studies: list[StudyModel], folder: Path) -> list[dict[str, Any]]:
    """Put the plot and the table of every study beside the other plots; give records as ``write_plots`` does."""
    records = []
    for name in (study.name for study in studies):
        picture = places.study(name) / "study.svg"
        try:
            drawn = picture.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise InputError(f"{picture}: can not be read ({error}); run 'ganprint study {name}'") from None
        write_text(folder / f"study-{name}.svg", drawn)
        write_text(folder / f"study-{name}.csv", _table(places.study(name)).to_csv(index=False, lineterminator="\n"))
        files = {"svg": f"study-{name}.svg", "csv": f"study-{name}.csv"}
        records.append(
            {"name": f"study-{name}", "title": f"Study {name}", "caption": _CAPTION, "section": "study", **files}
        )
    return records


def _table(folder: Path) -> pd.DataFrame:
    path = folder / "table.csv"
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: can not be read ({reason}); run 'ganprint study {folder.name}'") from None
    return table.assign(refused=table["refused"].fillna(""), selected_inside=table["selected_inside"].astype("Int64"))
