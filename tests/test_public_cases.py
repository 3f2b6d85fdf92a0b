"""Trouble that people had with programs like this one: the right numbers, or one line that tells the truth.

What is right comes from the tables that a test writes itself. Command lines that end well print the scores of the same
data in their plain form; all others end with status 2, one line, and nothing written.
"""

import errno
import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest
import train_inputs
from conftest import CHROMSIZES, example_genes, tensor_bytes, write_fasta, write_mcool
from processes import TRAIN
from refusals import files_in, refuse

from spex.commands import tensors, train
from spex.commands.running import BUGS, run_script
from spex.errors import InputError
from spex.files.hashes import file_sha256
from spex.inputs.genes import keep_genes, read_gene_table
from spex.inputs.genome import Genome
from spex.inputs.maps.cool import ContactMap
from spex.reports import pictures as report
from spex.runs.folder import DataFolder
from spex.runs.settings import RunSettings, claim_run

pytestmark = pytest.mark.usefixtures("narrow")


@pytest.fixture
def sketches(monkeypatch):
    """No pictures, for tests of something else."""
    monkeypatch.setattr(report, "_save", lambda figure, path: None)


@pytest.fixture
def options(tmp_path, sketches):
    return train_inputs.write_inputs(tmp_path) | {"--params": str(tmp_path / "fast.json")}


def scores(capsys, options, *more):
    """The line that train.py prints, and what it logs."""
    assert train.main(train_inputs.argv(options, *more)) == 0
    captured = capsys.readouterr()
    return captured.out, captured.err


def refuse_training(capsys, options, message, *more):
    before = files_in(DataFolder(options["--data_folder"]).root)
    refuse(capsys, train.main, train_inputs.argv(options, *more), message)
    assert files_in(DataFolder(options["--data_folder"]).root) == before


# --- rows tied to the wrong gene ---


def test_what_is_in_front_of_the_tissues_ties_rows_to_genes(options, tmp_path, capsys):
    plain, _ = scores(capsys, options)
    table, genes = pd.read_csv(options["--gene_expression_filename"], index_col=0), train_inputs.gene_table()
    shuffled = np.random.default_rng(0).permutation(len(table))
    ids, versions = table.set_axis(genes["id"].to_numpy()), table.set_axis((genes["id"] + ".3").to_numpy())
    behind = ["id", "Unnamed: 0", *table.columns]
    again = table.reset_index(names="Unnamed: 0")  # read without index_col, and saved again
    for name, written, told in (
        ("pandas", ids.iloc[shuffled].to_csv(), "by the gene ids in front"),
        ("versions", versions.iloc[shuffled].to_csv(index_label="Unnamed: 0"), "by the gene ids in front"),
        ("fewer", ids[(genes["seqnames"] != "chrX").to_numpy()].to_csv(), "by the gene ids in front"),
        ("R", table.set_axis(range(1, 61)).to_csv(), "by its row numbers"),
        ("floats", table.set_axis(table.index.astype(float)).to_csv(), "by its row numbers"),
        ("twice", again.set_axis(again["Unnamed: 0"].to_numpy()).to_csv(), "by its row numbers"),
        ("id", ids.iloc[shuffled].reset_index(names="gene_id").reset_index(names="id").to_csv(index=False), "gene ids"),
        ("behind", ids.reset_index(names="id").assign(**{"Unnamed: 0": 5})[behind].to_csv(index=False), "gene ids"),
        ("excel", ids.to_csv() + ",,,,\n" * 3, "by the gene ids in front"),
        ("excel's", table.to_csv() + ",,,,\n" * 3, "by its row numbers"),
    ):
        (tmp_path / f"{name}.csv").write_text(written)
        out, log = scores(capsys, options | {"--gene_expression_filename": str(tmp_path / f"{name}.csv")})
        assert out == plain, name
        assert told in log, name


def test_what_ties_rows_to_no_gene_is_refused(options, tmp_path, capsys):
    table, genes = pd.read_csv(options["--gene_expression_filename"], index_col=0), train_inputs.gene_table()
    shuffled = np.random.default_rng(0).permutation(len(table))
    sorted_and_reset = table.iloc[shuffled].reset_index(names="Unnamed: 0")
    odd = list(range(60))
    odd[20] = 7
    for written, message in (
        (table.set_axis(genes["symbol"].to_numpy()).to_csv(), "holds G0, G1, G2, ...; .*needs the heading id"),
        (table.set_axis(odd).to_csv(), "holds 7 on line 22, which is out of order"),
        (table.set_axis(range(5, 65)).to_csv(), "holds 5 on line 2, which is out of order"),
        (
            table.iloc[shuffled].to_csv(),
            f"another order than .* line 2 has {shuffled[0]} .counted from 0.; expected 0;",
        ),
        (
            table.set_axis(range(1, 61)).iloc[shuffled].to_csv(),
            f"line 2 has {shuffled[0]} .counted from 0.; expected 0;",
        ),
        (sorted_and_reset.to_csv(), f"line 2 has {shuffled[0]} .counted from 0.; expected 0;"),
        (table.iloc[:-1].to_csv(), "59 rows, but the genes table has 60"),
    ):
        (tmp_path / "e.csv").write_text(written)
        refuse_training(capsys, options | {"--gene_expression_filename": str(tmp_path / "e.csv")}, message)


