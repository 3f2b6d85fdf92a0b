"""Tables of expression, tied to the rows of the genes table.

The published form has one row per row of the genes table and no gene ids; it is matched row by row, where the row
numbers in front bear that out. Every other form has gene ids, in a column of that heading or in front without one, and
is matched by them, whatever its order. A table of a tool more is an entry in TOOLS; of tables of no tool that is known
here, columns that cannot be a tissue by their headings are ignored.
"""

import re
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import pandas as pd

from spex.errors import listed, shown
from spex.files.checks import require_file
from spex.inputs.account import Account
from spex.inputs.expression_values import SUMMARY, expression_error, expression_of, known_ids, rows_by_id, rows_by_label
from spex.inputs.identify import Format, identify, take
from spex.inputs.normalise import ENSEMBL, unversioned
from spex.inputs.text_tables import (
    Beginning,
    contains_labels,
    is_row_label,
    is_unnamed,
    numbers_of,
    other_separator,
    row_numbers,
)

GCT, GCT_PREAMBLE = "#1.2", 2
"""The version of .gct that GTEx gives, and its lines before the header."""
FORMS = "the published CSV (row number, then one column per tissue), or a .csv, .tsv or .gct with gene ids"
SUFFIX = re.compile(
    r"(\.genes\.results|\.sf|\.fpkm_tracking|\.counts|\.tab|\.tsv|\.txt|\.csv)(\.(gz|bz2|xz))?$", re.IGNORECASE
)

ID_HEADINGS = ("id", "geneid", "ensemblid", "ensemblgeneid")
NO_TISSUES = re.compile(
    r"id|gene(id|name|symbol|shortname|type|biotype|length|description)|ensembl(gene)?id|symbol|hgncsymbol|"
    r"externalgenename|description|biotype|entrez(gene)?id|ncbi(gene)?id|transcriptids?(\(s\))?|"
    r"chr|chrom|chromosome|seqnames?|start|end|strand|width|length|(effective|eff)length|"
    r"expectedcount|estcounts|numreads|posterior(meancount|standarddeviationofcount)|.+(ci(lower|upper)bound|coefficientofquartilevariation)"
)
"""Headings, as `plain` has them, of ids, names, places and lengths of genes, and of numbers of reads beside TPM, which
do not compare between genes."""

TRANSCRIPTS = "sum them over genes first, as tximport does, and give a table with gene ids"
TESTS = "give the expression that they were made from: TPM, or counts that are normalised, with a column a sample"


@dataclass(frozen=True)
class ExpressionFile:
    """Positions of columns in an expression file, known from its header, and from columns whose heading may be a
    label's.

    seen: its Beginning. tissues: tissue names in file order; target index 1 is the first of them, as in the published
    file, whose column 0 numbers the rows. columns: position of each tissue's column. id_columns: positions of columns
    with the heading of gene ids. label_columns: those of the columns in front with row names or numbers; used where no
    heading names the ids. header: of a file that has none. is_gct: whether its second line has its size. notes: what it
    is, and which columns are ignored, as text.
    """

    seen: Beginning
    tissues: tuple[str, ...]
    columns: tuple[int, ...]
    id_columns: tuple[int, ...]
    label_columns: tuple[int, ...] = ()
    header: tuple[str, ...] | None = None
    is_gct: bool = False
    notes: tuple[str, ...] = ()

    @property
    def path(self):
        return self.seen.path

    @property
    def paths(self):
        return [self.path]

    @property
    def has_id_column(self):
        return bool(self.id_columns)

    def read(self, targets, table, genes):
        """As `expression.read_expression`."""
        columns = {target: self.columns[target - 1] for target in targets}
        ids = self.id_columns or self.label_columns
        place = {column: number for number, column in enumerate(sorted({*columns.values(), *ids}))}
        content = self.seen.read(self.seen.separator, FORMS, lambda header: list(place), self.header)
        if self.is_gct:
            self._check_gct_size(content)
        texts = {target: content.column(place[column]) for target, column in columns.items()}
        account = Account(str(self.path))
        labels = [content.column(place[column]) for column in ids]
        rows, has_ids, tie = self._rows(content, labels, table, genes, account)
        account.notes = [f"tied to the genes table {tie}", *account.notes, *self.notes]
        values = pd.DataFrame({target: numbers_of(text)[0] for target, text in texts.items()})

        def quoted(row, target):
            return f"(line {content.lines[row]}) is '{shown(texts[target].iloc[row])}'"

        return expression_of(self, values, genes, rows, account, has_ids, quoted)

    def _rows(self, content, labels, table, genes, account):
        """Position of each gene, whether by ids, and by what, as text. labels: columns of ids or labels."""
        if not self.id_columns:
            rows, has_ids = rows_by_label(self.path, content, labels, table, genes, account)
            in_front = "by the gene ids in front" if has_ids else "by its row numbers, which are in the table's order"
            return rows, has_ids, in_front
        known = known_ids(table, genes)
        chosen = max(labels, key=lambda label: unversioned(label).isin(known).sum())  # the first of several alike
        return rows_by_id(self.path, chosen, genes, account), True, "by its column of gene ids"

    def _check_gct_size(self, content):
        """Compare a .gct file with its second line, which has the numbers of rows and samples."""
        size = content.preamble[1].strip()
        if size.split("\t")[:2] != [str(len(content.rows)), str(len(self.tissues))]:
            raise expression_error(
                self.path,
                f"line 2 says '{shown(size)}' rows and samples, there are {len(content.rows)} and {len(self.tissues)}",
                expected="a whole file",
                hint="fetch it again, or correct the line if you took rows away",
            )


