"""The benchmark of maps against each other on small synthetic genomes."""

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose

from benchmarks import pairs
from benchmarks.made_genome import GENES, make_genome

SMALL = dict.fromkeys(list(GENES)[:10], 30)


def test_some_contacts_are_those_that_are_kept():
    contacts = make_genome(1, SMALL).contacts
    kept = np.random.default_rng(0).random(len(contacts.bins)) < 0.5
    half, place = pairs.some(contacts, kept), 17
    mine, of_half = (slice(*each.offsets[place : place + 2]) for each in (contacts, half))
    assert_allclose(half.bins[of_half], contacts.bins[mine][kept[mine]])
    assert len(half.bins) == kept.sum() == half.offsets[-1]


def test_twins_and_matched_bins_from_beginning_to_end(monkeypatch, tmp_path, capsys):
    make = pairs.made_genome.make_genome
    monkeypatch.setattr(pairs.made_genome, "make_genome", lambda seed: make(seed, SMALL))
    monkeypatch.setattr(pairs, "EFFECTS", {"made": {"nothing": "null", "touched 2 %": "S2"}})
    out = tmp_path / "pairs.csv"
    pairs.main(["--genomes", "1", "--sets", "2", "--out", str(out)])
    rows = pd.read_csv(out)
    assert rows.groupby(["pair", "effect", "of"]).size().to_dict() == {
        (pair, effect, of): count
        for pair in ("matched", "twins")
        for effect in ("nothing", "touched 2 %")
        for of, count in (("mean", 1), ("one set", 2))
    }
    assert rows[list(pairs.RULES)].gt(0).all(axis=None) and rows[list(pairs.RULES)].le(1).all(axis=None)
    assert (rows["p_plain"] <= rows["p_corrected"]).all() and (rows["p_plain"] < 0.9 * rows["p_corrected"]).any()
    pairs.main(["--genomes", "1", "--sets", "2", "--out", str(out)])  # finished: nothing is computed again
    pd.testing.assert_frame_equal(pd.read_csv(out), rows)
    assert "| made | twins | nothing | mean | 1 |" in capsys.readouterr().out