def test_tables_that_were_sorted_together(options, tmp_path, capsys):
    plain, _ = scores(capsys, options)
    folder = DataFolder(options["--data_folder"])
    table, genes = pd.read_csv(options["--gene_expression_filename"], index_col=0), train_inputs.gene_table()
    order = genes.sort_values("symbol").index
    for name, kept in (("labelled", True), ("bare", False)):
        genes.loc[order].to_csv(tmp_path / f"{name}.csv", index=kept)
        table.loc[order].to_csv(tmp_path / "numbered.csv")
        table.loc[order].reset_index(drop=True).to_csv(tmp_path / "anew.csv")
        given = options | {"--genes_filename": str(tmp_path / f"{name}.csv")}
        folder.run_json.unlink()
        genes_sha256 = file_sha256(tmp_path / f"{name}.csv")
        claim_run(folder, RunSettings(**train_inputs.RUN_SETTINGS, genes_sha256=genes_sha256))
        right, unknown = ("numbered", "anew") if kept else ("anew", "numbered")
        scores(capsys, given | {"--gene_expression_filename": str(tmp_path / f"{right}.csv")})
        newest = max(folder.results.glob("*/predictions.csv"), key=lambda path: path.stat().st_mtime_ns)
        observed = pd.read_csv(newest).set_index("id")["observed"]
        truth = np.log(table.iloc[:, 0] + 0.0001).set_axis(genes["id"])
        np.testing.assert_allclose(observed, truth[observed.index], rtol=1e-8)
        message = "its row numbers are in another order than those of the genes table"
        other = given | {"--gene_expression_filename": str(tmp_path / f"{unknown}.csv")}
        refuse_training(capsys, other, message)
    assert plain


def test_genes_that_differ_in_their_version_alone_are_refused(options, tmp_path, capsys):
    genes = train_inputs.gene_table()
    genes.loc[5, "id"] = genes["id"][6] + ".2"
    genes.to_csv(tmp_path / "genes.csv", index=False)
    table = pd.read_csv(options["--gene_expression_filename"], index_col=0)
    table.set_axis(train_inputs.gene_table()["id"].to_numpy()).to_csv(tmp_path / "e.csv")
    DataFolder(options["--data_folder"]).run_json.unlink()
    given = {"--genes_filename": str(tmp_path / "genes.csv"), "--gene_expression_filename": str(tmp_path / "e.csv")}
    refuse_training(capsys, options | given, "the genes table holds .*, one gene but for its version")


@pytest.mark.parametrize("script", [tensors, train])
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
            "unexpected end of data|goes on behind its end",
        ),
        (lambda rows: [rows[0].replace("TSS", "id", 1), *rows[1:]], "no column TSS"),
        (lambda rows: [f"{row},{row}" for row in rows], "2 columns id; expected each column once"),
        (
            lambda rows: [row.replace(",", ";") for row in rows],
            "no column id.*separated by semicolons, expected commas",
        ),
    ],
)
def test_rows_of_a_genes_table_of_another_shape(
    options, tensors_argv, world, tmp_path, capsys, script, change, message
):
    source = options["--genes_filename"] if script is train else world.genes
    rows = Path(source).read_text().splitlines()
    (tmp_path / "changed.csv").write_text("\n".join(change(rows)) + "\n")
    given = {"--genes_filename": str(tmp_path / "changed.csv")}
    argv = train_inputs.argv(options | given) if script is train else tensors_argv(*given.popitem())
    refuse(capsys, script.main, argv, message)


def test_quotes_in_tab_separated_files_are_letters(options, tmp_path, capsys):
    plain, _ = scores(capsys, options)
    table, genes = pd.read_csv(options["--gene_expression_filename"], index_col=0), train_inputs.gene_table()
    described = pd.Series("x", index=table.index)
    described[[7, 8]] = ['"novel transcript', '"antisense RNA']
    table.insert(0, "description", described)
    table.insert(0, "id", '"' + genes["id"] + '"')
    table.to_csv(tmp_path / "e.tsv", sep="\t", index=False, quoting=3)
    out, _ = scores(capsys, options | {"--gene_expression_filename": str(tmp_path / "e.tsv")})
    assert out == plain
    comma = table.to_csv(index=False, quoting=3, quotechar="'").replace('"ENSG', "ENSG").replace('",', ",")
    (tmp_path / "e.csv").write_text(comma)
    message = "a field in quotes that begins on line 9 goes on behind its end|not a readable table"
    refuse_training(capsys, options | {"--gene_expression_filename": str(tmp_path / "e.csv")}, message)


