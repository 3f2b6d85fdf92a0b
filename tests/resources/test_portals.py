"""Files of portals by accession. The answers have the form that the portals publish, shortened."""

import hashlib
import json

import pytest
from file_server import FileServer

from spex.errors import InputError
from spex.resources import portals
from spex.resources.portals import get_portal_file, is_accession, read_portal_file

MAP = b"a map"
MD5 = hashlib.md5(MAP).hexdigest()
OF_4DN = {
    "accession": "4DNFIARR7LP4",
    "display_title": "4DNFIARR7LP4.mcool",
    "file_format": {"file_format": "mcool"},
    "file_size": len(MAP),
    "genome_assembly": "GRCh38",
    "href": "/files-processed/8d3ea3f2/@@download/4DNFIARR7LP4.mcool",
    "md5sum": MD5,
    "track_and_facet_info": {
        "assay_info": "RNA Pol II",
        "biosource_name": "GM12878",
        "experiment_type": "ChIA-PET",
        "lab_name": "Ruan Lab",
    },
}
OF_ENCODE = {
    "accession": "ENCFF123ABC",
    "assay_term_name": "ChIA-PET",
    "assay_title": "ChIA-PET",
    "assembly": "GRCh38",
    "biosample_ontology": {"classification": "cell line", "term_name": "K562"},
    "file_format": "hic",
    "file_size": len(MAP),
    "href": "/files/ENCFF123ABC/@@download/ENCFF123ABC.hic",
    "md5sum": MD5,
    "target": {"label": "CTCF", "name": "CTCF-human"},
}


@pytest.fixture
def server(monkeypatch):
    files = {each["accession"]: json.dumps(each).encode() for each in (OF_4DN, OF_ENCODE)}
    with FileServer(files | {"4DNFIARR7LP4.mcool": MAP, "ENCFF123ABC.hic": MAP}) as running:
        here = dict.fromkeys(portals.PORTALS, f"{running.address}/{{}}?format=json")
        monkeypatch.setattr(portals, "PORTALS", here)
        yield running


def get(accession, folder, **access):
    return get_portal_file(accession, folder, sleep=lambda seconds: None, **access)


@pytest.mark.parametrize(
    "text, known",
    [
        ("4DNFIARR7LP4", True),
        ("ENCFF123ABC", True),
        ("4DNFIARR7LP4.mcool", False),
        ("data/4DNFIARR7LP4", False),
        ("ENCSR123ABC", False),
        ("ENCFF1234BC", False),
    ],
)
def test_accessions_of_files_are_known(text, known):
    assert is_accession(text) == known


@pytest.mark.parametrize(
    "accession, name, about",
    [
        ("4DNFIARR7LP4", "4DNFIARR7LP4.mcool", ("GM12878", "ChIA-PET", "RNA Pol II")),
        ("ENCFF123ABC", "ENCFF123ABC.hic", ("K562", "ChIA-PET", "CTCF")),
    ],
)
def test_a_file_and_what_it_is_are_fetched_once(server, tmp_path, accession, name, about):
    assert read_portal_file(accession, tmp_path / "data") is None
    path = get(accession, tmp_path / "data")
    assert path == tmp_path / "data" / name and path.read_bytes() == MAP
    found = read_portal_file(accession, tmp_path / "data")
    assert (found.cell_type, found.experiment, found.factor) == about
    assert (found.md5, found.size, found.name) == (MD5, len(MAP), name)
    left = {f"{accession}.json", name, f"{name}.verified.json"}
    assert {each.name for each in path.parent.iterdir()} == left
    asked = len(server.requests)
    assert get(accession, tmp_path / "data") == path and len(server.requests) == asked == 2


def test_a_mirror_has_both_and_a_login_goes_to_the_portal_alone(server, tmp_path, monkeypatch):
    get("4DNFIARR7LP4", tmp_path / "one", login=("me", "secret"))
    assert all(authorization for _, _, authorization, _ in server.requests)
    server.files = {"4DNFIARR7LP4.json": server.files["4DNFIARR7LP4"], "4DNFIARR7LP4.mcool": MAP}
    server.requests.clear()
    monkeypatch.setattr(portals, "PORTALS", dict.fromkeys(portals.PORTALS, "http://127.0.0.1:1/{}"))
    get("4DNFIARR7LP4", tmp_path / "two", login=("me", "secret"), mirror=f"{server.address}/")
    assert [(name, authorization) for name, _, authorization, _ in server.requests] == [
        ("4DNFIARR7LP4.json", None),
        ("4DNFIARR7LP4.mcool", None),
    ]


def test_what_only_is_linked_to_or_missing_is_no_trouble(server, tmp_path):
    answer = OF_ENCODE | {"target": "/targets/CTCF-human/", "biosample_ontology": None, "md5sum": "none"}
    server.files["ENCFF123ABC"] = json.dumps({k: v for k, v in answer.items() if k != "assay_title"}).encode()
    get("ENCFF123ABC", tmp_path)
    found = read_portal_file("ENCFF123ABC", tmp_path)
    assert (found.cell_type, found.experiment, found.factor, found.md5) == (None, "ChIA-PET", "CTCF", None)
    bare = {"accession": "4DNFIARR7LP4", "href": OF_4DN["href"], "track_and_facet_info": "no"}
    found = portals.describe("4DNFIARR7LP4", bare, tmp_path)
    assert (found.cell_type, found.experiment, found.factor, found.size) == (None, None, None, None)


@pytest.mark.parametrize(
    "answer, message",
    [
        (b"{", "no JSON .*; expected what the portal says of the file, as JSON; delete it and fetch again"),
        (b"[]", "it names no accession"),
        (json.dumps(OF_4DN | {"accession": "4DNFIOTHER12"}).encode(), "it is about 4DNFIOTHER12"),
        (
            json.dumps(OF_4DN | {"href": "/x/@@download/../../4DN.sh"}).encode(),
            "has no file of 4DNFIARR7LP4",
        ),
        (json.dumps({k: v for k, v in OF_4DN.items() if k != "href"}).encode(), "no file of 4DNFIARR7LP4 to download"),
    ],
)
def test_answers_that_are_none_are_refused_and_removed(server, tmp_path, answer, message):
    server.files["4DNFIARR7LP4"] = answer
    with pytest.raises(InputError, match=message):
        get("4DNFIARR7LP4", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_another_file_than_the_portal_describes_is_refused(server, tmp_path):
    server.files["4DNFIARR7LP4.mcool"] = b"another"
    with pytest.raises(InputError, match=r"md5 hash is .*; expected .* and was removed"):
        get("4DNFIARR7LP4", tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["4DNFIARR7LP4.json"]
