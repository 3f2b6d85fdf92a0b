"""Which saved models are taken."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from spex.errors import InputError
from spex.runs import predict


def test_a_tissue_is_found_by_its_name_whatever_letters_it_has(monkeypatch):
    tissues = {Path("a"): "Liver [adult]", Path("b"): "Liver a"}
    records = {
        place: {"settings": {"target": tissue, "model": "ridge"}, "files": {}} for place, tissue in tissues.items()
    }
    monkeypatch.setattr(predict, "_places", lambda folder, given: list(tissues))
    monkeypatch.setattr(predict, "_read_model_record", lambda place, names: records[place])
    monkeypatch.setattr(predict, "_check_features", lambda *given: None)
    monkeypatch.setattr(predict, "MODELS", {"ridge": SimpleNamespace(linear=True, load=lambda place: None)})

    def chosen(*patterns):
        settings = SimpleNamespace(width=None)
        return [each.tissue for each in predict.choose_fits(None, settings, ["ridge"], patterns, linear=True)]

    assert chosen("Liver [adult]") == ["Liver [adult]"]
    assert chosen("liver*") == chosen() == ["Liver [adult]", "Liver a"]
    with pytest.raises(InputError, match="targets: none of the models is of such a tissue"):
        chosen("Brain")
