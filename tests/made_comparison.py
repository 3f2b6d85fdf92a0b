"""A synthetic comparison of any number of maps and tissues: tables of the shape of a real one, numbers at random."""

from itertools import combinations

import numpy as np
import pandas as pd

from spex.compare.confirm import WELCH
from spex.compare.pairs import BOUND, PAIRS
from spex.compare.protocol import Protocol
from spex.compare.tables import Comparison
from spex.compare.verdict import FOUND, STRENGTHS
from spex.compare.verdict import WORDS as VERDICTS

STRENGTH = {verdict: STRENGTHS[0].name if verdict in FOUND["sequence"] else "" for verdict in VERDICTS}
WORDS = {
    number: words.format(least_gain=Protocol.least_gain, strength=STRENGTH[number])
    for number, words in VERDICTS.items()
}
LONG = "RNA polymerase II ChIA-PET of GM12878, replicates 1 to 4 pooled, 5 kb"
TISSUE = "Brain - Nucleus accumbens (basal ganglia)"
GROUPS = {
    "contacts": ["none", "1 to 3", "4 to 7", "8 to 15", "16 to 80"],
    "distance": ["20 to 200 kb", "201 to 700 kb", "701 to 1480 kb"],
}
INTERVALS = ("gain", "number", "touched")
CONTROLS = ("gain_shuffled", "gain_local_sum", "gain_coverage", "gain_distance_only")
P_VALUES = ("p_seq", "p_seq_rank", "p_less", "p_content", "p_num", "q_seq", "q_content", "q_num", "q_less")


def made_comparison(maps=4, tissues=5, *, verdicts=None, names=None, targets=None, own_cell_types=False, seed=0):
    """A Comparison.

    verdicts: of the maps, by default 1 to 7 in turn; 0 is too few chromosomes, which have no intervals. names, targets:
    of maps and tissues.
    """
    rng = np.random.default_rng(seed)
    names = names or [f"{LONG} {number}" for number in range(1, maps + 1)]
    targets = targets or [f"{TISSUE} {number}" for number in range(1, tissues + 1)]
    verdicts = verdicts or [1 + number % 7 for number in range(len(names))]
    rows = [
        _row(rng, name, index, target, verdict)
        for name, verdict in zip(names, verdicts, strict=True)
        for index, target in enumerate(targets, start=1)
    ]
    results = pd.DataFrame(rows)
    few = results["verdict"] == 0
    results.loc[few, [*(f"{name}_{end}" for name in INTERVALS for end in ("low", "high")), *P_VALUES]] = np.nan
    if own_cell_types:
        results["cell_type"] = "GM12878"
        results["own_cell_type"] = results["target_index"] == 1 + results["map"].map(names.index) % len(targets)
    maps = _maps(results, verdicts)
    return Comparison(results, maps, _groups(rng, names, targets), _pairs(maps), settings(names))


def _row(rng, name, index, target, verdict):
    level = {1: 0.03, 2: 0.02, 3: 0.01, 4: 0.015, 5: -0.02}.get(verdict, 0.0)
    row = {"map": name, "target_index": index, "target": target, "genes": 2273, "chromosomes": 22}
    row |= {"spearman_base": 0.7, "spearman_numbers": 0.701, "spearman_numbers_chosen": 0.702}
    row |= {"spearman_map": 0.7 + level, "spearman_matched": 0.703}
    for column, share in zip(INTERVALS, (1, 0.3, 0.5), strict=True):
        value = share * level + 0.002 * rng.standard_normal()
        row |= {column: value, f"{column}_low": value - 0.006, f"{column}_high": value + 0.006}
    row["any_bins"] = 0.2 * level + 0.001 * rng.standard_normal()
    row |= {name: rng.random() for name in P_VALUES}
    said = verdict if rng.random() < 0.6 or not verdict else 6
    row |= {"verdict": said, "strength": STRENGTH[said], "words": WORDS[said]}
    row |= {column: 0.2 * level + 0.001 * rng.standard_normal() for column in CONTROLS}
    row |= {"map_over_numbers": 0.7 * level, "penalty": 100.0, "neighbour_penalty": "none", "numbers_penalty": "22"}
    return row | {"spearman_base_chr8_chr9": 0.69, "gain_chr8_chr9": level + 0.004 * rng.standard_normal()}


