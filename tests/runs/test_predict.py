"""Which saved models are taken."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from spex.errors import InputError
from spex.runs import predict
from spex.runs.settings import RunSettings


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


def test_a_published_model_takes_tensors_of_the_published_network_alone():
    record = {"settings": {"published": "expecto", "width": 20_020, "tensors": None}}
    digests = {"genes_sha256": "1", "genome_sha256": "2", "beluga_sha256": "3", "precision": "float32"}
    folder = SimpleNamespace(root="data")

    def check(settings, width):
        predict._check_features(record, "fit", folder, settings and RunSettings(**digests, **settings), width)

    check({"maps_sha256": []}, 20_020)
    check({"maps_sha256": ["4"]}, 24_024)
    check(None, 24_024)
    other = {"name": "other", "window": 3000, "features": 2002, "bases": "ACGT"}
    features = {"source": "m", "sha256": "5", "width": 20_020, "names_sha256": None}
    for settings in ({"network": other, "maps_sha256": []}, {"features": features, "maps_sha256": []}, None):
        with pytest.raises(InputError, match="one of ExPecto's models, and data has features of another model"):
            check(settings, 20_021 if settings is None else 20_020)
