"""Reading, checking and filtering the genes table."""

import gzip
import re

import numpy as np
import pandas as pd
import pytest
from conftest import CHROMSIZES, ROOT, example_genes
from numpy.testing import assert_array_equal

from spex.errors import InputError
from spex.inputs import genes as g
from spex.inputs.agree import check_on_genome
from spex.inputs.choices import GeneChoice

REAL_TABLE = ROOT.parent / "shared" / "geneanno_GRCh38.csv"


@pytest.fixture
def write(tmp_path):
    def to_csv(table):
        table.to_csv(tmp_path / "genes.csv", index=False)
        return tmp_path / "genes.csv"

    return to_csv


@pytest.mark.skipif(not REAL_TABLE.exists(), reason="the real table may not be passed on")
def test_the_real_table_keeps_the_published_number_of_genes():
    table = g.read_gene_table(REAL_TABLE)
    genes = g.keep_genes(table)
    assert len(table) == 24_339
    assert len(genes) == 22_826
    assert (genes["chrom"] == "chr8").sum() == 990
    bins = genes["tss"] / 1000
    assert (np.rint(bins) != (genes["tss"] - 1) // 1000).mean() == pytest.approx(0.504, abs=0.001)


@pytest.mark.parametrize("gene_type, kept", [("all", range(9)), ("pc", [0, 2, 3, 4, 5, 7, 8]), ("lincRNA", [1, 6])])
def test_filter_by_type_chromosome_and_missing_values_keeps_row_numbers(write, gene_type, kept):
    table = g.read_gene_table(write(example_genes()))
    genes = g.keep_genes(table, GeneChoice(gene_type))
    assert sorted(genes["id"]) == [f"G{number}" for number in kept]
    assert_array_equal(table["id"][genes.index], genes["id"])
    assert genes["tss"].dtype == np.int64


def test_cached_genes_start_with_the_original_row_number(write):
    table = g.read_gene_table(write(example_genes()))
    genes = g.keep_genes(table)
    lines = g.cached_genes_text(table, genes).splitlines()
    assert lines[0].split("\t") == ["index", *g.COLUMNS]
    assert [int(line.split("\t")[0]) for line in lines[1:]] == genes.index.tolist()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'id,symbol\n"a,b\n', b"id\na,b,c\nd\n"])
