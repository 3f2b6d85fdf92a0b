"""Inputs that are right by themselves and do not belong together."""

import re
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from conftest import CHROMSIZES, example_genes, without_zeros, write_hic, write_mcool

from spex.contacts.collect import read_maps
from spex.contacts.rules import Corrected, Published
from spex.errors import InputError
from spex.features.arrays import _check_contacts
from spex.inputs import genes as g
from spex.inputs.agree import GRCH38_LENGTHS, check_chromosomes, check_on_genome
from spex.inputs.choices import Reading
from spex.inputs.maps.cool import CoolMap
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.matching import Chromosomes, agree_maps
from spex.inputs.normalise import names_in


@pytest.mark.parametrize(
    "chromsizes, message",
    [
        (
            {"I": 120_400, "VIII": 90_000, "IX": 61_000},
            "none of the genes lies on a chromosome of it: it has I, VIII, IX, the genes chr1, chr8, chr9; ",
        ),
        ({"1": 120_400, "8": 90_000, "9": 61_001}, "9 is 61,001 bp long there and 61,000 bp in the genome"),
        ({**CHROMSIZES, "chr8": 90_001}, "chr8 is 90,001 bp long there and 90,000 bp in the genome"),
    ],
)
def test_a_map_of_other_chromosomes_is_refused(tmp_path, genes, chromsizes, message):
    write_mcool(tmp_path / "map.mcool", {}, chromsizes=chromsizes)
    genes = genes.sort_values("chrom")
    with pytest.raises(InputError, match=message):
        agree_maps([CoolMap(tmp_path / "map.mcool", 1000)], genes, CHROMSIZES)


@pytest.mark.parametrize("write, name", [(write_mcool, "map.mcool"), (write_hic, "map.hic")])
def test_1_and_chr1_are_one_chromosome(world, genes, tmp_path, caplog, write, name):
    pixels = without_zeros(world.pixels[0])
    bare = {chrom.removeprefix("chr"): length for chrom, length in CHROMSIZES.items()} | {"MT": 16_569, "GL000009.2": 9}
    write(tmp_path / "chr", pixels)
    write(tmp_path / name, {chrom.removeprefix("chr"): rows for chrom, rows in pixels.items()}, chromsizes=bare)
    with caplog.at_level("INFO", logger="spex"):
        maps = agree_maps(open_maps([tmp_path / name], 1000), genes, CHROMSIZES)
    told = [record.message for record in caplog.records if record.name == "spex"]
    assert len(told) == 1 and re.fullmatch(
        rf".*/{name}: chr\d is \d there, chr\d is \d there, chr\d is \d there", told[0]
    )
    found, expected = (
        read_maps(each, genes, Published(), 1000) for each in (maps, open_maps([tmp_path / "chr"], 1000))
    )
    assert found.table().equals(expected.table()) and found.pairs().equals(expected.pairs())
    assert found.chromsizes == expected.chromsizes
    assert maps[0].depth(["chr1"], print) == sum(count for _, _, count in pixels["chr1"])
    assert sum(len(part.bin1) for part in maps[0].parts("chr8", print)) == len(pixels["chr8"])


def test_maps_without_a_genome_are_compared_with_the_first_that_has_lengths(genes):
    first, other = (
        SimpleNamespace(path=name, chromsizes=sizes, has_lengths=True, resolution=1000)
        for name, sizes in (("first", CHROMSIZES), ("other", {**CHROMSIZES, "chr9": 7}))
    )
    fitted = []
    loops = SimpleNamespace(path="loops", has_lengths=False, fit=fitted.append)
    assert [each.path for each in agree_maps([loops, first], genes)] == ["loops", "first"]
    assert agree_maps([loops], genes, {"chr1": 5}) and agree_maps([loops], genes)
    chroms = genes["chrom"].unique().tolist()
    expected = [(CHROMSIZES, "the first map"), ({"chr1": 5}, "the genome"), ({}, "the first map")]
    assert fitted == [Chromosomes(chroms, *known) for known in expected]
    with pytest.raises(InputError, match=r"maps other: chr9 is 7 bp long there and 61,000 bp in the first map"):
        agree_maps([loops, first, other], genes)


@pytest.fixture
def write(tmp_path):
    def to_csv(table):
        table.to_csv(tmp_path / "genes.csv", index=False)
        return tmp_path / "genes.csv"

    return to_csv


