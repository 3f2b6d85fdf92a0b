"""What a finished study has on the disk, read into tables, and the tables of its report."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from spex.compare.between_tables import CellComparison
from spex.compare.tables import Comparison
from spex.compare.verdict import FOUND
from spex.contacts.likeness import COLUMNS
from spex.contacts.sheet import GROUPS
from spex.errors import InputError, listed, shown
from spex.models.scores import WITHIN
from spex.models.splits import TEST_CHROM
from spex.reports.between_report import read_cells
from spex.reports.comparison_report import TABLES, read_comparison, read_json
from spex.reports.comparison_text import ordered
from spex.reports.pages import file_name
from spex.reports.row_figures import CONTROLS, KINDS
from spex.runs.folder import DataFolder
from spex.runs.records import digest, read_record, read_table, results_table, split_name
from spex.study.plan import SEQUENCE_ALONE, Study

SHEETS, LIKENESS = "sheets.json", "likeness.csv"
NOT_GIVEN = "not given"
RANKING = [
    *("gain", "gain_low", "gain_high", "number", "number_low", "number_high", "any_bins"),
    *("touched", "touched_low", "touched_high", "q_seq", "q_content", "q_num", "genes", "chromosomes", "tissues"),
    *("tissues_sequence", "tissues_region", "tissues_number", "verdict", "words"),
]
TISSUES = ["map", "target_index", "target", "gain", "gain_low", "gain_high", "verdict", "words"]
OF_OWN_CELL_TYPE = ["own_tissues", "gain_own", "other_tissues", "gain_others", "difference", "exceeded"]
OF_KINDS = ["by", "group", "maps", "gain", "lowest", "highest", "touched", "with_sequence"]
RESEMBLING = ["map", "gain", "like", "gain_of_it", "scc", "jaccard", "contacts_correlation"]
FITS = ["map", "fit", "target_index", "target", "seed", "spearman", "pearson", "rmse"]
POOLED = "cv"
"""Stands for the split of all folds of a cross-validation together."""


@dataclass(frozen=True, eq=False)
class StudyResults:
    """A study's results.

    comparison: of the study's maps. compared: the whole comparison, with maps that have left the study. about:
    DataFrame, a row for each map in the study's order: map, files, cell_type, experiment, factor ("" where not given).
    fits: a row for each fit of a data folder, with the columns of `FITS`; map is "sequence alone" for those. sheets: a
    row for each file of a map, the numbers of its data sheet; empty without sheets. likeness: a row for each two of
    these files, as of `compare_profiles`, under the maps' names; empty without. between:
    CellComparison, or None where the study compares no cells.
    """

    comparison: Comparison
    compared: Comparison
    about: pd.DataFrame
    fits: pd.DataFrame
    sheets: pd.DataFrame
    likeness: pd.DataFrame
    between: CellComparison | None = None

    @cached_property
    def order(self):
        """Names of the maps by gain, the largest first, as they stand in each table."""
        return list(ordered(self.comparison.maps)["map"])

    @property
    def maps(self):
        """The comparison's maps with what they are."""
        return self.comparison.maps.merge(self.about, on="map", how="left")

    def tables(self):
        """All tables by name, which is also that of the file: dict of DataFrames, empty where nothing is known."""
        return {
            "ranking": self._ranking(),
            "pairs": self.comparison.pairs,
            "tissues": self._tissues(),
            "own_cell_type": self._own_cell_type(),
            "kinds": self._kinds(),
            "controls": self._controls(),
            "fits": self._fits(),
            "fits_by_tissue": self._fits_by_tissue(),
            "sheets": self._sheets(),
            "likeness": self.likeness,
            "resembling": self._resembling(),
            **({"between": self.between.cells} if self.between else {}),
        }

    def _ranking(self):
        """A row for each map: rank by gain, what it is, gain and its parts."""
        maps = ordered(self.comparison.maps)
        about = self.about.set_index("map").loc[self.order].reset_index()
        about.insert(0, "rank", range(1, len(maps) + 1))
        return about.join(maps[[name for name in RANKING if name in maps]])

    def _tissues(self):
        """A row for each map and tissue."""
        results = self.comparison.results
        also = [name for name in ("cell_type", "own_cell_type") if name in results]
        return self._in_order(results[TISSUES + also])

    def _own_cell_type(self):
        """A row for each map of a known cell type: its gain there, elsewhere, and how many of the others it exceeds."""
        rows, known = [], "own_cell_type" in self.comparison.results
        for name, results in self.comparison.results.groupby("map", sort=False) if known else ():
            own = results["own_cell_type"].astype(bool)
            mine, others = results.loc[own, "gain"], results.loc[~own, "gain"]
            if len(mine):
                at_home, elsewhere = mine.mean(), others.mean()
                gains = (len(mine), at_home, len(others), elsewhere, at_home - elsewhere)
                rows.append((name, results["cell_type"].iloc[0], *gains, int((others < at_home).sum())))
        return self._in_order(pd.DataFrame(rows, columns=["map", "cell_type", *OF_OWN_CELL_TYPE]))

    def _kinds(self):
        """A row for each type of experiment and each factor: gains of the maps that are of it."""
        parts = [pd.DataFrame(columns=OF_KINDS)]
        for kind in (kind for kind in KINDS if (self.maps[kind] != "").any()):
            groups = self.maps.assign(group=self.maps[kind].replace("", NOT_GIVEN)).groupby("group")
            table = groups.agg(
                maps=("gain", "size"),
                gain=("gain", "mean"),
                lowest=("gain", "min"),
                highest=("gain", "max"),
                touched=("touched", "mean"),
                with_sequence=("verdict", lambda verdicts: int(verdicts.isin(FOUND["sequence"]).sum())),
            )
            parts.append(ordered(table.reset_index()).assign(by=kind)[OF_KINDS])
        return pd.concat(parts[1:] or parts, ignore_index=True)

    def _controls(self):
        """A row for each map: what it and each control add to sequence and number; means over tissues."""
        results = self.comparison.results
        columns = [control.column for control in CONTROLS if control.column in results]
        means = results.groupby("map", sort=False)[columns].mean().reindex(self.order)
        return means.dropna(axis="columns", how="all").reset_index()

    def _fits_by_tissue(self):
        """A row for each fit, map and tissue, means over seeds, beside sequence alone."""
        keys = ["fit", "target_index", "target"]
        means = self.fits.groupby(["map", *keys], sort=False, dropna=False).agg(
            seeds=("seed", "size"), **{name: (name, "mean") for name in ("spearman", "pearson", "rmse")}
        )
        means = means.reset_index()
        alone = means.loc[means["map"] == SEQUENCE_ALONE, [*keys, "spearman"]]
        with_map = means[means["map"] != SEQUENCE_ALONE]
        table = with_map.merge(alone.rename(columns={"spearman": "spearman_alone"}), on=keys, how="left")
        table["difference"] = table["spearman"] - table["spearman_alone"]
        return self._in_order(table).sort_values("fit", kind="stable", ignore_index=True)

    def _fits(self):
        """A row for each fit and map: means over tissues, beside sequence alone in the same tissues."""
        table = self._fits_by_tissue()
        groups = table.assign(better=table["difference"] > 0).groupby(["fit", "map"], sort=False)
        return groups.agg(
            tissues=("target_index", "size"),
            seeds=("seeds", "max"),
            spearman_alone=("spearman_alone", "mean"),
            spearman=("spearman", "mean"),
            difference=("difference", "mean"),
            better_in=("better", "sum"),
        ).reset_index()

    def _resembling(self):
        """A row for each map but the best: of those that gain more, the one that it is most like."""
        swapped = self.likeness.rename(columns={"map_one": "map_other", "map_other": "map_one"})
        pairs = pd.concat([self.likeness, swapped]).dropna(subset="scc")
        rank = {name: place for place, name in enumerate(self.order)}
        one, other = (pairs[f"map_{side}"].map(rank) for side in ("one", "other"))
        better = pairs[other < one].sort_values("scc", ascending=False, kind="stable").drop_duplicates("map_one")
        gains = self.comparison.maps.set_index("map")["gain"]
        table = better.assign(
            map=better["map_one"], like=better["map_other"], gain_of_it=better["map_other"].map(gains)
        )
        return self._in_order(table.assign(gain=table["map"].map(gains))[RESEMBLING])

    def _sheets(self):
        """A row for each file of a map; columns that no format gives are left out."""
        return self._in_order(self.sheets).dropna(axis="columns", how="all") if len(self.sheets) else self.sheets

    def _in_order(self, table):
        """The rows by their map; rows of a map as they stood."""
        place = table["map"].map({name: place for place, name in enumerate(self.order)})
        return table.iloc[np.argsort(place.to_numpy(), kind="stable")].reset_index(drop=True)