def test_what_is_not_a_table_is_refused(tmp_path, content):
    (tmp_path / "genes.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"^genes .*genes\.csv: "):
        g.read_gene_table(tmp_path / "genes.csv")


def edited(**cells):
    """The example's table with some cells of gene G1 changed."""
    table = example_genes().astype(object)
    for column, value in cells.items():
        table.loc[table["id"] == "G1", column] = value
    return table.to_csv(index=False)


WHOLE = example_genes().to_csv(index=False)


COLUMNS = example_genes().columns


GENE_TABLES = {
    "empty": ("", r"no readable table header \(an empty file\)"),
    "a header alone": (WHOLE.splitlines()[0] + "\n", "no complete autosomal gene"),
    "no header": (WHOLE.partition("\n")[2], "no column id"),
    "UTF-16": (WHOLE.encode("utf-16"), "not UTF-8 text .UTF-16, as Excel.*; save it as text in UTF-8"),
    "compressed twice": (gzip.compress(gzip.compress(WHOLE.encode())), "not UTF-8 text .byte 0x8b in it"),
    "bytes": (bytes(range(256)) * 9, r"^genes .*genes\.csv: "),
    "open quote": (WHOLE.replace("G3,", '"G3,', 1), "not a readable table .unexpected end of data"),
    "a row with more fields": (WHOLE + "G20,a,chr1,+,1,2,x,y,z\n", "9 fields on line 14, 7 in the header"),
    **{f"no {name}": (example_genes().drop(columns=name).to_csv(index=False), f"no column {name}") for name in COLUMNS},
    "position in words": (edited(CAGE_representative_TSS="12k"), "of G1 .* is '12k'; expected a 1-based position"),
    "TSS in words": (edited(TSS="?"), r"TSS of G1 .* is '\?'; expected a 1-based position"),
    "position 0": (edited(CAGE_representative_TSS=0), "of G1 .* is '0'; expected"),
    "negative position": (edited(CAGE_representative_TSS=-3), "of G1 .* is '-3'; expected"),
    "half a base": (edited(CAGE_representative_TSS=5.5), "of G1 .* is '5.5'; expected"),
    "infinite position": (edited(CAGE_representative_TSS="inf"), "of G1 .* is 'inf'; expected"),
    "position beyond all numbers": (edited(CAGE_representative_TSS=1e300), "of G1 .* is '1e.300'; expected"),
    "position past the end": (
        edited(CAGE_representative_TSS=120_401),
        "120,401 of gene G1 .line 4. lies past the end",
    ),
    "strand .": (edited(strand="."), "'G1' is on strand '.' .line \\d+.; expected"),
    "strand 1": (edited(strand="1"), "'G1' is on strand '1' .line \\d+.; expected"),
    "unknown chromosome": (edited(seqnames="chr99"), "names 'chr99', which the genome lacks; it has chr1"),
    "chromosomes without chr": (WHOLE.replace(",chr", ","), "names '[189]', which the genome lacks; it has chr1"),
    "an id twice": (edited(id="G2"), "'G2' has an id that occurs twice"),
    "an id that leaves the folder": (edited(id="../../G1"), "cannot be part of a file name"),
    "an absolute path as id": (edited(id="/etc/passwd"), "cannot be part of a file name"),
    "two dots as id": (edited(id=".."), "cannot be part of a file name"),
    "control characters in an id": (edited(id="G1\x07"), "cannot be part of a file name"),
    "a tab in an id": (edited(id="G\t1"), "cannot be part of a file name"),
    "an endless id": (edited(id="G" * 300), "cannot be part of a file name"),
    "rRNA only": (example_genes().assign(type="rRNA").to_csv(index=False), "no complete autosomal .* types rRNA"),
    "chrX only": (example_genes().assign(seqnames="chrX").to_csv(index=False), "no complete autosomal gene"),
}


@pytest.mark.parametrize("kind", GENE_TABLES)
def test_a_table_that_cannot_be_used_is_refused(tmp_path, kind):
    content, message = GENE_TABLES[kind]
    (tmp_path / "genes.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message):
        check_on_genome(g.keep_genes(g.read_gene_table(tmp_path / "genes.csv")), CHROMSIZES)


@pytest.mark.parametrize("kind", ["strand 1", "an id twice", "rRNA only"])
def test_what_is_wrong_with_all_genes_names_the_file(tmp_path, kind):
    path = tmp_path / "my_genes.csv"
    path.write_text(GENE_TABLES[kind][0])
    with pytest.raises(InputError) as error:
        g.choose_genes(path, GeneChoice())
    assert str(error.value).startswith(f"genes {path}: ")


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda rows: [rows[0], *(f"{n},{row}" for n, row in enumerate(rows[1:], 1))],
            "8 fields on line 2, 7 in the head",
        ),
        (lambda rows: [rows[0], *(f"{row}," for row in rows[1:])], "8 fields on line 2, 7 in .*end in a separator"),
        (lambda rows: [*rows[:5], rows[5].rpartition(",")[0], *rows[6:]], "6 fields on line 6, 7 in the header"),
        (
            lambda rows: [*rows[:3], rows[3].replace(",", ',"', 1), *rows[4:]],
            "unexpected end of data|continues after its end",
        ),
        (lambda rows: [rows[0].replace("TSS", "id", 1), *rows[1:]], "no column TSS"),
        (lambda rows: [f"{row},{row}" for row in rows], "2 columns id; expected each column once"),
        (
            lambda rows: [row.replace(",", ";") for row in rows],
            "no column id.*separated by semicolons, expected commas",
        ),
    ],
)
def test_rows_of_another_shape_are_refused(write, tmp_path, change, message):
    rows = write(example_genes()).read_text().splitlines()
    (tmp_path / "changed.csv").write_text("\n".join(change(rows)) + "\n")
    with pytest.raises(InputError, match=message):
        g.read_gene_table(tmp_path / "changed.csv")


@pytest.mark.parametrize("name", ["../../chr9", "/abs", ".hidden"])
def test_a_chromosome_that_leaves_the_folder_is_refused(write, name):
    table = example_genes().replace({"seqnames": {"chr9": name}})
    message = f"lies on chromosome '{re.escape(name)}', which cannot be part of a file name"
    with pytest.raises(InputError, match=message):
        g.keep_genes(g.read_gene_table(write(table)))


