"""What a file is when it is not what was expected."""

import pytest

from spex.inputs.identify import recognise


@pytest.mark.parametrize(
    "content, kind",
    [(b"", "an empty file"), (b"\x1f\x8b\x08", "gzipped"), (b"HIC\0", "Juicer's .hic format"), (b"chr1", None)],
)
def test_kinds_are_told_by_their_first_bytes(tmp_path, content, kind):
    (tmp_path / "file").write_bytes(content)
    assert recognise(tmp_path / "file") == kind
