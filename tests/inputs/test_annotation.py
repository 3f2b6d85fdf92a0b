"""GTF and GFF3 files give the table that they were made from, or are refused in one line."""

import bz2
import gzip

import numpy as np
import pandas as pd
import pytest
from annotation_files import HEAD, gff_line, gff_of, gtf_line, gtf_of
from conftest import ROOT, example_genes
from oracles import chosen_tss
from pandas.testing import assert_frame_equal

from spex.errors import InputError
from spex.inputs.annotation import Stretch, choose_tss
from spex.inputs.choices import TSS_RULES, GeneChoice
from spex.inputs.gene_tables import COLUMNS
from spex.inputs.genes import account_of, keep_genes, read_gene_table, report_rows

FORMS = {"gtf": gtf_of, "ensembl": gff_of, "refseq": lambda table: gff_of(table, "refseq")}


def same_genes(found, expected):
    """Whether kept genes are the same but for their places in their files."""
    places = {"line": 0}
    assert_frame_equal(found.assign(**places).reset_index(drop=True), expected.assign(**places).reset_index(drop=True))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("source", [example_genes, lambda: pd.read_csv(ROOT / "spex/example/genes.csv")])
def test_annotation_of_the_example_s_genes_gives_the_example_s_table(tmp_path, form, source):
    table = source()
    table.to_csv(tmp_path / "genes.csv", index=False)
    (tmp_path / "genes.made").write_text(FORMS[form](table))
    expected, found = read_gene_table(tmp_path / "genes.csv"), read_gene_table(tmp_path / "genes.made")
    assert list(found.columns) == list(expected.columns)
    complete = expected.dropna()
    assert_frame_equal(found[COLUMNS], complete[COLUMNS].reset_index(drop=True))
    same_genes(keep_genes(found), keep_genes(expected))


@pytest.mark.parametrize("name", ["genes.gtf.gz", "genes.gtf", "genes.annotation"])
@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, bytes])
def test_what_compressed_it_is_told_by_content(tmp_path, name, compress):
    (tmp_path / name).write_bytes(compress(gtf_of(example_genes()).encode()))
    assert len(keep_genes(read_gene_table(tmp_path / name))) == 9


def test_ensembl_s_gtf_has_names_of_its_own(tmp_path):
    text = gtf_of(example_genes()).replace("gene_type", "gene_biotype").replace("transcript_type", "transcript_biotype")
    (tmp_path / "genes.gtf").write_text(text)
    assert len(keep_genes(read_gene_table(tmp_path / "genes.gtf"))) == 9


def small(*lines):
    return HEAD + "".join(f"{line}\n" for line in lines)


def gene(name="ENSG01.4", chrom="chr1", strand="+", biotype="protein_coding", **others):
    attributes = {"gene_id": name, "gene_type": biotype, "gene_name": "A"} | others
    return gtf_line("gene", chrom, 1000, 2000, strand, {key: value for key, value in attributes.items() if value})


def transcript(start, end, tags=(), name="T1", chrom="chr1", parent="ENSG01.4"):
    attributes = {"gene_id": parent, "transcript_id": name, "transcript_type": "protein_coding"}
    return gtf_line("transcript", chrom, start, end, "+", attributes, tags)


def test_rules_differ_and_leave_genes_out_with_their_number(tmp_path, caplog):
    lines = [gene(), transcript(1500, 1900, ["MANE_Select"]), transcript(1200, 1900, ["Ensembl_canonical"], "T2")]
    lines += [transcript(1100, 1900, [], "T3"), gene("ENSG02.1"), transcript(1300, 1900, [], "T4", parent="ENSG02.1")]
    lines += [gene("ENSG01.4_PAR_Y", "chrY"), gene("ENSG05", biotype="TEC"), gene("ENSG06", biotype="TEC")]
    path = tmp_path / "genes.gtf"
    path.write_text(small(*lines))
    for rule, expected in {
        "auto": {"ENSG01": 1500, "ENSG02": 1300},
        "mane": {"ENSG01": 1500},
        "canonical": {"ENSG01": 1200},
        "5prime": {"ENSG01": 1100, "ENSG02": 1300},
    }.items():
        table = read_gene_table(path, rule)
        assert dict(zip(table["id"], table["CAGE_representative_TSS"], strict=True)) == expected
        assert (table["TSS"] == 1000).all()
    caplog.set_level("INFO", "spex")
    table = read_gene_table(path, "mane")
    report_rows(path, table, keep_genes(table), GeneChoice("all"))
    assert (
        "5 rows: 1 genes used; left out: 2 TEC, 1 PAR genes of chrY, 1 without a MANE Select transcript" in caplog.text
    )


