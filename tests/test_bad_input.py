"""Bad input on the command line, a file of each kind and every option: one line, exit status 2, nothing written.

A case makes its bad file in `tmp_path` and gives the options that lead to it.
"""

import json
import re

import pytest
import torch
import train_inputs
from conftest import CHROMSIZES, write_mcool
from refusals import files_in, refuse

from spex.commands import tensors, train
from spex.files.hashes import KnownHashes
from spex.inputs import genes as genes_module
from spex.runs.folder import DataFolder

pytestmark = pytest.mark.usefixtures("narrow")


# --- files of tensors.py: a case each; all that can be wrong with a file is tested at its reader ---


@pytest.mark.parametrize(
    "option, content, message",
    [
        ("--genes_filename", b"id\n", "no column chrom, strand, tss; found id"),
        ("--genes_filename", b"", "no readable table header"),
        ("--genome_filename", b"chr1\t1000\n", "text or bytes of another kind; expected FASTA"),
        (
            "--beluga_model_filename",
            b"<html>",
            "not a .*PyTorch file.*; get it again with: python -m spex.resources get",
        ),
        ("--mcool_filename", b"chr1\t0\t1000\n", "a BED file of stretches .*; expected loops as BEDPE"),
        ("--mcool_filename", b"\xff\xfa\t0\t1000\n", "not an HDF5 file; expected a whole .mcool"),
    ],
)
def test_file_of_tensors(tensors_argv, tmp_path, capsys, option, content, message):
    (tmp_path / "given").write_bytes(content)
    argv = tensors_argv(option, tmp_path / "given")
    refuse(capsys, tensors.main, argv, f"error: {option} {tmp_path}/given: {message}")
    assert set(files_in(tmp_path)) == {tmp_path / "given"}


def test_a_genome_without_a_chromosome_of_the_genes(world, tensors_argv, tmp_path, capsys):
    (tmp_path / "genome.fa").write_text(">chr8\nACGT\n")
    argv = tensors_argv("--genome_filename", tmp_path / "genome.fa")
    found = "the genes table names 'chr1', which the genome lacks; it has chr8"
    refuse(capsys, tensors.main, argv, f"--genes_filename {world.genes}: {found}")
    assert set(files_in(tmp_path)) == {tmp_path / "genome.fa", tmp_path / "genome.fa.fai"}


def test_the_published_genes_on_another_build(world, tensors_argv, monkeypatch, capsys):
    published = genes_module.PUBLISHED_TABLE_SHA256
    known = KnownHashes.sha256
    monkeypatch.setattr(
        KnownHashes, "sha256", lambda self, path: published if path == str(world.genes) else known(self, path)
    )
    message = "--genome_filename .*: chr1 is 120,400 bp long, expected 248,956,422 as in GRCh38"
    refuse(capsys, tensors.main, tensors_argv(), message)


def test_two_maps_of_different_bins(world, tensors_argv, tmp_path, capsys):
    write_mcool(tmp_path / "other.mcool", {}, chromsizes={**CHROMSIZES, "chr9": 61_001})
    argv = tensors_argv("--mcool_filename", world.maps[0], tmp_path / "other.mcool")
    refuse(capsys, tensors.main, argv, "other.mcool: chr9 is 61,001 bp long there and 61,000 bp in the genome")


def test_the_same_map_twice(world, tensors_argv, tmp_path, capsys):
    (tmp_path / "copy.mcool").write_bytes(world.maps[0].read_bytes())
    for second in (tmp_path / "copy.mcool", world.maps[0]):
        argv = tensors_argv("--mcool_filename", world.maps[0], second)
        refuse(capsys, tensors.main, argv, f"--mcool_filename {second}: the same map as {world.maps[0]}")


# --- options of tensors.py ---

