"""`spex map`: a data sheet of each contact map, in one pass over it.

    spex map FILE ... [--hic_resolution 1000] [--genes_filename TABLE] [--json FILE] [--out DIR]

Prints pixels, counts, cis share, depth, counts by distance, contacts per gene and coverage; as JSON with --json, and as
one page of pictures with --out.
"""

import logging
from pathlib import Path

from spex.commands.options import (
    DefaultsFormatter,
    OneLineParser,
    add_gene_choices,
    add_reading_options,
    option,
    path,
    read_genes,
    reading_of,
    whole_number,
)
from spex.commands.running import run_script
from spex.contacts.rules import check_resolution
from spex.files.atomic import write_json
from spex.files.checks import require_folder
from spex.files.stamps import Watch
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.matching import read_sheet
from spex.inputs.maps.reader import split_uri
from spex.reports.map_sheet import sheet_text, write_sheets

PROG = "spex map"
GENES = Path("./expecto/geneanno_GRCh38.csv")

logger = logging.getLogger("spex")


def create_parser(prog=PROG):
    parser = OneLineParser(
        prog=prog,
        description="Tell what contact maps hold: depth, counts by distance, contacts of genes.",
        formatter_class=DefaultsFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("mcool_filename", type=path, nargs="+", metavar="FILE", help="contact maps of any format, a sheet for each")
    add("--hic_resolution", "--resolution", type=whole_number(1), default=1000, help="bp per bin of the maps")
    add("--genes_filename", type=path, help=f"gene annotation table; default: {GENES}, where it is there")
    add_gene_choices(add)
    add("--json", type=path, metavar="FILE", help="the numbers of all sheets, in a file")
    add("--out", type=path, metavar="DIR", help="folder of the page of pictures")
    add_reading_options(add)
    return parser


def run(args):
    check_resolution(args.hic_resolution)
    given = args.genes_filename or (GENES if GENES.exists() else None)
    watch = Watch(genes=given or (), maps=[split_uri(path)[0] for path in args.mcool_filename])
    genes = given and read_genes(given, args)[1]
    out = args.out and require_folder(args.out, "out")
    json = args.json and require_folder(Path(args.json).parent, "json") / Path(args.json).name
    maps = open_maps(args.mcool_filename, args.hic_resolution, reading_of(args))
    sheets = []
    for map_ in maps:
        sheets.append(read_sheet(map_, genes, args.hic_resolution))
        watch.check()
        print(sheet_text(sheets[-1]), flush=True)
    if json:
        json.parent.mkdir(parents=True, exist_ok=True)
        write_json(json, [sheet.summary() for sheet in sheets])
    if out:
        logger.info("pictures and the page are in %s", write_sheets(out, sheets).parent)


def spell(argument):
    """How this command spells an argument of the library."""
    return "FILE" if argument == "maps" else option(argument)


def main(argv=None, prog=PROG):
    return run_script(prog, run, create_parser(prog).parse_args(argv), spell=spell, resumes=False)
