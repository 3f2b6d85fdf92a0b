"""Saved models applied to the tensors of any data folder: which models, whether they suit it, and predictions."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from expecto.network import PUBLISHED
from spex.errors import InputError, command, count, did_you_mean, listed, shown
from spex.files.atomic import write_json
from spex.inputs.normalise import names_like
from spex.models.fits import predictions_table
from spex.models.layout import published_layout
from spex.models.model import Fitted
from spex.models.registry import MODELS
from spex.runs import records
from spex.runs.settings import OF_RULE, read_run_settings
from spex.runs.tensors import genes_with_tensor, layout_of, read_features

FEATURE_RULE = ("beluga_sha256", "network", "contact_rule", "hic_resolution", *OF_RULE, "windows_per_bin")
"""The tensor settings that a model depends on; genes, genome and maps may be others than it was fitted on."""

RIDGE = "ridge"
EXPECTO = "expecto"
"""What all of ExPecto's published models that were imported are called together."""

TREES = (
    "a tree ensemble gives exactly 0 for most small changes of its features (84 % of alleles on synthetic data), and "
    "first-order approximations hardly correlate with the true change"
)

logger = logging.getLogger("spex")


@dataclass(frozen=True, eq=False)
class ChosenFit:
    """A saved model. name: of its folder. model: name in `registry.MODELS`. fit: a LinearFitted where that is linear.
    sha256: of each file of the model."""

    folder: Path
    name: str
    tissue: str
    model: str
    fit: Fitted
    sha256: dict[str, str]


def choose_fits(folder, settings, given=(), tissues=(), *, linear):
    """Models for the tensors of a data folder: list of ChosenFit.

    settings: RunSettings of the folder. The rest, order and errors as of `named_fits`; one of other features is an
    InputError too.
    """
    fits = named_fits(folder, given, tissues, linear=linear)
    for place, record in fits.items():
        _check_features(record, place, folder, settings, settings.width)
    report_published(fits.values())
    return [load_fit(place, record, settings.width) for place, record in fits.items()]


def load_fit(place, record, width):
    """The ChosenFit of a record. width: of the tensors; columns that a published model does not know count zero."""
    settings = record["settings"]
    fit = MODELS[settings["model"]].load(place)
    if is_published(record):
        fit = replace(fit, coefficients=np.pad(fit.coefficients, (0, width - settings["width"])))
    return ChosenFit(place, place.name, settings["target"], settings["model"], fit, model_files(record))


def report_published(fits):
    """Log what is to know of ExPecto's published models where there are any among some records."""
    if published := [record for record in fits if is_published(record)]:
        logger.info(
            "%s: only the gene's local windows count, contact columns count zero; that the features are those of the "
            "published Beluga is taken for granted",
            count(len(published), "published ExPecto model"),
        )


def is_published(record):
    """Whether a record is of one of ExPecto's published models, which was imported."""
    return record["settings"].get("published") == EXPECTO


def named_fits(folder, given=(), tissues=(), *, linear=False):
    """Saved models by their names: dict of folder -> record.

    folder: DataFolder. given: folders of fits, names of such under the folder's results, or names of models, each for
    all its fits there, expecto among them; without any, ridge. tissues: names or shell patterns, in any case, to choose
    among them; all without any. linear: take linear models only.

    Returns: in the order given, by tissue's index within a model.

    Raises:
        InputError: no such fit, one whose model is not linear where it must be, or none left.
    """
    places = dict.fromkeys(place for each in given or (RIDGE,) for place in _places(folder, each))
    fits = {place: _read_model_record(place, (*MODELS, EXPECTO)) for place in places}
    there = {record["settings"]["target"] for record in fits.values()}
    asked = {name for pattern in tissues for name in names_like(there, pattern)} if tissues else there
    for place, record in fits.items():
        model = record["settings"]["model"]
        if linear and not MODELS[model].linear:
            raise InputError(
                f"{model} is no linear model, and {TREES}",
                argument="fit",
                subject=place,
                expected=f"a fit of {' or '.join(name for name, model in MODELS.items() if model.linear)}",
            )
    chosen = {place: record for place, record in fits.items() if record["settings"]["target"] in asked}
    if not chosen:
        raise InputError(
            "none of the models is of such a tissue",
            argument="targets",
            expected=f"one of {listed(sorted(there))}",
            hint=did_you_mean(" ".join(tissues), there),
        )
    return chosen


def _places(folder, given):
    """Folders of the fits that one of `given` means."""
    if given not in (*MODELS, EXPECTO):
        return [Path(given) if Path(given).is_dir() else folder.results / given]
    of_model = {
        place: record["settings"]
        for place, record in records.read_all(folder.results).items()
        if record["settings"].get("published", record["settings"]["model"]) == given and model_files(record)
    }
    # folds of a cross-validation were each fitted on other genes: they count where there is nothing else
    of_folds = (MODELS[given].shared_settings if given in MODELS else {}).items()
    places = [place for place, made in of_model.items() if not of_folds <= made.items()] or list(of_model)
    if not places:
        raise InputError(
            f"no fit of {given} under {shown(str(folder.results))}",
            argument="fit",
            expected="a folder under results/ with metrics.json and a model",
            hint=f"import them with: {command('models import')}"
            if given == EXPECTO
            else f"fit them with: {command('train')}, model {given}, all tissues at once",
        )
    return sorted(places, key=lambda place: (of_model[place]["target_index"], place.name))