@pytest.mark.parametrize(
    "first, size, message",
    [
        ("#1.2", "60\t4", None),
        ("#1.2", "61\t4", "line 2 tells '61.t4' rows and samples, there are 60 and 4"),
        ("#1.2", "60\t5", "line 2 tells '60.t5' rows and samples, there are 60 and 4"),
        ("#1.3", "60\t4\t0\t0", "line 1 is '#1.3'; expected #1.2"),
    ],
)
def test_the_size_that_a_gct_file_tells_is_proved(options, tmp_path, capsys, first, size, message):
    plain, _ = scores(capsys, options)
    table = pd.read_csv(options["--gene_expression_filename"], index_col=0)
    table.insert(0, "Description", "x")
    table.insert(0, "Name", train_inputs.gene_table()["id"])
    (tmp_path / "e.gct").write_text(f"{first}\n{size}\n" + table.to_csv(sep="\t", index=False))
    given = options | {"--gene_expression_filename": str(tmp_path / "e.gct")}
    if message is None:
        assert scores(capsys, given)[0] == plain
    else:
        refuse_training(capsys, given, message)


def test_row_numbers_of_the_feature_table_are_proved(options, tmp_path, capsys):
    names = pd.DataFrame({"cell type": "K562", "assay": [f"a{n}" for n in range(2002)], "treatment": "None"})
    for order, status in ((np.arange(2002), 0), (np.arange(2002)[::-1], 2)):
        names.iloc[order].to_csv(tmp_path / "f.tsv", sep="\t")
        assert train.main(train_inputs.argv(options, "--features_filename", str(tmp_path / "f.tsv"))) == status
    assert "its row numbers are not in order" in capsys.readouterr().err


# --- values that are not what they are taken for ---


@pytest.mark.parametrize("rule", ["published", "corrected"])
@pytest.mark.parametrize("factor", [0.0123, 0.37, 1 + 1e-9])
def test_fractional_counts_are_no_counts(tensors_argv, world, tmp_path, capsys, rule, factor):
    pixels = {chrom: [(a, b, count * factor) for a, b, count in rows] for chrom, rows in world.pixels[0].items()}
    write_mcool(tmp_path / "map.mcool", pixels)
    before = files_in(tmp_path)
    argv = tensors_argv("--mcool_filename", tmp_path / "map.mcool", "--contact_rule", rule)
    refuse(
        capsys, tensors.main, argv, "found a count of .*; expected raw counts, whole numbers .*looks like a balanced"
    )
    assert files_in(tmp_path) == before


FASTA_DEFECTS = {
    "a space at each end": lambda line: line + " ",
    "a tab in front": lambda line: "\t" + line,
    "numbers in front": lambda line: f"61 {line}",
    "spaces between": lambda line: f"{line[:10]} {line[10:]}",
    "a semicolon": lambda line: line[:-1] + ";",
    "a zero byte": lambda line: line[:-1] + "\0",
}


@pytest.mark.parametrize("kind", FASTA_DEFECTS)
@pytest.mark.parametrize("index", ["none", "of another program"])
def test_what_is_no_letter_in_a_sequence_is_refused(tensors_argv, tmp_path, capsys, world, kind, index):
    lines = world.genome.read_text().splitlines()
    changed = [line if line.startswith(">") else FASTA_DEFECTS[kind](line) for line in lines]
    path = tmp_path / "genome.fa"
    path.write_text("\n".join(changed) + "\n")
    if index != "none":  # one that takes every byte for a base, as pyfaidx's does
        rows, offset = [], 0
        for line in changed:
            if line.startswith(">"):
                rows.append([line[1:], 0, offset + len(line) + 1, 0, 0])
            else:
                rows[-1][1] += len(line)
                rows[-1][3:] = rows[-1][3:] if rows[-1][3] else [len(line), len(line) + 1]
            offset += len(line) + 1
        path.with_name("genome.fa.fai").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    what = "white space" if kind in ("a space at each end", "a tab in front", "spaces between") else "byte 0x"
    argv = tensors_argv("--genome_filename", path, "--no_pred_cache")
    refuse(capsys, tensors.main, argv, f"not usable as FASTA: {what}.* within the sequence of chr1, line 2; ")
    assert not (tmp_path / "data").exists()


