"""Every format in the registries is read rightly whatever happens to its files; a reader that fails to is caught."""

import gzip
import re

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from annotation_files import gff_of, gtf_of
from chromatin_table import write_features
from inputs.check_reader import ROWS, Made, ReaderEntry, Reading, caught, check_reader

from spex.errors import InputError
from spex.files.checks import require_file
from spex.inputs import expression, genes, genome
from spex.inputs import vcf as vcf_files
from spex.inputs.alleles import OK
from spex.inputs.chromatin import read_chromatin_features
from spex.inputs.crispr import read_crispr_pairs
from spex.inputs.expression_tables import begin
from spex.inputs.identify import Format, look
from spex.inputs.normalise import unversioned
from spex.inputs.text_tables import Beginning
from spex.inputs.variant_files import VariantFile

CHROMSIZES = {"chr1": 10_000_000, "chr2": 9_000_000, "chr8": 8_000_000}


def bare(chrom):
    return chrom.removeprefix("chr")


def gene_table(rows):
    return pd.DataFrame(
        {
            "id": [f"ENSG{row:011d}" for row in range(rows)],
            "symbol": [f"S{row}" for row in range(rows)],
            "seqnames": [list(CHROMSIZES)[row % 3] for row in range(rows)],
            "strand": ["+-"[row % 2] for row in range(rows)],
            "TSS": [1000.0 * (row + 1) for row in range(rows)],
            "CAGE_representative_TSS": [1000.0 * (row + 1) + 3 for row in range(rows)],
            "type": ["protein_coding", "lincRNA"][0],
        }
    ).astype({"TSS": int, "CAGE_representative_TSS": int})


def values(rows, samples=3):
    return np.round(np.random.default_rng(rows).gamma(1, 40, (rows, samples)), 3)


# --- readers: path -> Reading ---


def read_genes(path):
    table = genes.read_gene_table(require_file(path, "genes"))
    kept = genes.keep_genes(table)
    account = genes.account_of(path, table)
    found = {
        gene: (bare(chrom), strand, tss)
        for gene, chrom, strand, tss in zip(
            unversioned(kept["id"]), kept["chrom"], kept["strand"], kept["tss"], strict=True
        )
    }
    return Reading(found, account.used, sum(account.left_out.values()))


def expression_reader(table):
    """Reads a file for the genes of a table."""

    def read(path):
        file = expression.open_expression(path)
        genes_of_table = table.assign(number=np.arange(len(table)))
        found = expression.read_expression(file, range(1, len(file.tissues) + 1), genes_of_table, table)
        read = {
            table["id"][row]: tuple(numbers)
            for row, numbers in zip(found.values.index, found.values.to_numpy(), strict=True)
        }
        return Reading(read, found.account.used, sum(found.account.left_out.values()))

    return read


def read_variants(path):
    found, used, left_out = {}, 0, 0
    for block in VariantFile(path, CHROMSIZES).blocks(50):
        for allele in block:
            is_used = allele.status == OK
            used, left_out = used + is_used, left_out + (not is_used)
            if is_used:
                found[allele.on, allele.pos, allele.alt] = allele.ref
    return Reading(found, used, left_out)


def read_genome(tmp_path):
    def read(path):
        whole = genome.Genome(require_file(path, "genome"), tmp_path / "spare.fai")
        found = {bare(name): tuple(whole.codes(name, -3, size + 3)) for name, size in whole.chromsizes.items()}
        whole.close()
        return Reading(found, len(found), 0)

    return read


def read_pairs(path):
    pairs = read_crispr_pairs(path)
    account = pairs.attrs["account"]
    found = {(bare(row.chrom), row.start, row.end, row.gene): row.regulated for row in pairs.itertuples()}
    return Reading(found, account["used"], sum(account["left_out"].values()))


def read_chromatin(path):
    table = read_chromatin_features(path)  # labels alone: no number hangs on them but their place
    return Reading(dict.fromkeys(table.index), len(table), 0)


# --- files: number of rows -> name, Made ---


def made(text, head=1, separator=b"\t"):
    lines = text.encode().splitlines(keepends=True)
    return Made(b"".join(lines[:head]), lines[head:], separator)


def table_text(table, sep="\t", **options):
    return table.to_csv(sep=sep, index=False, lineterminator="\n", **options)


def without_exons(text):
    """Lines of an annotation that count."""
    return "".join(line for line in text.splitlines(keepends=True) if "\texon\t" not in line and line != "###\n")


