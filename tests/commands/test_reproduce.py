"""From nothing to the comparison with the published figures, and the same comparison after kills on the way."""

import signal
import subprocess
import sys

import pytest
from conftest import ROOT
from file_server import FileServer
from processes import fork_server, run, start
from reproduce_world import make_files

from spex.commands import reproduce
from spex.inputs.genes import keep_genes, read_gene_table

DRIVER = ROOT / "tests/reproduce_driver.py"
GENES = 3
REPEATS = 1
KILLS = ["*data/hg38.fa", "*/sequence/tensors/tensor_gene_ENSG0000000004?.npy"]


def reproduction(folder, server):
    """The command line, and options for the function that starts it."""
    folder.mkdir(exist_ok=True)
    options = ["--genes", GENES, "--repeats", REPEATS, "--compute_platform", "CPU"]
    command = [sys.executable, DRIVER, "reproduce", server.address, server.folder, *options]
    return [*map(str, command)], {"cwd": folder, "start_new_session": True}


def reproduce_whole(folder, server):
    """Run the reproduction to its end, its commands and itself as forks. Returns: CompletedProcess."""
    command, options = reproduction(folder, server)
    return run(command, env={"FORK_SERVER": fork_server()}, **options)


def reproduce_until(folder, server, kill_at):
    """Run the reproduction in a process group of its own until it is killed. Returns: its status."""
    command, options = reproduction(folder, server)
    process = start(command, env={"KILL_AT": kill_at}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    process.communicate()
    return process.returncode


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    with FileServer(make_files(folder)) as running:
        running.folder = folder
        yield running


@pytest.fixture(scope="module")
def undisturbed(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    done = reproduce_whole(folder, server)
    assert done.returncode == 0, done.stderr
    return folder, done


def result(folder):
    """What a reproduction leaves that must not depend on how often it was stopped."""
    files = [folder / "reproduction.md", *(folder / "reproduction").glob("*/*/tensors/*.npy")]
    files += [*(folder / "reproduction").glob("*/*/results/*/predictions.csv"), folder / "data/hg38.fa"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.soak
def test_killed_on_the_way_it_ends_with_the_same(server, undisturbed, tmp_path):
    for pattern in KILLS:
        assert reproduce_until(tmp_path, server, pattern) == -signal.SIGKILL
    asked = len(server.requests)
    done = reproduce_whole(tmp_path, server)
    assert done.returncode == 0, done.stderr
    assert len(server.requests) == asked
    expected = result(undisturbed[0])
    assert len(expected) > 2 * 22 * GENES
    assert result(tmp_path) == expected


def test_it_prints_what_it_writes(undisturbed):
    folder, done = undisturbed
    text = (folder / "reproduction.md").read_text()
    assert done.stdout.endswith(text + "\n")
    assert f"first {GENES} genes of each chromosome" in text
    assert f"| all: {GENES} | measured |" in text and f"| with contacts: {GENES - 1} | measured |" in text


def test_first_genes_keep_their_rows(server, tmp_path):
    path = tmp_path / "genes.csv"
    path.write_bytes(server.files["geneanno_GRCh38.csv"])
    first = reproduce.write_first_genes(path, tmp_path / "work", 2)
    table, whole = read_gene_table(first), read_gene_table(path)
    assert table["id"].tolist() == whole["id"].tolist()
    kept = keep_genes(table)
    assert (kept.groupby("chrom").size() == 2).all() and kept["chrom"].nunique() == 22
    for chrom, rows in kept.groupby("chrom"):
        assert rows.index.tolist() == whole.index[whole["seqnames"] == chrom].tolist()[:2]


def test_command_that_fails_is_named(capsys, tmp_path):
    with pytest.raises(
        reproduce.InputError, match="spex train ended with status 3, see above; the same command goes on"
    ):
        reproduce.run_command({"train": (sys.executable, "-c", "raise SystemExit(3)")}, "train", "--seed", 1)