def test_a_blank_that_an_index_from_elsewhere_counts_as_a_base(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text(">chr1\n" + "ACGT" * 50 + "\n" + "ACGT" * 20 + " ACG" + "ACGT" * 29 + "\n")
    path.with_name("genome.fa.fai").write_text("chr1\t400\t6\t200\t201\n")
    genome = Genome(path, tmp_path / "spare.fai")
    with pytest.raises(InputError, match="white space within the sequence of chr1, line 3"):
        genome.codes("chr1", 0, 400)
    genome.close()


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"random_state": 7}, "random_state is set by --seed"),
        ({"gpu_id": 0}, "gpu_id is set by --compute_platform"),
        ({"n_gpus": 1}, "n_gpus is set by --compute_platform"),
        ({"verbosity": 0, "etta": 1}, "verbosity cannot be set"),
        ({"validate_parameters": False, "etta": 1}, "validate_parameters cannot be set"),
        ({"scale_pos_weight": 2}, "scale_pos_weight cannot be set"),
        ({"eval_metric": "mae"}, "eval_metric is fixed at rmse"),
        ({"eval_metric": ["rmse", "mae"]}, "eval_metric is fixed at rmse"),
        ({"disable_default_eval_metric": 1}, "disable_default_eval_metric cannot be set"),
        ({"objective": "rank:pairwise"}, "objective is 'rank:pairwise', expected one for expression"),
        ({"objective": "survival:cox"}, "objective is 'survival:cox'"),
        ({"objective": "reg:gamma"}, "objective is 'reg:gamma'"),
        ({"objective": "reg:quantileerror"}, "quantile_alpha"),
        ({"objective": "reg:quantileerror", "quantile_alpha": [0.2, 0.5]}, "xgboost refuses it"),
        ({"booster": "gblinear"}, "booster is 'gblinear', but --model says which"),
        ({"booster": "dart"}, "booster is 'dart', but --model says which"),
        ({"eta": None}, "eta is null; expected a value"),
        ({"eta": "nan"}, "no finite numbers|xgboost refuses it"),
        ({"base_score": 1e38}, "no finite numbers, or none that can be expression"),
        ({"monotone_constraints": [1, 0]}, "xgboost refuses it"),
        ({"tree_method": "approx"}, "xgboost refuses it: .*hist"),
        ({"learning_rate": 0.1, "eta": 0.2}, "learning_rate is another name of eta, and both are there"),
        ({"n_estimators": 10}, "n_estimators"),
    ],
)
def test_parameters_without_effect_or_without_an_end_are_refused(options, tmp_path, capsys, parameters, message):
    (tmp_path / "p.json").write_text(json.dumps(parameters))
    refuse_training(capsys, options, f"--params .*p.json: .*{message}", "--params", str(tmp_path / "p.json"))


def test_a_parameter_that_is_there_twice_is_refused(options, tmp_path, capsys):
    (tmp_path / "p.json").write_text('{"eta": 0.1, "eta": 0.2}')
    refuse_training(capsys, options, "not JSON .eta occurs twice", "--params", str(tmp_path / "p.json"))


def test_other_objectives_and_second_names_have_their_effect(options, tmp_path, capsys):
    def printed(**parameters):
        (tmp_path / "p.json").write_text(json.dumps(train_inputs.FAST | parameters))
        return scores(capsys, options | {"--params": str(tmp_path / "p.json")})[0]

    plain = printed()
    for objective in ("reg:absoluteerror", "reg:pseudohubererror"):
        assert printed(objective=objective) != plain
    assert printed(learning_rate=0.4) == printed(eta=0.4) != plain


# --- old results used as new ---

WITH_MAP = train_inputs.RUN_SETTINGS | {
    "maps_sha256": ["3" * 64],
    "contact_rule": "published",
    "hic_resolution": 1000,
    "max_dist": 1.15,
}


@pytest.fixture
def with_map(tmp_path, sketches):
    (tmp_path / "with").mkdir()
    inputs = train_inputs.write_inputs(tmp_path / "with", width=24024, run_settings=WITH_MAP)
    return inputs | {"--params": str(tmp_path / "with" / "fast.json")}


@pytest.mark.parametrize(
    "given, message",
    [
        (["--max_dist", "0.5"], "--max_dist 0.5: the tensors in .* were made with max_dist 1.15, says .*run.json"),
        (["--hic_resolution", "5000"], "--hic_resolution 5000: the tensors in .* were made with hic_resolution 1000"),
        (["--genome_filename", "/nonexistent.fa"], "--genome_filename /nonexistent.fa: no such file"),
        (
            ["--genome_filename", "train.py"],
            "--genome_filename train.py: .* were made with another file .genome_sha256",
        ),
        (["--beluga_model_filename", "train.py"], "--beluga_model_filename train.py: .* made with another file"),
        (["--mcool_filename", "train.py"], "--mcool_filename train.py: .* were made with 1 other contact maps"),
    ],
)
def test_options_that_contradict_the_tensors_are_refused(with_map, capsys, given, message):
    refuse_training(capsys, with_map, message, *given)


def test_options_that_agree_with_the_tensors_are_taken(with_map, options, capsys):
    scores(capsys, with_map, "--max_dist", "1.15", "--hic_resolution", "1000")
    scores(capsys, options, "--max_dist", "1.15", "--hic_resolution", "1000")
    refuse(capsys, train.main, train_inputs.argv(options, "--max_dist", "0.5"), "were made with sequence alone")


def test_another_genes_table_than_that_of_the_tensors_is_refused(options, tmp_path, capsys):
    scores(capsys, options)
    fit = next(DataFolder(options["--data_folder"]).results.glob("*/"))
    table = train_inputs.gene_table()
    for column, value in (("seqnames", "chr8"), ("CAGE_representative_TSS", 77.0), ("strand", "-")):
        table.assign(**{column: table[column].where(table.index != 6, value)}).to_csv(
            tmp_path / "other.csv", index=False
        )
        given = options | {"--genes_filename": str(tmp_path / "other.csv")}
        for more in ([], ["--predict", str(fit)]):
            refuse_training(capsys, given, "other.csv: the tensors in .* were made with another file .*run.json", *more)


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda counts: np.where(counts > 1, -1, counts), "found a count of -1"),
        (lambda counts: counts * 0.3, "looks like a balanced"),
        (lambda counts: np.full(len(counts), np.nan), "found a count of nan"),
        (lambda counts: counts[:-1], "damaged or cut short"),
        (None, "no pixels/count in resolutions/1000"),
    ],
)
def test_a_map_that_was_refused_leaves_the_folder_free(tensors_argv, world, tmp_path, capsys, damage, message):
    path = tmp_path / "map.mcool"
    path.write_bytes(world.maps[0].read_bytes())
    with h5py.File(path, "a") as file:
        counts = file["resolutions/1000/pixels/count"][:]
        del file["resolutions/1000/pixels/count"]
        if damage:
            file["resolutions/1000/pixels/count"] = damage(counts)
    argv = tensors_argv("--mcool_filename", path)
    refuse(capsys, tensors.main, argv, message)
    assert set(files_in(tmp_path)) == {path}
    path.write_bytes(world.maps[0].read_bytes())
    assert tensors.main(argv) == 0