def of_tool(*columns, name="e.tsv", head=1, **fields):
    """Maker of a table of a tool: its columns; `fields` are those that are neither ids nor numbers."""

    def make(rows):
        table = pd.DataFrame(index=range(rows))
        numbers = iter(values(rows, len(columns)).T)
        for column in columns:
            plain = column.replace(" ", "_")
            if plain in fields:
                table[column] = fields[plain]
            elif plain in ("Geneid", "Name", "Gene_ID", "gene_id"):
                table[column] = gene_table(rows)["id"]
            else:
                table[column] = next(numbers)
        return name, made(table_text(table), head)

    return make


def published_expression(rows):
    text = pd.DataFrame(values(rows), columns=["liver", "lung", "brain"]).to_csv(lineterminator="\n")
    return "e.csv", made(text, separator=b",")


def gct(rows):
    table = pd.DataFrame(values(rows), columns=["a", "b", "c"])
    table.insert(0, "Name", gene_table(rows)["id"])
    table.insert(1, "Description", gene_table(rows)["symbol"])
    return "e.gct", made(f"#1.2\n{rows}\t3\n" + table_text(table), 3)


def htseq(rows):
    table = pd.DataFrame({"id": gene_table(rows)["id"], "n": values(rows)[:, 0].astype(int)})
    return "e.txt", made(table_text(table, header=False) + "__no_feature\t5\n", 0)


def h5ad(folder):
    def make(rows):
        names = [pd.DataFrame(index=pd.Index(each, dtype=object)) for each in (["a", "b"], gene_table(rows)["id"])]
        AnnData(values(rows, 2).T, *names).write_h5ad(folder / "made.h5ad")
        return "e.h5ad", Made((folder / "made.h5ad").read_bytes())

    return make


def positions(rows):
    table = gene_table(rows).rename(columns={"seqnames": "chrom", "CAGE_representative_TSS": "tss"})
    return "g.tsv", made(table_text(table[["id", "chrom", "strand", "tss", "symbol", "type"]]))


def fasta(rows):
    rng = np.random.default_rng(rows)
    records = [
        f">chr{number + 1} of {rows}\n" + "".join(f"{''.join(line)}\n" for line in rng.choice(list("ACGTN"), (3, 40)))
        for number in range(rows)
    ]
    return "g.fa", Made(b"", [record.encode() for record in records])


def variant_rows(rows, samples=""):
    return "".join(
        f"{list(CHROMSIZES)[row % 3]}\t{100 + row}\trs{row}\t{'ACGT'[row % 4]}\t{'CGTA'[row % 4]}\t.\tPASS\tDP=1\n"
        for row in range(rows)
    )


def vcf(rows):
    head = "##fileformat=VCFv4.3\n##contig=<ID=chr1,length=10000000>\n" + b"\t".join(vcf_files.TITLES).decode() + "\n"
    return "v.vcf", made(head + variant_rows(rows), 3)


def bcf(folder):
    def make(rows):
        from pysam import bcftools  # noqa: PLC0415

        head = "##fileformat=VCFv4.3\n" + "".join(f"##contig=<ID={n},length={s}>\n" for n, s in CHROMSIZES.items())
        text = '##INFO=<ID=DP,Number=1,Type=Integer,Description="d">\n' + vcf(rows)[1].head.decode().splitlines()[-1]
        (folder / "made.vcf").write_text(f"{head}{text}\n{variant_rows(rows)}")
        bcftools.view("-Ob", "-o", str(folder / "made.bcf"), str(folder / "made.vcf"), catch_stdout=False)
        return "v.bcf", Made((folder / "made.bcf").read_bytes())

    return make


def pairs(rows):
    table = pd.DataFrame(
        {
            "chrom": gene_table(rows)["seqnames"],
            "chromStart": np.arange(rows) * 1000,
            "chromEnd": np.arange(rows) * 1000 + 500,
            "measuredGeneSymbol": gene_table(rows)["symbol"],
            "measuredEnsemblID": gene_table(rows)["id"],
            "Regulated": ["TRUE", "FALSE", "FALSE"][0],
        }
    )
    return "p.tsv", made(table_text(table))


def chromatin(folder):
    def make(rows):
        return "f.tsv", made(write_features(folder / "made.tsv").read_text())

    return make


