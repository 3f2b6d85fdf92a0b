"""Null variants: ranks among them are uniform in each stratum for other variants of the kind, and for no others."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import chisquare, kstest

from expecto.network import BASES
from spex.contacts.rules import Corrected, Published
from spex.effects.alleles import AlleleScorer
from spex.effects.changes import Change
from spex.effects.inputs import LinearModels
from spex.effects.nulls import (
    CLASSES,
    CONTACT,
    OWN,
    SNV,
    STRATA,
    NullDrawer,
    NullEffects,
    class_of,
    kept_classes,
    load_nulls,
    null_effects,
    path_of,
    save_nulls,
    stratum,
)
from spex.effects.variant_tables import class_in_words
from spex.files.sealed import DamagedFileError

NUMBER = 200


@pytest.fixture
def source(made):
    """What null variants are drawn from, with the interface of EffectInputs, and a computer."""

    def make(rule):
        parts = made(rule)
        settings = SimpleNamespace(window=2000)
        inputs = SimpleNamespace(genes=parts.genes, contacts=parts.contacts, fits=parts.fits, index=lambda: parts.index)
        inputs.settings = settings
        return inputs, parts.computer

    return make


def nulls_of(source, rule, seed, number=NUMBER):
    inputs, computer = source(rule)
    return null_effects(inputs, computer, number, seed)


def known(table):
    return NullEffects.of(table)


def ranks(nulls, table):
    """Quantiles of the effects of a table."""
    return nulls.quantiles(table["stratum"].to_numpy(str), table["class"].to_numpy(str), table["effect"].to_numpy())


@pytest.mark.parametrize("rule", [Corrected(), pytest.param(None, marks=pytest.mark.soak)])
def test_ranks_of_other_null_variants_are_uniform_in_each_stratum(source, rule):
    one, other = nulls_of(source, rule, 1), nulls_of(source, rule, 2)
    met = set()
    for first, second in zip(one, other, strict=True):
        quantiles = ranks(known(first), second)
        for name, mine in second.groupby("stratum").groups.items():
            met.add(STRATA[name][0])
            assert len(mine) == NUMBER
            # both are draws; ten tests in all
            assert kstest(first["effect"][first["stratum"] == name], second["effect"][mine]).pvalue > 0.001
            assert kstest(quantiles[mine], "uniform", args=(-1, 2)).statistic < 0.25
    assert met >= ({OWN} if rule is None else {OWN, CONTACT})


def test_null_variants_drawn_over_the_whole_genome_would_not_do(source, world):
    """Most of a genome reaches no gene: such nulls have effect 0, and every real effect would rank at an end."""
    inputs, computer = source(Corrected(min_count=7))
    places = NullDrawer(inputs, computer.genome, 3).draw("contact, 0-100 kb", NUMBER)
    scorer = AlleleScorer(computer, inputs.genes, inputs.index(), LinearModels(inputs.fits))
    generator = np.random.default_rng(4)
    genes = [draw.gene for draw in places]
    chroms = inputs.genes["chrom"].to_numpy(str)[genes]
    anywhere = [
        Change(c, int(generator.integers(0, len(world.sequences[c]))), 1, np.array([0], np.uint8)) for c in chroms
    ]
    effects = np.zeros(NUMBER)
    found = scorer.effects(anywhere, only=genes)
    effects[found.alleles] = found.contact[:, 0]
    real = scorer.effects(
        [draw.change for draw in places],
        only=genes,
    )
    quantiles = NullEffects({("contact", SNV): np.sort(effects)}).quantiles(
        np.full(len(real.alleles), "contact"), np.full(len(real.alleles), SNV), real.contact[:, 0]
    )
    assert kstest(quantiles, "uniform", args=(-1, 2)).pvalue < 1e-6


def snv(chrom, position, code):
    return Change(chrom, position, 1, np.array([code], np.uint8))


def test_null_variants_lie_where_their_stratum_says(source, world):
    inputs, computer = source(Corrected())
    drawer = NullDrawer(inputs, computer.genome, 5)
    contacts = inputs.contacts
    for name in STRATA:
        for draw in drawer.draw(name, 40):
            gene = inputs.genes.iloc[draw.gene]
            letters, position = world.sequences[gene["chrom"]], draw.change.start
            assert draw.change.removed == len(draw.change.added) == 1
            assert letters[position].upper() != BASES[draw.change.added[0]]
            upstream = (position - (gene["tss"] - 1)) * (1 if gene["strand"] == "+" else -1)
            own = -21_000 < upstream < 20_800 if gene["strand"] == "+" else -21_000 <= upstream <= 20_800
            starts = contacts.window_starts[contacts.of_gene(draw.gene)].ravel().tolist()
            touched = any(start <= position < start + 2000 for start in starts)
            assert stratum(path_of(own, touched), upstream) == name


def test_base_composition_and_cpg_are_those_of_the_places(source, world):
    """Within 1 kb of a TSS, counted over every such place of every gene, beside the draws."""
    inputs, computer = source(None)
    expected, seen = np.zeros(5), np.zeros(5)
    for gene in inputs.genes.itertuples():
        letters = world.sequences[gene.chrom].upper()
        for position in range(max(gene.tss - 1000, 0), min(gene.tss + 999, len(letters))):
            if letters[position] in "ACGT":
                expected[kind(letters, position)] += 1
    draws = NullDrawer(inputs, computer.genome, 6).draw("own, 0-1 kb", 2000)
    for draw in draws:
        letters = world.sequences[inputs.genes["chrom"].iloc[draw.gene]].upper()
        seen[kind(letters, draw.change.start)] += 1
    assert len(draws) == 2000
    assert chisquare(seen, expected / expected.sum() * seen.sum()).pvalue > 0.001


def kind(letters, position):
    """Number of the base, or of CpG."""
    if letters[position : position + 2] == "CG" or letters[max(position - 1, 0) : position + 1] == "CG":
        return 4
    return "ACGT".find(letters[position])


def test_ranks_by_hand():
    nulls = NullEffects({("own", SNV): np.sort([-2.0, -1.0, 0.0, 1.0] * 5 + [3.0] * 1)})
    strata, classes = np.array(["own", "own", "own", "both", "own"]), np.array([SNV] * 4 + ["deletion of 1 bp"])
    got = nulls.quantiles(strata, classes, np.array([-5.0, 5.0, 0.0, 0.0, 0.0]))
    count = 21
    assert got[0] == pytest.approx(2 * 0.5 / (count + 1) - 1)
    assert got[1] == pytest.approx(2 * (count + 0.5) / (count + 1) - 1)
    assert got[2] == pytest.approx(2 * (10 + 3) / (count + 1) - 1)
    assert np.isnan(got[3:]).all()


def test_kept_null_variants_are_those_of_the_model(tmp_path, source):
    (table, _) = nulls_of(source, Published(), 1, 30)
    save_nulls(tmp_path, table, {"seed": 1, "files": {"model.npy": "a"}})
    kept = load_nulls(tmp_path, {"files": {"model.npy": "a"}})
    assert kept.by_kind.keys() == known(table).by_kind.keys()
    for kind, effects in known(table).by_kind.items():
        np.testing.assert_allclose(kept.by_kind[kind], effects, rtol=1e-8)
    assert load_nulls(tmp_path, {"files": {"model.npy": "b"}}) is None
    path, record = tmp_path / "null_variants.tsv", tmp_path / "null_variants.json"
    content = path.read_bytes()
    for damage in (
        lambda: path.write_bytes(content[:-20]),
        path.unlink,
        lambda: path.write_bytes(content) and record.write_bytes(record.read_bytes()[:-20]),
    ):
        damage()
        with pytest.raises(DamagedFileError, match="null_variants"):
            load_nulls(tmp_path, {"files": {"model.npy": "a"}})
    record.unlink()
    assert load_nulls(tmp_path, {"files": {"model.npy": "a"}}) is None


def test_classes_that_are_drawn_later_stand_beside_those_before(tmp_path, source):
    """In the same bytes as drawn at once; with another seed nothing of before is kept."""
    inputs, computer = source(Published())
    classes, identity = [SNV, "deletion of 1 bp", "insertion of 2-5 bp"], {"seed": 3}
    places = [tmp_path / name for name in ("at once", "one by one", "again")]
    for place in places:
        place.mkdir()

    def draw(place, some, seed=3):
        (table, *_) = null_effects(inputs, computer, 5, seed, some)
        save_nulls(place, table, {"seed": seed}, some)

    draw(places[0], classes)
    draw(places[1], classes[1:2])
    draw(places[1], [classes[2], classes[0]])
    draw(places[2], classes)
    draw(places[2], classes[1:])
    assert [kept_classes(place, identity) for place in places] == [classes] * 3
    contents = [
        [(place / name).read_bytes() for name in ("null_variants.tsv", "null_variants.json")] for place in places
    ]
    assert contents[0] == contents[1] == contents[2] and b"deletion of 1 bp" in contents[0][0]
    draw(places[1], [SNV], seed=4)
    assert kept_classes(places[1], {"seed": 4}) == [SNV] and kept_classes(places[1], identity) == []


@pytest.mark.parametrize(
    "removed, added, name",
    [
        (1, 1, SNV),
        (2, 2, "substitution of 2-5 bp"),
        (1, 0, "deletion of 1 bp"),
        (5, 0, "deletion of 2-5 bp"),
        (6, 0, "deletion of 6-20 bp"),
        (0, 21, "insertion of 21-100 bp"),
        (0, 101, None),
        (3, 2, None),
    ],
)
def test_classes_of_alleles(removed, added, name):
    assert class_of(removed, added) == name and (name is None or name in CLASSES)
    assert class_in_words("ACGTA", "<DEL>") == "longer or complex"  # whose names have no bases


def test_random_deletions_rank_evenly_among_null_deletions(source, world):
    """Of one base within 1 kb of a TSS, drawn in another way than null variants; among SNVs most would lie at an end.
    `benchmarks.nulls` counts many, of every class."""
    inputs, computer = source(None)
    name, of_class = "own, 0-1 kb", "deletion of 1 bp"
    drawer, generator = NullDrawer(inputs, computer.genome, 1), np.random.default_rng(2)
    draws = [*drawer.draw(name, 80, of_class), *drawer.draw(name, 80)]
    while len(draws) < 240:
        gene = int(generator.integers(len(inputs.genes)))
        chrom, tss = inputs.genes["chrom"].iloc[gene], int(inputs.genes["tss"].iloc[gene])
        position = tss - 1 + int(generator.integers(-990, 991))
        if position >= 0 and world.sequences[chrom][position : position + 1].upper() in [*"ACGT"]:
            change = Change(chrom, position, 1, np.array([], np.uint8)).leftmost(computer.genome)
            draws.append(SimpleNamespace(gene=gene, change=change))
    scorer = AlleleScorer(computer, inputs.genes, None, LinearModels(inputs.fits[:1]))
    found = scorer.effects([each.change for each in draws], only=[each.gene for each in draws])
    assert_array_equal(found.alleles, np.arange(240))
    fair, unfair = (NullEffects({(name, SNV): np.sort(each)}) for each in np.split(found.own[:160, 0], 2))
    fair, unfair = (each.quantiles(np.full(80, name), np.full(80, SNV), found.own[160:, 0]) for each in (fair, unfair))
    assert kstest(fair, "uniform", args=(-1, 2)).pvalue > 0.001 and (abs(fair) > 0.9).mean() < 0.2
    assert (abs(unfair) > 0.9).mean() > 0.5
