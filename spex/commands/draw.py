"""`spex draw`: the pictures of a data folder's fits, drawn again from their files without fitting.

python -m spex.commands.draw DATA_FOLDER
"""

import logging

from spex.commands.options import OneLineParser, path
from spex.commands.running import run_script
from spex.errors import InputError
from spex.reports.fit_figures import draw_folder
from spex.runs.folder import DataFolder

PROG = "spex draw"

logger = logging.getLogger("spex")


def create_parser(prog=PROG):
    parser = OneLineParser(prog=prog, description="Draw the pictures of finished fits again.", allow_abbrev=False)
    parser.add_argument("data_folder", type=path, metavar="DATA_FOLDER", help="folder that train.py wrote results/ in")
    return parser


def run(args):
    results = DataFolder(args.data_folder).results
    if not results.is_dir():
        raise InputError(
            "no folder results in it",
            argument="data_folder",
            subject=args.data_folder,
            hint=f"fit something first: python train.py --data_folder {args.data_folder}",
        )
    drawn, left_out = draw_folder(results)
    for place, why in left_out:
        logger.warning("%s: not drawn: %s", place, why)
    logger.info("%d fits and tables drawn under %s", drawn, results)


def main(argv=None, prog=PROG):
    return run_script(prog, run, create_parser(prog).parse_args(argv), spell=str.upper)


if __name__ == "__main__":
    raise SystemExit(main())
