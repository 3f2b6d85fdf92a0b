"""`spex draw`: the pictures of a data folder's fits, drawn again from their files without fitting.

spex draw DATA_FOLDER
"""

import logging
from functools import partial

from spex.commands.main import start
from spex.errors import InputError, command
from spex.reports.fit_figures import draw_folder
from spex.runs.folder import DataFolder

logger = logging.getLogger("spex")


def run(args):
    results = DataFolder(args.data_folder).results
    if not results.is_dir():
        raise InputError(
            "no folder results in it",
            argument="data_folder",
            subject=args.data_folder,
            hint=f"fit something first: {command('train')} --data_folder {args.data_folder}",
        )
    drawn, left_out = draw_folder(results)
    for place, why in left_out:
        logger.warning("%s: not drawn: %s", place, why)
    logger.info("%d fits and tables drawn under %s", drawn, results)


main = partial(start, "draw")
