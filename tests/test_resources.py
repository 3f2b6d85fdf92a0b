"""The command that lists, gets and checks files: nothing has its final name unless it was verified."""

import base64
import dataclasses
import gzip
import hashlib
import json
from pathlib import Path

import pytest
from file_server import FileServer
from stand_ins import LENGTHS, write_genome, write_map

from spex.commands import resources
from spex.errors import InputError
from spex.inputs.assembly import GRCH38_LENGTHS
from spex.resources import checks
from spex.resources.obtain import verify
from spex.resources.table import RESOURCES, choose, finder, get

PUBLISHED_GENES = Path(__file__).parents[2] / "shared" / "geneanno_GRCh38.csv"
TABLE = b"cell type\tassay\ttreatment\n" + b"GM12878\tDNase\tNone\n" * 2002
KEY = {"default": {"key": "AKEY", "secret": "s3cr3t-of-mine", "server": "https://data.4dnucleome.org"}}


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    return write_genome(tmp_path_factory.mktemp("genome") / "hg38.fa", LENGTHS)


@pytest.fixture(scope="module")
def contacts(tmp_path_factory):
    return write_map(tmp_path_factory.mktemp("map") / "map.mcool", 1000, 5000)


@pytest.fixture
def server(genome, contacts):
    files = {"features.tsv": TABLE, "hg38.fa.gz": gzip.compress(genome, mtime=0), "map.mcool": contacts}
    with FileServer(files) as running:
        yield running


@pytest.fixture
def table(server):
    """The published table with small files: a pinned one, a packed one without a published hash, one to log in for."""
    changes = {
        "features": {
            "path": "expecto/features.tsv",
            "address": f"{server.address}/some/where/features.tsv?download=1",
            "digest": f"sha256:{hashlib.sha256(TABLE).hexdigest()}",
        },
        "genome": {
            "address": f"{server.address}/hg38.fa.gz",
            "megabytes": 1,
            "check": lambda path, find: checks.check_genome(path, LENGTHS),
        },
        "contacts": {"path": "data/map.mcool", "address": f"{server.address}/map.mcool"},
    }
    return [dataclasses.replace(r, **changes[r.name]) for r in RESOURCES if r.name in changes]


def fetch_into(folder, table, *names, **access):
    get(choose(table, names), finder(table, folder), sleep=lambda seconds: None, **access)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_everything_in_its_place(server, table, genome, tmp_path):
    fetch_into(tmp_path, table)
    assert (tmp_path / "expecto/features.tsv").read_bytes() == TABLE
    assert (tmp_path / "data/hg38.fa").read_bytes() == genome
    assert (tmp_path / "data/map.mcool").read_bytes() == server.files["map.mcool"]
    assert names_in(tmp_path / "expecto") == ["features.tsv", "features.tsv.verified.json"]
    assert names_in(tmp_path / "data") == [
        "hg38.fa",
        "hg38.fa.fai",
        "hg38.fa.verified.json",
        "map.mcool",
        "map.mcool.verified.json",
    ]
    assert (tmp_path / "data/hg38.fa.fai").read_text().startswith("chr1\t101\t6\t60\t61\n")
    assert (tmp_path / "data/hg38.fa.fai").stat().st_mtime_ns >= (tmp_path / "data/hg38.fa").stat().st_mtime_ns


def test_second_call_asks_for_nothing(server, table, tmp_path):
    fetch_into(tmp_path, table)
    asked = len(server.requests)
    fetch_into(tmp_path, table)
    assert len(server.requests) == asked


def test_dropped_connection_is_resumed(server, table, genome, tmp_path):
    server.cuts = [100, 1000]
    fetch_into(tmp_path, table, "genome")
    assert (tmp_path / "data/hg38.fa").read_bytes() == genome


def test_wrong_file_is_refused_and_removed(server, table, tmp_path):
    server.files["features.tsv"] = TABLE[:-1] + b"?"
    with pytest.raises(InputError, match=r"features.tsv.part: its sha256 hash is .*; expected .* and was removed"):
        fetch_into(tmp_path, table, "features")
    assert names_in(tmp_path / "expecto") == []


def test_map_without_the_resolution_is_refused_and_removed(server, table, tmp_path):
    server.files["map.mcool"] = write_map(tmp_path / "coarse.mcool", 5000)
    with pytest.raises(InputError, match=r"no resolution 1000 \(it has 5000\).*; it came from http.* and was removed"):
        fetch_into(tmp_path, table, "contacts")
    assert names_in(tmp_path / "data") == []


@pytest.mark.parametrize(
    "case",
    [
        (lambda genome: b"not gzip", "cannot be unpacked"),
        (lambda genome: gzip.compress(genome)[:-20], "cannot be unpacked"),
        (lambda genome: gzip.compress(genome)[:-8] + b"12345678", "cannot be unpacked"),
        (lambda genome: gzip.compress(b"no genome"), "expected FASTA"),
        (lambda genome: gzip.compress(genome.replace(b">chr", b">")), "no sequence chr1; it calls it 1"),
        (lambda genome: gzip.compress(genome[:-30]), "chr22 is 9"),
    ],
)
def test_wrong_genome_is_refused_and_removed(server, table, genome, tmp_path, case):
    damage, problem = case
    server.files["hg38.fa.gz"] = damage(genome)
    with pytest.raises(InputError, match=f"{problem}.* and was removed"):
        fetch_into(tmp_path, table, "genome")
    assert names_in(tmp_path / "data") == []


