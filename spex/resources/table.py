"""The files that the program needs and may not ship: what they are, where they come from, whether they are right.

They are the property of their makers and must not be passed on; every user downloads them for themselves. Every check
reads a file and raises InputError with what was found and what was expected; the file stays as it is.
"""

import tempfile
from pathlib import Path

from spex.errors import InputError
from spex.inputs.agree import GRCH38_LENGTHS, check_chromosomes
from spex.inputs.chromatin import read_chromatin_features
from spex.inputs.expression import open_expression, read_expression
from spex.inputs.genes import PUBLISHED_TABLE_SHA256, keep_genes, read_gene_table
from spex.inputs.genome import chromsizes_of
from spex.resources.obtain import Resource, locate, obtain

ACADEMIC = "Princeton academic licence: non-commercial, not to be passed on"
SPEX_FILES = "https://raw.githubusercontent.com/SFGLab/spex/ccc44c0deedcdeda424c57b7578e234384eb6a99"
EXPECTO_FILES = "https://raw.githubusercontent.com/FunctionLab/ExPecto/1b89458691e4dd86192c6ea93ad4bc02910a4df2"
CONTACTS_PAGE = "https://data.4dnucleome.org/files-processed/4DNFIARR7LP4/"
GENES_ROWS = 24_339
HIC_RESOLUTION = 1000


def check_checkpoint(path):
    """Load the CNN's weights: every key, every shape, nothing else."""
    from expecto.beluga import load_beluga  # noqa: PLC0415 (torch takes seconds to import and is needed here only)

    try:
        load_beluga(path)
    except ValueError as error:
        raise InputError(str(error).removeprefix(f"{path}: "), subject=path) from error


def check_genome(path, lengths):
    """Compare chromosome lengths in a FASTA file with these, name -> bp; leaves its index beside it."""
    with tempfile.TemporaryDirectory() as spare:
        check_chromosomes(path, chromsizes_of(path, Path(spare) / "genome.fai"), lengths)


def check_genes(path, rows):
    """Read the gene annotation table and count its rows."""
    found = len(read_gene_table(path))
    if found != rows:
        raise InputError(f"{found} rows", subject=path, expected=f"{rows}")


def check_expression(path, genes_path):
    """Read the expression of every tissue in the genes of the table that belongs to it; without that, the header."""
    file = open_expression(path)
    if genes_path.exists():
        table = read_gene_table(genes_path)
        read_expression(file, range(1, len(file.tissues) + 1), table, keep_genes(table))


def check_contacts(path):
    """Open the contact map at the resolution of the published program."""
    from spex.inputs.maps.cool import CoolMap  # noqa: PLC0415 (cooler takes a second to load)

    CoolMap(path, HIC_RESOLUTION)


RESOURCES = (
    Resource(
        name="genes",
        path="expecto/geneanno_GRCh38.csv",
        what="gene annotation: chromosome, strand and TSS of 24,339 genes",
        licence=ACADEMIC,
        address=f"{SPEX_FILES}/expecto/geneanno_GRCh38.csv",
        digest=f"sha256:{PUBLISHED_TABLE_SHA256}",
        megabytes=2,
        check=lambda path, find: check_genes(path, GENES_ROWS),
    ),
    Resource(
        name="expression",
        path="expecto/geneanno.exp.csv",
        what="expression of these genes in 218 tissues and cell lines (GTEx, Roadmap, ENCODE)",
        licence=ACADEMIC,
        address=f"{SPEX_FILES}/expecto/geneanno.exp.csv",
        digest="git:00d0818d139f551820f7e8e6acc02252eefe66e0",
        check=lambda path, find: check_expression(path, find("genes")),
    ),
    Resource(
        name="features",
        path="expecto/deepsea_beluga_2002_features.tsv",
        what="names of the 2002 chromatin features: cell type, assay, treatment",
        licence=ACADEMIC,
        address=f"{EXPECTO_FILES}/resources/deepsea_beluga_2002_features.tsv",
        digest="sha256:04554efe4acb95a1e18ed47f3a1ad17ae969e19d46de47cdf9e9cca8df5c4ef9",
        megabytes=1,
        check=lambda path, find: read_chromatin_features(path),
    ),
    Resource(
        name="beluga",
        path="expecto/deepsea.beluga.pth",
        what="Beluga, the CNN's published weights",
        licence=ACADEMIC,
        address="https://zenodo.org/record/3402406/files/deepsea.beluga.pth?download=1",
        digest="md5:62360f2db4ac96554d28d058b50ab654",
        megabytes=598,
        check=lambda path, find: check_checkpoint(path),
    ),
    Resource(
        name="genome",
        path="data/hg38.fa",
        what="the human genome, GRCh38 with UCSC's names; with its index hg38.fa.fai",
        licence="free for any use (UCSC Genome Browser, Genome Reference Consortium)",
        address="https://hgdownload.cse.ucsc.edu/goldenpath/hg38/bigZips/hg38.fa.gz",
        megabytes=4300,
        check=lambda path, find: check_genome(path, GRCH38_LENGTHS),
    ),
    Resource(
        name="contacts",
        path="data/4DNFIARR7LP4.mcool",
        what="RNA Pol II ChIA-PET of GM12878, the published contact map",
        licence="4D Nucleome data, open; cite the project and the lab that made it",
        address=f"{CONTACTS_PAGE}@@download/4DNFIARR7LP4.mcool",
        page=CONTACTS_PAGE,
        check=lambda path, find: check_contacts(path),
    ),
)


def choose(resources, names):
    """The resources of these names, all without names.

    Raises:
        InputError: there is none of a name.
    """
    known = {resource.name: resource for resource in resources}
    for name in names:
        if name not in known:
            raise InputError("no such file", subject=name, expected=f"some of {', '.join(known)}")
    return [known[name] for name in names] or list(resources)


def finder(resources, folder):
    """A function from a resource's name to its path in a folder."""
    paths = {resource.name: locate(resource, folder) for resource in resources}
    return paths.__getitem__


def get(resources, find, **access):
    """Put each resource in its place, verified. access: `mirror`, `login` and `sleep` of `obtain.obtain`."""
    for resource in resources:
        obtain(resource, find, **access)