def test_other_names_of_features_are_not_those_of_an_old_fit(options, tmp_path, capsys):
    def groups(assay):
        names = pd.DataFrame({"cell type": "K562", "assay": assay, "treatment": "None"}, index=range(2002))
        names.to_csv(tmp_path / "f.tsv", sep="\t", index=False)
        scores(capsys, options, "--features_filename", str(tmp_path / "f.tsv"))
        (fit,) = DataFolder(options["--data_folder"]).results.glob("*/")
        table = pd.read_csv(fit / "importance_groups.csv")
        return set(table[table["group"] == "assay"]["name"])

    plain, _ = scores(capsys, options)
    assert groups("DNase") == {"DNase"}
    assert groups("CTCF") == {"CTCF"}
    out, log = scores(capsys, options)
    assert out == plain and "finished before" in log


# --- left out or kept without a word ---


def test_only_an_empty_cell_is_missing(tmp_path):
    table = example_genes().astype(object)
    words = ["NA", "None", "null", "nan", "N/A", ""]
    table.loc[table.index[: len(words)], "symbol"] = words
    table["TSS"] = table["TSS"].where(table.index != 9, "NA")
    table.to_csv(tmp_path / "genes.csv", index=False)
    read = read_gene_table(tmp_path / "genes.csv")
    assert list(read["symbol"].head(5)) == words[:5] and read["symbol"].isna().sum() == 1
    assert np.isnan(read["TSS"][9])


def test_every_row_that_is_left_out_is_told(tensors_argv, options, tmp_path, capsys, world):
    assert tensors.main(tensors_argv("--test_only", data="other")) == 0
    told = "12 rows: 9 genes used; left out: 1 with an empty cell, 1 on chrX, 1 rRNA"
    assert told in capsys.readouterr().err
    _, log = scores(capsys, options)
    assert "60 rows: 47 genes used; left out: 12 on chrX, 1 with an empty cell" in log
    assert "60 rows, 47 of them of genes used, tied to the genes table by its row numbers" in log


def test_lncrna_is_what_lincrna_was(tensors_argv, world, tmp_path, capsys):
    renamed = pd.read_csv(world.genes)
    renamed.loc[renamed["id"] == "G1", "type"] = "lncRNA"
    renamed.to_csv(tmp_path / "genes.csv", index=False)
    assert list(keep_genes(read_gene_table(tmp_path / "genes.csv"), "lincRNA")["id"].sort_values()) == ["G1", "G6"]
    argv = tensors_argv("--genes_filename", tmp_path / "genes.csv", "--gene_type", "lincRNA")
    assert tensors.main(argv) == 0
    assert "2 genes used; 1 lncRNA among them; left out: " in capsys.readouterr().err


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
        kept = keep_genes(read_gene_table(tmp_path / "genes.csv"))
        assert len(kept) == 7 and set(kept["chrom"]) == {"chr1", "chr8"}


def test_chromosomes_of_unknown_names_are_told(tensors_argv, world, tmp_path, capsys):
    write_fasta(tmp_path / "genome.fa", {**world.sequences, "scaffold7": world.sequences["chr9"]})
    table = pd.read_csv(world.genes)
    table.loc[table["seqnames"] == "chr9", "seqnames"] = "scaffold7"
    table.to_csv(tmp_path / "genes.csv", index=False)
    argv = tensors_argv("--genes_filename", tmp_path / "genes.csv", "--genome_filename", tmp_path / "genome.fa")
    assert tensors.main(argv) == 0
    assert "2 genes lie on chromosomes whose names are not those of human autosomes" in capsys.readouterr().err


def test_a_file_that_changed_within_its_time_stamp_is_read_again(options, capsys):
    plain, _ = scores(capsys, options)
    path = Path(options["--gene_expression_filename"])
    stat, content = path.stat(), path.read_text()
    path.write_text(content.replace("1.", "7.").replace("0.", "1."))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    assert scores(capsys, options)[0] != plain


def test_no_gene_left_is_told(options, capsys):
    refuse_training(capsys, options, "none of the 47 genes is left by them", "--divisor", "1000", "--reminder", "999")


def test_test_only_without_a_gene_on_the_test_chromosome(tensors_argv, world, tmp_path, capsys):
    table = pd.read_csv(world.genes)
    table[table["seqnames"] != "chr8"].to_csv(tmp_path / "genes.csv", index=False)
    argv = tensors_argv("--genes_filename", tmp_path / "genes.csv", "--test_only")
    refuse(capsys, tensors.main, argv, "--test_only: no gene lies on chr8; the genes table has chr")