def test_only_an_empty_cell_is_missing(tmp_path):
    table = example_genes().astype(object)
    words = ["NA", "None", "null", "nan", "N/A", ""]
    table.loc[table.index[: len(words)], "symbol"] = words
    table["TSS"] = table["TSS"].where(table.index != 9, "NA")
    table.to_csv(tmp_path / "genes.csv", index=False)
    read = g.read_gene_table(tmp_path / "genes.csv")
    assert list(read["symbol"].head(5)) == words[:5] and read["symbol"].isna().sum() == 1
    assert np.isnan(read["TSS"][9])


@pytest.mark.parametrize(
    "names, told",
    [
        (("chrX", "X", "chrx", "23", "chr23", "NC_000023.11"), "on chrX"),
        (("chrY", "Y", "24", "NC_000024.10"), "on chrY"),
        (("chrM", "MT", "chrMT", "M", "NC_012920.1"), "on the mitochondrial chromosome"),
        (
            ("chr6_GL000251v2_alt", "chr1_KI270706v1_random", "chrUn_GL000220v1", "GL000220.1", "KI270706.1"),
            "on contigs",
        ),
        (("HSCHR6_MHC_COX_CTG1", "CHR_HG107_PATCH", "NT_187633.1", "NW_009646201.1", "chr6_cox_hap2"), "on contigs"),
    ],
)
def test_what_is_no_autosome_is_left_out_by_every_name(tmp_path, caplog, names, told):
    for name in names:
        table = example_genes()
        table.loc[table["id"].isin(["G7", "G8"]), "seqnames"] = name
        table.to_csv(tmp_path / "genes.csv", index=False)
        kept = g.keep_genes(g.read_gene_table(tmp_path / "genes.csv"))
        assert len(kept) == 7 and set(kept["chrom"]) == {"chr1", "chr8"}


def test_the_published_columns_between_tabs(write, tmp_path):
    path = tmp_path / "genes.tsv"
    path.write_text(write(example_genes()).read_text().replace(",", "\t"))
    pd.testing.assert_frame_equal(g.read_gene_table(path), g.read_gene_table(tmp_path / "genes.csv"))


def test_the_account_has_every_row(write):
    path = write(example_genes())
    table = g.read_gene_table(path)
    summary = g.account_of(path, table).summary()
    assert summary == {
        "file": str(path),
        "unit": "genes",
        "used": 9,
        "left_out": {"with an empty cell": 1, "on chrX": 1, "rRNA": 1},
        "notes": [],
    }
    assert summary["used"] + sum(summary["left_out"].values()) == len(table)
    assert g.account_of(path, table).summary() == summary  # nothing adds up
    coding = g.account_of(path, table, GeneChoice("pc"))
    assert coding.used == len(g.keep_genes(table, GeneChoice("pc"))) == len(table) - sum(coding.left_out.values())


def test_a_line_of_many_reasons_ends_in_a_sum(write, caplog):
    table = example_genes().assign(type=[f"type{number}" for number in range(12)])
    path = write(table)
    caplog.set_level("INFO", "spex")
    read = g.read_gene_table(path)
    with pytest.raises(InputError, match="no complete autosomal gene of gene_type pc"):
        g.keep_genes(read, GeneChoice("pc"))
    g.report_rows(path, read, read.iloc[:0].rename(columns={"seqnames": "chrom"}), GeneChoice("pc"))
    (line,) = caplog.messages
    assert "12 rows: 0 genes used; left out: " in line and line.endswith(", 4 for other reasons")


def test_two_genes_that_are_one_but_for_the_version_are_refused(write):
    table = example_genes().replace({"id": {"G1": "ENSG01.2", "G2": "ENSG01.3"}})
    with pytest.raises(InputError, match=r"'ENSG01\.[23]' has an id that occurs twice"):
        g.keep_genes(g.read_gene_table(write(table)))


def test_the_column_of_row_numbers_is_the_one_that_has_numbers(write):
    table = example_genes()
    table.insert(0, "X", "name")  # a label that numbers no row
    table["index"] = np.arange(len(table))[::-1]
    assert_array_equal(g.read_gene_table(write(table))["number"], np.arange(len(table))[::-1])