def read_results(study: Study) -> StudyResults:
    """Read what a study has left.

    Raises:
        InputError: there is no comparison, it is damaged, or lacks a map of the study.
    """
    folder = Path(study.comparison_folder)
    compared = read_comparison(folder)
    names = [each.name for each in study.maps]
    missing = [name for name in names if name not in set(compared.maps["map"])]
    if missing:
        raise InputError(
            f"the comparison lacks {', '.join(map(shown, missing))}; it has {listed(compared.maps['map'])}",
            subject=folder / TABLES["maps"],
            hint="run the study again, which compares what is missing",
        )
    tables = {name: getattr(compared, name) for name in TABLES}
    mine = {name: table[_of_maps(table, names)].reset_index(drop=True) for name, table in tables.items()}
    comparison = Comparison(**mine, settings=compared.settings)
    between = read_cells(study.between_folder) if study.between else None
    read = (_about(study), _read_fits(study), _read_sheets(study), _read_likeness(study))
    return StudyResults(comparison, compared, *read, between)


def _of_maps(table, names):
    """Which rows are of some maps alone."""
    return table["map"].isin(names) & (table["other"].isin(names) if "other" in table else True)


def _about(study):
    rows = [
        {"map": each.name, "files": ", ".join(map(file_name, each.files)), "cell_type": each.cell_type or ""}
        | {name: getattr(each, name) or "" for name in KINDS}
        for each in study.maps
    ]
    return pd.DataFrame(rows)


