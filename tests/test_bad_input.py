"""Every kind of bad input, file by file and option by option: one line, exit status 2, nothing written.

A case makes its bad file in `tmp_path` and gives the options that lead to it.
"""

import gzip
import json
import pickle
import re
import zipfile

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import train_inputs
from conftest import CHROMSIZES, example_genes, narrow_state, write_mcool
from refusals import files_in, refuse

from spex.commands import tensors, train
from spex.files.hashes import KnownHashes
from spex.files.sealed import save_array
from spex.inputs import genes as genes_module
from spex.runs.folder import DataFolder

pytestmark = pytest.mark.usefixtures("narrow")


class Touch:
    """Pickles to a call that would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


# --- the genes table ---


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
    "tab-separated": (WHOLE.replace(",", "\t"), "no column id"),
    "UTF-16": (WHOLE.encode("utf-16"), "not UTF-8 text .UTF-16, as Excel.*; save it as CSV UTF-8"),
    "compressed": (gzip.compress(WHOLE.encode()), r"\(gzipped\); .*; its name should end in .gz"),
    "bytes": (bytes(range(256)) * 9, "--genes_filename"),
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
    "position past the end": (edited(CAGE_representative_TSS=120_401), "TSS 120,401 of gene G1 lies past the end"),
    "strand .": (edited(strand="."), "'G1' is on strand '.'; expected"),
    "strand 1": (edited(strand="1"), "'G1' is on strand '1'; expected"),
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
def test_genes_table(tensors_argv, tmp_path, capsys, kind):
    content, message = GENE_TABLES[kind]
    (tmp_path / "genes.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    refuse(capsys, tensors.main, tensors_argv("--genes_filename", tmp_path / "genes.csv", maps=[0]), message)
    assert set(files_in(tmp_path)) == {tmp_path / "genes.csv"}


# --- the genome ---


def fasta(**changes):
    return "".join(f">{name}\n{letters}\n" for name, letters in {"chr8": "ACGT", "chr9": "ACGT", **changes}.items())


GENOMES = {
    "empty": (b"", "an empty file; expected FASTA"),
    "gzip": (gzip.compress(b">chr1\nACGT\n"), "compressed .gzipped.; expected plain FASTA; decompress it with: gunzip"),
    "zip": (b"PK\x03\x04" + bytes(100), "a zip archive, .*; expected FASTA"),
    "a table": (b"chr1\t1000\n", "text or bytes of another kind; expected FASTA"),
    "two lines of different length": (b">chr1\nACGT\nACGTACGT\nAC\n", "not usable as FASTA"),
    "a name twice": (b">chr1\nACGT\n>chr1\nACGT\n", "not usable as FASTA .*chr1"),
    "no name": (b">\nACGT\n", "not usable as FASTA|which the genome lacks"),
    "names without chr": (fasta(chr8="A").replace("chr", "").encode(), "which the genome lacks; it has 8, 9"),
    "a chromosome is missing": (fasta().encode(), "names 'chr1', which the genome lacks; it has chr8, chr9"),
    "cut short": (fasta(chr1="ACGT").encode(), "lies past the end of chr1 .4 bp.; expected a genome of the same build"),
    "bytes": (bytes(range(256)) * 99, "expected FASTA"),
}


@pytest.mark.parametrize("kind", GENOMES)
def test_genome(tensors_argv, tmp_path, capsys, kind):
    content, message = GENOMES[kind]
    (tmp_path / "genome.fa").write_bytes(content)
    refuse(capsys, tensors.main, tensors_argv("--genome_filename", tmp_path / "genome.fa"), message)
    assert set(files_in(tmp_path)) <= {tmp_path / "genome.fa", tmp_path / "genome.fa.fai"}


def test_the_published_genes_on_another_build(world, tensors_argv, monkeypatch, capsys):
    published = genes_module.PUBLISHED_TABLE_SHA256
    known = KnownHashes.sha256
    monkeypatch.setattr(
        KnownHashes, "sha256", lambda self, path: published if path == str(world.genes) else known(self, path)
    )
    message = "--genome_filename .*: chr1 is 120,400 bp long, expected 248,956,422 as in GRCh38"
    refuse(capsys, tensors.main, tensors_argv(), message)


# --- the checkpoint ---


def changed_state(**changes):
    return lambda path: torch.save({**narrow_state(), **changes}, path)


def flip_a_weight(path):
    torch.save(narrow_state(), path)
    content = bytearray(path.read_bytes())
    content[content.index(narrow_state()["model.0.0.weight"].numpy().tobytes()) + 2] ^= 1
    path.write_bytes(content)


def old_form_with_a_call(path):
    path.write_bytes(pickle.dumps(Touch(path.with_name("called"))))


def zip_with_a_call(path):
    torch.save({"model.0.0.weight": Touch(path.with_name("called"))}, path)


FIRST = "model.0.0.weight"
CHECKPOINTS = {
    "empty": (lambda path: path.touch(), "not a whole PyTorch file"),
    "text": (lambda path: path.write_text("<html>Not found</html>"), "not a (whole )?PyTorch file"),
    "cut short": (
        lambda path: (flip_a_weight(path), path.write_bytes(path.read_bytes()[:-999])),
        "not a whole PyTorch",
    ),
    "a flipped bit": (flip_a_weight, "not a whole PyTorch file of weights .the checksum of .* does not fit"),
    "another archive": (lambda path: zipfile.ZipFile(path, "w").close(), "not a PyTorch file of weights"),
    "a call in a pickle": (old_form_with_a_call, "anything else in it is never loaded"),
    "a call in an archive": (zip_with_a_call, "anything else in it is never loaded"),
    "a list": (lambda path: torch.save([1], path), "found a list, expected a state dict"),
    "a tensor is missing": (
        lambda path: torch.save(dict(list(narrow_state().items())[1:]), path),
        "1 of its 16 tensors",
    ),
    "a tensor too many": (changed_state(extra=torch.zeros(1)), "1 are not its own .extra"),
    "another shape": (changed_state(**{FIRST: torch.zeros(2)}), r"model.0.0.weight has shape \(2,\)"),
    "no tensor": (changed_state(**{FIRST: 3.0}), "model.0.0.weight has shape float"),
    "whole numbers": (changed_state(**{FIRST: narrow_state()[FIRST].int()}), "not finite numbers"),
    "NaN": (changed_state(**{FIRST: narrow_state()[FIRST] * float("nan")}), "not finite numbers"),
    "infinity": (changed_state(**{FIRST: narrow_state()[FIRST] / 0}), "not finite numbers"),
}


@pytest.mark.parametrize("kind", CHECKPOINTS)
def test_checkpoint(tensors_argv, tmp_path, capsys, kind):
    write, message = CHECKPOINTS[kind]
    write(tmp_path / "weights.pth")
    argv = tensors_argv("--beluga_model_filename", tmp_path / "weights.pth")
    refuse(capsys, tensors.main, argv, f"{message}.*; get it again with: python -m spex.resources get beluga")
    assert set(files_in(tmp_path)) == {tmp_path / "weights.pth"}


# --- contact maps ---


def set_in_map(name, value):
    def write(path):
        write_mcool(path, {"chr1": [(1, 50, 1.0), (60, 90, 2.0)], "chr8": [(3, 40, 1.0)]})
        with h5py.File(path, "a") as file:
            dataset = file[f"resolutions/1000/{name}"]
            dataset[: len(value)] = value

    return write


def attribute_of_map(name, value):
    def write(path):
        write_mcool(path, {"chr1": [(60, 90, 2.0)]})
        with h5py.File(path, "a") as file:
            file["resolutions/1000"].attrs[name] = value

    return write


def without_in_map(name):
    def write(path):
        write_mcool(path, {"chr1": [(60, 90, 2.0)]})
        with h5py.File(path, "a") as file:
            del file[f"resolutions/1000/{name}"]

    return write


def replace_in_map(name, values):
    def write(path):
        write_mcool(path, {"chr1": [(1, 50, 1.0), (60, 90, 2.0)], "chr8": [(3, 40, 1.0)]})
        with h5py.File(path, "a") as file:
            values_now = values(file[f"resolutions/1000/{name}"][:]) if callable(values) else values
            del file[f"resolutions/1000/{name}"]
            file[f"resolutions/1000/{name}"] = values_now

    return write


def shorten_in_map(name, length):
    return replace_in_map(name, lambda column: column[:length])


def map_cut_short(path):
    write_mcool(path, {"chr1": [(60, 90, 2.0)]})
    path.write_bytes(path.read_bytes()[:9000])


def map_of_uneven_bins(path):
    bins = pd.DataFrame({"chrom": "chr1", "start": [0, 700, 900], "end": [700, 900, 120_400]})
    pixels = pd.DataFrame({"bin1_id": [0], "bin2_id": [2], "count": [1]})
    cooler.create_cooler(f"{path}::/resolutions/1000", bins, pixels)


def map_of(chromsizes):
    return lambda path: write_mcool(path, {}, chromsizes=chromsizes)


MAPS = {
    "empty": (lambda path: path.touch(), "not an HDF5 file"),
    "text": (lambda path: path.write_text("chr1\t0\t1000\n"), "not an HDF5 file"),
    "an empty HDF5 file": (lambda path: h5py.File(path, "w").close(), "it holds no resolution at all"),
    "cut short": (map_cut_short, "damaged or cut short|not an HDF5 file"),
    "another resolution": (
        lambda path: write_mcool(path, {}, resolution=5000, others=()),
        r"no resolution 1000 \(it has 5000\)",
    ),
    "a square map": (attribute_of_map("storage-mode", "square"), "stored square; expected symmetric-upper"),
    "bins of another width": (attribute_of_map("bin-size", 999), "bins of resolutions/1000 are 999 bp, not 1000"),
    "bins of many widths": (map_of_uneven_bins, "bins of resolutions/1000 are of no fixed width"),
    "another build": (map_of({**CHROMSIZES, "chr1": 130_000}), "chr1 is 130,000 bp long there and 120,400 bp in the"),
    "another species": (map_of({"chr1": 195_471, "chr2": 182_113}), "no chromosome 'chr8'|chr1 is 195,471 bp"),
    "names without chr": (map_of({"1": 120_400, "8": 90_000, "9": 61_000}), "no chromosome 'chr[189]'"),
    "no chr8": (map_of({"chr1": 120_400, "chr9": 61_000}), "no chromosome 'chr8'"),
    "a negative count": (set_in_map("pixels/count", [1, -1, 1]), "found a count of -1; expected raw counts"),
    "NaN as a count": (set_in_map("pixels/count", [1, np.nan, 1]), "found a count of nan; expected raw counts"),
    "infinity as a count": (set_in_map("pixels/count", [1, np.inf, 1]), "found a count of inf; expected raw counts"),
    "a pixel outside": (set_in_map("pixels/bin1_id", [900]), "damaged .*pixels whose bins its index contradicts"),
    "a pixel upside down": (set_in_map("pixels/bin2_id", [0]), "damaged .*pixels whose bins its index contradicts"),
    "a wrong index of bins": (set_in_map("indexes/chrom_offset", [0, 50]), "damaged .*gives chr[18] [0-9]+ bins"),
    "a wrong index of pixels": (set_in_map("indexes/bin1_offset", [7]), "damaged .*gives chr1 the pixels 7 to"),
    "few bins in the index": (shorten_in_map("indexes/bin1_offset", 51), "damaged .*bin1_offset holds 0 int64"),
    "few chromosomes in the index": (shorten_in_map("indexes/chrom_offset", 1), "damaged .*chrom_offset holds"),
    "few bins in pixels": (shorten_in_map("pixels/bin2_id", 1), "damaged .*pixels/bin2_id holds"),
    "few counts": (shorten_in_map("pixels/count", 1), "damaged .*(pixels/count holds|of 1)"),
    "text as counts": (
        replace_in_map("pixels/count", [b"one"] * 3),
        "pixels/count holds 1-dimensional object; expected one column",
    ),
    "text as bins": (replace_in_map("pixels/bin1_id", [b"one"] * 3), "pixels/bin1_id holds 1-dimensional"),
    "no counts": (without_in_map("pixels/count"), "no pixels/count in resolutions/1000"),
    "no chromosomes": (without_in_map("chroms"), "damaged or cut short|no resolution 1000"),
}


@pytest.mark.parametrize("kind", MAPS)
def test_contact_map(tensors_argv, tmp_path, capsys, monkeypatch, kind):
    write, message = MAPS[kind]
    write(tmp_path / "map.mcool")
    table = example_genes()
    table.loc[table["id"] == "G1", "CAGE_representative_TSS"] = 60_000.0
    table.to_csv(tmp_path / "genes.csv", index=False)
    argv = tensors_argv("--genes_filename", tmp_path / "genes.csv", "--mcool_filename", tmp_path / "map.mcool")
    refuse(capsys, tensors.main, argv, f"--mcool_filename .*map.mcool: .*({message})")
    assert not list(tmp_path.rglob("*.npy"))


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
    (
        "--max_dist 1.2 --contact_rule corrected --mcool_filename a",
        "--max_dist 1.2: belongs to --contact_rule published",
    ),
    ("--min_count 3 --mcool_filename a", "--min_count 3: belongs to --contact_rule corrected, but the rule is publ"),
    ("--mcool_filename a --mcool_filename b", "--mcool_filename a: no such file"),
    ("--mcool_filename=", "--mcool_filename: found nothing, expected a path"),
    ("--data_folder=", "--data_folder: found nothing, expected a path; is a variable of the shell not set"),
    ("--pred_cache_folder=", "--pred_cache_folder: found nothing, expected a path"),
    ("--min_count -1 --contact_rule corrected", "--min_count: found '-1', expected a number above 0"),
    ("--contact_rule strict", "--contact_rule: invalid choice: 'strict'"),
    ("--hic_resolution 0", "--hic_resolution: found '0', expected a whole number from 1 up"),
    ("--hic_resolution 2500 --mcool_filename a", "--hic_resolution 2500: expected a multiple of 200"),
    ("--gene_type mRNA", "--gene_type: invalid choice: 'mRNA'"),
    ("--divisor 3", "--divisor and --reminder: only one was given"),
    ("--reminder 3", "--divisor and --reminder: only one was given"),
    ("--divisor 0 --reminder 0", "--divisor: found '0', expected a whole number from 1 up"),
    ("--divisor 3 --reminder 3", "--reminder 3: expected 0 to 2"),
    ("--divisor 3 --reminder -1", "--reminder: found '-1', expected a whole number from 0 up|expected one argument"),
    ("--precision double", "--precision: invalid choice: 'double'"),
    ("--precision tf32", "--precision tf32: only CUDA devices have it"),
    ("--compute_platform GPU", "--compute_platform: invalid choice: 'GPU'"),
    ("--gpus first", "--gpus: found 'first', expected a whole number"),
    ("--gpus 0", "--gpus: of no use with --compute_platform CPU"),
    ("--cache_dtype int8", "--cache_dtype: invalid choice: 'int8'"),
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
    "option, resource",
    [("--genes_filename", "genes"), ("--genome_filename", "genome"), ("--beluga_model_filename", "beluga")],
)
def test_missing_file(tensors_argv, tmp_path, capsys, option, resource):
    command = f"get it with: python -m spex.resources get {resource}"
    refuse(
        capsys, tensors.main, tensors_argv(option, "nowhere/file"), f"{option} nowhere/file: no such file; {command}"
    )
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


# --- train.py: expression ---


@pytest.fixture
def options(tmp_path):
    return train_inputs.write_inputs(tmp_path)


def refuse_training(capsys, options, message, *more):
    refuse(capsys, train.main, train_inputs.argv(options, *more), message)
    assert not DataFolder(options["--data_folder"]).results.exists()


def cell(value):
    """Change the expression of gene 7 (line 9) in the first tissue."""
    return lambda table: table.astype(object).where(
        ~((np.arange(len(table)) == 7)[:, None] & (np.arange(table.shape[1]) == 0)), value
    )


def by_id(change):
    def with_ids(table):
        table = table.copy()
        table.insert(0, "id", train_inputs.gene_table()["id"])
        return change(table)

    return with_ids


def as_csv(change, **settings):
    return lambda table: change(table).to_csv(**settings).encode()


EXPRESSION = {
    "empty": (lambda table: b"", "no readable table header"),
    "bytes": (lambda table: bytes(range(256)), "not UTF-8 text .byte 0x80 in it"),
    "compressed under a plain name": (lambda table: gzip.compress(b"a,b"), "gzipped.*; its name should end in .gz"),
    "a row short": (as_csv(lambda table: table[:-1]), "59 rows, but the genes table has 60"),
    "a row more": (as_csv(lambda table: table.reindex(range(61), fill_value=1)), "61 rows, but the genes table has 60"),
    "an empty cell": (as_csv(cell(None)), r"gene ENSG00000000007 \(line 9\) is ''; expected a number from 0 up"),
    "a negative value": (as_csv(cell(-1)), r"gene ENSG00000000007 \(line 9\) is '-1'; expected a number from 0 up"),
    "infinity": (as_csv(cell("inf")), r"gene ENSG00000000007 \(line 9\) is 'inf'; expected a number from 0 up"),
    "a word": (as_csv(cell("low")), r"gene ENSG00000000007 \(line 9\) is 'low'; expected a number from 0 up"),
    "a decimal comma": (as_csv(cell("1;5")), r"gene ENSG00000000007 \(line 9\) is '1;5'; expected a number"),
    "no row numbers": (as_csv(lambda table: table, index=False), "neither an id column nor the published form's"),
    "no tissue": (as_csv(lambda table: table.iloc[:, :0]), "no column of expression"),
    "a short line": (lambda table: table.to_csv().replace("\n5,", "\n"[:1] + "5,x,", 1).encode(), "fields on line 7"),
    "an id twice": (as_csv(by_id(lambda table: table.replace("ENSG00000000003", "ENSG00000000002"))), "occurs twice"),
    "few ids": (as_csv(by_id(lambda table: table[:20])), "of the 47 genes are in its id column"),
    "other ids": (as_csv(by_id(lambda table: table.assign(id=table["id"] + "x"))), "0 of the 47 genes are in its id"),
}


@pytest.mark.parametrize("kind", EXPRESSION)
def test_expression(options, tmp_path, capsys, kind):
    content, message = EXPRESSION[kind]
    table = pd.read_csv(options["--gene_expression_filename"], index_col=0)
    (tmp_path / "expression.csv").write_bytes(content(table))
    refuse_training(capsys, options, f"--gene_expression_filename .*expression.csv: .*({message})")


def test_expression_in_other_forms(options, tmp_path, capsys):
    for name, content, message in (
        ("e.csv.gz", b"not compressed", "not a readable table .*not compressed as its name says"),
        ("e.csv.gz", gzip.compress(b",a\n" * 999)[:-9], "not a readable table|no readable table header"),
        ("e.gct", b"#1.2\n2\t1\nid\tLiver\nG1\t1\n", "no columns Name and Description on line 3"),
        ("e.gct", b"#1.2\n", "no readable table header"),
    ):
        (tmp_path / name).write_bytes(content)
        refuse_training(capsys, options | {"--gene_expression_filename": str(tmp_path / name)}, message)


# --- train.py: tensors and the data folder ---


def whole_tensor():
    return np.random.default_rng(0).random(20_020, dtype=np.float32)


TENSORS = {
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-10]),
    "empty": lambda path: path.write_bytes(b""),
    "a flipped bit": lambda path: path.write_bytes(path.read_bytes()[:999] + b"\x7f" + path.read_bytes()[1000:]),
    "text": lambda path: path.write_text("0.5\n" * 20_020),
    "too long": lambda path: save_array(path, np.zeros(24_024, np.float32)),
    "too short": lambda path: save_array(path, np.zeros(20_019, np.float32)),
    "a matrix": lambda path: save_array(path, np.zeros((10, 2002), np.float32)),
    "whole numbers": lambda path: save_array(path, np.zeros(20_020, np.int32)),
    "complex numbers": lambda path: save_array(path, np.zeros(20_020, np.complex64)),
    "NaN": lambda path: save_array(path, np.where(np.arange(20_020) == 5, np.nan, whole_tensor())),
    "infinity": lambda path: save_array(path, np.where(np.arange(20_020) == 5, np.inf, whole_tensor())),
    "beyond float32": lambda path: save_array(path, np.full(20_020, 1e60)),
    "a call in a pickle": lambda path: np.save(path, np.array([Touch(path.with_name("called"))]), allow_pickle=True),
}


@pytest.mark.parametrize("kind", TENSORS)
def test_tensor(options, capsys, kind):
    path = DataFolder(options["--data_folder"]).tensor_path("ENSG00000000000")
    TENSORS[kind](path)
    refuse_training(capsys, options, f"1 of 47 tensors cannot be used: {re.escape(str(path))}: .*run tensors.py again")
    assert not path.with_name("called").exists()


def test_data_folder(options, tmp_path, capsys):
    missing = {"--data_folder": str(tmp_path / "none")}
    refuse_training(capsys, options | missing, "no folder tensors in it; make the tensors first: python tensors.py")
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
    ("--model forest", "--model: invalid choice: 'forest'"),
    ("--seed 9999999999", "--seed: found '9999999999', expected a whole number from 0 to 2147483647"),
    ("--seed -1", "--seed: found '-1', expected a whole number from 0 to 2147483647"),
    ("--repeats 0", "--repeats: found '0', expected a whole number from 1 up"),
    ("--repeats 2 --model ridge", "--repeats 2: ridge has no random part"),
    ("--test_chroms chr3", "--test_chroms chr3: no test genes"),
    ("--test_chroms 8", "--test_chroms 8: no test genes"),
    ("--validation_chroms chrX", "--validation_chroms chrX: no validation genes"),
    ("--validation_chroms chr8", "--validation_chroms chr8: is among --test_chroms too"),
    ("--test_chroms chr1 chr2 chr8 chr9", "no training genes"),
    ("--test_only", "no training genes"),
    ("--cv folds", "--cv: invalid choice: 'folds'"),
    ("--cv chromosomes --test_chroms chr8", "--cv: tests on every chromosome in turn"),
    ("--cv chromosomes --cv_groups 2", "--cv_groups: found '2', expected a whole number from 3 up"),
    ("--cv chromosomes --cv_groups 9", "9 groups of the 4 chromosomes"),
    ("--cv_groups 3", "--cv_groups: says how --cv chromosomes divides them"),
    ("--mcool_filename none", "--mcool_filename none: no such file"),
    ("--mcool_filename train.py", "--mcool_filename train.py: the tensors in .* were made with sequence alone"),
    ("--params none.json", "--params none.json: no such file"),
    ("--features_filename none.tsv", "--features_filename none.tsv: no such file"),
    ("--predict nowhere", "--predict nowhere: no finished and undamaged fit there"),
    ("--google_spreadsheet_id x", "only one was given"),
    ("--compute_platform CUDA --model ridge", "--compute_platform CUDA: ridge is fitted on the CPU only"),
    ("--block_size 3", "unrecognized arguments: --block_size"),
]


@pytest.mark.parametrize("given, message", TRAIN_OPTIONS)
def test_option_of_train(options, capsys, given, message):
    if "--target " in given:
        del options["--target_index"]
    refuse_training(capsys, options, message, *given.split())


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "not JSON"),
        (b"{'eta': 1}", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[1]", r"found \[1\]; expected an object"),
        (b'{"etta": 0.1}', "etta"),
        (b'{"eta": "fast"}', "eta"),
        (b'{"max_depth": -3}', "max_depth"),
        (b'{"num_boost_round": 0}', "num_boost_round"),
        (b'{"eta": NaN}', "NaN is no finite number"),
        (b'{"eta": 1e999}', "1e999 is no finite number"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_parameters(options, tmp_path, capsys, content, message):
    (tmp_path / "p.json").write_bytes(content)
    refuse_training(capsys, options, f"--params .*p.json: .*{message}", "--params", str(tmp_path / "p.json"))


def test_features_table(options, tmp_path, capsys):
    for content in (b"", b"a\tb\n1\t2\n", b"\xff" * 99, b"Cell Type\tAssay\tTreatment\nK562\tDNase\tNone\n"):
        (tmp_path / "f.tsv").write_bytes(content)
        refuse_training(capsys, options, "--features_filename .*f.tsv", "--features_filename", str(tmp_path / "f.tsv"))


def test_saved_model(options, tmp_path, capsys):
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