PLACES = {"Chr": "chr1", "Start": 5, "End": 90, "Strand": "+", "Length": 85, "Reference": "chr1", "locus": "chr1:5-90"}
GENES = {
    "GTF or GFF3": [
        lambda rows: ("g.gtf", made(without_exons(gtf_of(gene_table(rows))), 0)),
        lambda rows: ("g.gff3", made(without_exons(gff_of(gene_table(rows), "refseq")))),
    ],
    "the published table of genes": [lambda rows: ("g.csv", made(table_text(gene_table(rows), ","), separator=b","))],
    "a table of positions of genes": [positions],
}
EXPRESSION = {
    "AnnData (.h5ad)": [h5ad],
    "GCT": [gct],
    "counts of featureCounts": [
        of_tool("Geneid", "Chr", "Start", "End", "Strand", "Length", "a.bam", "b.bam", **PLACES)
    ],
    "quantification by Salmon": [of_tool("Name", "Length", "EffectiveLength", "TPM", "NumReads")],
    "quantification by Sailfish": [of_tool("Name", "Length", "TPM", "NumReads")],
    "abundances of StringTie": [of_tool("Gene ID", "Gene Name", "Reference", "Coverage", "FPKM", "TPM", **PLACES)],
    "FPKM of Cufflinks": [
        of_tool("tracking_id", "gene_id", "gene_short_name", "locus", "FPKM", name="e.fpkm_tracking", **PLACES)
    ],
    "quantification by RSEM": [of_tool("gene_id", "length", "expected_count", "TPM", "FPKM")],
    "counts of HTSeq": [htseq],
    "a table with a column of gene ids": [
        of_tool("gene_id", "liver", "lung"),
        of_tool("liver", "lung", "Gene ID", "gene_name", gene_name="S"),
    ],
    "the published table of expression, or one with gene ids in front": [
        published_expression,
        lambda rows: ("e.csv", made(published_with_ids(rows), separator=b",")),
    ],
}
VARIANTS = {
    "BCF": [bcf],
    "VCF": [vcf],
    "rows of VCF without a header": [lambda rows: ("v.txt", made(variant_rows(rows), 0))],
}
GENOME = {"FASTA": [fasta]}


def published_with_ids(rows):
    return pd.DataFrame(values(rows), gene_table(rows)["id"], ["liver", "lung", "brain"]).to_csv(
        lineterminator="\n", index_label=""
    )


REGISTRIES = {
    "genes": (genes.FORMATS, GENES),
    "expression": (expression.FORMATS, EXPRESSION),
    "genome": (genome.FORMATS, GENOME),
    "variants": (vcf_files.FORMATS, VARIANTS),
}


@pytest.mark.parametrize("registry", REGISTRIES)
def test_every_format_that_is_read_is_checked(registry):
    formats, makers = REGISTRIES[registry]
    assert {each.name for each in formats if each.way is None} == set(makers)


def makers(registry):
    return [pytest.param(name, make, id=name) for name, all_of in REGISTRIES[registry][1].items() for make in all_of]


def entry(registry, name, seen, read, **options):
    formats, _ = REGISTRIES[registry]
    return ReaderEntry(next(each for each in formats if each.name == name), formats, seen, read, **options)


def in_room(make, tmp_path):
    """A maker that needs a folder of its own has it."""
    (tmp_path / "room").mkdir()
    (tmp_path / "files").mkdir()
    return make(tmp_path / "room") if make in (h5ad, bcf, chromatin) else make


@pytest.mark.parametrize("name, make", makers("genes"))
def test_genes(tmp_path, name, make):
    check_reader(
        entry("genes", name, lambda path: Beginning(path, "genes"), read_genes),
        in_room(make, tmp_path),
        tmp_path / "files",
    )


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("name, make", makers("expression"))
def test_expression(tmp_path, name, make, rows):
    make = in_room(make, tmp_path)
    check_reader(
        entry("expression", name, begin, expression_reader(gene_table(rows))),
        make,
        tmp_path / "files",
        sizes=(rows,),
    )


@pytest.mark.parametrize("name, make", makers("variants"))
def test_variants(tmp_path, name, make):
    def seen(path):
        with gzip.open(path) if path.suffix == ".bcf" else open(path, "rb") as file:
            line = file.readline().rstrip(b"\n")
        return vcf_files.FirstLine(vcf_files.kind_of(line), line)

    check_reader(entry("variants", name, seen, read_variants), in_room(make, tmp_path), tmp_path / "files")


def test_genome(tmp_path):
    make = in_room(fasta, tmp_path)
    check_reader(entry("genome", "FASTA", look, read_genome(tmp_path)), make, tmp_path / "files")