TENSOR_OPTIONS = [
    ("--bin_size 100", "--bin_size: found '100', but the checkpoint fixes it at 200"),
    ("--window_size 1000", "--window_size: found '1000', but the checkpoint fixes it at 2000"),
    ("--tensor_width 12", "--tensor_width: found '12', but the checkpoint fixes it at 10"),
    ("--features_count 919", "--features_count: found '919', but the checkpoint fixes it at 2002"),
    ("--batch_size 0", "--batch_size: found '0', expected a whole number from 1 up"),
    ("--batch_size 3.5", "--batch_size: found '3.5', expected a whole number"),
    ("--block_size many", "--block_size: found 'many', expected a whole number"),
    ("--max_dist nan", "--max_dist: found 'nan', expected a number above 0"),
    ("--max_dist 0", "--max_dist: found '0', expected a number above 0"),
    ("--max_dist inf", "--max_dist: found 'inf', expected a number above 0"),
    ("--min_count 3", "--min_count 3: says how a contact map is used, but none is given"),
    ("--contact_rule corrected", "--contact_rule corrected: says how a contact map is used, but none is given"),
    ("--hic_resolution 5000", "--hic_resolution 5000: says how a contact map is used, but none is given"),
    ("--contact_weight log", "--contact_weight log: says how a contact map is used, but none is given"),
    ("--distance_edges 0.3 0.6", "--distance_edges 0.3 0.6: says how a contact map is used, but none is given"),
    ("--contact_weight raw", "--contact_weight: found 'raw', expected one of "),
    ("--distance_edges 0", "--distance_edges: found '0', expected a number above 0"),
    ("--distance_edges 0.6 0.3 --mcool_filename a", "--distance_edges: found 0.6 0.3; expected numbers that rise"),
    (
        "--distance_edges 0.3 1.2 2 --mcool_filename a",
        "--distance_edges 0.3 1.2 2: the published rule keeps nothing from 1.2 on",
    ),
    (
        "--max_dist 1.2 --contact_rule corrected --mcool_filename a",
        "--max_dist 1.2: belongs to --contact_rule published",
    ),
    (
        "--max_dist 1.15 --contact_rule corrected --mcool_filename a",
        "--max_dist 1.15: belongs to --contact_rule published, but the rule is corrected; leave it out",
    ),
    ("--min_count 2 --mcool_filename a", "--min_count 2: belongs to --contact_rule corrected, but the rule is publ"),
    ("--min_count 3 --mcool_filename a", "--min_count 3: belongs to --contact_rule corrected, but the rule is publ"),
    ("--mcool_filename a --mcool_filename b", "--mcool_filename a: no such file"),
    ("--mcool_filename=", "--mcool_filename: found nothing, expected a path"),
    ("--data_folder=", "--data_folder: found nothing, expected a path; is a variable of the shell not set"),
    ("--pred_cache_folder=", "--pred_cache_folder: found nothing, expected a path"),
    ("--min_count -1 --contact_rule corrected", "--min_count: found '-1', expected a number above 0"),
    ("--contact_rule strict", "--contact_rule: found 'strict', expected one of "),
    ("--hic_resolution 0", "--hic_resolution: found '0', expected a whole number from 1 up"),
    ("--hic_resolution 2500 --mcool_filename a", "--hic_resolution 2500: expected a multiple of 200"),
    ("--contact_rule corected", "expected one of published, corrected; did you mean corrected"),
    ("--correction", "unrecognized arguments: --correction, did you mean --contact_rule corrected"),
    ("--gene_type mRNA", "--gene_type: found 'mRNA', expected one of "),
    ("--divisor 3", "--divisor: is given without --reminder"),
    ("--reminder 3", "--reminder: is given without --divisor"),
    ("--divisor 0 --reminder 0", "--divisor: found '0', expected a whole number from 1 up"),
    ("--divisor 3 --reminder 3", "--reminder: found 3; expected 0 to 2"),
    ("--divisor 3 --reminder -1", "--reminder: found '-1', expected a whole number from 0 up|expected one argument"),
    ("--precision double", "--precision: found 'double', expected one of "),
    ("--precision tf32", "--precision tf32: only CUDA devices have it"),
    ("--compute_platform GPU", "--compute_platform: found 'GPU', expected one of "),
    ("--gpus first", "--gpus: found 'first', expected a whole number"),
    ("--gpus 0", "--gpus: of no use with --compute_platform CPU"),
    ("--cache_dtype int8", "--cache_dtype: found 'int8', expected one of "),
    ("--test_only False", "unrecognized arguments: False"),
    ("--mcool_filename", "--mcool_filename: expected at least one argument"),
    ("--data", "unrecognized arguments: --data"),
    ("--no_such_option", "unrecognized arguments: --no_such_option"),
]


