"""Paths that a user gave."""

import pytest

from spex.errors import InputError
from spex.files import checks


@pytest.mark.parametrize("kind, message", [("missing", "no such file; get it with: python -m"), ("folder", "a folder")])
def test_a_missing_file_is_named_with_the_way_to_get_it(tmp_path, kind, message):
    path = tmp_path / "genes.csv"
    if kind == "folder":
        path.mkdir()
    with pytest.raises(InputError, match=f"genes .*genes.csv: .*{message}"):
        checks.require_file(path, "genes", "genes")
