"""3D models as contacts, against distances taken one by one."""

import math

import numpy as np
import pytest
from conftest import CHROMSIZES, write_mcool

from spex.contacts.collect import collect_contacts, read_maps
from spex.contacts.rules import Corrected, Published
from spex.errors import InputError
from spex.inputs.choices import Reading
from spex.inputs.maps import model3d
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.matching import Chromosomes, agree_maps
from spex.inputs.maps.model3d import ModelMap

RESOLUTION = 1000
KNOWN = Chromosomes(["chr1", "chr8", "chr9"], CHROMSIZES)


def nothing(count):
    pass


def random_structure(generator, share=0.9):
    """Beads of a random walk: dict of (chrom, bin) -> (x, y, z), some bins without."""
    beads = {}
    for chrom, length in CHROMSIZES.items():
        walk = generator.normal(size=(-(-length // RESOLUTION), 3)).cumsum(axis=0)
        kept = {
            (chrom, number): tuple(place.tolist()) for number, place in enumerate(walk) if generator.random() < share
        }
        beads |= kept
    return beads


def write_structure(path, beads):
    path.write_text(
        "".join(
            f"{chrom}\t{number * RESOLUTION}\t{x!r}\t{y!r}\t{z!r}\n" for (chrom, number), (x, y, z) in beads.items()
        )
    )


def counts_by_hand(structures, chrom, reach, radius=None):
    """Counts of all pairs of bins: 1/d^2 of the mean distance below `reach`, or how often d is below the radius."""
    found = {}
    bins = sorted({number for beads in structures for name, number in beads if name == chrom})
    for a in bins:
        for b in bins:
            held = [
                (beads[chrom, a], beads[chrom, b]) for beads in structures if {(chrom, a), (chrom, b)} <= beads.keys()
            ]
            if a == b or not held:
                continue
            distances = [math.dist(one, other) for one, other in held]
            mean = sum(distances) / len(distances)
            if radius is not None and any(distance < radius for distance in distances):
                found[a, b] = sum(distance < radius for distance in distances)
            if radius is None and mean < reach:
                found[a, b] = 1 / mean**2
    return found


@pytest.fixture
def ensemble(tmp_path):
    """Paths and beads of three structures."""
    generator = np.random.default_rng(8)
    structures = [random_structure(generator) for _ in range(3)]
    paths = [tmp_path / f"cell{number}.3dg" for number in range(3)]
    for path, beads in zip(paths, structures, strict=True):
        write_structure(path, beads)
    return paths, structures


@pytest.mark.parametrize("at_once", [2_000_000, 300])
@pytest.mark.parametrize("cells", [1, 3])
@pytest.mark.parametrize("radius", [None, 4.0])
def test_neighbours_are_those_that_are_found_one_by_one(ensemble, monkeypatch, at_once, cells, radius):
    monkeypatch.setattr(model3d, "PAIRS_AT_ONCE", at_once)
    paths, structures = (each[:cells] for each in ensemble)
    (map_,) = open_maps(paths, RESOLUTION, Reading(contact_radius=radius), Published(max_dist=5.0))
    map_.fit(KNOWN)
    expected = counts_by_hand(structures, "chr1", 5.0, radius)
    assert len(expected) > 500
    parts = {
        (a, b): count
        for part in map_.parts("chr1", nothing)
        for a, b, count in zip(part.bin1.tolist(), part.bin2.tolist(), part.counts.tolist(), strict=True)
    }
    assert parts == pytest.approx({(a, b): count for (a, b), count in expected.items() if a < b})
    tss_bins = np.array([0, 3, 60, 61, 120, 121])
    columns = map_.pixels_of("chr1", tss_bins, nothing)
    assert [column.dtype for column in columns] == [np.int64, np.int64, np.float64]
    seen = {(a, b): count for a, b, count in zip(*(column.tolist() for column in columns), strict=True)}
    assert len(seen) == len(columns[0])
    assert seen == pytest.approx({(a, b): count for (a, b), count in expected.items() if a in tss_bins})
    assert map_.depth(["chr1"], nothing) == pytest.approx(sum(expected.values()) / 2)


def test_a_model_is_a_map_whose_counts_are_one_by_the_square_of_the_distance(ensemble, genes, tmp_path):
    paths, structures = ensemble
    by_hand = {chrom: counts_by_hand(structures, chrom, 5.0, 5.0) for chrom in CHROMSIZES}
    pixels = {chrom: [(a, b, n) for (a, b), n in counts.items() if a < b] for chrom, counts in by_hand.items()}
    write_mcool(tmp_path / "map.mcool", pixels)
    for rule in (Published(), Corrected()):
        model, map_ = (
            open_maps(paths, RESOLUTION, Reading(contact_radius=5.0)),
            open_maps([tmp_path / "map.mcool"], RESOLUTION),
        )
        both = []
        for maps in (model, map_):
            agree_maps(maps, genes, CHROMSIZES)
            both.append(collect_contacts(maps, genes, rule, RESOLUTION, nothing))
        for name in ("has_pixels", "offsets", "bins", "counts", "downstream"):
            assert getattr(both[0], name).tobytes() == getattr(both[1], name).tobytes(), name


def test_a_structure_may_lack_a_chromosome(tmp_path):
    (tmp_path / "one").write_text(bead(0) + bead(1000) + bead(2000))
    (tmp_path / "other").write_text(bead(0, chrom="chr8") + bead(1000, chrom="chr8"))
    map_ = ModelMap([tmp_path / "one", tmp_path / "other"], RESOLUTION, rule=Published(max_dist=1500.0))
    map_.fit(KNOWN)
    found = zip(*(column.tolist() for column in map_.pixels_of("chr1", np.array([0, 2]), nothing)), strict=True)
    assert list(found) == [(0, 1, 1e-6), (2, 1, 1e-6)]
    assert map_.chromsizes == {"chr1": 3000, "chr8": 2000}


def test_the_published_rule_keeps_what_is_nearer_than_its_distance(ensemble, genes):
    paths, structures = ensemble
    rule = Published(max_dist=7.0)
    maps = open_maps(paths, RESOLUTION, rule=rule)
    agree_maps(maps, genes, CHROMSIZES)
    contacts = collect_contacts(maps, genes, rule, RESOLUTION, nothing)
    kept = set(contacts.pairs()[["id", "start"]].itertuples(index=False, name=None))
    expected = set()
    for gene in genes.itertuples():
        tss_bin = round(gene.tss / RESOLUTION)
        for a, b in counts_by_hand(structures, gene.chrom, 7.0):
            if a == tss_bin and abs(b - a) * RESOLUTION >= 20_000:
                expected.add((gene.id, b * RESOLUTION))
    assert kept == expected and len(kept) > 10


def bead(position, x=None, chrom="chr1"):
    return f"{chrom}\t{position}\t{position if x is None else x}\t0\t0\n"


GOOD = bead(0) + bead(1000)
BAD_MODELS = {
    "two beads at one place": (GOOD + bead(2000, x=1000), "the beads of chr1 at 1,000 and 2,000 lie at one place"),
    "a chromosome twice": (
        GOOD + bead(0, x=7) + bead(1000, x=8),
        "chr1 has two beads at 0; expected a chromosome once",
    ),
    "an unknown chromosome": (GOOD + bead(0, chrom="chrB"), "the genome has no chromosome 'chrB'; it has chr1, chr8"),
    "past the end": (GOOD + bead(121_000), "chr1 reaches to 121,001 bp by its last bead and is 120,400 bp long"),
    "wider bins": (
        bead(0) + bead(5000) + bead(15_000),
        "beads 5,000 bp apart; .*resolution 1000; choose resolution 5000",
    ),
    "narrower bins": (
        bead(0) + bead(500) + bead(1000),
        "beads 500 bp apart, one of them at 500; .*choose resolution 500",
    ),
    "middles of bins": (
        bead(500) + bead(1500),
        "beads 1,000 bp apart, one of them at 500; .*the start of each bead's bin",
    ),
}


@pytest.mark.parametrize("kind", BAD_MODELS)
def test_a_model_that_cannot_be_used_is_refused(genes, tmp_path, kind):
    content, message = BAD_MODELS[kind]
    (tmp_path / "model").write_text(content)
    maps = open_maps([tmp_path / "model"], RESOLUTION, Reading(contact_radius=1.0))
    agree_maps(maps, genes, CHROMSIZES)
    with pytest.raises(InputError, match=rf"^maps .*model: {message}"):
        collect_contacts(maps, genes, Published(), RESOLUTION, nothing)


@pytest.mark.parametrize(
    "rule, message",
    [
        (
            Published(),
            "its own units, and the usual max_dist of 1.15 is none of them; give max_dist in the model's",
        ),
        (Corrected(), "distances, no counts; .*; give contact_radius, or choose rule published and max_dist"),
        (None, "distances, no counts; nothing says which are contacts; give contact_radius$"),
    ],
)
def test_how_far_a_contact_reaches_must_be_told(ensemble, rule, message):
    with pytest.raises(InputError, match=rf"^maps .*cell0.3dg: a 3D model has {message}"):
        open_maps(ensemble[0], RESOLUTION, rule=rule)


def test_models_and_maps_of_counts_are_not_added(ensemble, world):
    with pytest.raises(
        InputError, match=r"^maps .*cell0.3dg: a 3D model, but .*map0.mcool is none; expected models al"
    ):
        open_maps([world.maps[0], *ensemble[0]], RESOLUTION, Reading(contact_radius=1.0))


def test_a_chromosome_without_beads_has_no_pixels(tmp_path):
    (tmp_path / "model").write_text(GOOD)
    map_ = ModelMap([tmp_path / "model"], RESOLUTION, Reading(contact_radius=1.0))
    map_.fit(KNOWN)
    assert [len(column) for column in map_.pixels_of("chr8", np.array([0, 5]), nothing)] == [0, 0, 0]
    assert list(map_.parts("chr8", nothing)) == []


def test_beads_are_accounted_for_by_file(tmp_path, genes):
    (tmp_path / "one").write_text(GOOD + bead(0, chrom="chrX") + bead(1000, chrom="chrX") + bead(0, chrom="chr8"))
    (tmp_path / "other").write_text(GOOD + bead(2000))
    maps = open_maps([tmp_path / "one", tmp_path / "other"], RESOLUTION, Reading(contact_radius=1.0))
    agree_maps(maps, genes, {**CHROMSIZES, "chrX": 5000})
    accounts = read_maps(maps, genes, Published(), RESOLUTION).accounts
    assert [(each["file"], each["unit"], each["used"]) for each in accounts] == [
        (str(tmp_path / "one"), "beads", 3),
        (str(tmp_path / "other"), "beads", 3),
    ]
    assert [each["left_out"] for each in accounts] == [{"on chromosomes without genes": 2}, {}]