# --- untrue messages ---


@pytest.fixture
def whole_map(world):
    """Bins and pixels of a map of the small world."""
    map_ = cooler.Cooler(f"{world.maps[0]}::/resolutions/1000")
    return SimpleNamespace(bins=map_.bins()[:][["chrom", "start", "end"]], pixels=map_.pixels()[:])


def test_maps_of_other_layouts_that_hold_the_same(tensors_argv, world, whole_map, tmp_path):
    cooler.create_cooler(str(tmp_path / "single.cool"), whole_map.bins, whole_map.pixels, ordered=True)
    (tmp_path / "of_2016.mcool").write_bytes(world.maps[0].read_bytes())
    with h5py.File(tmp_path / "of_2016.mcool", "a") as file:
        del file["resolutions/1000"].attrs["format"]
    assert tensors.main(tensors_argv(maps=[0])) == 0
    for name in ("single.cool", "of_2016.mcool"):
        assert tensors.main(tensors_argv("--mcool_filename", tmp_path / name, data=name[:6])) == 0
        assert tensor_bytes(tmp_path / name[:6]) == tensor_bytes(tmp_path / "data")


def zoom_levels(path, world, whole_map):
    with h5py.File(world.maps[0]) as source, h5py.File(path, "w") as target:
        source.copy("resolutions/2000", target, "0")
        source.copy("resolutions/1000", target, "1")


def linked(path, world, whole_map):
    with h5py.File(path, "w") as file:
        file.create_group("resolutions")
        file["resolutions/1000"] = h5py.ExternalLink(str(world.maps[0]), "/resolutions/1000")


def without_masked_bins(path, world, whole_map):
    bins = whole_map.bins.drop(index=[5, 6]).reset_index(drop=True)
    pixels = pd.DataFrame({"bin1_id": [0], "bin2_id": [30], "count": [1]})
    cooler.create_cooler(f"{path}::/resolutions/1000", bins, pixels, ordered=True)
    with h5py.File(path, "a") as file:  # HiCExplorer tells the width all the same
        file["resolutions/1000"].attrs["bin-size"] = 1000


def filtered(path, world, whole_map):
    path.write_bytes(world.maps[0].read_bytes())
    with h5py.File(path, "a") as file:
        counts = file["resolutions/1000/pixels/count"][:]
        del file["resolutions/1000/pixels/count"]
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((len(counts),))
        plist.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
        space = h5py.h5s.create_simple((len(counts),))
        h5py.h5d.create(file["resolutions/1000/pixels"].id, b"count", h5py.h5t.IEEE_F64LE, space, plist)


def other_resolution(path, world, whole_map):
    chromsizes = pd.Series(CHROMSIZES)
    none = pd.DataFrame({"bin1_id": [], "bin2_id": [], "count": []}, dtype=int)
    cooler.create_cooler(str(path), cooler.binnify(chromsizes, 2000), none)


def changed_copy(change):
    def write(path, world, whole_map):
        path.write_bytes(world.maps[0].read_bytes())
        with h5py.File(path, "a") as file:
            change(file["resolutions/1000"], path, world)

    return write


def replaced(values):
    def change(group, path, world):
        counts = group["pixels/count"][:]
        del group["pixels/count"]
        group["pixels/count"] = values(counts)

    return changed_copy(change)


def link_pixels(group, path, world):
    del group["pixels"]
    group["pixels"] = h5py.ExternalLink(str(world.maps[0]), "/resolutions/1000/pixels")


def make_virtual(group, path, world):
    length = len(group["pixels/count"])
    del group["pixels/count"]
    layout = h5py.VirtualLayout(shape=(length,), dtype="float64")
    layout[:] = h5py.VirtualSource("nowhere.h5", "count", shape=(length,))
    group["pixels"].create_virtual_dataset("count", layout)


pixels_in_another_file, virtual_count = changed_copy(link_pixels), changed_copy(make_virtual)
two_dimensions, yes_and_no = replaced(lambda counts: counts[:, None]), replaced(lambda counts: counts > 1)


@pytest.mark.parametrize("kind", ["u8", "u4", "u2", "i4", "<i2"])
def test_bins_of_any_whole_type(tensors_argv, world, tmp_path, kind):
    path = tmp_path / "map.mcool"
    path.write_bytes(world.maps[0].read_bytes())
    with h5py.File(path, "a") as file:
        for name in ("bin1_id", "bin2_id"):
            bins = file[f"resolutions/1000/pixels/{name}"][:]
            del file[f"resolutions/1000/pixels/{name}"]
            file[f"resolutions/1000/pixels/{name}"] = bins.astype(kind)
    assert tensors.main(tensors_argv(maps=[0])) == 0
    assert tensors.main(tensors_argv("--mcool_filename", path, data="typed")) == 0
    assert tensor_bytes(tmp_path / "typed") == tensor_bytes(tmp_path / "data")


