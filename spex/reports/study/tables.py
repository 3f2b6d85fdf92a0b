"""The tables of a study's report: what its pictures are drawn from, and what can be downloaded."""

import numpy as np
import pandas as pd

from spex.reports.comparison.pictures import CONTROLS
from spex.reports.comparison.words import SEQUENCE, ordered
from spex.reports.study.found import NOT_TOLD, SEQUENCE_ALONE

KINDS = {"experiment": "type of experiment", "factor": "factor"}
RANKING = (
    *("gain", "gain_low", "gain_high", "number", "number_low", "number_high", "any_bins"),
    *("touched", "touched_low", "touched_high", "q_seq", "q_content", "q_num", "genes", "chromosomes", "tissues"),
    *("tissues_sequence", "tissues_region", "tissues_number", "verdict", "words"),
)
TISSUES = ("map", "target_index", "target", "gain", "gain_low", "gain_high", "verdict", "words")


def make_tables(found):
    """All tables by name, which is also that of its file: dict of DataFrames, empty where there is nothing to tell.

    found: Found. The maps stand by gain, the largest first, in each.
    """
    order = list(ordered(found.maps)["map"])
    return {
        "ranking": _ranking(found),
        "tissues": _tissues(found, order),
        "own_cell_type": _own_cell_type(found, order),
        "kinds": _kinds(found),
        "controls": _controls(found, order),
        "fits": _fits(found.fits, order),
        "fits_by_tissue": _fits_by_tissue(found.fits, order),
        "sheets": _sheets(found.sheets, order),
    }


def _ranking(found):
    """A row a map: rank by gain, what it is, gain and its parts."""
    maps = ordered(found.maps)
    about = found.about.set_index("map").loc[maps["map"]].reset_index()
    about.insert(0, "rank", range(1, len(maps) + 1))
    return about.join(maps[[name for name in RANKING if name in maps]])


def _tissues(found, order):
    """A row a map and tissue."""
    also = [name for name in ("cell_type", "own_cell_type") if name in found.results]
    return _in_order(found.results[[*TISSUES, *also]], order)


def _own_cell_type(found, order):
    """A row a map whose cell type is known: its gain there, elsewhere, and how many of the others it exceeds."""
    columns = ["map", "cell_type", "own_tissues", "gain_own", "other_tissues", "gain_others", "difference", "exceeded"]
    if "own_cell_type" not in found.results:
        return pd.DataFrame(columns=columns)
    rows = []
    for name, results in found.results.groupby("map", sort=False):
        own = results["own_cell_type"].astype(bool)
        mine, others = results.loc[own, "gain"], results.loc[~own, "gain"]
        if len(mine):
            means = (mine.mean(), others.mean())
            exceeded = int((others < mine.mean()).sum())
            cell = results["cell_type"].iloc[0]
            rows.append((name, cell, len(mine), means[0], len(others), means[1], means[0] - means[1], exceeded))
    return _in_order(pd.DataFrame(rows, columns=columns), order)


def _kinds(found):
    """A row a type of experiment and a row a factor: gains of the maps that are of it."""
    columns = ["by", "group", "maps", "gain", "lowest", "highest", "touched", "with_sequence"]
    maps = found.maps.merge(found.about, on="map", how="left")
    parts = []
    for kind in KINDS:
        if (maps[kind] != "").any():
            groups = maps.assign(group=maps[kind].replace("", NOT_TOLD)).groupby("group")
            table = groups.agg(
                maps=("gain", "size"),
                gain=("gain", "mean"),
                lowest=("gain", "min"),
                highest=("gain", "max"),
                touched=("touched", "mean"),
                with_sequence=("verdict", lambda verdicts: int(verdicts.isin(SEQUENCE).sum())),
            )
            parts.append(ordered(table.reset_index()).assign(by=kind))
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _controls(found, order):
    """A row a map: what it adds to own sequence and number, and what each control adds to them; means over tissues."""
    columns = [name for name, *_ in CONTROLS if name in found.results]
    means = found.results.groupby("map", sort=False)[columns].mean().reindex(order)
    return means.dropna(axis="columns", how="all").reset_index()


def _fits_by_tissue(fits, order):
    """A row a fit, map and tissue, means over seeds, beside sequence alone."""
    keys = ["fit", "target_index", "target"]
    means = fits.groupby(["map", *keys], sort=False, dropna=False).agg(
        seeds=("seed", "size"), **{name: (name, "mean") for name in ("spearman", "pearson", "rmse")}
    )
    means = means.reset_index()
    alone = means.loc[means["map"] == SEQUENCE_ALONE, [*keys, "spearman"]]
    with_map = means[means["map"] != SEQUENCE_ALONE]
    table = with_map.merge(alone.rename(columns={"spearman": "spearman_alone"}), on=keys, how="left")
    table["difference"] = table["spearman"] - table["spearman_alone"]
    return _in_order(table, order).sort_values("fit", kind="stable", ignore_index=True)


def _fits(fits, order):
    """A row a fit and map: means over tissues, beside sequence alone in the same tissues."""
    table = _fits_by_tissue(fits, order)
    groups = table.assign(better=table["difference"] > 0).groupby(["fit", "map"], sort=False)
    return groups.agg(
        tissues=("target_index", "size"),
        seeds=("seeds", "max"),
        spearman_alone=("spearman_alone", "mean"),
        spearman=("spearman", "mean"),
        difference=("difference", "mean"),
        better_in=("better", "sum"),
    ).reset_index()


def _sheets(sheets, order):
    """A row a file of a map; columns that no format tells are left out."""
    return _in_order(sheets, order).dropna(axis="columns", how="all") if len(sheets) else sheets


def _in_order(table, order):
    """The rows by their map, in this order; rows of a map as they stood."""
    place = table["map"].map({name: place for place, name in enumerate(order)})
    return table.iloc[np.argsort(place.to_numpy(), kind="stable")].reset_index(drop=True)