def test_a_gene_without_transcripts_starts_where_it_begins(tmp_path):
    (tmp_path / "genes.gtf").write_text(small(gene(strand="-", gene_name=None)))
    table = read_gene_table(tmp_path / "genes.gtf")
    assert table[["id", "symbol", "CAGE_representative_TSS"]].values.tolist() == [["ENSG01", "ENSG01.4", 2000.0]]


WHOLE = gtf_of(example_genes())
MANY = small(*(gene(f"ENSG{number}") for number in range(1200))).splitlines()
BAD = {
    "cut gzip": (gzip.compress(WHOLE.encode())[:-200], "damaged or cut short"),
    "no text": (b"\xff\xfe\x00\x01", "not UTF-8 text"),
    "empty": (b"", "no gene in it; expected GTF or GFF3 with a line for each gene"),
    "a CSV": (example_genes().to_csv(index=False).encode(), "1 fields on line 1; expected GTF or GFF3: nine fields"),
    "line 1000": (
        "\n".join([*MANY[:999], MANY[999].replace("\tMADE", ""), *MANY[1000:]]).encode(),
        "8 fields on line 1000; expected GTF or GFF3: nine fields",
    ),
    "no genes": (small(transcript(1, 2)).encode(), "no gene in it; .*; a table with id, chrom, strand and tss will do"),
    "no gene_id": (
        small(gene(None)).encode(),
        "the gene on line 3 has no gene_id; its attributes are gene_type, gene_",
    ),
    "no types": (
        small(gene(biotype=None)).encode(),
        "none of its 1 genes can be used; left out: 1 genes without a type",
    ),
    "other types": (small(gene(biotype="TEC")).encode(), "none of its 1 genes can be used; left out: 1 TEC; expected"),
    "a gene twice": (
        small(gene(), gene()).encode(),
        "gene ENSG01.4 is on line 3 and on line 4; expected each gene once",
    ),
    "an id twice but for its version": (
        small(gene(), gene("ENSG01.5")).encode(),
        "'ENSG01' has an id that occurs twice",
    ),
    "a transcript twice": (
        small(gene(), transcript(1, 9), transcript(3, 9)).encode(),
        "transcript T1 is on line 4 and on line 5; expected each transcript once",
    ),
    "chromosomes of two names": (
        small(gene(), transcript(1, 9, chrom="1")).encode(),
        "the transcript on line 4 lies on 1, its gene .line 3. on chr1; expected one name a chromosome",
    ),
    "genes on chromosomes of two names": (
        small(gene(), gene("ENSG02", "1")).encode(),
        "genes lie on 1 and on chr1; expected one name a chromosome",
    ),
    "no strand": (small(gene(strand=".")).encode(), r"the gene on line 3 is on strand '\.'; expected \+ or -"),
    "positions in words": (
        small(gene().replace("1000", "1k")).encode(),
        "gene on line 3 is at '1k' to '2000'; expected 1-based positions, the smaller one first",
    ),
    "the wrong way round": (small(gene().replace("1000", "3000")).encode(), "gene on line 3 is at '3000' to '2000'"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_used_is_refused_in_one_line(tmp_path, kind):
    content, message = BAD[kind]
    (tmp_path / "genes.gtf").write_bytes(content)
    with pytest.raises(InputError, match=message) as refused:
        keep_genes(read_gene_table(tmp_path / "genes.gtf"))
    assert len(str(refused.value).splitlines()) == 1


def test_parts_of_one_transcript_of_gff3_are_no_duplicates(tmp_path):
    attributes = {"ID": "rna-1", "Parent": "gene-A"}
    lines = [
        gff_line("gene", "chr1", 100, 900, "+", {"ID": "gene-A", "gene_biotype": "protein_coding"}),
        *(gff_line("mRNA", "chr1", 50 * n, 900, "+", attributes | {"part": n}) for n in (4, 3)),
    ]
    (tmp_path / "genes.gff3").write_text("\n".join(lines))
    assert read_gene_table(tmp_path / "genes.gff3")["CAGE_representative_TSS"].tolist() == [150]


def tss_of(path):
    table = read_gene_table(path)
    return dict(zip(table["id"], table["CAGE_representative_TSS"], strict=True))


def account_in(path, rule="auto"):
    table = read_gene_table(path, rule)
    return account_of(path, table, GeneChoice("all"))


def test_the_biotype_in_column_2_of_old_gtf_is_that_of_a_transcript(tmp_path):
    old = small(
        gene("ENSG01"), transcript(1100, 1900, parent="ENSG01"), transcript(1400, 2000, (), "T2", parent="ENSG01")
    )
    old = old.replace('transcript_type "protein_coding";', "").replace("gene_type", "gene_biotype")
    rows = old.splitlines()
    for sources, tss in (
        (("protein_coding", "retained_intron", "protein_coding"), 1400),
        (("protein_coding", "protein_coding", "processed_transcript"), 1100),
        (("ensembl", "havana", "havana"), 1100),  # no biotypes: the 5'-most of all
    ):
        given = [row.replace("MADE", source) for row, source in zip(rows[-3:], sources, strict=True)]
        (tmp_path / "genes.gtf").write_text("\n".join([*rows[:-3], *given]))
        assert tss_of(tmp_path / "genes.gtf") == {"ENSG01": tss}
        notes = account_in(tmp_path / "genes.gtf").notes
        assert notes == ["1 have transcripts without a type: the 5'-most of all is taken"] * (sources[0] == "ensembl")
        assert account_in(tmp_path / "genes.gtf", "5prime").notes == notes
    (tmp_path / "genes.gtf").write_text(old.replace('"T2";', '"T2"; tag "MANE_Select";'))
    assert tss_of(tmp_path / "genes.gtf") == {"ENSG01": 1400} and not account_in(tmp_path / "genes.gtf").notes


def test_versions_of_lifted_genes_and_their_copies_on_y(tmp_path):
    names = ["ENSG00000000001.5_2", "ENSG00000000002.15_7_PAR_Y", "ENSG00000000003.4_PAR_Y_7", "ENSGR0000000004.1"]
    (tmp_path / "genes.gtf").write_text(small(*map(gene, names)))
    assert list(tss_of(tmp_path / "genes.gtf")) == ["ENSG00000000001"]
    assert account_in(tmp_path / "genes.gtf").left_out == {"PAR genes of chrY": 3}


GFF = (
    gff_line("gene", "chr1", 100, 900, "+", {"ID": "gene:A", "biotype": "protein_coding"}),
    gff_line("mRNA", "chr1", 150, 900, "+", {"ID": "T1", "Parent": "gene:A"}),
)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "##FASTA\n>chr1\nACGT\n",
        lambda text: text + ">chr1 first\nACGT\n",
        lambda text: text.replace("ID=", " ID="),
        lambda text: text.replace("ID=gene", "ID = gene").replace("chr1", " chr1 "),
        lambda text: gff_line("region", "chr1", 1, 999, ".", {}) + ".\n" + text,
        lambda text: gff_line("gene", "chr1", 1, 999, "+", {}) + ".\n" + text,
        lambda text: "track name=genes\n   \n" + text,
    ],
    ids=["FASTA", ">", "blank", "blanks", "region", "no attributes", "track"],
)
def test_gff3_as_others_write_it(tmp_path, change):
    (tmp_path / "genes.gff3").write_text(change("\n".join(GFF) + "\n"))
    assert tss_of(tmp_path / "genes.gff3") == {"A": 150}


