"""Saved models that are applied to a data folder: the ones that the user named, or all that will do."""

import fnmatch
from dataclasses import dataclass
from pathlib import Path

from spex.errors import InputError, shown
from spex.inputs.text_tables import listed
from spex.models.registry import MODELS
from spex.runs.predict import check_features, read_model_record
from spex.runs.records import RECORD, read_record

RIDGE = "ridge"
TREES = (
    "a tree ensemble gives exactly 0 for most small changes of its features (84 % of alleles on made data), and "
    "first-order shortcuts around that have next to nothing to do with the true change"
)


@dataclass(frozen=True, eq=False)
class ChosenFit:
    """A saved model. name: of its folder. model: name in `registry.MODELS`. fit: has `predict`, and where the model is
    linear `coefficients`, float64 (width,), and `intercept`. sha256: of each file of the model."""

    folder: Path
    name: str
    tissue: str
    model: str
    fit: object
    sha256: dict[str, str]


def choose_fits(folder, settings, given=(), tissues=(), *, linear):
    """Models for the tensors of a data folder.

    folder: DataFolder. settings: its RunSettings. given: folders of fits, names of such under the folder's results, or
    names of models, each for all its fits there; without any, ridge. tissues: names or shell patterns, in any case, to
    choose among them; all without any. linear: take linear models only.

    Returns: list of ChosenFit, in the order given, by tissue's index within a model.

    Raises:
        InputError: no such fit, one of other features, one whose model is not linear where it must be, or none left.
    """
    places = [place for each in given or (RIDGE,) for place in _places(folder, each)]
    chosen, there, tissues = [], set(), [pattern.lower() for pattern in tissues]
    for place in dict.fromkeys(places):
        record = read_model_record(place)
        made = record["settings"]
        there.add(made["target"])
        if linear and not MODELS[made["model"]].linear:
            raise InputError(
                f"{made['model']} is no linear model, and {TREES}",
                argument="fit",
                subject=place,
                expected=f"a fit of {' or '.join(name for name, model in MODELS.items() if model.linear)}",
            )
        if tissues and not any(fnmatch.fnmatchcase(made["target"].lower(), pattern) for pattern in tissues):
            continue
        check_features(record, place, folder, settings, settings.width)
        fit = MODELS[made["model"]].load(place)
        chosen.append(ChosenFit(place, place.name, made["target"], made["model"], fit, _model_files(record)))
    if not chosen:
        raise InputError(
            "none of the models is of such a tissue", argument="targets", expected=f"one of {listed(sorted(there))}"
        )
    return chosen


def _places(folder, given):
    """Folders of the fits that one word means."""
    if given not in MODELS:
        return [Path(given) if Path(given).is_dir() else folder.results / given]
    records = {path.parent: read_record(path.parent) for path in sorted(folder.results.glob(f"*/{RECORD}"))}
    of_model = {
        place: record["settings"]
        for place, record in records.items()
        if record and record["settings"]["model"] == given and _model_files(record)
    }
    # folds of a cross-validation were each fitted on other genes: they count where there is nothing else
    of_folds = MODELS[given].shared_settings.items()
    places = [place for place, made in of_model.items() if not of_folds <= made.items()] or list(of_model)
    if not places:
        raise InputError(
            f"no fit of {given} under {shown(str(folder.results))}",
            argument="fit",
            expected="a folder under results/ with metrics.json and a model",
            hint=f"fit them with: train.py, model {given}, all tissues at once",
        )
    return sorted(places, key=lambda place: (of_model[place]["target_index"], place.name))


def _model_files(record):
    """The files of a saved model, name -> SHA-256; none of a fit that is put together of others."""
    return {name: digest for name, digest in record["files"].items() if name.startswith("model.")}