OTHER_KINDS = {
    "BED": (
        "chr1\t60250\t60750\tA\t0\t+\nchr1\t7\t9\tB\t0\t-\n",
        "no headings, as in BED: .* chr1, 60250,.*; put headings",
    ),
    "a track": ("track name=x\nchr1\t60250\t60750\tA\t0\t+\n", "no headings, as in BED: .* track name=x"),
    "BED with headings": (
        "#chr\tstart\tend\tname\tscore\tstrand\tEnsembl_ID\nchr1\t60250\t60750\tA\t0\t+\tENSG1\n",
        r"no column tss; found #chr, .*; expected id, chrom, strand, tss under these headings, between commas or tabs.*"
        r"; of whole genes tss is the start on \+ .in BED start \+ 1., and the end on -",
    ),
    "another tool": (
        "gene_id\tgene_name\tchromosome\tstart\tend\nENSG1\tA\tchr1\t1\t7\n",
        "no column strand, tss; found gene_id, .*expected id, chrom, strand, tss under these headings",
    ),
    "semicolons": ("id;chrom;strand;tss\na;chr1;+;7\n", "by semicolons, expected commas or tabs; expected id, chrom"),
    "genePred": (
        "ENST1\tchr1\t+\t11868\t14409\t11868\t11868\t3\t11868,\t12227,\n",
        "transcripts as UCSC has them .genePred, refFlat.*give GTF or GFF3",
    ),
    "refFlat": ("A\tNM_1\tchr1\t-\t1\t9\t1\t9\t1\t1,\t9,\n", "transcripts as UCSC has them"),
    "UCSC's table": (
        "#bin\tname\tchrom\tstrand\ttxStart\ttxEnd\n585\tNM_1\tchr1\t+\t1\t9\n",
        "transcripts as UCSC has them",
    ),
    "RSEM": (
        "gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM\nG\tT\t1\t1\t1\t1\t1\n",
        "quantification by RSEM, no genes with their TSS",
    ),
    "featureCounts": (
        "# Program:featureCounts v2.0.1; Command:x\n"
        "Geneid\tChr\tStart\tEnd\tStrand\tLength\ta.bam\nG\tc\t1\t2\t+\t2\t7\n",
        "counts of featureCounts, no genes with their TSS",
    ),
    "two ids": ("gene_id\tEnsembl_ID\tchr\tstrand\tTSS\n1\tENSG1\tchr1\t+\t9\n", "gene_id, Ensembl_ID may all be id"),
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_tables_of_other_kinds_are_refused_by_what_they_are(tmp_path, kind):
    content, message = OTHER_KINDS[kind]
    (tmp_path / "genes.txt").write_text(content)
    with pytest.raises(InputError, match=message) as refused:
        g.read_gene_table(tmp_path / "genes.txt")
    told = str(refused.value)
    assert len(told.splitlines()) == 1 and "tabs, expected" not in told


MANY = pd.DataFrame(
    {
        "id": [f"M{number}" for number in range(200)],
        "symbol": "x",
        "seqnames": "chr1",
        "strand": "+",
        "TSS": 5000,
        "CAGE_representative_TSS": 5000,
        "type": "protein_coding",
    }
)


@pytest.mark.parametrize(
    "column, value, reason",
    [
        ("strand", ".", "without a strand"),
        ("id", "M7", "with an id that occurs twice"),
        ("id", "si:ch211/5", "with an id that cannot be part of a file name"),
        ("seqnames", "../1", "on chromosomes that cannot be part of a file name"),
        ("CAGE_representative_TSS", "1k", "with an empty cell"),
        ("TSS", "0", "with an empty cell"),
    ],
)
def test_a_few_odd_genes_of_many_are_left_out_and_counted(write, column, value, reason):
    for count, rows in ((1, [8]), (3, [8, 50, 99])):
        table = MANY.astype(object)
        table.loc[rows, column] = value
        path = write(table)
        if count == 3:
            with pytest.raises(InputError):
                g.keep_genes(g.read_gene_table(path))
            continue
        read = g.read_gene_table(path)
        out = {7, 8} if value == "M7" else {8}
        assert sorted(set(range(200)) - set(g.keep_genes(read).index)) == sorted(out)
        account = g.account_of(path, read)
        assert account.left_out == {reason: len(out)} and account.used == 200 - len(out)
        assert (value in account.line()) or table["id"][8] in account.line()


def test_ranges_of_r_lack_a_tss(tmp_path):
    (tmp_path / "genes.csv").write_text("seqnames,start,end,width,strand,gene_id\nchr1,5,9,5,+,A\n")
    with pytest.raises(InputError, match=r"no column tss; found seqnames, .*; of whole genes tss is the start"):
        g.read_gene_table(tmp_path / "genes.csv")