ODD = {
    "in parts": [
        gff_line("gene", "chr2", 100, 200, "+", {"ID": "gene-P", "gene_biotype": "protein_coding", "part": "1"}),
        gff_line("gene", "chr2", 900, 990, "-", {"ID": "gene-P", "gene_biotype": "protein_coding", "part": "2"}),
    ],
    "there twice": [gff_line("gene", "chr2", 100, 200, "+", {"ID": "gene-P", "gene_biotype": "protein_coding"})] * 2,
    "without a strand": [gff_line("gene", "chr2", 100, 200, "?", {"ID": "gene-P", "gene_biotype": "protein_coding"})],
    "at no position": [gff_line("gene", "chr2", 0, 200, "+", {"ID": "gene-P", "gene_biotype": "protein_coding"})],
    "without an id": [gff_line("gene", "chr2", 1, 200, "+", {"gene_biotype": "protein_coding"})],
    "with a transcript on another chromosome": [
        gff_line("gene", "chr2", 100, 200, "+", {"ID": "gene-P", "gene_biotype": "protein_coding"}),
        gff_line("mRNA", "chr3", 100, 200, "+", {"ID": "T2", "Parent": "gene-P"}),
    ],
    "with a transcript at no position": [
        gff_line("gene", "chr2", 100, 200, "+", {"ID": "gene-P", "gene_biotype": "protein_coding"}),
        gff_line("mRNA", "chr2", 300, 200, "+", {"ID": "T2", "Parent": "gene-P"}),
    ],
    "with a transcript that is there twice": [
        gff_line("gene", "chr2", 100, 200, "+", {"ID": "gene-P", "gene_biotype": "protein_coding"}),
        *[gff_line("mRNA", "chr2", 100, 200, "+", {"ID": "T2", "Parent": "gene-P"})] * 2,
    ],
}