def model_files(record):
    """The files of a saved model, name -> SHA-256; none of a fit that is put together of others."""
    return {name: digest for name, digest in record["files"].items() if name.startswith("model.")}


def _read_model_record(model_folder, names=()):
    """The record beside a saved model; refuses a folder that is not that of a fit, or whose model was changed since.

    names: that could have been given in place of a folder.
    """
    record = records.read_record(model_folder)
    if record is None or not {"model", "tensors", "width"} <= record.get("settings", {}).keys():
        raise InputError(
            "no finished and undamaged fit there",
            argument="fit",
            subject=model_folder,
            expected="a folder under results/ with metrics.json and a model (results.csv names them)",
            hint=did_you_mean(model_folder.name, names),
        )
    changed = [name for name in records.find_changed(model_folder, record) if name.startswith("model.")]
    if changed:
        raise InputError(
            "damaged or missing since it was written",
            argument="fit",
            subject=model_folder / changed[0],
            expected=f"the file that {command('train')} wrote",
            hint=f"the same {command('train')} command fits it again",
        )
    return record


def _check_features(record, model_folder, folder, run_settings, width):
    """Refuse tensors of another width, network, contact rule, resolution or threshold than the model was fitted on.

    run_settings: of the data folder, None for the published program's tensors.
    """
    fitted = record["settings"]
    about = {"argument": "fit", "subject": model_folder}
    if is_published(record):
        if published_layout(width) is None or (run_settings and run_settings.predictor != PUBLISHED):
            raise InputError(
                f"one of ExPecto's models, and {folder.root} has features of another model than its network",
                **about,
                expected="tensors of the published network",
            )
        return
    if fitted["width"] != width:
        raise InputError(
            f"fitted on tensors of {fitted['width']:,} features, those in {folder.root} have {width:,}",
            **about,
            expected="both with contact maps, of as many groups, or both without",
        )
    if fitted["tensors"] is None or run_settings is None:
        logger.warning("tensors without a run.json: whether model and tensors follow the same rule cannot be checked")
        return
    for field in FEATURE_RULE:
        before, now = fitted["tensors"].get(field), getattr(run_settings, field)
        if before != now:
            raise InputError(
                f"fitted on tensors with {field} {before!r}, those in {folder.root} have {now!r}",
                **about,
                hint="make tensors with the model's settings",
            )
    for field in ("features", "bins"):
        before, now = (_columns(each) for each in (fitted["tensors"].get(field), getattr(run_settings, field)))
        if before != now:
            raise InputError(
                f"fitted on {field} {before or 'of a network'}, those in {folder.root} are {now or 'of a network'}",
                **about,
                expected="features of the same model, with the same names",
            )
        fitted_on, here = fitted["tensors"].get(field), getattr(run_settings, field)
        if here and here["names_sha256"] is None and here["sha256"] != fitted_on["sha256"]:
            logger.warning(
                "%s: its %s have no names, so whether they come in the same order here cannot be checked",
                *(model_folder, field),
            )


def _columns(described):
    """What the columns of features from a file are, whatever the genes: source, width and names."""
    return described and {name: described.get(name) for name in ("source", "kind", "width", "names_sha256")}


def predict_genes(model_folder, folder, genes):
    """Predict the expression of genes from their tensors and write predictions.csv in a folder under results/.

    model_folder: Path of a fit. folder: DataFolder with the tensors. genes: DataFrame with id, symbol, chrom; those
    without a tensor are left out.

    Returns: path of predictions.csv.
    """
    record = _read_model_record(model_folder)
    run_settings = read_run_settings(folder)
    present = genes_with_tensor(folder, genes)
    logger.info("%s of %s genes have a tensor and get a prediction", f"{present.sum():,}", f"{len(genes):,}")
    genes = genes[present]
    width = layout_of(folder, run_settings, genes["id"]).width
    _check_features(record, model_folder, folder, run_settings, width)
    report_published([record])
    fit = load_fit(model_folder, record, width).fit
    features, tensors_sha256 = read_features(folder, genes["id"], width)
    made_with = {"tensors": run_settings and run_settings.recorded(), "tensors_sha256": tensors_sha256}
    settings = {"fit": record["settings"], **made_with}
    target = folder.results / f"predicted_{record['name']}_{records.digest(settings)}"
    target.mkdir(parents=True, exist_ok=True)
    records.write_table(target / "predictions.csv", predictions_table(genes, None, fit.predict(features)))
    write_json(target / "prediction.json", {"model": record["name"], "versions": records.versions(), **settings})
    return target / "predictions.csv"
