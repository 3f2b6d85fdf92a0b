"""The table of published files."""

import pytest
from conftest import ROOT

from spex.inputs.agree import GRCH38_LENGTHS
from spex.resources.obtain import verify
from spex.resources.table import RESOURCES, choose

PUBLISHED_GENES = ROOT.parent / "shared" / "geneanno_GRCh38.csv"


def test_published_table_is_complete():
    assert [resource.name for resource in RESOURCES] == [
        "genes",
        "expression",
        "features",
        "beluga",
        "genome",
        "contacts",
    ]
    assert len(GRCH38_LENGTHS) == 22
    for resource in RESOURCES:
        assert resource.address.startswith("https://")
        assert resource.digest or resource.name in ("genome", "contacts")


@pytest.mark.skipif(not PUBLISHED_GENES.exists(), reason="the published gene table is not here")
def test_published_gene_table_passes():
    genes = choose(RESOURCES, ["genes"])[0]
    verify(genes, PUBLISHED_GENES, PUBLISHED_GENES, find=None)
