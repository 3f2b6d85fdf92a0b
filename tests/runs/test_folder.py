"""The shards of a run, and contacts kept for a restart."""

import numpy as np
import pandas as pd
from conftest import example_genes
from numpy.testing import assert_array_equal

from spex.contacts import collect as c
from spex.contacts.rules import Published
from spex.inputs.genes import keep_genes, read_gene_table
from spex.inputs.maps.cool import CoolMap
from spex.runs.folder import load_contacts, save_contacts, select_shard

RULE = Published()
ARRAYS = ("genes", "chroms", "tss", "strands", "has_pixels", "offsets", "bins", "counts", "downstream")
"""What a contacts.npz of 1.0.0 contains beside its identity."""


def test_shards_are_disjoint_and_complete_by_row_number(tmp_path):
    example_genes().to_csv(tmp_path / "genes.csv", index=False)
    genes = keep_genes(read_gene_table(tmp_path / "genes.csv"))
    shards = [select_shard(genes, 3, remainder) for remainder in range(3)]
    assert all((shard.index % 3 == remainder).all() for remainder, shard in enumerate(shards))
    assert sorted(pd.concat(shards)["id"]) == sorted(genes["id"])
    assert select_shard(genes) is genes


def collect(maps, genes, rule=RULE):
    return c.collect_contacts([CoolMap(path, 1000) for path in maps], genes, rule, 1000, lambda count: None)


def test_contacts_are_kept_for_a_restart_under_their_identity_only(world, genes, tmp_path):
    contacts = collect(world.maps, genes)
    path = tmp_path / "contacts.npz"
    assert load_contacts(path, {"rule": 1}, RULE, 1000, 2000) is None
    save_contacts(path, contacts, {"rule": 1})
    again = load_contacts(path, {"rule": 1}, RULE, 1000, 2000)
    for field, value in vars(contacts).items():
        assert_array_equal(getattr(again, field), value)
    assert again.chromsizes == contacts.chromsizes
    assert load_contacts(path, {"rule": 2}, RULE, 1000, 2000) is None


def test_weights_are_kept_where_there_are_any(world, genes, tmp_path):
    path = tmp_path / "contacts.npz"
    for rule, more in ((RULE, set()), (Published(contact_weight="log", distance_edges=[0.9]), {"weights"})):
        contacts = collect(world.maps, genes, rule)
        save_contacts(path, contacts, {})
        with np.load(path) as stored:
            assert set(stored) == {"identity", "accounts", "chromsizes", *ARRAYS} | more
        again = load_contacts(path, {}, rule, 1000, 2000)
        assert again.rule == rule
        assert_array_equal(again.weights, contacts.weights)


def test_damaged_contacts_are_found_anew(world, genes, tmp_path):
    path = tmp_path / "contacts.npz"
    contacts = collect(world.maps, genes)
    save_contacts(path, contacts, {})
    content = path.read_bytes()
    for place in range(0, len(content), 23):
        path.write_bytes(content[:place] + bytes([content[place] ^ 8]) + content[place + 1 :])
        assert load_contacts(path, {}, RULE, 1000, 2000) is None
        path.write_bytes(content[:place])
        assert load_contacts(path, {}, RULE, 1000, 2000) is None