@pytest.mark.parametrize("reason", ODD)
def test_a_few_odd_genes_are_left_out_with_their_ids_and_many_are_refused(tmp_path, reason):
    path = tmp_path / "genes.gff3"
    path.write_text("\n".join([*ODD[reason], *GFF]))
    assert tss_of(path) == {"A": 150}
    account = account_in(path)
    assert account.left_out == {reason: 1} and account.used == 1
    name = "line 1" if reason == "without an id" else "P"
    assert f"1 genes used; left out: 1 {reason} ({name})" in account.line()
    many = [row.replace("gene-P", f"gene-P{n}").replace("T2", f"T{n + 2}") for n in range(11) for row in ODD[reason]]
    path.write_text("\n".join([*many, *GFF]))
    with pytest.raises(InputError, match=r"genes\.gff3: .*line"):
        read_gene_table(path)


def test_genes_that_differ_in_their_version_alone_are_left_out_of_many(tmp_path):
    twice = [gene("ENSG01.4"), gene("ENSG01.5")]
    (tmp_path / "genes.gtf").write_text(small(*twice, gene("ENSG02.1")))
    assert list(tss_of(tmp_path / "genes.gtf")) == ["ENSG02"]
    assert account_in(tmp_path / "genes.gtf").left_out == {"with an id that occurs twice": 2}


def test_genes_of_chromosomes_that_are_left_out_alone(tmp_path):
    (tmp_path / "genes.gtf").write_text(small(gene("ENSG01", "chrX"), gene("ENSG02", "chrX"), gene("ENSG03", "chrM")))
    table = read_gene_table(tmp_path / "genes.gtf")
    with pytest.raises(
        InputError,
        match="left out: 2 on chrX, 1 on the mitochondrial chromosome; 3 lie on chromosomes that are left out by "
        "default: exclude_chroms none takes them",
    ):
        keep_genes(table)
    assert len(keep_genes(table, GeneChoice(exclude_chroms=["none"]))) == 3
    with pytest.raises(InputError, match="3 lie on chromosomes that are left out: exclude_chroms none takes them"):
        keep_genes(table, GeneChoice(exclude_chroms=["chrX", "chrM"]))


TAGS = ("MANE_Select", "Ensembl_canonical", "basic")


def random_stretch(generator):
    start = int(generator.integers(1, 50))
    tags = frozenset(tag for tag in TAGS if generator.random() < 0.2)
    return Stretch(start, start + int(generator.integers(0, 50)), str(generator.choice(["lncRNA", "retained"])), tags)


@pytest.mark.parametrize("rule", TSS_RULES)
def test_every_rule_takes_what_the_oracle_takes(rule):
    generator = np.random.default_rng(2)
    found = []
    for _ in range(300):
        gene = random_stretch(generator)._replace(type="lncRNA")
        transcripts = [random_stretch(generator) for _ in range(generator.integers(0, 4))]
        for strand in "+-":
            found.append(choose_tss(gene, strand, transcripts, rule))
            assert found[-1] == chosen_tss(gene, strand, transcripts, rule)
    assert (None in found) == (rule in ("mane", "canonical"))


def test_by_hand():
    gene = Stretch(100, 900, "protein_coding")
    mane = Stretch(300, 800, "protein_coding", frozenset({"MANE_Select", "Ensembl_canonical"}))
    decay = Stretch(100, 900, "nonsense_mediated_decay")
    coding = Stretch(200, 850, "protein_coding")
    assert [choose_tss(gene, strand, [decay, coding, mane]) for strand in "+-"] == [300, 800]
    assert [choose_tss(gene, strand, [decay, coding, mane], "5prime") for strand in "+-"] == [200, 850]
    assert [choose_tss(gene, strand, [decay], "5prime") for strand in "+-"] == [100, 900]
    assert choose_tss(gene, "+", [decay, coding], "mane") is None
    with pytest.raises(InputError, match="tss_rule: found 'first'; expected one of auto, mane"):
        choose_tss(gene, "+", [], "first")
