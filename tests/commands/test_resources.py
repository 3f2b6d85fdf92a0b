"""The command that lists, gets and checks files."""

import dataclasses
import json

import pytest
from file_server import FileServer
from small_resources import TABLE, fetch_into, served_files, small_table
from stand_ins import LENGTHS, write_genome, write_map

from spex.commands import resources
from spex.resources.obtain import file_digest
from spex.resources.table import RESOURCES, check_genome, finder

KEY = {"default": {"key": "AKEY", "secret": "s3cr3t-of-mine", "server": "https://data.4dnucleome.org"}}


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    return write_genome(tmp_path_factory.mktemp("genome") / "hg38.fa", LENGTHS)


@pytest.fixture(scope="module")
def contacts(tmp_path_factory):
    return write_map(tmp_path_factory.mktemp("map") / "map.mcool", 1000, 5000)


@pytest.fixture
def server(genome, contacts):
    with FileServer(served_files(genome, contacts)) as running:
        yield running


@pytest.fixture
def table(server):
    return small_table(server)


# the command line


def run(capsys, table, *argv):
    status = resources.main([str(word) for word in argv], resources=table)
    output = capsys.readouterr()
    return status, output.out, output.err


def write_key(tmp_path, content):
    path = tmp_path / "key.json"
    path.write_text(content)
    return path


def test_key_is_used_and_never_shown(capsys, server, table, tmp_path):
    key = write_key(tmp_path, json.dumps(KEY))
    server.errors = [403]
    status, out, err = run(capsys, table, "get", "contacts", "--folder", tmp_path, "--4dn_key", key)
    assert status == 2
    assert "answered 403" in err and "or by hand: log in at https://data.4dnucleome.org/" in err
    status, out_again, err_again = run(capsys, table, "get", "contacts", "--folder", tmp_path, "--4dn_key", key)
    assert status == 0
    for text in (out, err, out_again, err_again, (tmp_path / "data/map.mcool.verified.json").read_text()):
        assert "s3cr3t" not in text and "AKEY" not in text
    assert all(header for _, _, header, _ in server.requests)


@pytest.mark.parametrize(
    "content", ["s3cr3t-of-mine", '["s3cr3t-of-mine"]', '{"key": "s3cr3t-of-mine"}', '"s3cr3t-of-mine"']
)
def test_key_file_of_another_form_is_not_shown_either(capsys, table, tmp_path, content):
    key = write_key(tmp_path, content)
    status, out, err = run(capsys, table, "get", "--folder", tmp_path, "--4dn_key", key)
    assert status == 2
    assert "--4dn_key" in err and "expected JSON of the form" in err and "s3cr3t" not in out + err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["get", "gnome"], "gnome: no such file; expected some of features, genome, contacts"),
        (["get", "--mirror", "ftp://x"], "--mirror ftp://x: no such address; expected one that starts with http"),
        (["get", "--mirror", "http://me:pw@x/"], "--mirror: found a password in the address"),
        (["get", "--4dn_key", "nowhere.json"], "--4dn_key nowhere.json: no such file"),
    ],
)
def test_words_typed_wrong(capsys, table, argv, message):
    status, _, err = run(capsys, table, *argv)
    assert status == 2
    assert message in err and len(err.splitlines()) == 1 and "pw@" not in err


def test_list_tells_what_is_where(capsys, server, table, genome, tmp_path):
    def states():
        lines = run(capsys, table, "list", "--folder", tmp_path)[1].splitlines()
        assert all(line.strip().startswith("licence: ") for line in lines[2::3])
        return [line.rpartition("  ")[2] for line in lines[::3]]

    assert states() == ["missing", "missing", "missing"]
    write_map(tmp_path / "map.mcool", 1000)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/hg38.fa.gz.part").write_bytes(bytes(3_500_000))
    assert states() == ["missing", "3 MB received", "there, not verified"]
    fetch_into(tmp_path, table)
    assert states() == ["verified", "verified", "verified"]
    (tmp_path / "data/hg38.fa").write_bytes(genome[:-1])
    assert states() == ["verified", "there, not verified", "verified"]