OTHER_MAPS = {
    "zoom levels": (
        zoom_levels,
        r"an old layout of zoom levels: /0 .2000 bp., /1 .1000 bp.; .*cooler cp .*::/1 map.cool",
    ),
    "links": (linked, "its resolution 1000 is a link to another file, .*map0.mcool; .*give that file"),
    "single cells": (
        lambda path, world, whole: cooler.create_scool(str(path), whole.bins, {"one": whole.pixels}, ordered=True),
        "maps of 1 single cells .*cooler merge",
    ),
    "a .cool of another resolution": (
        other_resolution,
        "one resolution only, of 2000 bp.; choose --hic_resolution 2000",
    ),
    "masked bins": (without_masked_bins, "chr1 has 119 bins of 1000 bp, its length asks for 121: bins were left out"),
    "a filter": (filtered, r"pixels/count is compressed by .*HDF5 filter 32015.*the file is whole.*h5repack"),
    ".hic": (lambda path, *_: path.write_bytes(b"HIC\0\x08\0\0\0" + bytes(999)), "Juicer's .hic .*hictk convert"),
    "gzip": (lambda path, *_: path.write_bytes(gzip.compress(b"x" * 999)), "gzipped.*; decompress it"),
    "pixels in another file": (
        pixels_in_another_file,
        "pixels/bin1_id lies in another file; .*cooler cp|pixels/count lies",
    ),
    "a virtual column": (virtual_count, "pixels/count lies in another file"),
    "a column of two dimensions": (two_dimensions, "pixels/count holds 2-dimensional float64; expected one column"),
    "counts of yes and no": (yes_and_no, "pixels/count holds 1-dimensional bool"),
    "a web page": (lambda path, *_: path.write_text("<!DOCTYPE html><html>"), "not an HDF5 file .a web page."),
    "an empty file": (lambda path, *_: path.touch(), "not an HDF5 file .an empty file."),
}


@pytest.mark.parametrize("kind", OTHER_MAPS)
def test_a_whole_file_is_never_called_damaged(tensors_argv, world, whole_map, tmp_path, capsys, kind):
    write, message = OTHER_MAPS[kind]
    write(tmp_path / "map.mcool", world, whole_map)
    argv = tensors_argv("--mcool_filename", tmp_path / "map.mcool")
    refuse(capsys, tensors.main, argv, f"--mcool_filename .*map.mcool: (?!.*(damaged|fetch)).*{message}")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("script", [tensors, train])
def test_a_cooler_uri_is_told_apart_from_a_file(tensors_argv, options, world, capsys, script):
    given = ("--mcool_filename", f"{world.maps[0]}::/resolutions/1000")
    argv = train_inputs.argv(options, *given) if script is train else tensors_argv(*given)
    refuse(capsys, script.main, argv, f"a cooler URI; .*give {world.maps[0]} alone and --hic_resolution 1000")


def test_a_map_needs_no_lock_but_must_not_be_written_to(world, tmp_path, monkeypatch):
    def no_locks(file, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    assert ContactMap(world.maps[0], 1000).chromsizes == CHROMSIZES
    monkeypatch.undo()
    path = tmp_path / "map.mcool"
    path.write_bytes(world.maps[0].read_bytes())
    holding = "import h5py, sys, time; f = h5py.File(sys.argv[1], 'r+'); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", holding, path], stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        with pytest.raises(ValueError, match="locked: another program has it open for writing"):
            ContactMap(path, 1000)
        holder.kill()
    assert ContactMap(path, 1000).chromsizes == CHROMSIZES


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENOTCONN])
def test_a_disk_that_fails_is_not_a_damaged_map(tensors_argv, world, capsys, monkeypatch, number):
    map_ = ContactMap(world.maps[0], 1000)

    def fail(path):
        raise OSError(number, "Can't synchronously read data (file read failed)")

    monkeypatch.setattr("spex.inputs.maps.cool.open_map_file", fail)
    with pytest.raises(OSError) as raised:
        map_.pixel_count(["chr1"])
    assert raised.value.errno == number and str(world.maps[0]) in str(raised.value)
    refuse(capsys, tensors.main, tensors_argv(maps=[0]), f"map0.mcool: {re.escape(os.strerror(number))}; ")


@pytest.mark.parametrize("option", ["--genes_filename", "--gene_expression_filename", "--features_filename"])
def test_messages_never_hold_the_bytes_of_a_file(options, tmp_path, capsys, option):
    text = ("cell type\tassay\ttreatment\t" + "Leber ü\t" * 999 + "\n") * 2003
    for content, message in (
        (text.encode("utf-16"), "not UTF-8 text .UTF-16, as Excel's Unicode text is.; .*; save it as CSV UTF-8"),
        (gzip.compress(text.encode()), "not UTF-8 text .gzipped.; .*; its name should end in .gz"),
        (text.encode("latin-1"), "not UTF-8 text .byte 0xfc in it.; .*; save it as CSV UTF-8"),
        (b"PK\x03\x04" + bytes(range(256)) * 99, "a zip archive, as .xlsx and .zip files are"),
        (text.replace("Leber", "\x1b[2J\0").encode(), "a zero byte on line 1|no column id|byte"),
        ((text[:-20] + '"').encode(), "fields on line|no column id|neither an id column|rows of"),
    ):
        (tmp_path / "given.tsv").write_bytes(content)
        before = files_in(tmp_path)
        argv = train_inputs.argv(options | {option: str(tmp_path / "given.tsv")})
        assert train.main(argv) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert re.search(message, line) and len(line) < 1500 and line.isprintable(), line
        assert files_in(tmp_path) == before


