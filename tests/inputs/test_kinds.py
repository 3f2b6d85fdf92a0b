"""What a file is when it is not what was expected."""

import pytest

from spex.errors import InputError
from spex.inputs.kinds import recognise, require_map


@pytest.mark.parametrize(
    "content, kind",
    [(b"", "an empty file"), (b"\x1f\x8b\x08", "gzipped"), (b"HIC\0", "Juicer's .hic format"), (b"chr1", None)],
)
def test_kinds_are_told_by_their_first_bytes(tmp_path, content, kind):
    (tmp_path / "file").write_bytes(content)
    assert recognise(tmp_path / "file") == kind


def test_a_cooler_uri_is_told_apart_from_a_file(world):
    told = rf"^maps .*: a cooler URI; expected a file; give {world.maps[0]} alone and resolution 1000$"
    with pytest.raises(InputError, match=told):
        require_map(f"{world.maps[0]}::/resolutions/1000")
    with pytest.raises(InputError, match=r"alone$"):
        require_map(f"{world.maps[0]}::/")


@pytest.mark.parametrize(
    "name, advice",
    [("4DNFIARR7LP4.mcool", "get it with: python -m spex.resources get contacts"), ("a", "check the path")],
)
def test_a_missing_map_is_named_with_the_way_to_get_it(name, advice):
    with pytest.raises(InputError, match=f"^maps {name}: no such file; {advice}$"):
        require_map(name)
