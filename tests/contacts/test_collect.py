"""Contacts of every gene against the pixel-by-pixel oracle."""

import numpy as np
import oracles
import pytest
from conftest import write_mcool
from numpy.testing import assert_array_equal

from spex.contacts import collect as c
from spex.contacts.rules import Corrected, Published, thresholds_in
from spex.inputs.maps import cool as contact_map
from spex.inputs.maps.cool import CoolMap

RULES = [
    Published(),
    Published(max_dist=0.6),
    Corrected(),
    Corrected(min_count=0.5),
    Published(distance_edges=(0.6, 0.9)),
    Corrected(min_count=0.5, distance_edges=(0.6,)),
]


def collect(maps, genes, rule):
    return c.collect_contacts([CoolMap(path, 1000) for path in maps], genes, rule, 1000, lambda count: None)


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
            distance_edges=rule.distance_edges,
            **{name: getattr(rule, name) for name in thresholds_in(rule)},
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
        tss=np.array([5000, 60_000, 7000]),
        strands=np.array(["+", "-", "+"]),
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
    assert contacts.names([2, 3]) == ["chr1:90000-91000", "chr2:7000-8000"] and contacts.names([]) == []


def test_pixels_between_chromosomes_do_not_count(tmp_path, genes):
    write_mcool(tmp_path / "map.mcool", {"chr1": [(60, 130, 9.0), (60, 100, 9.0)]})  # bin 130 lies on chr8
    contacts = collect([tmp_path / "map.mcool"], genes[genes["id"] == "G0"], RULES[2])
    assert_array_equal(contacts.bins, [100])
