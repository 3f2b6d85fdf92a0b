"""From annotation files to scores, for the example and for a species whose chromosomes are I, II and III."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from annotation_files import gff_of, gtf_of
from conftest import example_genes, leave_out_pictures, narrow_state, random_letters, tensor_bytes, write_fasta
from refusals import files_in
from train_inputs import FAST

from spex.commands import tensors, train

CHROMS = ("I", "II", "III", "X", "MtDNA")
GENES_EACH = 4


@pytest.mark.parametrize("form", [gtf_of, gff_of])
def test_annotation_gives_the_tensors_of_the_table_byte_for_byte(world, narrow, tensors_argv, tmp_path, form):
    assert tensors.main(tensors_argv("--block_size", 3, maps=[0], data="table")) == 0
    (tmp_path / "genes.made").write_text(form(example_genes()))
    given = ["--genes_filename", tmp_path / "genes.made", "--pred_cache_folder", tmp_path / "other"]
    assert tensors.main(tensors_argv(*given, maps=[0], data="made")) == 0
    assert tensor_bytes(tmp_path / "made") == tensor_bytes(tmp_path / "table")
    for name in ("contacts.tsv", "cached_genes.tsv"):
        lines = [sorted((tmp_path / data / name).read_text().splitlines()) for data in ("table", "made")]
        without_index = [[line.partition("\t")[2] for line in each] for each in lines]
        assert sorted(without_index[0]) == sorted(without_index[1])


@pytest.fixture
def species(tmp_path, narrow, monkeypatch):
    """Genome, GTF and expression of a made species, and functions that run the commands on them."""
    leave_out_pictures(monkeypatch)
    generator = np.random.default_rng(4)
    write_fasta(tmp_path / "toy.fa", {chrom: random_letters(generator, 9000) for chrom in CHROMS})
    rows = [
        (f"TOY{chrom}{n}", f"toy-{n}", chrom, "+-"[n % 2], 2000 * n + 500, 2000 * n + 510, "protein_coding")
        for chrom in CHROMS
        for n in range(GENES_EACH)
    ]
    columns = ["id", "symbol", "seqnames", "strand", "TSS", "CAGE_representative_TSS", "type"]
    table = pd.DataFrame(rows, columns=columns)
    (tmp_path / "toy.gtf").write_text(gtf_of(table))
    (tmp_path / "rna").mkdir()
    for sample in ("egg", "worm"):
        values = {"gene_id": table["id"], "length": 100, "TPM": generator.random(len(table)), "FPKM": 1 + table.index}
        pd.DataFrame(values).to_csv(tmp_path / "rna" / f"{sample}.tsv", sep="\t", index=False)
    torch.save(narrow_state(), tmp_path / "narrow.pth")
    (tmp_path / "fast.json").write_text(json.dumps(FAST))

    def run(command, *options):
        given = {"--data_folder": "data", "--genes_filename": "toy.gtf"}
        if command is tensors:
            given |= {"--genome_filename": "toy.fa", "--beluga_model_filename": "narrow.pth"}
            given |= {"--pred_cache_folder": "cache", "--compute_platform": "CPU"}
        else:
            given |= {"--gene_expression_filename": "rna", "--params": "fast.json"}
            given |= {} if "--target_index" in options else {"--target": "worm"}
        paths = {
            name: str(tmp_path / value) if name not in ("--target", "--compute_platform") else value
            for name, value in given.items()
        }
        return command.main([part for pair in paths.items() for part in pair] + list(map(str, options)))

    return SimpleNamespace(
        folder=tmp_path,
        tensors=lambda *options: run(tensors, *options),
        train=lambda *options: run(train, *options),
        made=lambda: sorted(path.name for path in (tmp_path / "data/tensors").iterdir()),
        settings=lambda: json.loads((tmp_path / "data/run.json").read_text())["settings"],
    )


def last_line(capsys):
    line = capsys.readouterr().err.splitlines()[-1]
    assert ": error: " in line
    return line


def test_a_species_of_other_chromosomes_goes_from_gtf_to_scores(species, capsys):
    assert species.tensors() == 0
    kept = [f"tensor_gene_TOY{chrom}{n}.npy" for chrom in ("I", "II", "III") for n in range(GENES_EACH)]
    assert species.made() == sorted(kept)
    assert not {"tss_rule", "exclude_chroms"} & species.settings().keys()
    assert species.train("--test_chroms", "II", "--validation_chroms", "III") == 0
    assert capsys.readouterr().out.startswith("rmse: ")
    assert species.train("--test_chroms", "II", "--value", "FPKM") == 0
    assert "--validation_chroms with another chromosome gives an unbiased one" in capsys.readouterr().err
    (fit,) = species.folder.glob("data/results/2-worm_gbtree_test-II_validation-III*/metrics.json")
    assert "expression_value" not in json.loads(fit.read_text())["settings"]
    predictions = pd.read_csv(fit.parent / "predictions.csv")
    expected = pd.read_csv(species.folder / "rna/worm.tsv", sep="\t", index_col=0)["TPM"].loc[predictions["id"]]
    np.testing.assert_allclose(predictions["observed"], np.log(expected + 1e-4), rtol=1e-6)


def test_the_default_chromosome_and_one_that_is_not_there_are_reported_in_one_line(species, capsys):
    assert species.tensors() == 0
    capsys.readouterr()
    assert species.train() == 2
    line = last_line(capsys)
    assert "--test_chroms chr8: no test genes" in line and "they lie on I, II, III" in line
    assert species.train("--test_chroms", "II", "--validation_chroms", "IV") == 2
    assert "--validation_chroms IV: no validation genes" in last_line(capsys)
    assert species.tensors("--test_only") == 2
    assert "--test_only: no gene lies on chr8" in last_line(capsys)
    assert not (species.folder / "data/results").exists()


def test_other_choices_of_genes_are_part_of_the_run(species, capsys):
    chosen = ["--tss_rule", "5prime", "--exclude_chroms", "III", "scaffolds"]
    assert species.tensors(*chosen) == 0
    assert len(species.made()) == 4 * GENES_EACH
    settings = species.settings()
    assert (settings["tss_rule"], settings["exclude_chroms"]) == ("5prime", ["scaffolds", "III"])
    assert species.tensors() == 2
    assert "5prime" in (line := last_line(capsys)) or "scaffolds" in line
    assert species.tensors(*chosen[:2]) == 2
    assert "exclude_chroms" in last_line(capsys)
    for other, made in ((("--tss_rule", "auto"), "5prime"), (("--exclude_chroms", "III"), "exclude_chroms")):
        assert species.train(*other, "--test_chroms", "X") == 2
        assert made in last_line(capsys)
    assert species.train(*chosen, "--test_chroms", "X") == 0
    line = capsys.readouterr().out
    assert species.train("--test_chroms", "X") == 0  # the folder knows the choice
    assert capsys.readouterr().out == line
    assert (
        species.tensors("--exclude_chroms", "chrX", "Y", "MT", "scaffolds", "--data_folder", species.folder / "d") == 0
    )
    assert "exclude_chroms" not in json.loads((species.folder / "d/run.json").read_text())["settings"]


def test_files_that_cannot_be_used_leave_nothing(species, capsys):
    whole = (species.folder / "toy.gtf").read_text()
    before = files_in(species.folder).keys()
    for bad, options, message in (
        (whole.replace("gene_id ", "name "), [], "has no gene_id; its attributes are name, gene_type, gene_name"),
        (whole.partition("\n")[2].replace("MADE\t", "", 1), [], "8 fields on line"),
        (whole, ["--exclude_chroms", "IV"], "--exclude_chroms IV: no gene lies there"),
        (whole, ["--exclude_chroms", "none", "I"], "--exclude_chroms: none beside I"),
        (whole.replace("MtDNA", "chrI"), [], "genes lie on I and on chrI"),
        (example_genes().to_csv(index=False), [], "1 fields on line 1"),
    ):
        (species.folder / "toy.gtf").write_text(bad)
        assert species.tensors(*options) == 2
        assert message in last_line(capsys)
        assert {path for path in files_in(species.folder) if path.suffix != ".fai"} == before
