"""Contacts of every gene against the pixel-by-pixel oracle, and maps that must be refused."""

from dataclasses import asdict

import h5py
import numpy as np
import oracles
import pytest
from conftest import CHROMSIZES, write_mcool
from numpy.testing import assert_array_equal

from spex.contacts import collect as c
from spex.contacts.rules import Corrected, Published, check_resolution, make_rule
from spex.errors import InputError
from spex.inputs.agree import check_maps
from spex.inputs.genes import keep_genes, read_gene_table
from spex.inputs.maps import cool as contact_map
from spex.inputs.maps.cool import ContactMap
from spex.runs.contacts import load_contacts, save_contacts

RULES = [
    Published(),
    Published(max_dist=0.6),
    Corrected(),
    Corrected(min_count=0.5),
]


def collect(maps, genes, rule):
    return c.collect_contacts([ContactMap(path, 1000) for path in maps], genes, rule, 1000, lambda count: None)


@pytest.fixture
def genes(world):
    return keep_genes(read_gene_table(world.genes))


@pytest.fixture
def one_map(tmp_path):
    def write(pixels, **options):
        write_mcool(tmp_path / "map.mcool", {"chr1": pixels}, **options)
        return tmp_path / "map.mcool"

    return write


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("used", [[0], [0, 1]])
def test_kept_contacts_are_those_of_the_oracle(world, genes, rule, used):
    contacts = collect([world.maps[index] for index in used], genes, rule)
    assert_array_equal(contacts.genes, genes["id"])
    seen = set()
    for row, gene in enumerate(genes.itertuples()):
        expected = oracles.kept_contacts(
            [world.pixels[index][gene.chrom] for index in used],
            gene.tss,
            rule=rule.name,
            **asdict(rule),
        )
        span = slice(*contacts.offsets[row : row + 2])
        tss_bin = oracles.tss_bin(gene.tss, 1000, rule.name)
        assert contacts.has_pixels[row] == (expected is not None)
        assert list(zip(contacts.bins[span], contacts.counts[span], strict=True)) == (expected or [])
        assert_array_equal(
            contacts.downstream[span],
            [oracles.is_downstream(other, tss_bin, gene.strand) for other, _ in expected or []],
        )
        seen.add("none" if expected is None else "near only" if not expected else "some")
    assert seen == {"none", "near only", "some"}  # the small world holds every case


def test_the_length_of_a_read_changes_nothing(world, genes, monkeypatch):
    expected = collect(world.maps, genes, RULES[0])
    monkeypatch.setattr(contact_map, "CHUNK_PIXELS", 7)
    for field, value in vars(collect(world.maps, genes, RULES[0])).items():
        assert_array_equal(value, getattr(expected, field))


def test_the_table_counts_bins_and_sums_counts_on_each_side():
    contacts = c.Contacts(
        genes=np.array(["A", "B", "C"]),
        chroms=np.array(["chr1", "chr1", "chr2"]),
        has_pixels=np.array([True, False, True]),
        offsets=np.array([0, 3, 3, 4]),
        bins=np.array([1, 2, 90, 7]),
        counts=np.array([0.5, 2, 4, 1]),
        downstream=np.array([False, False, True, True]),
        resolution=1000,
        rule=Published(),
    )
    table = contacts.table()
    assert table.columns.tolist() == [
        "id",
        "has_pixels",
        "downstream_bins",
        "downstream_count",
        "upstream_bins",
        "upstream_count",
    ]
    assert table.to_numpy().tolist() == [["A", 1, 1, 4, 2, 2.5], ["B", 0, 0, 0, 0, 0], ["C", 1, 1, 1, 0, 0]]


@pytest.mark.parametrize("rule, centre, weight", [("published", 40_000, 5), ("corrected", 40_500, 1)])
def test_window_and_weight_of_a_contacted_bin(rule, centre, weight):
    rule = make_rule(rule)
    assert_array_equal(rule.centres(np.array([40]), 1000), [centre])
    assert rule.weight(1000) == weight


