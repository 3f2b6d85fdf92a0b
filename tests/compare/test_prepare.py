"""What is made ready for a map before it is compared."""

from types import SimpleNamespace

import pytest

from spex.compare.prepare import MapMaker
from spex.errors import InputError
from spex.inputs.choices import Reading
from spex.inputs.maps.formats import open_maps


def test_a_3d_model_is_not_thinned(tmp_path):
    (tmp_path / "model").write_text("chr1\t0\t0\t0\t0\n")
    files = open_maps([tmp_path / "model"], 1000, Reading(contact_radius=1.0))
    with pytest.raises(InputError, match=r"^thin_to cells: a 3D model has no counts to draw from; leave it out$"):
        MapMaker.measure(SimpleNamespace(files=files, name="cells"))
