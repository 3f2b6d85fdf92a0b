"""Files that were given in the place of another input: what they are, and which option takes them."""

import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from spex.errors import command, parameter
from spex.inputs.expression_tables import plain
from spex.inputs.gene_tables import COLUMNS, HEADINGS
from spex.inputs.hdf5 import names_at_top
from spex.inputs.identify import BCF, HIC, LONGEST, Format, kind_of, recognise, take
from spex.inputs.opening import beginning
from spex.inputs.text_tables import Beginning, is_row_label

REMARKS = rb"(?:#[^\n]*+\n|[ \t\r]*+\n)*+"
ANNOTATION = re.compile(
    REMARKS + rb"[^\t\n#]++\t[^\t\n]*+\t(?=[^\t\n]*[A-Za-z])[^\t\n]*+\t\d++\t\d++\t[^\t\n]*+\t[+.-]\t"
)
"""How GTF and GFF3 begin; the type in the third column sets them apart from a BEDPE of chromosomes without chr."""

LOOKED_AT = 1 << 16
OLD_CHECKPOINT = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""How checkpoints of PyTorch before 1.6 begin; newer ones are zip archives with a data.pkl."""

OF_GENES = {*(heading for headings in HEADINGS.values() for heading in headings), *map(plain, COLUMNS)}


class Input(NamedTuple):
    """What a file may be. argument: that takes it. sign: whether the file at a path is one."""

    argument: str
    name: str
    sign: Callable[[Path], bool]


def _is_map(path):
    return recognise(path) == HIC or bool({"resolutions", "pixels"} & names_at_top(path))


def _is_checkpoint(path):
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/data.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, struct.error):  # or damaged
        return beginning(path, len(OLD_CHECKPOINT)) == OLD_CHECKPOINT


def _is_variants(path):
    head = beginning(path, LONGEST)
    return kind_of(head) == BCF or head.startswith((b"##fileformat=VCF", b"#CHROM\tPOS"))


def _is_gene_table(path):
    """Whether a table has columns of genes alone, a strand and a TSS among them."""
    headings = {plain(each) for each in Beginning(path, "genes").header if not is_row_label(each)}
    return {"strand", "tss"} <= headings <= OF_GENES


def is_expression(seen):
    """Whether a table has names or numbers of rows in front, and no column of genes. seen: Beginning."""
    header = seen.header
    return len(header) > 1 and is_row_label(header[0]) and OF_GENES.isdisjoint(map(plain, header[1:]))


INPUTS = (
    Input("maps", "a contact map", _is_map),
    Input("expression", "expression as AnnData", lambda path: {"obs", "var"} <= names_at_top(path)),
    Input("network", "a checkpoint of PyTorch", _is_checkpoint),
    Input("genome", "a FASTA file of sequence", lambda path: beginning(path, 1) == b">"),
    Input("variants", "a VCF of variants", _is_variants),
    Input("genes", "a GFF or GTF file of genes", lambda path: ANNOTATION.match(beginning(path, LOOKED_AT)) is not None),
    Input("genes", "a table of genes", _is_gene_table),
)


def others(argument):
    """Formats of what other arguments take, for the registry of one: each is refused with the argument that it is for.

    What the signs look at has the `path` of the file.
    """
    return tuple(
        Format(each.name, lambda seen, sign=each.sign: sign(seen.path), take(goes_to(each.name, each.argument)))
        for each in INPUTS
        if each.argument != argument
    )


def goes_to(name, argument):
    """Way: which option, or command, takes a file."""
    return f"{name} goes to {command('variants') if argument == 'variants' else parameter(argument)}"
