"""Whether a resource file is what it should be: by hash, and by what is in it.

Every check raises InputError with one line that says what was found and what was expected; the file stays as it is.
"""

import hashlib
import tempfile
from pathlib import Path

from spex.errors import InputError
from spex.inputs.assembly import check_chromosomes
from spex.inputs.chromatin import read_chromatin_features
from spex.inputs.expression import open_expression, read_expression
from spex.inputs.genes import keep_genes, read_gene_table
from spex.inputs.genome import Genome
from spex.inputs.maps.cool import CoolMap

CHUNK_BYTES = 1 << 20


def file_digest(path, kind):
    """A file's hash in hexadecimal; `git` is the id that git gives a file of this content."""
    with open(path, "rb") as file:
        if kind != "git":
            return hashlib.file_digest(file, kind).hexdigest()
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size)
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def check_digest(path, digest):
    """Compare a file's hash with the published one. digest: `kind:hexadecimal`, kind md5, sha256 or git."""
    kind, _, expected = digest.partition(":")
    found = file_digest(path, kind)
    if found != expected:
        raise InputError(f"its {kind} hash is {found}", subject=path, expected=expected)


def check_checkpoint(path):
    """Load the CNN's weights: every key, every shape, nothing else."""
    from expecto.beluga import load_beluga  # noqa: PLC0415 (torch takes seconds to import and is needed here only)

    try:
        load_beluga(path)
    except ValueError as error:
        raise InputError(str(error).removeprefix(f"{path}: "), subject=path) from error


def check_genome(path, lengths):
    """Compare chromosome names and lengths in a FASTA file with what they should be; leaves its index beside it.

    lengths: dict of chromosome name -> length in bp; other sequences are let be.
    """
    with tempfile.TemporaryDirectory() as spare:
        genome = Genome(path, Path(spare) / "genome.fai")
        genome.close()
    check_chromosomes(path, genome.chromsizes, lengths)


def check_genes(path, rows):
    """Read the gene annotation table and count its rows."""
    found = len(read_gene_table(path))
    if found != rows:
        raise InputError(f"{found} rows", subject=path, expected=f"{rows}")


def check_expression(path, genes_path):
    """Read the expression of every tissue in the genes to which its rows belong one by one.

    genes_path: where the genes table belongs; without one there only the header is read.
    """
    file = open_expression(path)
    if genes_path.exists():
        table = read_gene_table(genes_path)
        read_expression(file, range(1, len(file.tissues) + 1), table, keep_genes(table))


def check_features(path):
    """Read the table that names the chromatin features."""
    read_chromatin_features(path)


def check_contacts(path, resolution):
    """Open a contact map at a resolution, in bp per bin."""
    CoolMap(path, resolution)
