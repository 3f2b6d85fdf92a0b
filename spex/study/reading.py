"""study.yaml, read and checked before anything is made: every path, name, option, tissue and resolution."""

import logging
import os
import re
from dataclasses import replace

from spex.contacts.rules import RULES, check_resolution
from spex.errors import InputError, listed, shown
from spex.files.checks import require_file, require_folder
from spex.inputs.choices import GeneChoice
from spex.inputs.expression import open_expression, select_targets
from spex.inputs.genes import read_gene_table
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.reader import require_map, split_uri
from spex.inputs.normalise import excluded_chromosomes
from spex.models.choices import Fitting
from spex.options import options_in
from spex.resources.portals import get_portal_file, is_accession, read_portal_file
from spex.runs.settings import OF_RULE
from spex.study.plan import READING_OPTIONS, Study, StudyFit, StudyMap
from spex.study.schema import KEYS, OF_MAPS, spell
from spex.study.yaml_file import read_marked

OUT, RULE, RESOLUTION = "study", "corrected", 1000
FITS = [{"name": "ridge", "model": "ridge"}]
RESOURCES = {
    "tensors": {"threads": 4, "memory_mb": 8_000, "minutes": 240, "gpus": 0},
    "train": {"threads": 4, "memory_mb": 12_000, "minutes": 120, "gpus": 0},
    "compare": {"threads": 4, "memory_mb": 16_000, "minutes": 720, "gpus": 0},
    "report": {"threads": 1, "memory_mb": 4_000, "minutes": 30, "gpus": 0},
}
"""Of a job of each step, at full size: benchmarks/RESULTS.md has what they take, this leaves room."""

GENE_OPTIONS = [*options_in(GeneChoice)]
OWNERS = (GeneChoice, Fitting, *OF_MAPS)
LISTS = {name for each in OWNERS for name, (said, _) in options_in(each).items() if said.kind.item}
"""Options of which there may be several, so that one value is a list of one."""

logger = logging.getLogger("spex")

INDEX = r"(0|[1-9][0-9]*)"
INDICES = re.compile(rf"{INDEX}(\s*[-,]\s*{INDEX})*|all")
"""Numbers and ranges of columns; a tissue's own name goes first."""
PATTERN = re.compile(r"\{\s*[.\w]+\s*(,.*)?\}", re.DOTALL)
"""What Snakemake reads as a pattern in the path of the folder that it runs in."""

ABOUT = ("cell_type", "experiment", "factor")
FETCHED = "data"
"""Folder beside the study's file with what comes from portals."""

COUNTS_FROM = "check the path; it counts from the file's folder"


def read_study(path, *, quick=False):
    """Read a study's file and check it.

    path: of the YAML file; paths in it count from its folder, and are whole in what is returned. quick: leave contact
    maps unopened, and resolutions unchecked with them, where an earlier call has been through it.

    Returns: Study.

    Raises:
        InputError: it cannot be used, in any of its parts; names the file and the line.
    """
    file = read_marked(path)
    base, values = file.path.absolute().parent, file.values
    genes, genome, weights = (_path(file, base, (key,), values[key]) for key in ("genes", "genome", "weights"))
    expression = tuple(base / os.path.expanduser(each) for each in _listed(values["expression"]))
    gene_options = _options(values, GENE_OPTIONS)
    choice = GeneChoice(**gene_options)
    options = expression, values.get("value"), lambda: read_gene_table(genes, choice.tss_rule)["id"]
    opened = _with_line(file, ("expression",), open_expression, *options)
    tissues = _tissues(file, opened)
    _with_line(file, ("exclude_chroms",), excluded_chromosomes, choice.exclude_chroms)
    maps = [
        each if "cell_type" in given else _of_tissues(each, tissues)
        for each, given in zip(_maps(file, base), file.values["maps"], strict=True)
    ]
    comparison = {key: value for key, value in values.get("comparison", {}).items() if value is not False}
    for number, each in enumerate(maps):
        _check_map(file, number, each, opened, tissues, quick=quick)
        _check_rule(file, number, each, comparison)
    between = _between(file, maps, opened, tissues)
    return Study(
        path=file.path.absolute(),
        out=_with_line(file, ("out",), _out_folder, base / os.path.expanduser(values.get("out", OUT))),
        genes=genes,
        genome=genome,
        weights=weights,
        expression=expression,
        gene_options=gene_options,
        expression_options=_options(values, ("value",)),
        tissues=tuple(tissues),
        maps=tuple(maps),
        fits=tuple(_fits(file, base)),
        comparison=comparison,
        between=between,
        shards=values.get("shards", 1),
        resources={step: usual | values.get("resources", {}).get(step, {}) for step, usual in RESOURCES.items()},
    )


