"""The table of published files; its checks find what goes wrong with files that users bring along."""

import hashlib
import subprocess

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import ROOT
from stand_ins import LENGTHS, write_genome, write_map

from spex.errors import InputError
from spex.inputs.agree import GRCH38_LENGTHS
from spex.resources import table
from spex.resources.obtain import check_digest, file_digest, verify

PUBLISHED_GENES = ROOT.parent / "shared" / "geneanno_GRCh38.csv"
GENES = "id,symbol,seqnames,strand,TSS,CAGE_representative_TSS,type\n" + "".join(
    f"ENSG{row},S{row},chr{row % 22 + 1},+,50,50,protein_coding\n" for row in range(30)
)


def check_of(name):
    """The check of a file of the table."""
    return table.choose(table.RESOURCES, [name])[0].check


def test_published_table_is_complete():
    assert [resource.name for resource in table.RESOURCES] == [
        "genes",
        "expression",
        "features",
        "beluga",
        "genome",
        "contacts",
    ]
    assert len(GRCH38_LENGTHS) == 22
    for resource in table.RESOURCES:
        assert resource.address.startswith("https://")
        assert resource.digest or resource.name in ("genome", "contacts")


@pytest.mark.skipif(not PUBLISHED_GENES.exists(), reason="the published gene table is not here")
def test_published_gene_table_passes():
    (genes,) = table.choose(table.RESOURCES, ["genes"])
    verify(genes, PUBLISHED_GENES, PUBLISHED_GENES, find=None)


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_digest_is_the_usual_one(tmp_path, kind):
    path = tmp_path / "file"
    path.write_bytes(b"acgt" * 1000)
    assert file_digest(path, kind) == hashlib.new(kind, path.read_bytes()).hexdigest()


def test_git_digest_is_what_git_says(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 10_000)
    said = subprocess.run(["git", "hash-object", "--no-filters", path], capture_output=True, text=True, check=True)
    assert file_digest(path, "git") == said.stdout.strip()


def test_other_content_is_not_the_published_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"a")
    check_digest(path, "md5:0cc175b9c0f1b6a831c399e269772661")
    with pytest.raises(InputError, match=r"its md5 hash is 0cc175.*; expected 00"):
        check_digest(path, "md5:00")


def test_checkpoint_as_it_should_be(narrow, world):
    table.check_checkpoint(world.checkpoint)


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.9, 0.999])
def test_checkpoint_cut_off(narrow, world, tmp_path, share):
    content = world.checkpoint.read_bytes()
    path = tmp_path / "cut.pth"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"cut.pth: not a whole PyTorch file of weights"):
        table.check_checkpoint(path)


def test_checkpoint_of_another_network(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"model.0.0.weight": torch.zeros(320, 4, 1, 8), "fc.weight": torch.zeros(2)}, path)
    with pytest.raises(
        InputError, match="not Beluga's weights: 15 of its 16 tensors are missing and 1 are not its own"
    ):
        table.check_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"no fasta\n", b"\x1f\x8b\x08\xff\xfe", b">chr1\nACGT\nA\nACGT\n"])
def test_file_that_is_no_fasta(tmp_path, content):
    path = tmp_path / "genome.fa"
    path.write_bytes(content)
    with pytest.raises(
        InputError,
        match=r"genome.fa: (not usable as FASTA|an empty file; expected FASTA|text or bytes of another|compressed)",
    ):
        table.check_genome(path, LENGTHS)


def test_genome_as_it_should_be(tmp_path):
    path = tmp_path / "genome.fa"
    write_genome(path, {**LENGTHS, "chrUn_1": 7, "chrX": 80})
    table.check_genome(path, LENGTHS)
    assert (tmp_path / "genome.fa.fai").read_text().startswith("chr1\t101\t")


