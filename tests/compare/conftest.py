"""A made study with few genes, for what is read, refused and kept of folders."""

import pytest

from data.example.made_study import write_made_study

GENES = 240


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """Data folders of sequence alone and of four maps over the same genes, the maps, a cache, expression."""
    return write_made_study(tmp_path_factory.mktemp("study"), genes=GENES, tissues=2)
