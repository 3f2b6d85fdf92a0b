"""What a contact map holds, against loops over its pixels."""

import json
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import CHROMSIZES

from spex.contacts.maps import Pixels
from spex.contacts.sheet import GROUPS, count_map
from spex.inputs.maps.cool import CoolMap

BINS = {chrom: -(-length // 1000) for chrom, length in CHROMSIZES.items()}


@pytest.fixture
def sheet(world, genes, monkeypatch):
    monkeypatch.setattr("spex.inputs.maps.cool.CHUNK_PIXELS", 100)
    return count_map(CoolMap(world.maps[0], 1000), genes, 1000, lambda count: None)


def group_of(distance):
    return GROUPS[sum(distance * 1000 >= edge for edge in (20_000, 100_000, 500_000, 2_000_000))]


def test_totals(world, sheet):
    rows = [row for chrom in CHROMSIZES for row in world.pixels[0][chrom]]
    assert sheet.cis_pixels == len(rows) and sheet.cis_counts == sheet.depth == sum(count for _, _, count in rows)
    assert (sheet.trans_pixels, sheet.trans_counts, sheet.cis_share) == (0, 0, 1)
    assert (sheet.resolution, sheet.resolutions, sheet.chromosomes) == (1000, [1000, 2000], 3)


def test_counts_by_distance(world, sheet):
    pixels, counts, pairs = Counter(), Counter(), Counter()
    for chrom, bins in BINS.items():
        for one, other, count in world.pixels[0][chrom]:
            pixels[other - one] += 1
            counts[other - one] += count
        for one in range(bins):
            pairs.update(other - one for other in range(one, bins))
    for name, expected in (("pixels", pixels), ("counts", counts), ("pairs", pairs)):
        assert sheet.of_distance[name].tolist() == [expected[distance] for distance in range(max(BINS.values()))]
    table = sheet.by_distance()
    assert table["start"].tolist()[:5] == [0, 1000, 2000, 3000, 4000] and table["end"].iloc[-1] == 121_000
    assert table["start"].tolist()[1:] == table["end"].tolist()[:-1]
    for row in table.itertuples():
        inside = range(row.start // 1000, row.end // 1000)
        assert row.pixels == sum(pixels[each] for each in inside)
        assert row.counts_per_pair == sum(counts[each] for each in inside) / sum(pairs[each] for each in inside)


def test_genes(world, genes, sheet):
    for gene in genes.itertuples():
        bin_, row = (gene.tss - 1) // 1000, sheet.genes.set_index("id").loc[gene.id]
        touching = [each for each in world.pixels[0][gene.chrom] if bin_ in each[:2]]
        found = Counter(group_of(other - one) for one, other, _ in touching)
        assert row[list(GROUPS)].tolist() == [found[group] for group in GROUPS]
        assert row["coverage"] == sum(count for *_, count in touching)
    assert sheet.genes.index.tolist() == genes.index.tolist() and sheet.genes_elsewhere == 0
    told = sheet.summary()["genes"]
    assert told["without_pixel"] == (sheet.genes[list(GROUPS)].sum(axis=1) == 0).sum() >= 1
    assert told["without_pixel_from_20_kb"] == (sheet.genes[list(GROUPS[1:])].sum(axis=1) == 0).sum()
    groups = sheet.by_group()
    assert groups["share"].sum() == pytest.approx(1)
    assert groups["median"].tolist() == [np.median(sheet.genes[group]) for group in GROUPS]
    assert groups["genes"].tolist() == [(sheet.genes[group] > 0).sum() for group in GROUPS]


def test_coverage_of_bins(world, sheet):
    expected = np.concatenate([np.zeros(bins) for bins in BINS.values()])
    for start, chrom in zip(np.cumsum([0, *BINS.values()]), BINS, strict=False):
        for one, other, count in world.pixels[0][chrom]:
            for bin_ in {one, other}:
                expected[start + bin_] += count
    assert sheet.coverage.tolist() == expected.tolist()


def test_the_summary_is_json_without_genes_too(world, sheet):
    alone = count_map(CoolMap(world.maps[0], 1000), None, 1000, lambda count: None)
    assert "genes" not in alone.summary() and alone.depth == sheet.depth
    for each in (sheet, alone):
        assert json.loads(json.dumps(each.summary(), allow_nan=False)) == each.summary()


def made(parts, sizes, has_lengths=True):
    """A map of one part a chromosome."""
    lengths = {"chromsizes": sizes, "has_lengths": has_lengths}
    return SimpleNamespace(
        path="made", resolutions=[1000], all_parts=lambda chrom, advance: iter(parts[chrom]), **lengths
    )


def part(pixels, *trans):
    one, other, counts = (np.array(column) for column in zip(*pixels, strict=True))
    return Pixels(one, other, counts.astype(float), *trans)


def test_what_lies_between_chromosomes():
    parts = {"a": [part([(0, 1, 3)], 2, 5.0)], "b": [part([(0, 0, 1)], 0, 0.0)]}
    sheet = count_map(made(parts, {"a": 2000, "b": 900}), None, 1000, None)
    assert (sheet.trans_pixels, sheet.trans_counts, sheet.cis_share) == (2, 5.0, 4 / 9)


def test_a_format_without_lengths_and_trans_and_genes_elsewhere():
    genes = pd.DataFrame({"id": ["g", "h", "i"], "chrom": ["a", "a", "c"], "tss": [1, 99_000, 1]})
    sheet = count_map(
        made({"a": [part([(0, 30, 3), (0, 30, 1)])]}, {"a": 31_000}, has_lengths=False), genes, 1000, None
    )
    assert (sheet.trans_pixels, sheet.trans_counts, sheet.cis_share) == (None, None, None)
    assert sheet.genes["id"].tolist() == ["g", "h"] and sheet.genes_elsewhere == 1
    assert sheet.genes["coverage"].tolist() == [4, 0] and sheet.genes["20 to 100 kb"].tolist() == [2, 0]


def test_a_map_without_any_pixel():
    sheet = count_map(made({"a": []}, {"a": 5000}), None, 1000, None)
    assert sheet.cis_counts == 0 and sheet.by_group()["share"].tolist() == [0] * len(GROUPS)
    assert json.dumps(sheet.summary(), allow_nan=False)