def alone(name):
    """The registry of a kind that has one format."""
    form = Format(name, lambda seen: True)
    return {"format": form, "formats": (form,), "seen": look}


def test_pairs_of_elements_and_genes(tmp_path):
    check_reader(ReaderEntry(**alone("pairs"), read=read_pairs), in_room(pairs, tmp_path), tmp_path / "files")


def test_chromatin_features(tmp_path):
    make = in_room(chromatin, tmp_path)
    entry = ReaderEntry(**alone("features"), read=read_chromatin)
    check_reader(entry, make, tmp_path / "files", sizes=(2002,))


# --- a bad reader ---


class Lax:
    """A reader of a table of id, chromosome and number, that makes one mistake, or none."""

    def __init__(self, mistake=None):
        self.mistake = mistake

    def __call__(self, path):
        try:
            return self._read(path)
        except InputError:
            raise
        except Exception as error:
            if self.mistake == "traceback":
                raise
            line = "\n" if self.mistake == "two lines" else "; "
            name = "a table" if self.mistake == "names no file" else path
            raise InputError(f"not readable{line}{type(error).__name__}", argument="table", subject=name) from error

    def _read(self, path):
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = self._unpacked(path, data)
        text = data.decode("utf-8" if self.mistake == "byte order mark" else "utf-8-sig")
        lines = text.splitlines(keepends=True)
        lines = [line if self.mistake == "CR LF" else line.rstrip("\r\n") for line in lines]
        if not lines and self.mistake == "takes nothing":
            return Reading({}, 0, 0)
        header, *rows = [line.rstrip("\n").split("\t") for line in lines if line.strip() and not line.startswith("# ")]
        if header[0] != "n":
            raise ValueError("another header")
        found, left_out = {}, 0
        for fields in rows:
            gene, chrom, number = self._fields(fields)
            chrom = chrom.strip()
            if chrom not in CHROMSIZES and self.mistake != "one spelling":
                chrom = f"chr{chrom}"
            if chrom not in CHROMSIZES or gene in ("", "NA") or number is None:
                left_out += self.mistake not in ("one spelling", "not counted")
            elif gene in found and self.mistake != "last one wins":
                found[gene] = found[gene] + number if self.mistake == "adds up" else found[gene]
                left_out += self.mistake != "adds up"
            else:
                found[gene] = number
        if not found:
            raise ValueError("no row")
        return Reading(found, len(found), left_out)

    def _fields(self, fields):
        if len(fields) != 3 and self.mistake != "any width":
            raise ValueError("another number of fields")
        number, chrom, gene = fields[0].strip(), fields[-2], fields[-1]
        if self.mistake != "blanks":
            gene = gene.strip(" " if self.mistake == "CR LF" else None)
        if self.mistake != "versions":
            gene = gene.split(".")[0]
        if number in ("", "NA"):
            return gene, chrom, 0.0 if self.mistake == "missing is 0" else None
        return gene, chrom, float(number)

    def _unpacked(self, path, data):
        if self.mistake != "as far as it goes":
            return gzip.decompress(data)
        whole = b""
        with gzip.open(path) as file:
            try:
                while piece := file.read1(64):
                    whole += piece
            except EOFError:
                pass
        return whole[: whole.rfind(b"\n") + 1]


def lax_table(rows):
    table = pd.DataFrame({"n": values(rows)[:, 0], "chrom": gene_table(rows)["seqnames"], "id": gene_table(rows)["id"]})
    return "t.tsv", made(table_text(table))


def test_a_good_reader_passes(tmp_path):
    check_reader(ReaderEntry(**alone("a table"), read=Lax()), lax_table, tmp_path)


@pytest.mark.parametrize(
    "mistake, found",
    {
        "traceback": "an empty file .*: ValueError",
        "two lines": "refused in more than one line",
        "names no file": "names no file",
        "takes nothing": "an empty file .*read as 0 values",
        "as far as it goes": "a gz ",
        "CR LF": "CR LF",
        "one spelling": "one chromosome without chr",
        "versions": "ids with a version",
        "any width": "a row of one field more in front",
        "blanks": "blanks around fields",
        "adds up": "a row twice",
        "last one wins": "a row twice",
        "missing is 0": "'NA' in field 1",
        "not counted": "field 2",
    }.items(),
)
def test_a_bad_reader_is_caught(tmp_path, mistake, found):
    report = caught(ReaderEntry(**alone("a table"), read=Lax(mistake)), lax_table, tmp_path)
    assert re.search(found, report), report
