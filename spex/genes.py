"""The gene annotation table: read, check, filter."""

import re

import pandas as pd

from expecto import BIN_SIZE, WINDOW_SIZE
from expecto.transforms import REACH, SHIFTS
from spex.errors import InputError

COLUMNS = ["id", "symbol", "seqnames", "strand", "TSS", "CAGE_representative_TSS", "type"]
PUBLISHED_TABLE_SHA256 = "c704afbce1e5031cd8dc1452949f847bc4e03b257d27c41ce1c4ca40d3ae3bc1"
"""The published annotation table, whose positions are GRCh38's."""

GENE_TYPES = ("pc", "lincRNA", "all")
TYPE_NAMES = {"pc": "protein_coding", "lincRNA": "lincRNA"}
SEX_CHROMOSOMES = ("chrX", "chrY", "X", "Y")
SAFE_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{,127}")
LARGEST_POSITION = 2**31 - 1


def read_gene_table(path):
    """Read the annotation table, every row of it.

    Returns: DataFrame with the columns of the published table as text, positions as float64 (1-based, NaN where
    empty), indexed by row number: the number that ties a gene to its row of the expression file.

    Raises:
        InputError: not a CSV file, or columns are missing.
    """
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(COLUMNS, str))
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"--genes_filename {path}: not a readable CSV table ({error})") from error
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise InputError(
            f"--genes_filename {path}: no column {', '.join(missing)}; found {', '.join(map(str, table.columns))}; "
            f"expected {','.join(COLUMNS)}"
        )
    table = table[COLUMNS]
    for column in ("TSS", "CAGE_representative_TSS"):
        numbers = pd.to_numeric(table[column], errors="coerce")
        odd = (numbers.isna() & table[column].notna()) | (
            numbers.notna() & (~numbers.between(1, LARGEST_POSITION) | (numbers % 1 != 0))
        )
        if odd.any():
            row = odd.idxmax()
            raise InputError(
                f"--genes_filename {path}: {column} of {table['id'][row]} (line {row + 2}) is {table[column][row]!r}; "
                f"expected a 1-based position"
            )
        table[column] = numbers
    return table


def keep_genes(table, gene_type="all"):
    """The genes that the model is made for: of one type, on autosomes, without a missing value.

    table: from `read_gene_table`. gene_type: `pc`, `lincRNA`, or `all` (everything but rRNA).

    Returns: DataFrame indexed by original row number (int64), in table order: id, symbol, chrom, strand ("+"/"-"),
    tss (int64, 1-based CAGE_representative_TSS), type.

    Raises:
        InputError: no gene is left, a strand is neither + nor -, or an id occurs twice or cannot be a file name.
    """
    of_type = table["type"] != "rRNA" if gene_type == "all" else table["type"] == TYPE_NAMES[gene_type]
    kept = table[of_type & ~table["seqnames"].isin(SEX_CHROMOSOMES)].dropna()
    if kept.empty:
        raise InputError(
            f"the genes table holds no complete autosomal gene of --gene_type {gene_type}; found types "
            f"{', '.join(sorted(map(str, table['type'].dropna().unique()))) or 'none'}"
        )
    _check_genes(kept)
    genes = kept.rename(columns={"seqnames": "chrom", "CAGE_representative_TSS": "tss"})
    return genes[["id", "symbol", "chrom", "strand", "tss", "type"]].astype({"tss": "int64"})


def _check_genes(kept):
    problems = {
        "is on strand {strand!r}; expected + or -": ~kept["strand"].isin(["+", "-"]),
        "has an id that occurs twice; expected one row per gene": kept["id"].duplicated(),
        "has an id that cannot be part of a file name; expected up to 128 letters, digits, '.', '_' and '-'": ~kept[
            "id"
        ].str.fullmatch(SAFE_ID),
    }
    for problem, found in problems.items():
        if found.any():
            row = kept[found].iloc[0]
            raise InputError(
                f"genes table, line {found.idxmax() + 2}: gene {row['id']!r} {problem.format(strand=row['strand'])}"
            )


def check_on_genome(genes, chromsizes):
    """Refuse genes that the genome cannot hold. chromsizes: chromosome name -> bp.

    Raises:
        InputError: a gene's chromosome is not in the genome, or its TSS lies past the chromosome's end.
    """
    for chrom, tss in genes.groupby("chrom")["tss"]:
        if chrom not in chromsizes:
            names = ", ".join(list(chromsizes)[:5])
            raise InputError(
                f"the genes table names {chrom!r}, which the genome lacks; it has {names}, ...; expected the same "
                f"names in both"
            )
        if tss.max() > chromsizes[chrom]:
            row = tss.idxmax()
            raise InputError(
                f"genes table, line {row + 2}: TSS {tss[row]:,} of gene {genes['id'][row]} lies past the end of "
                f"{chrom} ({chromsizes[chrom]:,} bp); expected a genome of the same build as the table"
            )


def select_shard(genes, divisor=None, remainder=None):
    """The genes whose original row number leaves `remainder` when divided by `divisor`; all without a divisor."""
    return genes if divisor is None else genes[genes.index % divisor == remainder]


def cached_genes_text(table, genes):
    """The kept genes as tab-separated text: original row number first, then the published table's columns."""
    return table.loc[genes.index].to_csv(sep="\t", lineterminator="\n", index_label="index")


def own_windows(tss, strand):
    """Where a gene's windows lie.

    tss: 1-based position. strand: "+" or "-".
    Returns: first base of the stretch that all windows cover and the base behind it (0-based half-open, 41,800 bp;
    may reach past the chromosome), and the windows' starts within the stretch, (200,) int64, in the order of SHIFTS.
    """
    along_genome = SHIFTS if strand == "+" else -SHIFTS
    starts = tss + along_genome - WINDOW_SIZE // 2
    first = int(starts.min())
    return first, first + 2 * REACH - BIN_SIZE + WINDOW_SIZE, starts - first