def test_tss_bins_by_hand():
    tss = np.array([1000, 1001, 1500, 2500, 2501])
    assert_array_equal(RULES[0].tss_bins(tss, 1000), [1, 1, 2, 2, 3])
    assert_array_equal(RULES[2].tss_bins(tss, 1000), [0, 1, 1, 2, 2])


def test_pixels_between_chromosomes_do_not_count(tmp_path, genes):
    write_mcool(tmp_path / "map.mcool", {"chr1": [(60, 130, 9.0), (60, 100, 9.0)]})  # bin 130 lies on chr8
    contacts = collect([tmp_path / "map.mcool"], genes[genes["id"] == "G0"], RULES[2])
    assert_array_equal(contacts.bins, [100])


def test_contacts_are_kept_for_a_restart_under_their_identity_only(world, genes, tmp_path):
    contacts = collect(world.maps, genes, RULES[0])
    path = tmp_path / "contacts.npz"
    assert load_contacts(path, {"rule": 1}, RULES[0], 1000) is None
    save_contacts(path, contacts, {"rule": 1})
    again = load_contacts(path, {"rule": 1}, RULES[0], 1000)
    for field in vars(contacts):
        assert_array_equal(getattr(again, field), getattr(contacts, field))
    assert load_contacts(path, {"rule": 2}, RULES[0], 1000) is None


def test_damaged_contacts_are_found_anew(world, genes, tmp_path):
    path = tmp_path / "contacts.npz"
    contacts = collect(world.maps, genes, RULES[0])
    save_contacts(path, contacts, {})
    content = path.read_bytes()
    for place in range(0, len(content), 23):
        path.write_bytes(content[:place] + bytes([content[place] ^ 8]) + content[place + 1 :])
        assert load_contacts(path, {}, RULES[0], 1000) is None
        path.write_bytes(content[:place])
        assert load_contacts(path, {}, RULES[0], 1000) is None


def test_a_map_without_the_resolution_lists_those_it_has(world):
    with pytest.raises(InputError, match=r"no resolution 5000 \(it has 1000, 2000\)"):
        ContactMap(world.maps[0], 5000)


def test_what_is_not_an_mcool_is_refused(tmp_path):
    path = tmp_path / "map.mcool"
    path.write_text("chr1\t0\t1000\n")
    with pytest.raises(InputError, match="not an HDF5 file"):
        ContactMap(path, 1000)
    path.unlink()
    h5py.File(path, "w").close()
    with pytest.raises(InputError, match="it holds no resolution at all"):
        ContactMap(path, 1000)


def test_a_map_cut_short_is_refused(world, tmp_path):
    path = tmp_path / "map.mcool"
    path.write_bytes(world.maps[0].read_bytes()[:20_000])
    with pytest.raises(InputError, match=r"damaged or cut short|not an HDF5"):
        ContactMap(path, 1000)


@pytest.mark.parametrize("count", [-1.0, float("nan")])
def test_counts_that_are_no_counts_are_refused(one_map, genes, count):
    path = one_map([(60, 90, count)])
    with pytest.raises(InputError, match="expected raw counts"):
        collect([path], genes, RULES[0])


def test_a_resolution_that_windows_cannot_tile_is_refused():
    with pytest.raises(InputError, match="resolution 2500: expected a multiple of 200"):
        check_resolution(2500)


@pytest.mark.parametrize(
    "chromsizes, message",
    [
        ({"1": 120_400, "8": 90_000, "9": 61_000}, "no chromosome 'chr1', which the genes table names; it has 1, 8"),
        ({**CHROMSIZES, "chr8": 90_001}, "chr8 is 90,001 bp long there and 90,000 bp in the genome"),
    ],
)
def test_a_map_of_other_chromosomes_is_refused(tmp_path, genes, chromsizes, message):
    write_mcool(tmp_path / "map.mcool", {}, chromsizes=chromsizes)
    genes = genes.sort_values("chrom")
    with pytest.raises(InputError, match=message):
        check_maps([ContactMap(tmp_path / "map.mcool", 1000)], genes, CHROMSIZES)
