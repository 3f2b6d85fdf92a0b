"""`spex models`: ExPecto's published models in, and fitted models out as files that anyone can read, and in again.

    spex models import FOLDER --data_folder DATA
    spex models export --data_folder DATA --model FIT --out DIR

`import` makes fits under DATA/results/, which `spex variants`, `spex elements` and `spex train --predict` take without
any training. `export` writes a folder for each fit: card, weights, columns, genes, scores, hashes.
"""

import logging
from functools import partial

import spex
from spex.commands.main import start
from spex.errors import count
from spex.files.checks import require_filled, require_folder
from spex.reports.pages import render
from spex.runs.exchange import OF_EXPECTO, export_fit, import_models
from spex.runs.folder import DataFolder
from spex.runs.predict import EXPECTO, is_published, named_fits, report_published

logger = logging.getLogger("spex")


def run(args):
    return COMMANDS[args.what](args)


def run_import(args):
    folder = DataFolder(args.data_folder)
    imported = import_models(args.models, folder.results)
    for record in imported:
        print(folder.results / record["name"])
    if any(map(is_published, imported)):
        logger.info("%s", OF_EXPECTO)
        logger.info("%s; all together they are --model %s", count(len(imported), "model"), EXPECTO)
        report_published(imported)


def run_export(args):
    out = require_folder(args.out, "out")
    folder = DataFolder(require_filled(args.data_folder, "data_folder"))
    fits = named_fits(folder, list(map(str, args.fit)), args.targets)
    for place, record in fits.items():
        print(export_fit(folder, place, record, out, card=partial(render, "model_card.md"), version=spex.__version__))


COMMANDS = {"import": run_import, "export": run_export}

main = partial(start, "models")
