"""How contact maps are read."""

import pytest

from spex.errors import InputError
from spex.inputs.choices import Reading
from spex.inputs.maps.formats import open_maps


def test_only_what_is_asked_for_is_recorded():
    assert Reading().given() == {}
    assert Reading(value_column="KR", count_column=7).given() == {"value_column": "KR", "count_column": 7}


@pytest.mark.parametrize(
    "name, value", [("value_column", ""), ("count_column", 0), ("count_column", ""), ("contact_radius", 0.0)]
)
def test_what_no_map_can_be_read_by_is_refused(name, value):
    with pytest.raises(InputError, match=f"^{name}: found"):
        Reading(**{name: value})


def test_what_no_given_map_is_read_by_is_refused(world):
    with pytest.raises(
        InputError, match=r"^contact_radius 1\.5: none of the contact maps is of a format that it is for"
    ):
        open_maps(world.maps, 1000, Reading(contact_radius=1.5))