@pytest.mark.parametrize("options, message", TENSOR_OPTIONS)
def test_option_of_tensors(tensors_argv, tmp_path, capsys, options, message):
    refuse(capsys, tensors.main, tensors_argv(*options.split()), message)
    assert not files_in(tmp_path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_cuda_without_a_device(tensors_argv, capsys):
    refuse(capsys, tensors.main, tensors_argv("--compute_platform", "CUDA"), "PyTorch finds no CUDA device here")


@pytest.mark.parametrize(
    "option, resource, name",
    [
        ("--genes_filename", "genes", "geneanno_GRCh38.csv"),
        ("--genome_filename", "genome", "hg38.fa"),
        ("--beluga_model_filename", "beluga", "deepsea.beluga.pth"),
    ],
)
def test_missing_file(tensors_argv, world, tmp_path, capsys, option, resource, name):
    command = f"get it with: python -m spex.resources get {resource}"
    refuse(capsys, tensors.main, tensors_argv(option, f"data/{name}"), f"{option} data/{name}: no such file; {command}")
    hint = "there is no folder nowhere; check the path"
    refuse(capsys, tensors.main, tensors_argv(option, "nowhere/file"), f"{option} nowhere/file: no such file; {hint}")
    near = world.genes.with_name("genesx.csv")
    refuse(capsys, tensors.main, tensors_argv(option, near), f"no such file; did you mean {world.genes.name}")
    refuse(capsys, tensors.main, tensors_argv(option, tmp_path), f"{option} .*: found a folder; expected a file")


@pytest.mark.parametrize(
    "name, advice",
    [("4DNFIARR7LP4.mcool", "get it with: python -m spex.resources get contacts"), ("a", "check the path")],
)
def test_missing_map(tensors_argv, capsys, name, advice):
    argv = tensors_argv("--mcool_filename", name)
    refuse(capsys, tensors.main, argv, f"--mcool_filename {name}: no such file; {advice}")


@pytest.mark.parametrize("option", ["--data_folder", "--pred_cache_folder"])
def test_a_file_where_a_folder_is_expected(tensors_argv, tmp_path, capsys, option):
    (tmp_path / "file").touch()
    argv = tensors_argv(option, tmp_path / "file" / "data")
    refuse(capsys, tensors.main, argv, f"{option} .*file/data: .*/file is no folder")


# --- files of train.py ---


@pytest.fixture
def options(tmp_path):
    return train_inputs.write_narrow_inputs(tmp_path)


def refuse_training(capsys, options, message, *more):
    refuse(capsys, train.main, train_inputs.argv(options, *more), message)
    assert not DataFolder(options["--data_folder"]).results.exists()


@pytest.mark.parametrize(
    "option, content, message",
    [
        ("--genes_filename", b"id\n", "no column chrom, strand, tss; found id"),
        ("--gene_expression_filename", b"id\tLiver\nx\t1\n", "0 of the 47 genes are in its id column"),
        (
            "--features_filename",
            b"a\tb\n1\t2\n",
            "1 rows of 2 columns; expected a table of the network's 200 features",
        ),
        ("--params", b"[1]", r"found \[1\]; expected an object"),
        ("--params", b'{"seed": 1}', "seed is set by --seed, not in the file; --model gbtree has booster, "),
    ],
)
def test_file_of_train(options, tmp_path, capsys, option, content, message):
    (tmp_path / "given").write_bytes(content)
    refuse_training(capsys, options, f"error: {option} {tmp_path}/given: {message}", option, str(tmp_path / "given"))


def test_tensor(options, capsys):
    path = DataFolder(options["--data_folder"]).tensor_path("ENSG00000000000")
    path.write_bytes(path.read_bytes()[:-10])
    message = f"1 of 47 tensors cannot be used: {re.escape(str(path))}: .*run python tensors.py again"
    refuse_training(capsys, options, message)


def test_data_folder(options, tmp_path, capsys):
    missing = {"--data_folder": str(tmp_path / "none")}
    refuse_training(capsys, options | missing, "no such folder; .*make the tensors first: python tensors.py")
    (tmp_path / "naked").mkdir()
    naked = options | {"--data_folder": str(tmp_path / "naked")}
    refuse_training(capsys, naked, "no folder tensors in it; make the tensors first: python tensors.py")
    near = options | {"--data_folder": str(tmp_path / "nakedd")}
    refuse_training(capsys, near, "no such folder; did you mean naked")
    (tmp_path / "empty" / "tensors").mkdir(parents=True)
    refuse_training(capsys, options | {"--data_folder": str(tmp_path / "empty")}, "no tensor of the 47 genes asked for")
    run_json = DataFolder(options["--data_folder"]).run_json
    run_json.write_text(run_json.read_text().replace("float32", "float16"))
    refuse_training(capsys, options, "run.json: damaged or edited")


# --- options of train.py ---

TRAIN_OPTIONS = [
    ("--target_index 0", "--target_index 0: .* has 1 to 4"),
    ("--target_index 5", "--target_index 5: .* has 1 to 4"),
    ("--target_index 3-1", "--target_index 3-1: .* has 1 to 4"),
    ("--target_index liver", "--target_index liver: .* expected an index like 1"),
    ("--target Livr", "--target 'Livr': no such tissue in .*; nearest: Liver"),
    ("--target Kidney*", r"--target 'Kidney\*': no such tissue"),
    ("--pseudocount 0", "--pseudocount: found '0', expected a number above 0"),
    ("--pseudocount -1", "--pseudocount: found '-1', expected a number above 0|expected one argument"),
    ("--pseudocount nan", "--pseudocount: found 'nan', expected a number above 0"),
    ("--model rigde", "--model: found 'rigde', expected one of gbtree, gblinear, ridge; did you mean ridge"),
    ("--model forest", "--model: found 'forest', expected one of "),
    ("--seed 9999999999", "--seed: found '9999999999', expected a whole number from 0 to 2147483647"),
    ("--seed -1", "--seed: found '-1', expected a whole number from 0 to 2147483647"),
    ("--repeats 0", "--repeats: found '0', expected a whole number from 1 up"),
    ("--repeats 2 --model ridge", "--repeats 2: ridge has no random part"),
    ("--neighbour_penalties 0", "--neighbour_penalties: found '0', expected a number above 0"),
    ("--neighbour_penalties some --model ridge", "--neighbour_penalties: found 'some', expected a number above 0"),
    ("--neighbour_penalties 1", "--neighbour_penalties: gbtree has no such penalties; --model ridge has"),
    ("--neighbour_penalties 1e40 --model ridge", "--neighbour_penalties: .*expected a number from 1e-30 to 1e.30"),
    ("--neighbour_penalties 1 none --model ridge", "--neighbour_penalties: the tensors were made without contact maps"),
    ("--test_chroms chr3", "--test_chroms chr3: no test genes"),
    ("--test_chroms 8", "--test_chroms 8: no test genes"),
    ("--validation_chroms chrX", "--validation_chroms chrX: no validation genes"),
    ("--validation_chroms chr8", "--validation_chroms chr8: is among --test_chroms too"),
    ("--test_chroms chr1 chr2 chr8 chr9", "no training genes"),
    ("--test_only", "no training genes"),
    ("--cv folds", "--cv: found 'folds', expected one of "),
    ("--cv chromosomes --test_chroms chr8", "--test_chroms: a cross-validation tests on every chromosome in turn"),
    ("--cv chromosomes --cv_groups 2", "--cv_groups: found '2', expected a whole number from 3 up"),
    ("--cv chromosomes --cv_groups 9", "9 groups of the 4 chromosomes"),
    (
        "--cv_groups 3",
        "--cv_groups 3: says how a cross-validation divides the chromosomes, but none is asked for; give --cv",
    ),
    ("--mcool_filename none", "--mcool_filename none: no such file"),
    ("--mcool_filename train.py", "--mcool_filename train.py: the tensors in .* were made with sequence alone"),
    ("--params none.json", "--params none.json: no such file"),
    ("--features_filename none.tsv", "--features_filename none.tsv: no such file"),
    ("--predict nowhere", "--predict nowhere: no finished and undamaged fit there"),
    ("--google_spreadsheet_id x", "only one was given"),
    ("--compute_platform CUDA --model gblinear", "--compute_platform CUDA: gblinear is fitted on the CPU only"),
    ("--block_size 3", "unrecognized arguments: --block_size"),
]


@pytest.mark.parametrize("given, message", TRAIN_OPTIONS)
def test_option_of_train(options, capsys, given, message):
    if "--target " in given:
        del options["--target_index"]
    refuse_training(capsys, options, message, *given.split())


def test_saved_model(options, sketches, tmp_path, capsys):
    (tmp_path / "fast.json").write_text(json.dumps(train_inputs.FAST))
    assert train.main(train_inputs.argv(options, "--params", str(tmp_path / "fast.json"))) == 0
    (fit,) = DataFolder(options["--data_folder"]).results.glob("*/")
    capsys.readouterr()
    argv = train_inputs.argv(options, "--predict", str(fit))
    for name, damage in (
        ("model.ubj", lambda content: content[:-1]),
        ("model.ubj", lambda content: content[:200] + bytes([content[200] ^ 1]) + content[201:]),
        ("metrics.json", lambda content: content.replace(b'"seed": 1410', b'"seed": 1411')),
        ("metrics.json", lambda content: b""),
    ):
        whole = (fit / name).read_bytes()
        (fit / name).write_bytes(damage(whole))
        before = files_in(tmp_path)
        refuse(capsys, train.main, argv, f"--predict .*({name}: damaged|no finished and undamaged fit there)")
        assert files_in(tmp_path) == before
        (fit / name).write_bytes(whole)