def test_check_reads_every_file_through(capsys, server, table, tmp_path):
    fetch_into(tmp_path, table)
    status, out, err = run(capsys, table, "check", "--folder", tmp_path)
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == ["right"] * 3
    assert "error" not in err


def test_check_finds_all_that_is_wrong(capsys, server, table, tmp_path):
    fetch_into(tmp_path, table, "genome", "contacts")
    path = tmp_path / "data/hg38.fa"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"ACGTN", b"ACGTn", 1))
    status, out, err = run(capsys, table, "check", "--folder", tmp_path)
    missing, wrong, right = out.splitlines()
    assert status == 2
    assert missing.startswith("missing") and "get it with: python -m spex.resources get features" in missing
    assert wrong.startswith("wrong") and "its sha256 hash is" in wrong
    assert right.startswith("right")
    assert "error: 2 of 3 files missing or wrong, see above; move wrong ones away" in err
    assert err.endswith("python -m spex.resources get features genome\n")


def test_check_of_a_file_alone(capsys, server, table, tmp_path):
    fetch_into(tmp_path, table, "contacts")
    assert run(capsys, table, "check", "contacts", "--folder", tmp_path)[0] == 0


BREAKS = {
    "checkpoint cut short": ("beluga", lambda path: path.write_bytes(path.read_bytes()[:-5000])),
    "genome with 1 for chr1": ("genome", lambda path: path.write_bytes(path.read_bytes().replace(b">chr", b">"))),
    "genome of another build": ("genome", lambda path: write_genome(path, {**LENGTHS, "chr1": 107})),
    "expression one row short": ("expression", lambda path: path.write_text(path.read_text().rpartition("\n19,")[0])),
    "map without resolution 1000": ("contacts", lambda path: write_map(path, 5000)),
}

FOUND = {
    "checkpoint cut short": "not a whole PyTorch file of weights",
    "genome with 1 for chr1": "no sequence chr1; it calls it 1, as Ensembl does",
    "genome of another build": "chr1 is 107 bp long, expected 101 as in GRCh38",
    "expression one row short": "19 rows, but the genes table has 20",
    "map without resolution 1000": "no resolution 1000 (it has 5000)",
}


@pytest.fixture
def lab(tmp_path, world):
    """A folder with a right file of every kind, and the table that says so."""
    rows = [f"ENSG{row},S{row},chr{row % 22 + 1},+,50,50,protein_coding\n" for row in range(20)]
    (tmp_path / "geneanno_GRCh38.csv").write_text(
        "id,symbol,seqnames,strand,TSS,CAGE_representative_TSS,type\n" + "".join(rows)
    )
    (tmp_path / "geneanno.exp.csv").write_text(",Liver\n" + "".join(f"{row},{row / 7}\n" for row in range(20)))
    (tmp_path / "deepsea_beluga_2002_features.tsv").write_bytes(TABLE)
    (tmp_path / "deepsea.beluga.pth").write_bytes(world.checkpoint.read_bytes())
    write_genome(tmp_path / "hg38.fa", LENGTHS)
    write_map(tmp_path / "4DNFIARR7LP4.mcool", 1000, 5000)
    find = finder(RESOURCES, tmp_path)
    own = {"genome": lambda path, find: check_genome(path, LENGTHS)}
    table = [
        dataclasses.replace(
            resource,
            digest=resource.digest and f"md5:{file_digest(find(resource.name), 'md5')}",
            check=own.get(resource.name, resource.check),
        )
        for resource in RESOURCES
    ]
    return tmp_path, table, find


def test_check_passes_what_is_right(capsys, narrow, lab):
    folder, table, _ = lab
    status, out, _ = run(capsys, table, "check", "--folder", folder)
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == ["right"] * 6


@pytest.mark.parametrize("problem", BREAKS)
def test_check_says_what_is_wrong(capsys, narrow, lab, problem):
    folder, table, find = lab
    name, damage = BREAKS[problem]
    damage(find(name))
    status, out, err = run(capsys, table, "check", "--folder", folder)
    assert status == 2
    (wrong,) = (line for line in out.splitlines() if not line.startswith("right"))
    assert wrong.startswith("wrong") and FOUND[problem] in wrong and str(find(name)) in wrong
    assert err.endswith(f"python -m spex.resources get {name}\n")