def open_table(path):
    """Read the header of a table: .csv, .tsv, .txt or .gct, compressed (.gz, .bz2, .xz) or not.

    Returns: ExpressionFile.
    """
    seen = begin(require_file(path, "expression"))
    path = seen.path
    header = seen.header or seen.read(seen.separator, FORMS).header  # which says what is wrong with it
    form = identify(FORMATS, seen, {"argument": "expression", "subject": path}, FORMS)
    if form is None:
        raise expression_error(
            path,
            "neither an id column nor the published form's unnamed row numbers in front; found columns "
            f"{listed(header)}{other_separator(header, seen.separator)}",
            expected=FORMS,
            hint="a column of gene ids is called id",
        )
    return form.reader(seen)


def begin(path):
    """The Beginning of a table of expression."""
    seen = Beginning(path, "expression", ["," if _suffix(path) == ".csv" else "\t"])
    return Beginning(path, "expression", ["\t"], GCT_PREAMBLE) if _is_gct(seen) else seen


def _suffix(path):
    return Path(re.sub(r"\.(gz|bz2|xz)$", "", path.name, flags=re.IGNORECASE)).suffix.lower()


def _file(seen, ids, columns, *, labels=(), header=None, what=None, is_gct=False):
    """The ExpressionFile of a table. ids, columns, labels: positions. header: of a file that has none. what: it is."""
    if not columns:
        raise expression_error(seen.path, f"no column of expression; found {listed(seen.header)}", expected=FORMS)
    used = {*ids, *columns, *([] if ids else labels)}
    others = [name for place, name in enumerate(seen.header) if place not in used and not is_unnamed(name)]
    notes = [*([what] if what else []), *([f"columns ignored: {listed(others)}"] if others else [])]
    tissues = tuple((header or seen.header)[column] for column in columns)
    return ExpressionFile(seen, tissues, tuple(columns), tuple(ids), tuple(labels), header, is_gct, tuple(notes))


def _is_gct(seen):
    return _suffix(seen.path) == ".gct" or seen.first.startswith("#1.")


def _open_gct(seen):
    """Under its header: (row id,) Name, Description, one column per sample."""
    version = seen.first.strip().split("\t")[0]
    if version != GCT:
        raise expression_error(
            seen.path,
            f"line 1 is '{shown(version)}'",
            expected=f"{GCT}, the version of .gct that GTEx gives",
            hint="of #1.3 write the matrix as #1.2, or as a table with a column id",
        )
    names = [name.lower() for name in seen.header]
    if "name" not in names or "description" not in names:
        found = f"found {listed(seen.header)}{other_separator(seen.header, seen.separator)}"
        raise expression_error(
            seen.path, f"no columns Name and Description on line 3; {found}", expected="a .gct file as GTEx gives it"
        )
    columns = list(range(names.index("description") + 1, len(names)))
    return _file(seen, [names.index("name")], columns, is_gct=True)


def _tool(name, columns, ids=None, tissues=None, refusal=None):
    """The Format of a tool's table.

    columns: headings that it has, beside others. ids: heading of the gene ids. tissues: pattern of the headings that
    are expression; None for all that may be. refusal: what to do instead, of tables that are no expression of genes.
    """

    def sign(seen):
        return set(columns) <= set(seen.header)

    if refusal:
        return Format(name, sign, take(refusal), found=lambda seen: f"{name}, no expression of genes")
    return Format(name, sign, reader=partial(_open_tool, name=name, ids=ids, tissues=tissues))


def _open_tool(seen, name, ids, tissues):
    columns = [
        place
        for place, heading in enumerate(seen.header)
        if (re.fullmatch(tissues, heading) if tissues else may_be_tissue(heading)) and heading != ids
    ]
    return _file(seen, [seen.header.index(ids)], columns, what=name)


def _begins_with_numbers(seen):
    return len(seen.header) > 1 and numbers_of(pd.Series(seen.header[1:], dtype=object))[0].notna().all()