def _maps(results, verdicts):
    by_map = results.groupby("map", sort=False)
    numbers = [*(f"{name}{end}" for name in INTERVALS for end in ("", "_low", "_high")), "any_bins", *P_VALUES]
    maps = by_map[numbers].mean().reset_index()
    maps.insert(1, "folder", [f"data/map_{number}" for number in range(1, len(maps) + 1)])
    maps["tissues"], maps["genes"], maps["chromosomes"] = len(results) // len(maps), 2273, 22
    maps["contacts"], maps["genes_with_contacts"] = 18_184, 2_137
    maps["verdict"], maps["strength"] = verdicts, [STRENGTH[verdict] for verdict in verdicts]
    maps["words"] = [WORDS[verdict] for verdict in verdicts]
    for column, mine in (("sequence", (1, 2)), ("number", (1, 4)), ("region", (3,))):
        maps[f"tissues_{column}"] = by_map["verdict"].agg(lambda found, mine=mine: found.isin(mine).sum()).to_numpy()
    return maps


def _groups(rng, names, targets):
    rows = [
        (name, view, group, 100 + 10 * place, index, target, 0 if group == "none" else 0.01 * rng.standard_normal())
        for name in names
        for view, groups in GROUPS.items()
        for place, group in enumerate(groups)
        for index, target in enumerate(targets, start=1)
    ]
    return pd.DataFrame(rows, columns=["map", "view", "group", "genes", "target_index", "target", "gain"])


def _pairs(maps):
    """Differences of gains; those beyond 0.015 are said to differ."""
    rows = []
    for one, other in combinations(maps.itertuples(), 2):
        difference = one.gain - other.gain
        ends = {f"difference_{end}": difference + way for end, way in (("low", -0.01), ("high", 0.01))}
        p = np.nan if one.verdict == 0 else 0.2 if abs(difference) < 0.015 else 0.001
        row = {"map": one.map, "other": other.map, "difference": difference, **ends, "p": p, "q": 2 * p}
        rows.append(row | {"differ": 2 * p < BOUND})
    return pd.DataFrame(rows, columns=list(PAIRS))


def settings(names=()):
    """Settings of the kinds that a real comparison has."""
    return {
        "genes": 2273,
        "chromosomes": 22,
        "draws": 3,
        "rotations": 19,
        "shifts": [1003, 1100, 1207],
        "seed": 0,
        "penalty": 1e4,
        "correction": "bh",
        "least_gain": 0.005,
        "versions": {"python": "3.11.7", "numpy": "2.4.6", "spex": "2.0"},
        "maps": {name: {"maps_sha256": ["ab" * 32], "draws": made_draws(0.05)} for name in names},
        "nothing": float("nan"),
    }


def made_draws(elsewhere):
    """Where the bins of three draws were found. elsewhere: share that lay elsewhere on the chromosome."""
    found = {"within 25 %": 0.9 - elsewhere, "within 50 %": 0.1, "elsewhere on the chromosome": elsewhere}
    return {f"D{draw}": {"found": found, "median_shift": 0.17} for draw in (1, 2, 3)}


def made_confirmation(*names, **changes):
    """What trees found of maps in one tissue, a row a contrast. changes: values in place of others."""
    row = {"target_index": 1, "target": "Liver | 1", "genes": 990, "seeds": 7}
    row |= {"difference": 0.0123, "low": 0.002, "high": 0.021, "p": 0.012, "bootstrap_error": 0.005}
    row |= {"seeds_error": 0.001, "seeds_suffice": True, "welch_p": 1e-9, "welch_is": WELCH, **changes}
    contrasts = ("map - matched bins", "map - own sequence")
    return pd.DataFrame([{"map": name, "contrast": each, **row} for name in names for each in contrasts])