def test_error_page_leaves_nothing_under_the_name(server, table, tmp_path):
    server.page = True
    with pytest.raises(InputError, match="a web page; expected the file"):
        fetch_into(tmp_path, table, "features")
    assert names_in(tmp_path / "expecto") == ["features.tsv.part"]
    server.page = False
    fetch_into(tmp_path, table, "features")
    assert (tmp_path / "expecto/features.tsv").read_bytes() == TABLE


def test_killed_while_unpacking_unpacks_again_without_a_download(server, table, genome, tmp_path, monkeypatch):
    def killed(path, lengths):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checks, "check_genome", killed)
        with pytest.raises(KeyboardInterrupt):
            fetch_into(tmp_path, table, "genome")
    assert names_in(tmp_path / "data") == ["hg38.fa.gz.part", "hg38.fa.gz.part.json", "hg38.fa.part"]
    (tmp_path / "data/hg38.fa.part").write_bytes(genome + b"of an earlier, longer try")
    fetch_into(tmp_path, table, "genome")
    assert (tmp_path / "data/hg38.fa").read_bytes() == genome
    assert len(server.requests) == 1


def test_first_genome_is_recorded_and_later_ones_compared(server, table, genome, tmp_path):
    fetch_into(tmp_path, table, "genome")
    record = tmp_path / "data/hg38.fa.verified.json"
    assert json.loads(record.read_text())["digest"] == f"sha256:{hashlib.sha256(genome).hexdigest()}"
    (tmp_path / "data/hg38.fa").unlink()
    server.files["hg38.fa.gz"] = gzip.compress(genome.replace(b"ACGTN", b"acgtn"))
    with pytest.raises(InputError, match=r"expected .* as recorded in .*hg38.fa.verified.json; delete that to accept"):
        fetch_into(tmp_path, table, "genome")
    assert not (tmp_path / "data/hg38.fa").exists()
    record.unlink()
    fetch_into(tmp_path, table, "genome")
    assert (tmp_path / "data/hg38.fa").exists()


def test_file_that_is_there_is_verified_and_never_replaced(server, table, tmp_path):
    (tmp_path / "features.tsv").write_bytes(TABLE)
    fetch_into(tmp_path, table, "features")
    assert server.requests == []
    (tmp_path / "features.tsv").write_bytes(TABLE.upper())
    with pytest.raises(InputError, match=r"its sha256 hash is .*; move it away and run the same command again"):
        fetch_into(tmp_path, table, "features")
    assert (tmp_path / "features.tsv").read_bytes() == TABLE.upper()


def test_genome_that_is_there_gets_its_index(table, genome, tmp_path):
    (tmp_path / "hg38.fa").write_bytes(genome)
    fetch_into(tmp_path, table, "genome")
    assert (tmp_path / "hg38.fa.fai").read_text().startswith("chr1\t101\t6\t60\t61\n")


def test_too_little_disk_is_told_before_the_download(server, table, tmp_path):
    huge = [dataclasses.replace(resource, megabytes=10**9) for resource in table]
    with pytest.raises(InputError, match="MB free, but genome takes about 1,000,000,000 more"):
        fetch_into(tmp_path, huge, "genome")
    assert server.requests == []


def test_login_goes_to_the_maker_alone(server, table, tmp_path):
    login = ("AKEY", "s3cr3t-of-mine")
    fetch_into(tmp_path, table, "contacts", "features", login=login)
    expected = "Basic " + base64.b64encode(b"AKEY:s3cr3t-of-mine").decode()
    assert {name: header for name, _, header, _ in server.requests} == {"map.mcool": expected, "features.tsv": None}
    with FileServer(server.files) as mirror:
        fetch_into(tmp_path / "other", table, "contacts", login=login, mirror=f"{mirror.address}/")
        assert [(name, header) for name, _, header, _ in mirror.requests] == [("map.mcool", None)]


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
    own = {"genome": lambda path, find: checks.check_genome(path, LENGTHS)}
    table = [
        dataclasses.replace(
            resource,
            digest=resource.digest and f"md5:{checks.file_digest(find(resource.name), 'md5')}",
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


def test_published_table_is_complete():
    assert [resource.name for resource in RESOURCES] == [
        "genes",
        "expression",
        "features",
        "beluga",
        "genome",
        "contacts",
    ]
    assert len(GRCH38_LENGTHS) == 22
    for resource in RESOURCES:
        assert resource.address.startswith("https://")
        assert resource.digest or resource.name in ("genome", "contacts")


@pytest.mark.skipif(not PUBLISHED_GENES.exists(), reason="the published gene table is not here")
def test_published_gene_table_passes():
    genes = choose(RESOURCES, ["genes"])[0]
    verify(genes, PUBLISHED_GENES, PUBLISHED_GENES, find=None)