def _is_htseq(seen):
    """Whether a file has two columns, genes and counts, from its first line on."""
    if len(seen.header) != 2 or not _begins_with_numbers(seen):
        return False
    first = seen.read(seen.separator, FORMS, lambda header: [0], seen.header).column(0)
    are_ids = ENSEMBL.fullmatch(seen.header[0]) and first.str.fullmatch(ENSEMBL).mean() > 0.5
    return bool(are_ids) or first.str.fullmatch(SUMMARY).any()


def _has_no_headings(seen):
    """Whether a file begins with a gene and its numbers."""
    first = seen.header[0]
    return _begins_with_numbers(seen) and bool(SUMMARY.fullmatch(first) or ENSEMBL.fullmatch(first))


def _without_headings(seen):
    star = ", as the counts of STAR do" if SUMMARY.fullmatch(seen.header[0]) else ""
    return f"no headings: it begins with {listed(seen.header[:4])}{star}"


def _open_htseq(seen):
    return _file(seen, [0], [1], header=("id", SUFFIX.sub("", seen.path.name)))


def _id_columns(header):
    return [place for place, name in enumerate(header) if plain(name) in ID_HEADINGS]


def _open_plain(seen):
    """A table with gene ids under their heading, or with row names or numbers in front."""

    @cache
    def column(place):
        return seen.read(seen.separator, FORMS, lambda header: [place]).column(0)

    ids = _id_columns(seen.header)
    labels = _labels(seen.header, ids, column)
    columns = [place for place, name in enumerate(seen.header) if place not in {*ids, *labels} and may_be_tissue(name)]
    return _file(seen, ids, columns, labels=labels)


def _labels(header, ids, column):
    """Positions of columns with row names or numbers. ids: of columns of ids. column: position -> its texts.

    A column without a heading is none that anyone could name, and the first one is a label by what programs call it.
    X, V1 and index after it may be samples: what they contain decides.
    """
    labels = []
    for place, name in enumerate(header):
        if not is_row_label(name):
            if ids:
                continue
            break  # without a heading for ids they all stand in front
        if is_unnamed(name) or (place == 0 and not ids):
            labels.append(place)
            continue
        behind_ids = any(each < place for each in ids) if ids else row_numbers(column(0)) is None
        if contains_labels(column(place), behind_ids=behind_ids):
            labels.append(place)
    return labels


def plain(heading):
    """A heading without what differs between tools: gene_id, Gene ID and Geneid -> geneid."""
    return re.sub(r"[\s_.#]", "", heading).lower()


def may_be_tissue(heading):
    """Whether a column of this heading may be the expression in a tissue or sample."""
    return not is_unnamed(heading) and NO_TISSUES.fullmatch(plain(heading)) is None


TOOLS = (
    _tool("counts of featureCounts", ("Geneid", "Chr", "Start", "End", "Strand", "Length"), "Geneid"),
    _tool("quantification by Salmon", ("Name", "Length", "EffectiveLength", "TPM", "NumReads"), "Name", "TPM"),
    _tool("quantification by Sailfish", ("Name", "Length", "TPM", "NumReads"), "Name", "TPM"),
    _tool("abundances of StringTie", ("Gene ID", "Reference", "Coverage", "FPKM", "TPM"), "Gene ID", "FPKM|TPM"),
    _tool("FPKM of Cufflinks", ("tracking_id", "gene_id", "gene_short_name", "locus"), "gene_id", "(.+_)?FPKM"),
    _tool("isoforms of RSEM", ("transcript_id", "gene_id", "expected_count"), refusal=TRANSCRIPTS),
    _tool("quantification by RSEM", ("gene_id", "expected_count", "TPM", "FPKM"), "gene_id"),
    _tool("transcripts of kallisto", ("target_id", "eff_length", "est_counts", "tpm"), refusal=TRANSCRIPTS),
    _tool("transcripts of StringTie (Ballgown)", ("t_id", "t_name", "gene_id", "FPKM"), refusal=TRANSCRIPTS),
    _tool("tests by DESeq2", ("baseMean", "log2FoldChange"), refusal=TESTS),
    _tool("tests by edgeR", ("logFC", "logCPM"), refusal=TESTS),
    _tool("tests by limma", ("logFC", "AveExpr"), refusal=TESTS),
    _tool("tests by Cuffdiff", ("test_id", "gene_id", "value_1", "value_2"), refusal=TESTS),
)
FORMATS = (
    Format("GCT", _is_gct, reader=_open_gct),
    *TOOLS,
    Format("counts of HTSeq", _is_htseq, reader=_open_htseq),
    Format(
        "a table without headings",
        _has_no_headings,
        take("put a line in front with id and the names of the samples"),
        found=_without_headings,
    ),
    Format("a table with a column of gene ids", lambda seen: bool(_id_columns(seen.header)), reader=_open_plain),
    Format(
        "the published table of expression, or one with gene ids in front",
        lambda seen: is_row_label(seen.header[0]),
        reader=_open_plain,
    ),
)
