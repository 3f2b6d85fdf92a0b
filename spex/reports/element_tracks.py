"""Effects of contacted bins as tracks for genome browsers: arcs from bin to gene, and sums of effects along the genome.

Formats: BEDPE (bedtools), interact, bedGraph and bigWig (UCSC); IGV reads them too. pybigtools is imported where it is
used.
"""

import csv
import errno
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd

from spex.effects.elements import CONTACT
from spex.errors import InputError, not_installed, shown, visible
from spex.files.atomic import temporary_path, whole_file
from spex.reports.figures import BLUE, GREY, ORANGE
from spex.runs.records import readable

LARGEST_SCORE = 1000
"""Of an interact line."""
INTERACT_OPTIONS = "interactDirectional=true maxHeightPixels=300:150:50 visibility=full"
BEDGRAPH_OPTIONS = "visibility=full autoScale=on alwaysZero=on"


def require_bigwig():
    """pybigtools, which writes bigWig; called before anything is computed for it.

    Raises:
        InputError: it is not installed.
    """
    try:
        import pybigtools  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise not_installed("pybigtools", "writes bigWig", "tracks", argument="bigwig") from error
    return pybigtools


def write_tracks(folder, table, chromsizes, bigwig=False):
    """Write, for each tissue (and model, where there are several), arcs and sums of the effects of contacted bins.

    folder: made where it is missing. table: elements, with the columns of `spex.effects.elements.COLUMNS`; other
    classes are ignored. chromsizes: chromosome -> length in bp; tracks are in its order, and what lies past an end is
    cut off. bigwig: whether to write one too, of the bedGraph's numbers; none where no bin has an effect.

    Returns: paths of arcs_<tissue>.bedpe, arcs_<tissue>.interact and effects_<tissue>.bedgraph, .bw of each tissue in
    turn. Tissues that would share the name of a file are numbered, in the order of the table.

    Raises:
        InputError: a chromosome without length, or pybigtools is not installed.
    """
    if bigwig:
        require_bigwig()
    chromsizes = {str(chrom): int(size) for chrom, size in dict(chromsizes).items()}
    contacts = _within_chromosomes(table[table["class"] == CONTACT], chromsizes)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths, names = [], set()
    parts = dict(list(contacts.groupby(["tissue", "model"])))
    for tissue, model in table[["tissue", "model"]].drop_duplicates().itertuples(index=False, name=None):
        part = parts.get((tissue, model), contacts.iloc[:0])
        name = _new_name(tissue, names)
        title, about = _quoted(tissue), _quoted(f"{tissue}, {model}: change of ln(expression) by each contacted bin")
        sums = sum_by_bin(part)
        texts = {
            f"arcs_{name}.bedpe": _bedpe(part),
            f"arcs_{name}.interact": _track("interact", title, about, INTERACT_OPTIONS) + _interact(part),
            f"effects_{name}.bedgraph": _track("bedGraph", title, about, BEDGRAPH_OPTIONS) + _lines(sums),
        }
        for file_name, text in texts.items():
            with whole_file(folder / file_name) as file:
                file.write(text.encode(errors="surrogateescape"))
            paths.append(folder / file_name)
        if bigwig:
            paths += _write_bigwig(folder / f"effects_{name}.bw", sums, chromsizes)
    return paths


def sum_by_bin(elements):
    """Effects summed over genes along the genome.

    elements: chr (categories in the order wanted), start, end (0-based half-open), Score.

    Returns: DataFrame of chr, start, end, Score, sorted, without overlaps and zeros. Where elements overlap, as bins of
    one grid never do, each stretch has the sum of those that cover it.
    """
    parts = [_sum_on_chromosome(part).assign(chr=chrom) for chrom, part in elements.groupby("chr", observed=True)]
    table = pd.concat(parts) if parts else elements
    return table[["chr", "start", "end", "Score"]]


def _sum_on_chromosome(elements):
    starts, ends, scores = (elements[name].to_numpy() for name in ("start", "end", "Score"))
    edges = np.unique(np.concatenate([starts, ends]))
    first, last = np.searchsorted(edges, starts), np.searchsorted(edges, ends)
    covered = last - first  # number of stretches between edges
    stretches = np.repeat(last - np.cumsum(covered), covered) + np.arange(covered.sum())
    sums = np.bincount(stretches, np.repeat(scores, covered), len(edges) - 1)
    table = pd.DataFrame({"start": edges[:-1], "end": edges[1:], "Score": sums})
    return table[sums != 0]


