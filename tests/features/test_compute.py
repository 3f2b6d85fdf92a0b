"""How far the computation of a block is, and where it stops: a network that counts its passes stands in."""

import os
import signal
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import tensor_bytes

from expecto.network import BELUGA
from expecto.scan import Scanner
from spex.commands import tensors
from spex.contacts.collect import Contacts
from spex.contacts.rules import Published
from spex.features import arrays, devices
from spex.features.compute import FeatureComputer
from spex.files.hashes import Watch
from spex.inputs.genome import Genome


class Network:
    """Notes how many windows each pass has."""

    genes_at_once = 0

    def __init__(self, device="cpu"):
        self.network, self.device, self.passes = BELUGA, torch.device(device), []

    def predict(self, codes, starts):
        self.passes.append(len(starts))
        return torch.zeros(len(starts), BELUGA.features)


def genes_at(*tss):
    table = {"id": [f"G{number}" for number in range(len(tss))], "chrom": "chr1", "strand": "+", "tss": tss}
    return pd.DataFrame(table)


def contacts_of(genes, bins):
    """Each gene's contacts, in bins of 1000 bp. bins: (genes, n)."""
    return Contacts(
        genes=genes["id"].to_numpy(dtype=str),
        chroms=genes["chrom"].to_numpy(dtype=str),
        tss=genes["tss"].to_numpy(),
        strands=genes["strand"].to_numpy(dtype=str),
        has_pixels=np.ones(len(genes), bool),
        offsets=np.arange(len(genes) + 1) * bins.shape[1],
        bins=bins.ravel().astype(np.int32),
        counts=np.ones(bins.size),
        downstream=np.ones(bins.size, bool),
        resolution=1000,
        rule=Published(),
    )


@pytest.fixture
def computer(world, tmp_path):
    def made(contacts=None, store=None, bins_per_pass=None):
        genome = Genome(world.genome, tmp_path / "genome.fai")
        given = {"contacts": contacts, "store": store, "windows_per_pass": 200, "bins_per_pass": bins_per_pass}
        return FeatureComputer(genome=genome, scanner=Network(), **given)

    return made


def follow(computer, blocks):
    """What was reported, each with the number of passes before it, or with "block" at a block's end."""
    reported = []

    def advance(count, computed):
        assert count == computed
        reported.append((len(computer.scanner.passes), round(count, 6)))

    for block, _ in computer.features(blocks, advance):
        reported.append(("block", round(len(block) - computer.reported, 6)))
    return reported


def test_each_gene_is_told_when_its_own_windows_are_done(computer):
    genes = genes_at(30_000, 40_000, 50_000)
    made = computer()
    assert follow(made, [genes, genes[:1]]) == [(1, 1), (2, 1), (3, 1), ("block", 0), (4, 1), ("block", 0)]
    assert made.scanner.passes == [200] * 4


def test_contacted_bins_are_told_by_the_sequence_that_they_take(computer):
    genes = genes_at(60_000, 62_000)
    contacts = contacts_of(genes, np.array([[0, 4, 8, 12], [0, 4, 8, 100]]))  # 5 bins apart: 10 kb, beside 2 x 40 kb
    made = computer(contacts, bins_per_pass=2)
    reported = follow(made, [genes])
    assert made.scanner.passes == [200, 200, 2, 2, 1]
    assert reported == [
        (1, 0.8),
        (2, 0.9),
        (3, 0.1),
        (4, 0.1),
        (5, 0.1),
        ("block", 0),
    ]  # of 2 genes and 90 kb, in tenths


def test_what_the_store_has_is_no_work(computer):
    """Of two genes whose windows are computed the store has one; what is reported of it comes with the block's end."""
    genes = genes_at(30_000, 40_000)

    def get(kind, chrom, keys):
        return np.array([True, False]), np.zeros((1, 11 * BELUGA.features), np.float32)

    store = SimpleNamespace(
        get=get,
        recent=lambda kind, chrom, keys: (np.zeros(len(keys), bool), None),
        put=lambda *rows: None,
        stored=lambda rows: rows,
    )
    made = computer(store=store)
    assert follow(made, [genes]) == [(1, 1), ("block", 1)] and made.counts["genes"] == 1


def test_nothing_is_told_where_nobody_asks_or_the_network_is_not_waited_for(computer):
    genes = genes_at(30_000)
    made = computer()
    assert [block["id"].tolist() for block, _ in made.features([genes])] == [["G0"]] and made.reported == 0
    made.predict(np.zeros(2000, np.uint8), np.zeros(1, np.int64))  # after the last block: of no block
    assert follow(made, [genes])[0] == (3, 1)
    made.predict(np.zeros(2000, np.uint8), np.zeros(1, np.int64))


def test_progress_of_features_in_memory_moves_within_a_block(computer, world, monkeypatch):
    reported = []

    class Progress:
        def __init__(self, *given):
            pass

        def __enter__(self):
            return lambda count, computed: reported.append(count)

        def __exit__(self, *given):
            pass

    monkeypatch.setattr(arrays, "progress", Progress)
    monkeypatch.setattr(arrays, "open_computer", lambda **given: computer())
    given = {"contacts": None, "store": None, "device": "cpu", "precision": "float32", "batch_size": None}
    genes = genes_at(30_000, 40_000, 50_000)
    arrays.compute_features(genes, world.genome, SimpleNamespace(network=BELUGA), watch=Watch(), **given)
    assert [count for count in reported if count] == [1, 1, 1] and len(
        reported
    ) == 5  # two blocks: of one gene, and of two


@pytest.mark.parametrize("stop, status", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stop_within_a_block_ends_it_before_the_next_pass(
    narrow, tensors_argv, tmp_path, monkeypatch, capsys, stop, status
):
    """What it leaves goes on to the same bytes."""
    passes, predict = [], Scanner.predict

    def stop_in_the_third(self, codes, starts):
        passes.append(len(starts))
        if len(passes) == 3:  # of the first two genes after the first: the block is half done
            os.kill(os.getpid(), stop)
        return predict(self, codes, starts)

    argv = tensors_argv("--block_size", 8, maps=[0, 1])
    monkeypatch.setattr(Scanner, "predict", stop_in_the_third)
    assert tensors.main(argv) == status and len(passes) == 3
    assert "the same command goes on from there" in capsys.readouterr().err
    monkeypatch.setattr(Scanner, "predict", predict)
    assert tensors.main(argv) == 0
    assert tensors.main(tensors_argv("--no_pred_cache", data="at once", maps=[0, 1])) == 0
    assert tensor_bytes(tmp_path / "data") == tensor_bytes(tmp_path / "at once")


@pytest.mark.parametrize("seconds, bins", [(40, 50), (1, 200)])
def test_passes_of_bins_are_short_in_a_precision_that_is_slow(monkeypatch, seconds, bins):
    monkeypatch.setattr(devices, "seconds_of_layer", {"float32": 1, "bfloat16": seconds}.__getitem__)
    assert devices.bins_per_pass("cpu", "bfloat16", 200) == bins
    assert devices.bins_per_pass("cpu", "float32", 200) == 200
