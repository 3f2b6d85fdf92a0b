"""The benchmark of the comparison between cells on a small synthetic genome: what it makes, and what it counts."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from benchmarks import cells as benchmark
from benchmarks.made_genome import GENES

SMALL = dict.fromkeys(list(GENES)[:10], 24)


@pytest.fixture(scope="module")
def made():
    return benchmark.Cells(1, "made", SMALL)


def pairs(contacts):
    return set(zip(contacts.gene.tolist(), contacts.bins.tolist(), strict=True))


def shared(one, other):
    one, other = pairs(one), pairs(other)
    return len(one & other) / min(len(one), len(other))


def test_cells_share_most_contacts_and_equal_maps_more(made):
    cells, equal = (made.maps[name].contacts for name in ("cells", "equal"))
    assert 0.5 < shared(cells[0], cells[1]) < shared(equal[0], equal[1]) < 0.85
    deep, thinned = (made.maps[name].contacts[0] for name in ("depth", "thinned"))
    assert len(deep.bins) > 1.8 * len(thinned.bins)
    assert len(thinned.bins) == pytest.approx(len(equal[0].bins), rel=0.15)
    assert made.maps["two"].contacts == cells[:2] and len(cells) == benchmark.CELLS


def test_an_effect_has_its_share_of_the_difference_and_follows_the_contacts(made):
    effects = made.effects("cells")
    assert {"contacts 2 %", "number 5 %", "shared contacts 2 %", "nothing"} < set(effects)
    _, (part, weights) = effects["contacts 2 %"]
    level = made._level(part, weights, benchmark.CELLS)
    effect = benchmark.differences(level[:, :, 0])
    effect -= (effect @ made.basis) @ made.basis.T
    slopes = []
    for _ in range(100):
        found = made._difference("none", 0.02, level, benchmark.CELLS)
        assert_allclose(found.sum(axis=0), 0, atol=1e-12)
        slopes.append((found * effect).sum() / np.sqrt((effect**2).sum() * found.size * benchmark.CELLS / 3))
    assert np.mean(slopes) == pytest.approx(np.sqrt(0.02), rel=0.1)
    names = [name for name, _ in made.expression({"nothing": (0, None), "contacts 2 %": effects["contacts 2 %"]}, 4)]
    assert names == ["nothing", "nothing", "contacts 2 %"]


def test_a_genome_from_beginning_to_end(monkeypatch, tmp_path):
    whole = benchmark.run_genome(2, opened=True, chromosomes=SMALL)
    assert whole["truth"].tolist() == ["open region 2 %"] * 5 + ["open region 5 %"] * 5
    assert whole["map"].tolist()[:5] == ["cell 1", "cell 2", "cell 3", "cell 4", "all cells"] and whole["right"].all()
    monkeypatch.setattr(benchmark, "run_genome", lambda seed, world, *, opened: whole.assign(genome=seed))
    benchmark.main(["--genomes", "3", "--open", "--out", str(tmp_path / "cells.md")])
    kept = pd.read_csv(tmp_path / "cells.csv")
    assert kept["genome"].nunique() == 3
    benchmark.main(["--genomes", "3", "--open", "--out", str(tmp_path / "cells.md")])  # all are there already
    text = (tmp_path / "cells.md").read_text()
    assert "| four cells | open region 2 % | 3 | 3 |" in text


def test_what_is_counted_of_each_set_of_cells():
    rows = pd.DataFrame(
        {
            "map": ["cell 1", "cell 2", "all cells"] * 2,
            "genome": [1] * 3 + [2] * 3,
            "maps": "cells",
            "truth": "two exchanged: contacts 2 %",
            "right": [False, True, False] * 2,
            "verdict": [2, 2, 3, 4, 1, 1],
            "strength": ["evidence", "evidence", "", "", "strong evidence", "strong evidence"],
        }
    )
    (line,) = [each for each in benchmark.tabulate(rows).splitlines() if each.startswith("| four cells")]
    assert line.count("50.0 ±") == 6  # all: sequence, strong, other bins too, number; exchanged cells: sequence, number