@pytest.mark.parametrize(
    "sizes, message",
    [
        ({"1": 10**6, "8": 10**6, "9": 10**6}, "names 'chr1', which the genome lacks; it has 1, 8, 9"),
        ({"chr1": 10**6, "chr8": 70_099, "chr9": 10**6}, "TSS 70,100 of gene G6 .*lies past the end of chr8"),
    ],
)
def test_genes_that_do_not_belong_to_the_genome_are_refused(write, sizes, message):
    with pytest.raises(InputError, match=message):
        check_on_genome(g.keep_genes(g.read_gene_table(write(example_genes()))), sizes)


@pytest.mark.parametrize(
    "there, names",
    [
        (["1", "MT"], {"chr1": "1", "1": "1", "chrM": "MT", "MT": "MT", "M": "MT"}),
        (["chr1", "chrM", "M"], {"chr1": "chr1", "1": "chr1", "chrM": "chrM", "MT": "chrM", "M": "M"}),
        (["chrMT"], {"chrM": "chrMT", "MT": "chrMT", "M": "chrMT"}),
    ],
)
def test_the_names_of_one_chromosome(there, names):
    assert names_in(there, ["chr1", "1", "chrM", "MT", "M", "chr2"]) == names


def as_bedpe(path, pixels):
    path.write_text(
        "".join(f"{c}\t{a}000\t{a + 1}000\t{c}\t{b}000\t{b + 1}000\t{n:g}\n" for c in pixels for a, b, n in pixels[c])
    )


@pytest.mark.parametrize(
    "form, rule",
    [
        ("map.mcool", Published()),
        ("map.mcool", Corrected(contact_weight="expected")),
        ("map.hic", Published()),
        ("loops", Published()),
        ("loops", Corrected()),
    ],
)
def test_a_map_of_some_chromosomes_has_no_contacts_elsewhere(world, genes, tmp_path, caplog, form, rule):
    part, sizes = without_zeros({"chr1": world.pixels[0]["chr1"]}), {"1": CHROMSIZES["chr1"]}
    reading = Reading()
    if form == "map.mcool":
        write_mcool(tmp_path / form, {"1": part["chr1"]}, chromsizes=sizes)
    elif form == "map.hic":
        write_hic(tmp_path / form, {"1": part["chr1"]}, chromsizes=sizes)
    else:
        as_bedpe(tmp_path / form, part)
        reading = Reading(count_column=7)
    maps = agree_maps(open_maps([tmp_path / form], 1000, reading), genes, CHROMSIZES)
    contacts = read_maps(maps, genes, rule, 1000)
    write_mcool(tmp_path / "whole", part)
    whole = read_maps(agree_maps(open_maps([tmp_path / "whole"], 1000), genes, CHROMSIZES), genes, rule, 1000)
    assert contacts.pairs().equals(whole.pairs()) and contacts.table().equals(whole.table()) and len(contacts.bins)
    assert not contacts.has_pixels[contacts.chroms != "chr1"].any()
    assert contacts.stand_ins[contacts.chroms != "chr1"].all() == rule.own_windows_stand_in
    warned = [record.message for record in caplog.records if record.levelname == "WARNING"]
    elsewhere = (genes["chrom"] != "chr1").sum()
    assert warned[0].endswith(
        f"/{form}: {elsewhere} of {len(genes)} genes lie on chromosomes where no gene has a pixel "
        f"({', '.join(dict.fromkeys(genes['chrom'][genes['chrom'] != 'chr1']))}); they have no contacts"
    )
    chroms = genes["chrom"].unique()
    assert maps[0].depth(chroms, print) == sum(count for _, _, count in part["chr1"])
    assert maps[0].pixel_count(chroms) in (None, len(part["chr1"]))
    assert [len(each.bin1) for each in maps[0].parts("chr8", print)] in ([0], [])


