"""Saved models in and out: ExPecto's published ones in, our fits out as files that anyone can read, and in again.

An imported model is a fit's folder like those of training, in which nothing was fitted here. Nothing is pickled.
"""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from spex.errors import InputError, command, parameter, shown
from spex.files.atomic import whole_file, write_text
from spex.files.hashes import file_sha256
from spex.files.sealed import DamagedFileError, load_sealed_json, save_sealed_json
from spex.files.streamed_tables import TEXT, write_tables
from spex.inputs.genes import read_cached_genes
from spex.inputs.opening import check_unfolding
from spex.models.expecto_models import ENDING, WIDTH, read_expecto_model, tissue_of
from spex.models.registry import MODELS
from spex.models.ridge import LINEAR, RidgeFit, read_linear
from spex.runs import records
from spex.runs.predict import EXPECTO, is_published, model_files
from spex.runs.settings import read_run_settings
from spex.runs.tensors import layout_of

FORMAT = 1
"""Version of the form of exported models."""

RECORD, CARD, WEIGHTS, BOOSTER = "model.json", "README.md", "weights.npz", "model.ubj"
GENES = {"id": TEXT, "symbol": TEXT, "chrom": TEXT, "role": TEXT}
"""Columns of an exported model's table of genes -> their types. role: one of `ROLES`."""

ROLES = ("train", "validation", "test")

KEPT = ("settings", "genes", "chosen", "chosen_on", "scores", "versions")
"""Parts of a fit's record that go out with it: neither notes nor the history of its training."""

OF_EXPECTO = (
    "ExPecto's models are their authors' (Zhou et al., Nat Genet 50:1171, 2018), under Princeton's academic licence: "
    "non-commercial, not to be passed on"
)


def import_models(source, results):
    """Import the models of a folder as fits.

    source: folder with ExPecto's `.save` files, or with a folder `models` of them; or one that `export_fit` wrote, or
    with several of these. results: Path that the fits go into.

    Returns: list of the fits' records, in the order of the files' names.

    Raises:
        InputError: no such folder, or files of another form or damaged; then nothing is written.
    """
    source = Path(source)
    about = {"argument": "models", "subject": source}
    expected = f"a folder with ExPecto's models (*{ENDING}), or what {command('models export')} wrote"
    if not source.is_dir():
        raise InputError("found a file" if source.exists() else "no such folder", **about, expected=expected)
    published = sorted(source.glob(f"*{ENDING}")) or sorted(source.glob(f"models/*{ENDING}"))
    exported = [path.parent for path in sorted([*source.glob(RECORD), *source.glob(f"*/{RECORD}")])]
    if not published and not exported:
        raise InputError("no models in it", **about, expected=expected)
    read = [_read_published(*each) for each in enumerate(published, start=1)] + [*map(_read_exported, exported)]
    imported = []
    for name, fit, fields in read:
        place = results / name
        place.mkdir(parents=True, exist_ok=True)
        fit.save(place)
        imported.append(records.write_record(place, **fields))
    records.write_results(results)
    return imported


def _read_published(number, path):
    """One of ExPecto's models: name of its folder, RidgeFit, and fields of its record."""
    fit, sha256 = read_expecto_model(path)
    tissue = tissue_of(path.name)
    settings = {"target": tissue, "target_index": number, "model": "gblinear", "published": EXPECTO}
    settings |= {"width": WIDTH, "tensors": None, "seed": None, "split": "published"}
    came_from = {"file": path.name, "sha256": sha256, "licence": OF_EXPECTO}
    name = f"{EXPECTO}_{records.readable(tissue)}_{sha256[:8]}"
    return name, fit, {"settings": settings, "imported": came_from}


def _read_exported(place):
    """What `export_fit` wrote, as of `_read_published`."""
    about = {"argument": "models", "hint": "copy it again, or export it again"}
    try:
        kept = load_sealed_json(place / RECORD)
    except DamagedFileError as error:
        raise InputError("damaged or edited", subject=place / RECORD, **about) from error
    if kept.get("format") != FORMAT or not {"files", *KEPT} <= kept.keys() or kept["settings"]["model"] not in MODELS:
        expected = f"what this version's {command('models export')} writes"
        raise InputError("of another form", subject=place / RECORD, expected=expected, **about)
    for name, sha256 in kept["files"].items():
        if not (place / name).is_file() or file_sha256(place / name) != sha256:
            raise InputError("missing or changed since it was exported", subject=place / name, **about)
    fit, width, weights = _read_model(place, kept)
    if width != kept["settings"]["width"]:
        raise InputError(f"{width:,} weights for {kept['settings']['width']:,} columns", subject=weights, **about)
    came_from = {"file": place.resolve().name, "sha256": file_sha256(place / RECORD)}
    name = f"{came_from['file']}_imported"  # never taken for what was fitted here
    return name, fit, {part: kept[part] for part in KEPT} | {"imported": came_from}


