"""Tables of other tools: read as what they are, or refused by their name."""

import numpy as np
import pandas as pd
import pytest

from spex.errors import InputError
from spex.inputs.expression import open_expression, read_expression
from spex.inputs.expression_tables import may_be_tissue
from spex.inputs.expression_values import says_logarithm

IDS = [f"ENSG{number:011d}" for number in range(8)]
GENES = pd.DataFrame({"id": IDS, "symbol": [f"S{number}" for number in range(8)]}, index=range(10, 18)).drop(13)
VALUES = np.random.default_rng(5).integers(0, 5000, (8, 2))


def rows(before, after=(), ids=IDS, summary=()):
    """Lines of ids, fields before the values, both values, and fields after them."""
    lines = [
        "\t".join([f"{gene}.3", *before, *map(str, values), *after])
        for gene, values in zip(ids, VALUES.tolist(), strict=True)
    ]
    return "\n".join([*lines, *summary]) + "\n"


COUNTED = "Geneid\tChr\tStart\tEnd\tStrand\tLength\t/data/a.bam\t/data/b.bam\n"
PLACED = ("chr1;chr1", "100;300", "200;400", "+;+", "201")
CUFFLINKS = "tracking_id\tclass_code\tnearest_ref_id\tgene_id\tgene_short_name\ttss_id\tlocus\tlength\tcoverage\t"
TABLES = {
    "featureCounts": (
        '# Program:featureCounts v2.0.1; Command:"featureCounts" "-a" "x.gtf"\n' + COUNTED + rows(PLACED),
        {"/data/a.bam": 0, "/data/b.bam": 1},
    ),
    "featureCounts without its first line": (COUNTED + rows(PLACED), {"/data/a.bam": 0, "/data/b.bam": 1}),
    "featureCounts with attributes": (
        COUNTED.replace("Length", "Length\tgene_name\tgene_biotype") + rows((*PLACED, "A", "protein_coding")),
        {"/data/a.bam": 0, "/data/b.bam": 1},
    ),
    "Salmon": ("Name\tLength\tEffectiveLength\tTPM\tNumReads\n" + rows(("900", "800.5")), {"TPM": 0}),
    "StringTie": (
        "Gene ID\tGene Name\tReference\tStrand\tStart\tEnd\tCoverage\tFPKM\tTPM\n"
        + rows(("A", "chr1", "+", "100", "200", "7.5")),
        {"FPKM": 0, "TPM": 1},
    ),
    "a matrix of R with places": (
        "gene_id\tChr\tStart\tEnd\tStrand\tLength\twidth\tliver\tlung\n" + rows((*PLACED, "5")),
        {"liver": 0, "lung": 1},
    ),
    "nf-core": ("gene_id\tgene_name\tliver\tlung\n" + rows(["A"]), {"liver": 0, "lung": 1}),
    "Expression Atlas": (
        "# Expression Atlas\n# Query: all\nGene ID\tGene Name\tliver\tlung\n" + rows(["A"]),
        {"liver": 0, "lung": 1},
    ),
    "a heading with a hash": ("#gene_id\tliver\tlung\n" + rows([]), {"liver": 0, "lung": 1}),
}


def read(path):
    file = open_expression(path)
    return file, read_expression(file, range(1, len(file.tissues) + 1), None, GENES)


@pytest.mark.parametrize("kind", TABLES)
def test_tables_are_read_by_what_their_columns_are(tmp_path, kind):
    content, tissues = TABLES[kind]
    (tmp_path / "e.txt").write_text(content)
    file, expression = read(tmp_path / "e.txt")
    assert file.tissues == tuple(tissues)
    for row, name in GENES["id"].items():
        assert expression.values.loc[row].tolist() == [VALUES[IDS.index(name), place] for place in tissues.values()]
    assert expression.account.used == 7 and expression.account.left_out == {"of genes that are not used": 1}


def test_columns_that_are_passed_over_are_named(tmp_path):
    (tmp_path / "e.txt").write_text(TABLES["featureCounts"][0])
    notes = read(tmp_path / "e.txt")[1].account.notes
    assert "counts of featureCounts" in notes
    assert "columns ignored: Chr, Start, End, Strand, Length" in notes


def test_cufflinks_has_one_value(tmp_path):
    header = CUFFLINKS + "FPKM\tFPKM_conf_lo\tFPKM_conf_hi\tFPKM_status\n"
    lines = [f"X{n}\t-\t-\t{gene}\tA\t-\tchr1:1-9\t-\t-\t{n + 0.5}\t0\t9\tOK\n" for n, gene in enumerate(reversed(IDS))]
    (tmp_path / "genes.fpkm_tracking").write_text(header + "".join(lines))
    file, expression = read(tmp_path / "genes.fpkm_tracking")
    assert file.tissues == ("FPKM",)
    assert expression.values[1].tolist() == [7.5 - IDS.index(name) for name in GENES["id"]]


SUMMARY = [f"__{name}\t{number}" for number, name in enumerate(("no_feature", "ambiguous", "not_aligned"))]