def _within_chromosomes(elements, chromsizes):
    """Elements with chromosomes as categories in the order of their sizes, sorted, cut off at the chromosomes' ends."""
    unknown = sorted(set(elements["chr"]) - chromsizes.keys())
    if unknown:
        raise InputError(
            f"no length of {shown(unknown[0])}",
            argument="chromsizes",
            expected="every chromosome that has elements",
        )
    elements = elements.assign(
        chr=pd.Categorical(elements["chr"], list(chromsizes)),
        start=elements["start"].clip(lower=0),
        end=np.minimum(elements["end"], elements["chr"].map(chromsizes).astype("int64")),
    )
    elements = elements[elements["start"] < elements["end"]]
    return elements.sort_values(["chr", "start", "end", "TargetGeneTSS"], kind="stable")


def _bedpe(elements):
    """Lines of BEDPE: the gene's TSS, the bin, name, effect, and no strands."""
    tss, bins = elements["TargetGeneTSS"], [elements[name] for name in ("chr", "start", "end")]
    columns = [elements["chr"], tss - 1, tss, *bins, _arc_names(elements), elements["Score"], ".", "."]
    return _lines(pd.DataFrame(dict(enumerate(columns))))


def _interact(elements):
    """Lines of UCSC's interact, bed5+13: from the bin to the gene's TSS, blue where the contact adds, else orange."""
    tss, scores = elements["TargetGeneTSS"], elements["Score"]
    largest = scores.abs().max() or 1.0
    lines = pd.DataFrame(
        {
            "chrom": elements["chr"],
            "chromStart": np.minimum(elements["start"], tss - 1),
            "chromEnd": np.maximum(elements["end"], tss),
            "name": _arc_names(elements),
            "score": np.rint(LARGEST_SCORE * scores.abs() / largest).astype(int),
            "value": scores,
            "exp": elements["tissue"].map(_word),
            "color": np.select([scores > 0, scores < 0], [BLUE, ORANGE], GREY),
            "sourceChrom": elements["chr"],
            "sourceStart": elements["start"],
            "sourceEnd": elements["end"],
            "sourceName": elements["name"].map(_word),
            "sourceStrand": ".",
            "targetChrom": elements["chr"],
            "targetStart": tss - 1,
            "targetEnd": tss,
            "targetName": elements["TargetGene"].map(_word),
            "targetStrand": ".",
        }
    )
    return _lines(lines.sort_values(["chrom", "chromStart", "chromEnd"], kind="stable"))


def _arc_names(elements):
    return elements["TargetGene"].map(_word) + "/" + elements["name"].map(_word)


def _word(text):
    """Free text as a field: browsers split lines at blanks too."""
    return re.sub(r"\s+", "_", visible(text)) or "."


def _quoted(text):
    """Free text inside the double quotes of a track line."""
    return visible(text).replace('"', "'")


def _track(kind, name, description, options):
    return f'track type={kind} name="{name}" description="{description}" {options}\n'


def _lines(table):
    return table.to_csv(
        sep="\t", header=False, index=False, lineterminator="\n", float_format="%.9g", quoting=csv.QUOTE_NONE
    )


def _new_name(tissue, taken):
    """A tissue as part of a file's name that no other one has, on file systems too that take A for a."""
    name = base = readable(tissue) or "tissue"
    number = 1
    while name.lower() in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name.lower())
    return name


def _write_bigwig(path, sums, chromsizes):
    """Returns: list of the path, or of none where there is no number, which a bigWig has to have; an old one goes."""
    if sums.empty:
        path.unlink(missing_ok=True)
        return []
    pybigtools = require_bigwig()
    temporary = temporary_path(path).with_suffix(".bw")  # the library chooses the format by the ending
    try:
        pybigtools.open(str(temporary), "w").write(chromsizes, sums.itertuples(index=False, name=None))
        pybigtools.open(str(temporary))  # writing ends silently where the disk is full; reading does not
        os.replace(temporary, path)
    except pybigtools.BBIReadError as error:
        raise OSError(errno.EIO, "not written whole", str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)
    return [path]
