"""Small worlds for the tests: a genome, genes, contact maps and a narrow network, all made here."""

import one_thread  # noqa: F401 - before anything that starts threads

# isort: split

import fcntl
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import cooler
import numpy as np
import pandas as pd
import pytest
import torch
from made_fits import save_made_fit
from made_network import NAMES, Padded, describe, export

from data.example.made_study import write_made_study
from expecto import beluga
from spex.commands import tensors
from spex.effects.inputs import Sources, open_inputs
from spex.example import weights
from spex.inputs.genes import keep_genes, read_gene_table
from spex.reports import figures, fit_figures
from spex.runs.folder import DataFolder

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell does that to what it starts with &; tests send Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.fsync = lambda number: None
"""No test cuts the power, and waiting for the disk took a fifth of the time. tests/files/test_atomic.py has a look at
when it is called; fork_server.py does the same for processes of their own."""

ROOT = Path(__file__).resolve().parent.parent


def pytest_collectstart():
    """Nothing goes away of what is imported and collected."""
    gc.disable()


def pytest_collection_finish():
    """Half a million objects are here to stay: each full collection that looked at them took 0.4 s. Without them
    collections come more often than anything needs, and take some three hundredths of the time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 1000)
    gc.enable()


def pytest_collection_modifyitems(items):
    """The longest test first: were it the last, one worker would wait for the other."""
    items.sort(key=lambda item: "full_checkpoint" not in item.fixturenames)


NARROW_CHANNELS = (16, 16, 16)  # fewer take a route through oneDNN that rounds by the length of the sequence
NARROW_HIDDEN = 16
CHROMSIZES = {"chr1": 120_400, "chr8": 90_000, "chr9": 61_000}
RESOLUTIONS = (1000, 2000)


def narrow_state(seed=1):
    """State dict of a narrow network under the published names, He-scaled so that predictions spread."""
    model = beluga.Beluga(NARROW_CHANNELS, NARROW_HIDDEN)
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for theirs, ours in beluga.CHECKPOINT_LAYERS.items():
        weight = model.get_parameter(f"{ours}.weight")
        bound = (6 / weight[0].numel()) ** 0.5
        state[f"{theirs}.weight"] = (torch.rand(weight.shape, generator=generator) * 2 - 1) * bound
        state[f"{theirs}.bias"] = torch.rand(len(weight), generator=generator) * 0.2 - 0.1
    return state


def made_once(tmp_path_factory, name, make):
    """A folder of this name that the first worker which asks for it makes, for all of them.

    make: called with the folder's path, which is not there yet.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with open(f"{folder}.lock", "a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if lock.seek(0, os.SEEK_END) == 0:  # when it is ours: who waited for it opened it empty
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            make(folder)
            lock.write("made")
    return folder


@pytest.fixture(scope="session")
def full_checkpoint(tmp_path_factory):
    """The full-size stand-in checkpoint that the golden features were computed with (600 MB, for the session)."""
    path = tmp_path_factory.mktemp("weights") / "beluga.pth"
    weights.write_weights(path)
    yield path
    path.unlink()


def random_letters(generator, length):
    """Sequence with soft-masked, N and IUPAC letters."""
    letters = generator.choice(list("ACGTacgtNRY"), size=length, p=[0.15] * 4 + [0.09] * 4 + [0.02, 0.01, 0.01])
    return "".join(letters)


def write_fasta(path, sequences, width=61):
    with open(path, "w") as file:
        for name, letters in sequences.items():
            file.write(f">{name}\n")
            file.writelines(letters[i : i + width] + "\n" for i in range(0, len(letters), width))


def write_mcool(path, pixels, resolution=1000, chromsizes=None, others=(2000,), mode="w"):
    """An .mcool from {chrom: [(bin1, bin2, count), ...]} with bins numbered from the chromosome's start.

    mode: "a" adds the resolutions to a file that is there.
    """
    chromsizes = pd.Series(chromsizes or CHROMSIZES)
    for index, size in enumerate((resolution, *others)):
        bins = cooler.binnify(chromsizes, size)
        offsets = {chrom: int(bins.index[bins["chrom"] == chrom][0]) for chrom in chromsizes.index}
        rows = [(offsets[chrom] + a, offsets[chrom] + b, count) for chrom in pixels for a, b, count in pixels[chrom]]
        table = pd.DataFrame(rows if size == resolution else rows[:0], columns=["bin1_id", "bin2_id", "count"])
        table = table.astype({"bin1_id": "int64", "bin2_id": "int64", "count": "float64"})
        cooler.create_cooler(
            f"{path}::/resolutions/{size}",
            bins,
            table.sort_values(["bin1_id", "bin2_id"]),
            dtypes={"count": "float64"},
            ordered=True,
            mode=mode if index == 0 else "a",
        )