def test_genome_with_ensembl_names(tmp_path):
    path = tmp_path / "genome.fa"
    write_genome(path, {name.removeprefix("chr"): length for name, length in LENGTHS.items()})
    with pytest.raises(InputError, match="no sequence chr1; it calls it 1, as Ensembl does; expected UCSC's hg38"):
        table.check_genome(path, LENGTHS)


def test_genome_without_a_chromosome(tmp_path):
    path = tmp_path / "genome.fa"
    write_genome(path, {name: length for name, length in LENGTHS.items() if name != "chr8"})
    with pytest.raises(InputError, match="no sequence chr8; expected"):
        table.check_genome(path, LENGTHS)


def test_genome_cut_off(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_bytes(write_genome(path, LENGTHS)[:-30])
    with pytest.raises(InputError, match=r"chr22 is 9[0-9] bp long, expected 122 as in GRCh38"):
        table.check_genome(path, LENGTHS)


def test_genes_are_counted(tmp_path):
    path = tmp_path / "genes.csv"
    path.write_text(GENES)
    table.check_genes(path, 30)
    with pytest.raises(InputError, match="30 rows; expected 31"):
        table.check_genes(path, 31)


def write_expression(tmp_path, rows):
    genes, expression = tmp_path / "genes.csv", tmp_path / "expression.csv"
    genes.write_text(GENES)
    pd.DataFrame({"Liver": np.arange(rows) / 7, "Lung": 1.5}).to_csv(expression)
    return expression, genes


def test_expression_as_it_should_be(tmp_path):
    table.check_expression(*write_expression(tmp_path, 30))


def test_expression_one_row_short(tmp_path):
    expression, genes = write_expression(tmp_path, 29)
    with pytest.raises(InputError, match=r"expression.csv: 29 rows, but the genes table has 30"):
        table.check_expression(expression, genes)


@pytest.mark.parametrize("content", ["", "0,1\n", ",Liver,Lung\n" + "0,1.5\n" * 30, ",Liver\n" + "0,-1\n" * 30])
def test_expression_of_another_form(tmp_path, content):
    path, genes = tmp_path / "expression.csv", tmp_path / "genes.csv"
    path.write_text(content)
    genes.write_text(GENES)
    with pytest.raises(InputError, match=r"expression.csv: .*expected"):
        table.check_expression(path, genes)


def test_expression_alone_is_known_by_its_header(tmp_path):
    path = tmp_path / "expression.csv"
    path.write_text(",Liver\n0,1.5\n")
    table.check_expression(path, tmp_path / "genes.csv")
    path.write_text("no,table\n")
    with pytest.raises(InputError, match=r"expression.csv: neither an id column nor"):
        table.check_expression(path, tmp_path / "genes.csv")


def test_features_are_counted(tmp_path):
    path = tmp_path / "features.tsv"
    rows = "GM12878\tDNase\tNone\n"
    path.write_text("cell type\tassay\ttreatment\n" + rows * 2002)
    check_of("features")(path, None)
    path.write_text("cell type\tassay\ttreatment\n" + rows * 2001)
    with pytest.raises(InputError, match=r"2001 rows of 3 columns; expected .* 2002"):
        check_of("features")(path, None)


def test_map_with_and_without_the_resolution(tmp_path):
    write_map(tmp_path / "fine.mcool", 1000, 5000)
    check_of("contacts")(tmp_path / "fine.mcool", None)
    write_map(tmp_path / "coarse.mcool", 5000, 10_000)
    with pytest.raises(InputError, match=r"no resolution 1000 \(it has 5000, 10000\)"):
        check_of("contacts")(tmp_path / "coarse.mcool", None)


@pytest.mark.parametrize("kept", [0, 100, 5000])
def test_map_cut_off(tmp_path, kept):
    path = tmp_path / "cut.mcool"
    path.write_bytes(write_map(tmp_path / "whole.mcool", 1000)[:kept])
    with pytest.raises(InputError, match=r"not an HDF5 file|damaged or cut short"):
        check_of("contacts")(path, None)