def _with_line(file, place, function, *given, **options):
    """Call a function of the library; its errors get the line of a place, or of the key below that they are about."""
    try:
        return function(*given, **options)
    except InputError as error:
        raise file.about((*place, *_key_below(file, place, error.argument)), error) from error


def _key_below(file, place, argument):
    """The key of an argument in the mapping at a place, or nothing."""
    found = file.values
    for step in place:
        found = found.get(step, ()) if isinstance(found, dict) else found[step]
    key = argument and spell(argument)
    return (key,) if isinstance(found, dict) and key in found else ()


def _listed(value):
    """One value or a list of them as a list."""
    return value if isinstance(value, list) else [value]


def _options(values, names):
    """Those of some options that are given."""
    return {name: _listed(values[name]) if name in LISTS else values[name] for name in names if name in values}


def _path(file, base, place, text, require=lambda path: require_file(path, None)):
    """The path that a text at a place names, when a readable file is there."""
    path = base / os.path.expanduser(text)
    try:
        require(path)
    except InputError as error:
        counts = {"hint": COUNTS_FROM} if error.found == "no such file" else {}
        raise file.about(place, error, **counts) from error
    return path


def _out_folder(path):
    """The path of the study's folder, when it can be made and Snakemake can run there."""
    pattern = PATTERN.search(os.path.realpath(path))
    if pattern:
        raise InputError(
            f"its path contains {shown(pattern[0], 30)}, which Snakemake takes for a pattern",
            subject=path,
            expected="a path without names in braces",
            hint="rename that folder, or give another out",
        )
    return require_folder(path, None)


def _tissues(file, opened):
    """The tissues that the file asks for: list of index, from 1, and name. opened: ExpressionFile."""
    asked = file.values.get("tissues", "all")
    chosen = set()
    for number, each in enumerate(_listed(asked)):
        place = ("tissues", number) if isinstance(asked, list) else ("tissues",)
        is_index = INDICES.fullmatch(each) and each not in opened.tissues
        chosen.update(
            _with_line(file, place, select_targets, opened, **{"indices" if is_index else "patterns": [each]})
        )
    return [(index, opened.tissues[index - 1]) for index in sorted(chosen)]


def _maps(file, base):
    """The maps of the file, each once and under a name of its own. Returns: list of StudyMap.

    What the file does not say of a map is taken from the portal that it comes from.
    """
    maps, names, seen = [], {}, {}
    for number, given in enumerate(file.values["maps"]):
        place, name = ("maps", number), given["name"]
        _check_name(file, (*place, "name"), f"map {name}", name, names)
        files, known = _map_files(file, base, place, given)
        options = {"contact_rule": given.get("rule", RULE), "hic_resolution": given.get("resolution", RESOLUTION)}
        options |= _options(given, (*OF_RULE, *READING_OPTIONS))
        what = set(map(_real, files)), options
        twin = next((other for other, of_other in seen.items() if of_other == what), None)
        if twin:
            raise file.error((*place, "files"), f"map {name}: the same files as map {twin}", expected="each map once")
        seen[name] = what
        maps.append(StudyMap(name, files, options, **known | _options(given, ABOUT)))
    return maps


def _of_tissues(map_, tissues):
    """A map whose cell type is a portal's, as the one tissue of the study whose name has that as a word, if any."""
    if map_.cell_type is None:
        return map_
    word = re.compile(rf"(?<!\w){re.escape(map_.cell_type)}(?!\w)", re.IGNORECASE)
    found = [name for _, name in tissues if word.search(name)]
    if len(found) != 1:
        logger.warning(
            "map %s: its portal's cell type %s is %s of the study; say which as cell_type",
            *(map_.name, shown(map_.cell_type), f"the name of {len(found)} tissues" if found else "no tissue"),
        )
    return replace(map_, cell_type=found[0] if len(found) == 1 else None)


def _check_name(file, place, what, name, names):
    """Refuse a name that is there already, also where case does not count. names: lower case -> name, added to."""
    other = names.get(name.lower())
    names[name.lower()] = name
    if other is not None:
        same = "is there already" if name == other else f"and {other} are one folder where case does not count"
        raise file.error(place, f"{what}: the name {same}", expected=f"a name for each {what.split()[0]}")


def _map_files(file, base, place, given):
    """The paths of a map's files, when they are there, each once, and what their portal says of all of them.

    Returns: tuple of Path, and a dict of some of `ABOUT`.
    """
    files, known = [], []
    for number, text in enumerate(_listed(given["files"])):
        here = (*place, "files", number) if isinstance(given["files"], list) else (*place, "files")
        fetched = _with_line(file, here, _fetched, base, text) if is_accession(text) else None
        known.append(fetched and {name: getattr(fetched, name) for name in ABOUT if getattr(fetched, name)})
        path = _path(file, base, here, f"{FETCHED}/{fetched.name}" if fetched else text, require_map)
        if _real(path) in map(_real, files):
            raise file.error(here, f"map {given['name']}: {path} for the second time", expected="each file once")
        files.append(path)
    return tuple(files), known[0] if known[0] and known.count(known[0]) == len(known) else {}


