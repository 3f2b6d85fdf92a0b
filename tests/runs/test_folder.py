"""The shards of a run."""

import pandas as pd
import pytest
from conftest import example_genes

from spex.inputs import genes as g
from spex.runs.folder import select_shard


@pytest.fixture
def write(tmp_path):
    def to_csv(table):
        table.to_csv(tmp_path / "genes.csv", index=False)
        return tmp_path / "genes.csv"

    return to_csv


def test_shards_are_disjoint_and_complete_by_row_number(write):
    genes = g.keep_genes(g.read_gene_table(write(example_genes())))
    shards = [select_shard(genes, 3, remainder) for remainder in range(3)]
    assert all((shard.index % 3 == remainder).all() for remainder, shard in enumerate(shards))
    assert sorted(pd.concat(shards)["id"]) == sorted(genes["id"])
    assert select_shard(genes) is genes
