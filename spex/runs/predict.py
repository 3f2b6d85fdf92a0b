"""A saved model applied to the tensors of any data folder."""

import logging

from spex.errors import InputError
from spex.files.atomic import write_json
from spex.models.fits import predictions_table
from spex.models.registry import MODELS
from spex.runs import records
from spex.runs.settings import OF_RULE, read_run_settings
from spex.runs.tensors import expected_width, genes_with_tensor, read_features

FEATURE_RULE = ("beluga_sha256", "contact_rule", "hic_resolution", *OF_RULE, "windows_per_bin")
"""The tensor settings that a model depends on; genes, genome and maps may be others than it was fitted on."""

logger = logging.getLogger("spex")


def read_model_record(model_folder):
    """The record beside a saved model.

    Raises:
        InputError: the folder is not that of a fit, or its model was changed since.
    """
    record = records.read_record(model_folder)
    if record is None or not {"model", "tensors", "width"} <= record.get("settings", {}).keys():
        raise InputError(
            "no finished and undamaged fit there",
            argument="fit",
            subject=model_folder,
            expected="a folder under results/ with metrics.json and a model (results.csv names them)",
        )
    changed = [name for name in records.find_changed(model_folder, record) if name.startswith("model.")]
    if changed:
        raise InputError(
            "damaged or missing since it was written",
            argument="fit",
            subject=model_folder / changed[0],
            expected="the file that train.py wrote",
            hint="the same train.py command fits it again",
        )
    return record


def check_features(record, model_folder, folder, run_settings, width):
    """Refuse tensors that were made by another rule than those that the model was fitted on.

    record: from `read_model_record`. run_settings: of the data folder, None for the published program's tensors.

    Raises:
        InputError: another width, network, contact rule, resolution or threshold.
    """
    fitted = record["settings"]
    about = {"argument": "fit", "subject": model_folder}
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
        if fitted["tensors"].get(field) != getattr(run_settings, field):
            raise InputError(
                f"fitted on tensors with {field} {fitted['tensors'].get(field)!r}, those in {folder.root} have "
                f"{getattr(run_settings, field)!r}",
                **about,
                hint="make tensors with the model's settings",
            )


def predict_genes(model_folder, folder, genes):
    """Predict the expression of genes from their tensors and write predictions.csv in a folder under results/.

    model_folder: Path of a fit. folder: DataFolder with the tensors. genes: DataFrame with id, symbol, chrom; those
    without a tensor are left out.

    Returns: path of predictions.csv.
    """
    record = read_model_record(model_folder)
    run_settings = read_run_settings(folder)
    present = genes_with_tensor(folder, genes)
    logger.info("%s of %s genes have a tensor and get a prediction", f"{present.sum():,}", f"{len(genes):,}")
    genes = genes[present]
    width = expected_width(folder, run_settings, genes["id"])
    check_features(record, model_folder, folder, run_settings, width)
    fit = MODELS[record["settings"]["model"]].load(model_folder)
    features, tensors_sha256 = read_features(folder, genes["id"], width)
    settings = {
        "fit": record["settings"],
        "tensors": run_settings and run_settings.recorded(),
        "tensors_sha256": tensors_sha256,
    }
    target = folder.results / f"predicted_{record['name']}_{records.digest(settings)}"
    target.mkdir(parents=True, exist_ok=True)
    records.write_table(target / "predictions.csv", predictions_table(genes, None, fit.predict(features)))
    write_json(target / "prediction.json", {"model": record["name"], "versions": records.versions(), **settings})
    return target / "predictions.csv"