def write_hic(path, pixels, resolutions=(1000, 2000), chromsizes=None):
    """A .hic from the same pixels, of the finest of its resolutions."""
    sizes, offset, rows = chromsizes or CHROMSIZES, 0, []
    for chrom, length in sizes.items():
        rows += [(offset + bin1, offset + bin2, count) for bin1, bin2, count in pixels.get(chrom, [])]
        offset += -(-length // min(resolutions))
    write_hic_rows(path, rows, resolutions, sizes)


def write_hic_rows(path, rows, resolutions, chromsizes):
    """A .hic of (bin1, bin2, count), bins numbered through all chromosomes.

    In a process of its own: hictkpy keeps a core busy from its import to the end of the process.
    """
    content = [str(path), dict(chromsizes), list(resolutions), [[*column] for column in zip(*rows, strict=True)]]
    subprocess.run(
        [sys.executable, ROOT / "tests/hic_writer.py"], input=json.dumps(content, default=float), text=True, check=True
    )


def random_pixels(generator, count):
    """Pixels on every chromosome, each pair of bins at most once, with counts of 0 and more."""
    pixels = {}
    for chrom, length in CHROMSIZES.items():
        bins = -(-length // 1000)
        pairs = {tuple(sorted(generator.integers(0, bins, 2).tolist())) for _ in range(count)}
        pixels[chrom] = [(*pair, float(generator.choice([0, 1, 1, 2, 7]))) for pair in sorted(pairs)]
    return pixels


def without_zeros(pixels):
    """The pixels without those of no count, which a .hic does not keep."""
    return {chrom: [pixel for pixel in rows if pixel[2]] for chrom, rows in pixels.items()}


def without_bin(pixels, chrom, unwanted):
    """The pixels without those that touch a bin."""
    return {**pixels, chrom: [pixel for pixel in pixels[chrom] if unwanted not in pixel[:2]]}


def example_genes():
    """Genes at both ends, in the middle, without contacts, on either strand; then some that the filter drops."""
    rows = [
        ("G0", "chr1", "+", 60_030, "protein_coding"),
        ("G1", "chr1", "-", 60_500, "lincRNA"),
        ("G2", "chr1", "+", 310, "protein_coding"),  # at the chromosome's start
        ("G3", "chr1", "-", 120_390, "protein_coding"),  # in the last bin, which is short
        ("G4", "chr8", "-", 45_500, "protein_coding"),  # half-way between two bin edges
        ("G5", "chr8", "+", 30_900, "protein_coding"),  # no pixel, by either rule
        ("G6", "chr8", "+", 70_100, "lincRNA"),
        ("G7", "chr9", "-", 30_700, "protein_coding"),  # near pixels only
        ("G8", "chr9", "+", 60_950, "protein_coding"),  # nearest bin edge lies past the last bin
        ("G9", "chrX", "+", 1000, "protein_coding"),
        ("G10", "chr1", "+", 5000, "rRNA"),
        ("G11", "chr1", "+", None, "protein_coding"),
    ]
    table = pd.DataFrame(rows, columns=["id", "seqnames", "strand", "CAGE_representative_TSS", "type"])
    table["symbol"] = "symbol_" + table["id"]
    table["TSS"] = table["CAGE_representative_TSS"] - 5
    columns = ["id", "symbol", "seqnames", "strand", "TSS", "CAGE_representative_TSS", "type"]
    return table.sample(frac=1, random_state=3).reset_index(drop=True)[columns]


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Files and contents of a small world: 9 usable genes on three chromosomes, two maps, a narrow checkpoint."""
    folder = tmp_path_factory.mktemp("world")
    generator = np.random.default_rng(5)
    sequences = {chrom: random_letters(generator, length) for chrom, length in CHROMSIZES.items()}
    write_fasta(folder / "genome.fa", sequences)
    maps = [random_pixels(generator, 900), random_pixels(generator, 300)]
    for index in range(len(maps)):
        for chrom, empty in (("chr8", 30), ("chr8", 31), ("chr9", 30), ("chr9", 31)):
            maps[index] = without_bin(maps[index], chrom, empty)
        near = [(30, 31, 4.0), (30, 35, 2.0), (29, 31, 3.0), (31, 31, 1.0)]
        maps[index]["chr9"] = sorted(maps[index]["chr9"] + near)
        write_mcool(folder / f"map{index}.mcool", maps[index])
    torch.save(narrow_state(), folder / "narrow.pth")
    example_genes().to_csv(folder / "genes.csv", index=False)
    return SimpleNamespace(
        folder=folder,
        sequences=sequences,
        pixels=maps,
        genes=folder / "genes.csv",
        genome=folder / "genome.fa",
        maps=[folder / "map0.mcool", folder / "map1.mcool"],
        checkpoint=folder / "narrow.pth",
    )


@pytest.fixture(scope="session")
def padded(tmp_path_factory):
    """The description of a network other than Beluga, with names of its features, beside its program."""

    def make(folder):
        folder.mkdir()
        export(Padded(), folder / "padded.pt2")
        describe(folder / "padded.pt2", names=NAMES)

    return made_once(tmp_path_factory, "padded", make) / "padded.json"


@pytest.fixture(scope="session")
def kept_genes(world):
    return keep_genes(read_gene_table(world.genes))


@pytest.fixture
def genes(kept_genes):
    """The usable genes of the small world."""
    return kept_genes.copy()


def tensor_bytes(folder):
    """Every tensor's bytes."""
    return {path.name: path.read_bytes() for path in sorted((folder / "tensors").iterdir())}


def expect_narrow(monkeypatch):
    """Make the program expect the narrow network."""
    monkeypatch.setattr(beluga, "CHANNELS", NARROW_CHANNELS)
    monkeypatch.setattr(beluga, "HIDDEN", NARROW_HIDDEN)


@pytest.fixture
def narrow(monkeypatch):
    """Make the program expect the narrow network."""
    expect_narrow(monkeypatch)


def leave_out_pictures(monkeypatch):
    """Make fits without their pictures, which take half of the time of a fit, and files and reports with empty ones,
    which take as much of theirs; tests/reports looks at them."""
    monkeypatch.setattr(fit_figures, "draw_fit", lambda folder, record: None)
    empty = {"png": b"\x89PNG", "svg": b"<svg></svg>"}
    monkeypatch.setattr(figures, "_file", lambda drawn, kind, salt, **how: empty[kind])


@pytest.fixture
def sketches(monkeypatch):
    """No pictures, for tests of something else."""
    leave_out_pictures(monkeypatch)


@pytest.fixture(scope="module")
def sketches_of_module():
    """The same in a whole module."""
    with pytest.MonkeyPatch.context() as patch:
        leave_out_pictures(patch)
        yield


def tensors_argv_in(folder, world, *extra, data="data", maps=()):
    """Arguments of tensors.py for the small world, data folder and prediction cache in a folder; extras appended."""
    given = ["--mcool_filename", *(str(world.maps[index]) for index in maps)] if maps else []
    return [
        *("--data_folder", str(folder / data)),
        *("--genes_filename", str(world.genes)),
        *("--genome_filename", str(world.genome)),
        *("--beluga_model_filename", str(world.checkpoint)),
        *("--pred_cache_folder", str(folder / "cache")),
        *("--compute_platform", "CPU"),
        *given,
        *map(str, extra),
    ]


@pytest.fixture
def tensors_argv(world, tmp_path):
    """The same, called without folder and world: in tmp_path."""
    return partial(tensors_argv_in, tmp_path, world)


@pytest.fixture(scope="session")
def undisturbed(world, tmp_path_factory):
    """The data folder of one uninterrupted run on both maps and without a cache."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        expect_narrow(patch)
        assert tensors.main(tensors_argv_in(folder, world, "--no_pred_cache", maps=[0, 1])) == 0
    return folder / "data"


@pytest.fixture
def reference(narrow, undisturbed):
    """The tensors of the uninterrupted run."""
    return tensor_bytes(undisturbed)


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """A made study of few genes: data folders of sequence alone and of four maps, the maps, a cache, expression."""
    return write_made_study(tmp_path_factory.mktemp("study"), genes=240, tissues=2, chromosomes=12)


@pytest.fixture(scope="session")
def predicted(world, tmp_path_factory):
    """A prediction cache of the small world's genes and of the bins that its first map says they contact."""
    folder = tmp_path_factory.mktemp("predicted")
    with pytest.MonkeyPatch.context() as patch:
        expect_narrow(patch)
        assert tensors.main(tensors_argv_in(folder, world, "--contact_rule", "corrected", maps=[0])) == 0
    return folder / "cache"


@pytest.fixture
def filled(world, narrow, predicted, tensors_argv, tmp_path):
    """Called with options of tensors.py: a data folder with tensors and two made fits, and what effects of it are
    computed from. Predictions are in the cache already."""
    shutil.copytree(predicted, tmp_path / "cache")

    def fill(*extra, maps=(0,), data="data"):
        assert tensors.main(tensors_argv(*extra, maps=maps, data=data)) == 0
        folder = DataFolder(tmp_path / data)
        places, fits = zip(*(save_made_fit(folder, seed) for seed in (1, 2)), strict=True)
        sources = Sources(world.genome, world.checkpoint, tmp_path / "cache", ["cpu"])
        inputs = open_inputs(folder.root, sources, linear=True)
        argv = [folder.root, "--genome_filename", world.genome, "--beluga_model_filename", world.checkpoint]
        argv += ["--pred_cache_folder", tmp_path / "cache", "--compute_platform", "CPU"]
        return SimpleNamespace(
            folder=folder, places=places, fits=fits, inputs=inputs, sources=sources, argv=[*map(str, argv)]
        )

    return fill