def _read_model(place, kept):
    """The fit that was exported to a folder, its number of weights or columns, and the path of its file."""
    if WEIGHTS not in kept["files"]:
        fit = MODELS[kept["settings"]["model"]].load(place)
        return fit, fit.booster.num_features(), place / BOOSTER
    path = place / WEIGHTS
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(each.file_size for each in packed.infolist())
        check_unfolding(path.stat().st_size, size, {"argument": "models", "subject": path})
        with np.load(path, allow_pickle=False) as stored:
            numbers = [np.asarray(stored[name], np.float64) for name in ("coefficients", "intercept")]
        coefficients, intercept = numbers[0].reshape(-1), float(numbers[1])
    except InputError:
        raise
    except (KeyError, ValueError, TypeError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        expected = "arrays coefficients and intercept, without pickled objects"
        raise InputError(
            f"not readable ({shown(error)})", argument="models", subject=path, expected=expected
        ) from error
    return RidgeFit(coefficients=coefficients, intercept=intercept), len(coefficients), path


def export_fit(folder, place, record, out, *, card, version):
    """Write a fit as files that need nothing of ours to be read.

    folder: DataFolder of the fit. place: its folder. record: of it. out: Path of a folder, in which one of the fit's
    name is written. card: function from values by name to the text of its card. version: of this program.

    Returns: Path of the folder, with `model.json` (record and hashes, which comes last), `README.md` (the card),
    `weights.npz` (ridge) or `model.ubj` (XGBoost), `columns.tsv` and `genes.tsv`.

    Raises:
        InputError: it was imported, or has no model of its own.
    """
    about, settings = {"argument": "fit", "subject": place}, record["settings"]
    if place.resolve().parent != folder.results.resolve():
        raise InputError("a fit of another data folder", **about, hint=f"give that one as {parameter('data_folder')}")
    if "imported" in record:
        why = OF_EXPECTO if is_published(record) else "export it from the folder that it was fitted in"
        raise InputError("it was imported, and is not exported", **about, hint=why)
    if not model_files(record):
        raise InputError("folds put together, which have no model", **about, expected="a fit with one")
    genes = genes_of(folder, settings)
    layout = layout_of(folder, read_run_settings(folder), genes["id"])
    target, weights = out / place.name, WEIGHTS if LINEAR in record["files"] else BOOSTER
    target.mkdir(parents=True, exist_ok=True)
    with whole_file(target / weights) as file:
        if weights == WEIGHTS:
            fit = read_linear(place)
            np.savez(file, coefficients=fit.coefficients, intercept=fit.intercept)
        else:
            file.write((place / BOOSTER).read_bytes())
    columns = layout.columns.to_frame(index=False).astype(str).rename_axis("column").reset_index()
    kinds = {name: "int64" if name == "column" else TEXT for name in columns}
    tables = [write_tables(target, "columns", [columns], kinds), write_tables(target, "genes", [genes], GENES)]
    files = [weights, CARD, *(path.name for path in tables)]
    kept = {part: record.get(part) for part in KEPT}
    kept |= {"format": FORMAT, "name": place.name, "versions": {"spex": version, **record["versions"]}}
    listed = {role: int((genes["role"] == role).sum()) for role in ROLES}
    write_text(target / CARD, card(**kept, weights=weights, blocks=layout.blocks, listed=listed))
    save_sealed_json(target / RECORD, kept | {"files": {name: file_sha256(target / name) for name in files}})
    return target


def genes_of(folder, settings):
    """The genes of a data folder that a fit was fitted, chosen or tested on: DataFrame with id, symbol, chrom, role.

    Those that the expression lacked are among them: the fit's record has how many were used.
    """
    genes = read_cached_genes(folder.cached_genes)
    genes = genes[folder.has_tensors(genes["id"])]
    role = {chrom: "validation" for chrom in settings["validation_chroms"]}
    role |= dict.fromkeys(settings["test_chroms"], "test")
    return genes.assign(role=[role.get(chrom, "train") for chrom in genes["chrom"]])[list(GENES)].reset_index(drop=True)