@pytest.mark.parametrize("ids", [IDS, [f"gene{number}" for number in range(8)]])
def test_htseq_has_no_header_and_counts_reads_of_no_gene(tmp_path, ids):
    genes = GENES.assign(id=[ids[IDS.index(name)] for name in GENES["id"]])
    lines = [f"{gene}\t{values[0]}" for gene, values in zip(ids, VALUES.tolist(), strict=True)]
    for name in ("liver.counts", "lung.txt"):
        (tmp_path / name).write_text("\n".join([*lines, *SUMMARY]) + "\n")
    for paths, tissues in ((tmp_path / "lung.txt", ("lung",)), (tmp_path, ("liver", "lung"))):
        file = open_expression(paths)
        assert file.tissues == tissues
        expression = read_expression(file, range(1, len(tissues) + 1), None, genes)
        right = [VALUES[IDS.index(name), 0] for name in GENES["id"]]
        assert all(expression.values[target].tolist() == right for target in expression.values)
        count = len(tissues)
        assert expression.account.used == 7 * count
        assert expression.account.left_out == {
            "of reads of no gene": 3 * count,
            "of genes that are not used": count,
        }
        assert "(__no_feature, __ambiguous, __not_aligned)" in expression.account.line()


REFUSED = {
    "kallisto": (
        "target_id\tlength\teff_length\test_counts\ttpm\nENST1.1\t9\t8\t1\t2\n",
        "transcripts of kallisto, no expression of genes; .*; sum them over genes first, as tximport does",
    ),
    "RSEM's isoforms": (
        "transcript_id\tgene_id\tlength\teffective_length\texpected_count\tTPM\tFPKM\tIsoPct\nT\tG\t1\t1\t1\t1\t1\t1\n",
        "isoforms of RSEM, no expression of genes",
    ),
    "transcripts of Salmon": (
        "Name\tLength\tEffectiveLength\tTPM\tNumReads\n" + rows(("9", "8"), ids=[f"ENST{n:011d}" for n in range(8)]),
        "0 of the 7 genes are in its id column .*; they are ids of transcripts: sum them over genes first",
    ),
    "symbols": (
        "id\ta\tb\n" + rows([], ids=[*GENES["symbol"], "S3"]).replace(".3\t", "\t"),
        "0 of the 7 genes are in its id column .*; they are symbols: write the ids",
    ),
    "DESeq2": (
        "\tbaseMean\tlog2FoldChange\tlfcSE\tstat\tpvalue\tpadj\n" + "ENSG1\t1\t1\t1\t1\t1\t1\n",
        "tests by DESeq2, no expression of genes; .*give the expression that they were made from",
    ),
    "edgeR": ("gene_id\tlogFC\tlogCPM\tLR\tPValue\tFDR\nG\t1\t1\t1\t1\t1\n", "tests by edgeR, no expression"),
    "limma": ("gene_id\tlogFC\tAveExpr\tt\tP.Value\tadj.P.Val\tB\nG\t1\t1\t1\t1\t1\t1\n", "tests by limma"),
    "STAR": (
        "N_unmapped\t7\t7\t7\nN_multimapping\t1\t1\t1\nENSG1\t1\t2\t3\n",
        "no headings: it begins with N_unmapped, 7, 7, 7, as the counts of STAR do; .*; put a line in front",
    ),
    "no headings": ("ENSG00000000001\t7\t7\t7\n", "no headings: it begins with ENSG00000000001, 7, 7, 7; expected"),
    "GCT 1.3": (
        "#1.3\n1\t1\t1\t1\nid\tdescription\tliver\nage\tna\t7\nENSG1\tA\t5\n",
        "line 1 is '#1.3'; expected #1.2, .*; of #1.3 write the matrix as #1.2, or as a table with a column id",
    ),
    "summary of featureCounts": ("Status\ta.bam\nAssigned\t7\n", "neither an id column nor"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_expression_of_genes_is_refused_by_its_name(tmp_path, kind):
    content, message = REFUSED[kind]
    (tmp_path / "e.tsv").write_text(content)
    with pytest.raises(InputError, match=message) as refused:
        read(tmp_path / "e.tsv")
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["e.gct", "e.txt", "e.csv"])
@pytest.mark.parametrize("header", ["NAME\tDescription", "Name\tDescription", "id\tNAME\tDESCRIPTION"])
def test_gct_by_its_first_line_and_in_any_case(tmp_path, name, header):
    before = ["x"] * header.startswith("id")
    lines = ["\t".join([*before, gene, "A", *map(str, values)]) for gene, values in zip(IDS, VALUES, strict=True)]
    (tmp_path / name).write_text("\n".join(["#1.2", "8\t2", f"{header}\tliver\tlung", *lines]))
    file, expression = read(tmp_path / name)
    assert file.tissues == ("liver", "lung")
    assert expression.values[2].tolist() == [VALUES[IDS.index(name), 1] for name in GENES["id"]]


def test_which_headings_are_tissues():
    tissues = ["Liver", "Posterior hypothalamus", "X", "V1", "index", "TPM", "end-plate", "Gene desert", "Length 2"]
    assert all(map(may_be_tissue, tissues))
    others = ["Length", "gene.length", "Start", "Gene Name", "expected_count", "TPM_ci_lower_bound", "Unnamed: 3", ""]
    others += ["posterior_mean_count", "entrezgene_id", "EffectiveLength", "transcript_id(s)", "symbol", "width"]
    assert not any(map(may_be_tissue, others))


def test_which_names_say_logarithms():
    names = ["log2_TPM", "log2(TPM+1)", "liver_log", "log10", "logTPM", "LogCounts", "x.log1p.tsv", "rlog", "Log FPKM"]
    names += ["OmicsExpressionProteinCodingGenesTPMLogp1.csv", "log_phase", "lognorm"]
    assert all(map(says_logarithm, names))
    others = ["catalog.tsv", "Liver", "logan", "prologue", "analog", "TPM", "Bilogical", "logFC2"]
    assert not any(map(says_logarithm, others))