def test_maps_of_a_chromosome_each_are_added(world, genes, tmp_path, caplog):
    for chrom, pixels in world.pixels[0].items():
        write_mcool(tmp_path / chrom, {chrom: pixels}, chromsizes={chrom: CHROMSIZES[chrom]})
    found, expected = (
        read_maps(agree_maps(open_maps(paths, 1000), genes), genes, Corrected(contact_weight="expected"), 1000)
        for paths in ([tmp_path / chrom for chrom in CHROMSIZES], world.maps[:1])
    )
    assert found.pairs().equals(expected.pairs()) and found.chromsizes == expected.chromsizes
    assert [account["used"] for account in found.accounts] == [len(world.pixels[0][chrom]) for chrom in CHROMSIZES]
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_balancing_of_a_map_of_some_chromosomes_by_other_names(world, genes, tmp_path):
    both = []
    for name, prefix in (("chr", "chr"), ("bare", "")):
        sizes = {f"{prefix}1": CHROMSIZES["chr1"]}
        write_mcool(tmp_path / name, {f"{prefix}1": world.pixels[0]["chr1"]}, chromsizes=sizes)
        with h5py.File(tmp_path / name, "a") as file:
            file["resolutions/1000/bins/weight"] = np.linspace(0.1, 2, 121)
        maps = agree_maps(open_maps([tmp_path / name], 1000), genes)
        both.append(read_maps(maps, genes, Corrected(contact_weight="balanced"), 1000).pairs())
    assert both[0].equals(both[1]) and len(both[0])


def rounded_up(sizes, resolution=1000):
    return {chrom: -(-length // resolution) * resolution for chrom, length in sizes.items()}


def test_lengths_that_are_rounded_up_to_whole_bins_are_the_genomes(world, genes, tmp_path, caplog):
    exact, rounded = world.maps[0], tmp_path / "map.mcool"
    write_mcool(rounded, world.pixels[0], chromsizes=rounded_up(CHROMSIZES))
    with caplog.at_level("INFO", logger="spex"):
        (map_,) = agree_maps(open_maps([rounded], 1000), genes, CHROMSIZES)
    assert [message.split(": ", 1)[1] for message in caplog.messages] == [
        "lengths of its chromosomes are rounded up to whole bins of 1000 bp"
    ]
    found = read_maps([map_], genes, Published(), 1000)
    expected = read_maps(open_maps([exact], 1000), genes, Published(), 1000)
    assert found.pairs().equals(expected.pairs()) and found.chromsizes == CHROMSIZES
    both = agree_maps(open_maps([exact, rounded], 1000), genes)
    assert [each.chromsizes for each in both] == [CHROMSIZES, CHROMSIZES]
    without_genome = read_maps(agree_maps(open_maps([rounded], 1000), genes), genes, Published(), 1000)
    assert without_genome.chromsizes == rounded_up(CHROMSIZES)
    _check_contacts(without_genome, genes, CHROMSIZES)


@pytest.mark.parametrize(
    "sizes, message",
    [
        ({**CHROMSIZES, "chr9": 62_000}, "chr9 is 62,000 bp .* and 61,000 bp in the genome; expected the same lengths"),
        ({**rounded_up(CHROMSIZES), "chr9": 61_500}, "chr9 is 61,500 bp .*; expected the same lengths in both$"),
        (
            {chrom: 2 * length for chrom, length in CHROMSIZES.items()},
            "bp in the genome; so are 2 more of 3 chromosomes; expected a map of the same genome build$",
        ),
    ],
)
def test_other_lengths_are_another_build_where_all_are(tmp_path, genes, sizes, message):
    write_mcool(tmp_path / "map.mcool", {}, chromsizes=sizes)
    with pytest.raises(InputError, match=message):
        agree_maps([CoolMap(tmp_path / "map.mcool", 1000)], genes, CHROMSIZES)


def test_a_tss_past_the_end_of_its_chromosome_in_a_map_is_refused_without_a_genome_too(tmp_path, genes):
    write_mcool(tmp_path / "map.mcool", {}, chromsizes={**CHROMSIZES, "chr8": 50_000})
    with pytest.raises(
        InputError,
        match=r"map\.mcool: 1 of 9 genes lie past the end of their chromosome in it, such as G6: its TSS is 70,100, "
        "and chr8 is 50,000 bp long there; expected a map and genes of the same genome build$",
    ):
        agree_maps([CoolMap(tmp_path / "map.mcool", 1000)], genes)


HG19_CHR1_LENGTH = 249_250_621


def test_lengths_of_hg19_are_called_so():
    hg19 = {**GRCH38_LENGTHS, "chr1": HG19_CHR1_LENGTH, "chr8": 146_364_022}
    with pytest.raises(
        InputError, match=r"chr1 is 249,250,621 bp long \(this is hg19 \(GRCh37\)\), expected 248,956,422"
    ):
        check_chromosomes("data/hg38.fa", hg19, GRCH38_LENGTHS)
