"""Genes and expression that belong together."""

from types import SimpleNamespace

import numpy as np
import pytest
import train_inputs

from spex.inputs.expression import open_expression, read_expression
from spex.inputs.genes import keep_genes, read_gene_table


@pytest.fixture
def lab(tmp_path):
    """The genes table of `train_inputs`, its genes that are kept, expression in the published form, and a reader.

    read: path of an expression file -> its values for the kept genes in the first tissue.
    """
    train_inputs.gene_table().to_csv(tmp_path / "genes.csv", index=False)
    table = read_gene_table(tmp_path / "genes.csv")
    genes = keep_genes(table)
    signal = np.linspace(-1, 1, train_inputs.GENES)
    expression = train_inputs.expression_table(np.random.default_rng(7), signal)
    return SimpleNamespace(
        table=table,
        genes=genes,
        expression=expression,
        read=lambda path: read_expression(open_expression(path), [1], table, genes).values,
    )