def _fetched(base, accession):
    """What is known of a file of a portal, PortalFile; None where a file has that name."""
    if (base / accession).exists():
        return None
    found = read_portal_file(accession, base / FETCHED)
    if found is None or not (base / FETCHED / found.name).exists():
        raise InputError("not fetched yet", subject=accession, hint="spex study fetch gets the files of accessions")
    return found


def fetch_files(path, **access):
    """Get the files of a study's maps that are given as accessions, into the folder `FETCHED` beside its file.

    access: as of `get_portal_file`. Returns: list of Path.
    """
    file = read_marked(path)
    base, paths = file.path.absolute().parent, []
    for text in (text for given in file.values["maps"] for text in _listed(given["files"])):
        if is_accession(text) and not (base / text).exists():
            paths.append(get_portal_file(text, base / FETCHED, **access))
    return paths


def _real(path):
    """What a path or URI leads to, links followed."""
    file, group = split_uri(path)
    return os.path.realpath(file), group


def _check_map(file, number, map_, opened, tissues, *, quick):
    """Refuse options, a cell type or files of a map that would make a job fail. opened: ExpressionFile."""
    place, resolution = ("maps", number), map_.options["hic_resolution"]
    rule = _with_line(file, place, lambda: map_.rule)
    _with_line(file, place, check_resolution, resolution)
    reading = _with_line(file, place, lambda: map_.reading)
    if map_.cell_type is not None:
        own = _with_line(file, (*place, "cell_type"), select_targets, opened, None, [map_.cell_type])
        if not {*own} & {index for index, _ in tissues}:
            raise file.error(
                (*place, "cell_type"),
                f"cell_type {shown(map_.cell_type)}: none of the study's tissues",
                expected=f"one of {listed(name for _, name in tissues)}",
            )
    if not quick:
        _with_line(file, place, open_maps, [*map_.files], resolution, reading, rule)


def _check_rule(file, number, map_, comparison):
    """Refuse a map by the published rule, which decides nothing in a comparison, where it is not asked for."""
    rule = RULES[map_.options["contact_rule"]]
    if rule.own_windows_stand_in and "show_published" not in comparison:
        raise file.error(
            ("maps", number, "rule"),
            f"map {map_.name}: nothing can be decided by the {rule.name} rule, which puts a gene's local windows in "
            "place of missing contacts",
            expected=RULE,
            hint="or show_published: true under comparison, for tables without a verdict",
        )


def _between(file, maps, opened, tissues):
    """Names of the maps that are compared between cells, each with one tissue of the study, and its own."""
    names, found = _listed(file.values.get("between", [])), {}
    chosen = {index for index, _ in tissues}
    for number, name in enumerate(names):
        place = ("between", number) if isinstance(file.values["between"], list) else ("between",)
        map_ = next((each for each in maps if each.name == name), None)
        if map_ is None:
            raise file.error(place, f"{shown(name)}: no such map", expected=f"one of {listed(m.name for m in maps)}")
        own = chosen & {*select_targets(opened, None, [map_.cell_type])} if map_.cell_type else set()
        if len(own) != 1 or own & found.keys():
            twice = f"its cell_type is that of map {found[min(own)]}" if len(own) == 1 else ""
            what = twice or f"its cell_type is {len(own)} of the study's tissues"
            raise file.error(place, f"map {name}: {what}", expected="for each map one tissue, and its own")
        if map_.rule.own_windows_stand_in:
            raise file.error(place, f"map {name}: nothing can be decided by the {map_.rule.name} rule", expected=RULE)
        found[min(own)] = name
    if len(names) == 1:
        raise file.error(("between",), f"one map, {names[0]}", expected="maps of two cells or more")
    return tuple(names)


def _fits(file, base):
    """The fits of the file. Yields: StudyFit."""
    names = {}
    for number, given in enumerate(file.values.get("fits", FITS)):
        place, name = ("fits", number), given["name"]
        _check_name(file, (*place, "name"), f"fit {name}", name, names)
        options = _options(given, [key for key in given if key != "name"])
        if "params" in given:
            options["params"] = base / os.path.expanduser(given["params"])
        _with_line(file, place, _check_fit, options)
        yield StudyFit(name, options)


def _check_fit(options):
    """Refuse options of a fit that contradict each other, or parameters that its model cannot use."""
    renamed = {library: key for library, key in KEYS.items() if key in options}
    given = {name: value for name, value in options.items() if name not in renamed.values()}
    Fitting(**given, **{library: options[key] for library, key in renamed.items()}).read_parameters()