def _read_fits(study):
    """Scores of the study's fits, those of sequence alone first."""
    names = {}
    for fit in study.fits:
        names.setdefault(_model_and_split(fit.options), []).append(fit.name)
    names = {key: " or ".join(each) for key, each in names.items()}
    folders = [(SEQUENCE_ALONE, study.base_folder), *((each.name, study.map_folder(each.name)) for each in study.maps)]
    tables = [_fits_of(name, DataFolder(folder).results, names) for name, folder in folders]
    fits = pd.concat(tables, ignore_index=True)
    return fits[fits["target_index"].isin([index for index, _ in study.tissues])].reset_index(drop=True)


def _model_and_split(options):
    """By which a fit is known in results.csv. options: of a StudyFit."""
    split = split_name(options.get("test_chroms", [TEST_CHROM]), options.get("validation_chroms", []))
    return options["model"], POOLED if "cv" in options else split


def _fits_of(map_name, results, names):
    """Scores of a data folder's fits; those that the study does not ask for, single folds too, are left out.

    results: its folder of results, which may be missing. names: (model, split) -> name of the fit.
    """
    path = results / "results.csv"
    table = read_table(path, ("name", "target", "model", "split")) if path.exists() else results_table([])
    splits = table["split"].where(~table["split"].str.startswith("cv-").astype(bool), POOLED)
    table = table.assign(map=map_name, fit=[names.get(key) for key in zip(table["model"], splits, strict=True)])
    table = table[table["fit"].notna()]
    if WITHIN[0] in table:  # what is to be reported of folds put together
        table["spearman"] = table[WITHIN[0]].fillna(table["spearman"])
    twice = table.duplicated(["fit", "target_index", "seed"], keep=False)
    if twice.any():  # the same model with other parameters: only the records have those
        parameters = [_parameters(results / name) for name in table["name"]]
        table["fit"] = [f"{fit}, parameters {which}" for fit, which in zip(table["fit"], parameters, strict=True)]
    return table[FITS]


def _parameters(folder):
    """Eight digits that stand for the parameters of a fit. folder: of the fit."""
    record = read_record(folder)
    return "unknown" if record is None else digest(record["settings"].get("parameters", {}))


def _read_sheets(study):
    """Data sheets of the maps' files, in the study's order; those that were not made are left out."""
    path = Path(study.out) / SHEETS
    if not path.exists():
        return pd.DataFrame()
    sheets, rows = {}, []
    try:
        for sheet in read_json(path):
            for file in (sheet["map"], file_name(sheet["map"])):
                sheets[file] = sheets[file, sheet["resolution"]] = _sheet_numbers(sheet)
    except (KeyError, TypeError, AttributeError) as error:
        hint = "delete it and run the study"
        raise InputError("it contains no data sheets of maps", subject=path, hint=hint) from error
    for each, file in ((map_, file) for map_ in study.maps for file in map_.files):
        names, resolution = (str(file), file_name(file)), each.options.get("hic_resolution")
        keys = [*((name, resolution) for name in names), *names]
        if numbers := next((sheets[key] for key in keys if key in sheets), None):
            rows.append({"map": each.name, "file": file_name(file), **numbers})
    return pd.DataFrame(rows)


def _read_likeness(study):
    """Maps against maps, under their names in the study and, of a map with several files, the file's."""
    path = Path(study.out) / LIKENESS
    table = read_table(path, ("one", "other")) if path.exists() else pd.DataFrame(columns=COLUMNS)
    if missing := set(COLUMNS) - set(table):
        hint = "delete it and run the study"
        raise InputError(f"it lacks {', '.join(sorted(missing))}", subject=path, hint=hint)
    names, labels = {}, {}
    for each, file in ((map_, file) for map_ in study.maps for file in map_.files):
        for name in (file_name(file), str(file)):  # the study may have moved since
            names[name], labels[name] = each.name, each.name if len(each.files) == 1 else f"{each.name}: {file.name}"
    for side in ("one", "other"):
        file = table[side].where(table[side].isin(names), table[side].map(file_name))
        table = table.assign(**{f"map_{side}": file.map(names), side: file.map(labels)})
    return table.dropna(subset=["map_one", "map_other"]).reset_index(drop=True)


def _sheet_numbers(sheet):
    """A data sheet as one row: dict of column -> number, None where the format does not give it."""
    genes = sheet.get("genes") or {}
    groups = {group["distance"]: group for group in sheet["by_group_of_distances"]}
    return {
        "resolution": sheet["resolution"],
        "cis_pixels": sheet["pixels"]["cis"],
        "cis_counts": sheet["counts"]["cis"],
        "cis_share": sheet["cis_share"],
        "depth": sheet["depth"],
        "tss_coverage": (genes.get("coverage_of_tss_bins") or {}).get("median"),
        "genes": genes.get("genes"),
        "genes_without_pixel_from_20_kb": genes.get("without_pixel_from_20_kb"),
        **{f"share {group}": groups[group]["share"] for group in GROUPS},
        **{f"contacts {group}": groups[group].get("mean") for group in GROUPS},
    }
