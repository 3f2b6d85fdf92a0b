"""What a finished study has on the disk, made: comparison, scores of fits and data sheets, numbers at random."""

import json
from itertools import combinations

import numpy as np
import pandas as pd
from made_comparison import made_comparison

from spex.contacts.likeness import COLUMNS
from spex.contacts.sheet import GROUPS
from spex.files.atomic import write_json
from spex.reports.comparison_report import SETTINGS, TABLES, plain
from spex.runs.records import results_table, write_table
from spex.study.plan import Study, StudyFit, StudyMap

FACTORS = ("Pol II", "CTCF", "cohesin", None)
EXPERIMENTS = ("ChIA-PET", "HiChIP", "Hi-C")


def made_study(folder, maps=3, tissues=4, *, fits=("ridge", "gbtree"), sheets=True, described=True, seed=0):
    """A Study whose results are in a folder. described: whether it says what its maps are."""
    names = [f"{EXPERIMENTS[n % 3]} of GM{12_878 + n}, {FACTORS[n % 4] or 'all'}" for n in range(maps)]
    targets = [f"Tissue {number} - of a long name (frontal cortex)" for number in range(1, tissues + 1)]
    study = Study(
        path=folder / "study.yaml",
        out=folder / "study",
        genes=folder / "genes.csv",
        genome=folder / "genome.fa",
        weights=folder / "beluga.pth",
        expression=(folder / "expression.csv",),
        gene_options={"gene_type": "pc"},
        expression_options={},
        tissues=tuple(enumerate(targets, start=1)),
        maps=tuple(
            StudyMap(name, (folder / f"maps/map_{number}.mcool",), {}, **(_told(number) if described else {}))
            for number, name in enumerate(names)
        ),
        fits=tuple(StudyFit(name, {"model": name}) for name in fits),
        comparison={"whole_chromosome_fallback": True},
        shards=4,
        resources={},
    )
    study.path.parent.mkdir(parents=True, exist_ok=True)
    study.path.write_text("maps: as made\n")
    write_results(study, sheets=sheets, seed=seed)
    return study


def write_results(study, *, sheets=True, seed=0):
    """Leave made results of a study where it has its real ones."""
    names, targets = [each.name for each in study.maps], [name for _, name in study.tissues]
    described = any(each.cell_type for each in study.maps)
    comparison = made_comparison(names=names, targets=targets, own_cell_types=described, seed=seed)
    comparison.settings["base"] = {"genes_sha256": "ab" * 32, "genome_sha256": "cd" * 32, "beluga_sha256": "ef" * 32}
    for name in names:
        comparison.settings["maps"][name]["made_with"] = {"maps_sha256": ["12" * 32], "min_count": 2}
    study.comparison_folder.mkdir(parents=True, exist_ok=True)
    for name, file in TABLES.items():
        write_table(study.comparison_folder / file, getattr(comparison, name))
    write_json(study.comparison_folder / SETTINGS, plain(comparison.settings))
    random = np.random.default_rng(seed)
    for data_folder in (study.base_folder, *map(study.map_folder, names)):
        write_fits(data_folder, [fit.options["model"] for fit in study.fits], targets, random)
    if sheets:
        made = [sheet(str(file), random) for each in study.maps for file in each.files]
        (study.out / "sheets.json").write_text(json.dumps(made))
        pairs = combinations([str(file) for each in study.maps for file in each.files], 2)
        rows = [(*pair, *random.random(len(COLUMNS) - 2)) for pair in pairs]
        write_table(study.out / "likeness.csv", pd.DataFrame(rows, columns=COLUMNS))


def _told(number):
    return {
        "cell_type": "GM12878",
        "experiment": EXPERIMENTS[number % 3],
        "factor": FACTORS[number % 4],
    }


def write_fits(data_folder, fits, targets, random):
    """A results.csv of two seeds a fit and tissue."""
    rows = [
        {"name": f"{index}-{fit}-{seed}", "target_index": index, "target": target, "model": fit, "seed": seed}
        | {"split": "test-chr8", "spearman": 0.7 + 0.05 * random.random(), "pearson": 0.75, "rmse": 1.5}
        for fit in fits
        for index, target in enumerate(targets, start=1)
        for seed in (1410, 1411)
    ]
    results = data_folder / "results"
    results.mkdir(parents=True, exist_ok=True)
    write_table(results / "results.csv", pd.DataFrame(rows, columns=results_table([]).columns))


def sheet(path, random):
    """A data sheet as `MapSheet.summary` gives it."""
    share = random.dirichlet(np.ones(len(GROUPS)))
    quantiles = {"mean": 5.0, "lower": 1.0, "median": 3.0, "upper": 8.0}
    groups = [
        {"distance": name, "share": part, "mean": 10 * part, "lower": 0.0, "median": 1.0, "upper": 3.0, "genes": 2000}
        for name, part in zip(GROUPS, share.tolist(), strict=True)
    ]
    counts = float(random.integers(10**6, 10**8))
    return {
        "map": path,
        "resolution": 1000,
        "resolutions": [1000],
        "chromosomes": 24,
        "pixels": {"cis": int(counts / 2), "trans": None},
        "counts": {"cis": counts, "trans": None},
        "cis_share": None,
        "depth": counts,
        "coverage_of_bins": quantiles,
        "genes": {
            "genes": 22_826,
            "on_other_chromosomes": 0,
            "without_pixel": 100,
            "without_pixel_from_20_kb": 900,
            "coverage_of_tss_bins": quantiles,
        },
        "by_group_of_distances": groups,
        "by_distance": [],
    }
