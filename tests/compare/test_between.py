"""Between cells: differences and exchanges against slow loops, verdicts by their conditions, and a whole comparison."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from made_between import CHROMS, SHIFTS, statistics, tables
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal
from scipy import stats

import spex
from data.example import made_cells
from data.example.cells_demo import EXCHANGED
from spex.compare import between, run
from spex.compare.between_tables import ALL, EXCHANGES, exchanges, less_others, make_cell_tables, of_own_maps
from spex.contacts.controls import number_columns
from spex.errors import InputError
from spex.inputs.genes import read_cached_genes
from spex.runs.folder import DataFolder, contacts_of, open_made
from spex.runs.tensors import read_features

NAMES = ("sequence", "number_only", "region_only", "nothing")


def loops(several, place):
    """One array less the mean of the others, number by number."""
    made = np.empty(several[0].shape)
    for at in np.ndindex(made.shape):
        made[at] = several[place][at] - sum(each[at] for each in several[:place] + several[place + 1 :]) / (
            len(several) - 1
        )
    return made


@pytest.mark.parametrize("cells", [2, 3, 5])
def test_a_difference_is_that_to_the_mean_of_the_others(cells):
    several = list(np.random.default_rng(cells).normal(size=(cells, 4, 3)))
    found = [less_others(several, place) for place in range(cells)]
    for place in range(cells):
        assert_allclose(found[place], loops(several, place))
    assert_allclose(sum(found), 0, atol=1e-14)
    assert less_others([each.astype(np.float32) for each in several], 0).dtype == np.float32
    if cells == 2:
        assert_array_equal(found[0], -found[1])


def test_exchanges_are_all_of_few_cells_and_some_of_many():
    for cells in (2, 3, 4):
        assert exchanges(cells, seed=1) == [list(order) for order in permutations(range(cells))][1:]
    found = exchanges(6, seed=1)
    assert len({tuple(order) for order in found}) == EXCHANGES and list(range(6)) not in found
    assert all(sorted(order) == list(range(6)) for order in found)
    assert found == exchanges(6, seed=1) != exchanges(6, seed=2)


def p_of(values):
    """Upper tail of an observed value beside those after shifts."""
    spread = np.std(values[1:], ddof=1) * np.sqrt(1 + 1 / SHIFTS)
    return stats.t.sf((values[0] - np.mean(values[1:])) / spread, SHIFTS - 1)


def test_exchanges_and_their_test_by_loops():
    made = statistics(cells=3, other=0.005)
    cells = tables(made, correction="none").cells
    gain = np.stack([each.gain_map for each in made])  # map, shift, cell
    mine = []
    for cell in range(3):
        own, others = gain[cell, :, cell], [gain[other, :, cell] for other in range(3) if other != cell]
        mine.append(own - sum(others) / 2)
        row = cells.iloc[cell]
        assert_allclose([row.removed, row.removed_exchanged], [own[0], sum(others)[0] / 2])
        assert row.p_exchange == pytest.approx(p_of(mine[-1]))
        assert (row.exchanges, row.exchanges_below) == (2, sum(each[0] < own[0] for each in others))
        assert row.q_specific == pytest.approx(max(row.p_seq, row.p_exchange))
        assert row.p_seq == pytest.approx(p_of(own - made[cell].gain_matched[:, cell]))
    row = cells.iloc[-1]
    assert row.p_exchange == pytest.approx(p_of(np.mean(mine, axis=0)))
    below = [
        sum(gain[order[cell], 0, cell] for cell in range(3)) < sum(gain[cell, 0, cell] for cell in range(3))
        for order in list(permutations(range(3)))[1:]
    ]
    assert (row.exchanges, row.exchanges_below) == (5, sum(below))


def test_tables_have_a_row_for_each_cell_and_one_for_all():
    made = statistics()
    found = tables(made, settings={"seed": 1})
    assert found.cells["map"].tolist() == [f"cell {place}" for place in range(4)] + [ALL]
    assert found.exchanges.shape == (16, 5) and found.settings == {"seed": 1}
    own = found.exchanges[found.exchanges["own"]]
    assert own["map"].tolist() == own["cell"].tolist() == found.cells["map"].tolist()[:-1]
    assert_allclose(own["removed"], found.cells["removed"][:-1])
    assert_allclose(found.cells["explained_base"], 0.1) and assert_allclose(found.cells["explained_map"], 0.25)
    rho = of_own_maps(made).of("M")
    for place, each in enumerate(made):
        assert_array_equal(rho[:, place], each.of("M")[:, place])


def test_what_the_mean_of_the_others_leaves_by_loops():
    levels = np.random.default_rng(3).normal(size=(360, 3)) + np.random.default_rng(4).normal(size=(360, 1))
    cells = make_cell_tables(statistics(cells=3), [(place, "") for place in range(3)], levels).cells
    for cell in range(3):
        others = levels[:, [other for other in range(3) if other != cell]].mean(axis=1)
        by_chromosome = [
            stats.spearmanr(levels[first : first + 30, cell], others[first : first + 30])[0]
            for first in range(0, 360, 30)
        ]
        assert cells["spearman_others"][cell] == pytest.approx(np.mean(by_chromosome))
        assert cells["different"][cell] == pytest.approx(np.var(levels[:, cell] - others) / np.var(levels[:, cell]))


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, 2),
        ({"number": 0.05}, 1),
        ({"matched": 0.02}, 3),
        ({"other": 0.03}, 3),
        ({"own": 0.0, "number": 0.05}, 4),
        ({"own": 0.0}, 6),
    ],
    ids=str,
)
def test_the_verdict_asks_for_more_than_matched_bins_and_than_other_cells_maps(changes, verdict):
    cells = tables(statistics(**changes)).cells
    assert cells["verdict"].tolist() == [verdict] * 5
    assert (cells["strength"] == ("strong evidence" if verdict < 3 else "")).all()


def test_a_map_that_does_better_elsewhere_takes_the_verdict_from_the_cell_and_from_all():
    made = statistics(own=0.02)
    made[1].gain_map[0, 0] = 0.03  # the map of cell 1 is better for cell 0
    cells = tables(made).cells
    assert cells["exchanges_below"].tolist() == [2, 3, 3, 3, 23]  # all others still take away less with it exchanged
    assert cells["verdict"].tolist() == [3, 2, 2, 2, 2]
    made[0].gain_map[0, 1] = 0.03
    assert tables(made).cells["exchanges_below"].iloc[-1] < 23 and tables(made).cells["verdict"].iloc[-1] == 3


def test_of_two_cells_nothing_shows_which_map_belongs_to_which():
    first = statistics(cells=2)[0]
    first = replace(first, gain_map=first.gain_map[:, [0, 0]], gain_matched=first.gain_matched[:, [0, 0]])
    first = replace(first, rho=first.rho[:, :, [0, 0]])
    cells = tables([first, replace(first, name="cell 1")]).cells
    assert cells["p_exchange"].isna().all() and cells["verdict"].tolist() == [2, 2, 2]
    assert cells["words"].str.endswith("; of two cells it is not shown which map belongs to which").all()
    assert_allclose(cells["q_specific"], cells["p_seq"])  # one test, which two rows have


def test_too_few_chromosomes_have_no_verdict():
    made = [replace(each, genes=np.full(len(CHROMS), 10)) for each in statistics()]
    cells = tables(made, genes=120).cells
    assert (cells["verdict"] == 0).all() and cells[["p_seq", "p_exchange", "q_specific"]].isna().all(axis=None)


@pytest.fixture(scope="module")
def expression(study):
    """Of a tissue each of three cells, on two chromosomes."""
    table = read_cached_genes(DataFolder(study.base).cached_genes)
    table = table[table["chrom"].isin(CHROMS[:2])]
    values = np.random.default_rng(2).gamma(2, 3, size=(len(table), 3))
    return pd.DataFrame(values, index=table["id"], columns=["Liver", "Lung", "Brain"])


def compare(study, expression, out=None, names=NAMES[:3], cells=None, **options):
    cells = cells or dict(zip((str(study.maps[name]) for name in names), expression.columns, strict=False))
    given = {"cache": study.cache, "maps": [study.map_files[name] for name in names], "rotations": 2}
    return spex.compare_cells(
        study.base, [study.maps[name] for name in names], expression, cells, out=out, **given | options
    )


def test_arms_are_the_differences_of_maps_and_expression_those_of_tissues(study, expression, monkeypatch, tmp_path):
    seen = []
    fit = run.compare_map
    monkeypatch.setattr(run, "compare_map", lambda *of, **how: seen.append(of) or fit(*of, **how))
    deep = {"thin_to": 10**9}  # more than there is, so that the folders' contacts stay
    found = compare(study, expression, tmp_path, **deep)
    levels, ids = np.log(expression.to_numpy() + 0.0001), expression.index.tolist()
    assert [arms.name for *_, arms in seen] == list(NAMES[:3])
    sums, numbers = [], []
    for name in NAMES[:3]:
        folder, settings = open_made(study.maps[name], "map_folders")
        sums.append(read_features(folder, ids, settings.width)[0][:, -4004:].astype(float))
        contacts = contacts_of(folder, settings, {})
        place = [contacts.genes.tolist().index(gene) for gene in ids]
        numbers.append(number_columns(contacts)[place])
    for place, (own, _, arms) in enumerate(seen):
        assert_allclose(arms.numbers[::7], loops([each[::7] for each in numbers], place))
        some = [each[::9, ::200] for each in sums]
        assert_allclose(arms.neighbours[::9, ::200], loops(some, place), atol=1e-3)
        assert arms.neighbours.dtype == np.float32
        for cell in range(3):
            assert_allclose(own.observed[:, cell], loops(list(levels.T), cell))
    draws = [arms.draws(0) for *_, arms in seen]
    assert_allclose(sum(draws), 0, atol=1e-3)
    assert not np.allclose(draws[0], seen[0][2].neighbours)
    assert set(found.settings["maps"]) == set(NAMES[:3])

    monkeypatch.setattr(run.OwnPart, "of", None)  # what is finished is kept
    assert_frame_equal(compare(study, expression, tmp_path, **deep).cells, found.cells)
    turned = dict(zip((str(study.maps[name]) for name in NAMES[:3]), ["Lung", "Brain", "Liver"], strict=True))
    with pytest.raises(TypeError):  # other cells: all is fitted again
        compare(study, expression, tmp_path, cells=turned, **deep)


def test_maps_are_downsampled_to_one_depth(study, expression, monkeypatch):
    class Stop(Exception):
        pass

    def stop(ready):
        raise Stop(ready)

    monkeypatch.setattr(between, "fit_maps", stop)
    with pytest.raises(Stop) as stopped:
        compare(study, expression)
    ready = stopped.value.args[0]
    makers = ready.makers[0].whole.makers
    kept = [each.depth * each.share for each in makers]
    assert ready.protocol.thin_to == "shallowest" and min(each.share for each in makers) < 1
    assert max(kept) == pytest.approx(min(kept)) == pytest.approx(min(each.depth for each in makers))


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["Liver", "Lung"], "region_only: no tissue is given"),
        (["Liver", "L*", "Brain"], "number_only: L\\* is 2 tissues"),
        (["Liver", "Lung", "Liver"], "region_only: Liver is the tissue of sequence already"),
    ],
)
def test_a_map_without_one_tissue_of_its_own_is_refused(study, expression, cells, found):
    given = dict(zip((str(study.maps[name]) for name in NAMES[:3]), cells, strict=False))
    with pytest.raises(InputError, match=found):
        compare(study, expression, cells=given)


def test_one_map_and_maps_that_are_not_there_are_refused(study, expression):
    with pytest.raises(InputError, match="1 map; expected maps of two cells or more"):
        compare(study, expression, names=NAMES[:1])
    with pytest.raises(InputError, match="needs the map that"):
        compare(study, expression, maps=())


def test_the_demo_s_maps_share_most_contacts_and_one_is_twice_as_deep(tmp_path, monkeypatch):
    written = {}
    monkeypatch.setattr(
        made_cells, "write_study", lambda root, random, world, express, tissues: written.update(world=world, at=express)
    )
    made_cells.write_made_cells(tmp_path, genes=60, chromosomes=2)
    pixels = written["world"].pixels
    assert list(pixels) == list(made_cells.CELLS) == list(EXCHANGED)
    assert sorted(EXCHANGED.values()) == sorted(made_cells.CELLS.values())
    assert all(EXCHANGED[name] != tissue for name, tissue in made_cells.CELLS.items())
    depth = {name: table["count"].sum() for name, table in pixels.items()}
    others = [depth[name] for name in made_cells.CELLS if name != made_cells.DEEP]
    assert depth[made_cells.DEEP] == pytest.approx(2 * np.mean(others), rel=0.1)
    lung, brain = (set(map(tuple, pixels[name][["chrom", "bin1", "bin2"]].to_numpy())) for name in ("lung", "brain"))
    assert len(lung & brain) > 0.5 * len(lung)
