"""`spex map`: a data sheet of each contact map, in one pass over it.

    spex map FILE ... [--resolution 1000] [--genes TABLE] [--json FILE] [--out DIR]
    spex map PREDICTED --values MAP --write COUNTS.cool [--resolution 1000]

Prints pixels, counts, cis share, depth, counts by distance, contacts per gene and coverage, and how alike each two of
several maps are; as JSON with --json, and as one page of pictures with --out. A map of predicted values gets the counts
of another map, and is written as a map of counts, whose sheet is then shown.
"""

import logging
from functools import partial
from pathlib import Path

from spex.commands.arguments import read_genes, recall, remembered_maps
from spex.commands.choices import Inputs
from spex.commands.main import start
from spex.commands.parser import chosen
from spex.contacts.collect import report_accounts
from spex.contacts.likeness import Profiler, as_arrays, compare_profiles
from spex.contacts.rules import check_resolution
from spex.errors import InputError, parameter
from spex.files.atomic import write_json
from spex.files.checks import require_folder, require_place
from spex.files.hashes import Watch
from spex.files.sealed import save_arrays
from spex.inputs.choices import Reading
from spex.inputs.maps.cool import write_cool
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.matching import check_one_build, read_sheet
from spex.inputs.maps.reader import require_map, split_uri
from spex.inputs.maps.values import open_values
from spex.reports.map_sheets import likeness_text, sheet_text, write_sheets
from spex.runs.folder import open_made

logger = logging.getLogger("spex")


def run(args):
    if len(args.maps) == 1 and (Path(args.maps[0]) / "run.json").exists():
        _take_maps_of(args)
    check_resolution(args.resolution)
    usual = Path(Inputs.genes)
    args.genes = args.genes or (usual if usual.exists() else None)
    if args.values or args.write:
        _write_counts(args)
    watch = Watch(genes=args.genes or (), maps=[split_uri(path)[0] for path in args.maps])
    genes = args.genes and read_genes(args)[1]
    out = args.out and require_folder(args.out, "out")
    json = args.json and require_place(args.json, "json")
    profile = args.profile and require_place(args.profile, "profile")
    maps = open_maps(args.maps, args.resolution, chosen(Reading, args))
    check_one_build(maps)
    sheets, profiles = [], []
    for map_ in maps:
        profiler = Profiler(map_.path, args.resolution, genes) if len(maps) > 1 or profile else None
        sheets.append(read_sheet(map_, genes, args.resolution, profiler))
        watch.check()
        print(sheet_text(sheets[-1]), flush=True)
        profiles += [profiler.finish()] if profiler else []
    likeness = compare_profiles(profiles) if len(maps) > 1 else None
    if likeness is not None:
        print(likeness_text(likeness), flush=True)
    if json:
        json.parent.mkdir(parents=True, exist_ok=True)
        write_json(json, [sheet.summary() for sheet in sheets])
    if profile:
        profile.parent.mkdir(parents=True, exist_ok=True)
        save_arrays(profile, as_arrays(profiles))
    if out:
        logger.info("pictures and the page are in %s", write_sheets(out, sheets, likeness).parent)


def _write_counts(args):
    """Write a map of values with the counts of another one, and go on with that."""
    if not (args.values and args.write and len(args.maps) == 1):
        raise InputError(
            f"{parameter('values')} gives one map of values the counts of another map, and {parameter('write')} says "
            "where the map of counts goes; give both and one map, or none of them"
        )
    path = require_folder(Path(args.write).parent, "write") / Path(args.write).name
    watch = Watch(maps=[split_uri(require_map(each))[0] for each in (*args.maps, args.values)])
    map_ = open_values(args.maps[0], args.values, args.resolution, chosen(Reading, args))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_cool(path, map_, watch.check)
    report_accounts([map_])
    map_.close()
    args.maps, args.value_column = [path], Reading.value_column


def _take_maps_of(args):
    """Take the contact maps of a data folder, and what it knows of them, for what is not given."""
    folder, settings = open_made(args.maps[0], "maps")
    recall(args, folder.root, "genes")
    given = {"resolution": settings.hic_resolution} | settings.reading.given()
    for name, value in given.items():
        if name not in args.given and value is not None:
            setattr(args, name, value)
    args.maps = remembered_maps([folder.root])
    if not args.maps:
        found = "it was made without contact maps, or they are no longer where they were"
        raise InputError(found, argument="maps", subject=folder.root, hint="give the maps by their paths")


main = partial(start, "map")