# --- a triviality at the last step ---

NAMES = ("$\\frac{1}{$2 % _ ^ {}", "CD4+ T/../x", "\x1b[31mred\x07 x\u2028y", "名前 🧬", "a" * 400, "..")


@pytest.mark.parametrize("model, names", [("gbtree", NAMES), ("ridge", NAMES[:1])])
def test_whatever_a_tissue_is_called_its_fit_is_kept(tmp_path, capsys, model, names):
    options = train_inputs.write_inputs(tmp_path)
    table = pd.read_csv(options["--gene_expression_filename"], index_col=0)
    for name in names:
        table[name] = table["Liver"]
    table[["Liver", *names]].to_csv(options["--gene_expression_filename"])
    more = ["--params", str(tmp_path / "fast.json")] if model == "gbtree" else []
    assert train.main(train_inputs.argv(options | {"--target_index": "all"}, "--model", model, *more)) == 0
    captured = capsys.readouterr()
    assert all(letter.isprintable() or letter == "\n" for letter in captured.out + captured.err)
    results = DataFolder(options["--data_folder"]).results
    assert len(list(results.glob("summary*.png"))) == 1
    for index, name in enumerate(names, start=2):
        (fit,) = results.glob(f"{index}-*/")
        assert json.loads((fit / "metrics.json").read_text())["settings"]["target"] == name
        pictures = list(fit.glob("*.png"))
        assert len(pictures) == 4 and all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_free_text_of_the_command_line_and_of_chromosomes(options, tmp_path, capsys):
    table = train_inputs.gene_table()
    table["seqnames"] = table["seqnames"].replace({"chr9": "chr9:$x"})
    table.to_csv(tmp_path / "genes.csv", index=False)
    DataFolder(options["--data_folder"]).run_json.unlink()
    notes = ("--biosample", "\udcff\r\n$", "--log_note", "\x1b[2J")
    given = ("--validation_chroms", "chr9:$x", *notes)
    first, _ = scores(capsys, options, *given)
    (fit,) = DataFolder(options["--data_folder"]).results.glob("*/")
    assert first == scores(capsys, options, *given)[0]
    assert json.loads((fit / "metrics.json").read_bytes().decode(errors="surrogateescape"))["settings"]["log_note"]
    (row,) = pd.read_csv(DataFolder(options["--data_folder"]).results / "results.csv").to_dict("records")
    assert row["biosample"] == "\\udcff\\r\\n$" and row["log_note"] == "\\x1b[2J"


@pytest.mark.parametrize("name", ["../../chr9", "/abs", ".hidden"])
def test_a_chromosome_that_leaves_the_folder_is_refused(tensors_argv, world, tmp_path, capsys, name):
    table = pd.read_csv(world.genes)
    table["seqnames"] = table["seqnames"].replace({"chr9": name})
    table.to_csv(tmp_path / "genes.csv", index=False)
    argv = tensors_argv("--genes_filename", tmp_path / "genes.csv")
    refuse(capsys, tensors.main, argv, f"lies on chromosome '{re.escape(name)}', which cannot be part of a file name")


def test_a_terminal_that_lacks_the_letters(tmp_path):
    options = train_inputs.write_inputs(tmp_path)
    table = pd.read_csv(options["--gene_expression_filename"], index_col=0).rename(columns={"Liver": "名前"})
    table.to_csv(options["--gene_expression_filename"])
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [*TRAIN, *train_inputs.argv(options, "--list_targets")]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert done.stdout.splitlines()[-1] == b"4\t\\u540d\\u524d"


@pytest.mark.parametrize("number", sorted(set(errno.errorcode) - {errno.EPIPE, errno.EINTR}))
def test_every_error_of_the_system_ends_in_one_line(capsys, number):
    def run(args):
        raise OSError(number, os.strerror(number), "/some/file")

    if number in BUGS:
        with pytest.raises(OSError):
            run_script("train.py", run, None)
        return
    refuse(
        capsys, lambda args: run_script("train.py", run, args), None, f"/some/file: {re.escape(os.strerror(number))}; "
    )


def test_a_want_of_memory_ends_in_one_line(capsys):
    def run(args):
        np.empty(1 << 60, dtype=np.int8)

    refuse(
        capsys, lambda args: run_script("train.py", run, args), None, "out of memory or threads; give it more memory"
    )


def test_a_limit_of_file_sizes_ends_in_one_line_and_loses_nothing(tmp_path):
    options = train_inputs.write_inputs(tmp_path)
    command = [*TRAIN, *train_inputs.argv(options, "--params", str(tmp_path / "fast.json"))]
    script = 'ulimit -f 20; exec "$@"'
    done = subprocess.run(["bash", "-c", script, "bash", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert re.search(r"train.py: error: .*File too large; raise the limit of file sizes", done.stderr.splitlines()[-1])
    assert "Traceback" not in done.stderr
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
