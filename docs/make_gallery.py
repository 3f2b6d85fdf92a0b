"""Writes docs/pictures, the gallery, from what `make demo`, `make study` and `make cells-demo` have left in data/demo.

    python docs/make_gallery.py

Everything drawn is synthetic. Each picture is stored with a palette, so that it is small. `PICTURES` names every
function that draws; tests/test_gallery.py finds them in the code, so a picture without an entry is a failing test.
"""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(__file__).with_name("pictures")
COLOURS = 96

PICTURES = {
    "comparison": {
        "row_figures.draw_forest": "forest",
        "cell_figures._draw_tissues": "tissues",
        "row_figures.draw_controls": "controls",
        "cell_figures.draw_groups": "groups",
    },
    "cells": {"cell_figures.draw_exchanges": "exchanges"},
    "study": {
        "cell_figures.draw_pairs": "pairs",
        "row_figures.draw_own_cell_type": "own_cell_type",
        "row_figures._draw_kind": "experiment",
        "row_figures._draw_fit": "fit_1",
        "row_figures.draw_sheets": "sheets",
    },
    "fit": {
        "fit_figures.draw_predicted_against_observed": "predicted_vs_observed",
        "fit_figures.draw_residuals": "residuals",
        "fit_figures.draw_learning_curve": "learning_curve",
        "fit_figures.draw_importance": "importance",
        "fit_figures.draw_tissues": "summary",
    },
    "map": {
        "map_sheets._draw_distances": "by_distance",
        "map_sheets._draw_contacts": "contacts_per_gene",
        "map_sheets._draw_coverage": "coverage",
        "cell_figures.draw_likeness": "likeness",
    },
    "elements": {"element_figure.draw_gene": "element", "benchmark_figure.draw_benchmark": "benchmark"},
    "mutagenesis": {"mutation_figure.draw_mutations": "mutations"},
}
"""Where pictures come from -> function that draws (module of spex/reports) -> name of the picture."""

DEMO = ROOT / "data/demo"
SMALL_STUDY, WITH_CONTACTS, SHEETS = DEMO / "synthetic_study", DEMO / "with_contacts", DEMO / "gallery/sheets"
ELEMENTS, MUTATIONS = DEMO / "gallery/elements", DEMO / "gallery/mutations"
EXPRESSION = ("--gene_expression_filename", ROOT / "data/example/expression.csv")
MODEL = ("--genome_filename", ROOT / "data/example/genome.fa")
MODEL += ("--beluga_model_filename", DEMO / "stand_in_weights.pth", "--pred_cache_folder", DEMO / "pred_cache")


def main():
    FOLDER.mkdir(exist_ok=True)
    maps = [SMALL_STUDY / "maps" / f"{name}.cool" for name in ("informative", "uninformative")]
    genes = ("--genes", SMALL_STUDY / "genes.csv")
    spex("train", "--data_folder", WITH_CONTACTS, *EXPRESSION, "--target_index", "all", "--model", "ridge")
    spex("map", *maps, "--resolution", 5000, *genes, "--out", SHEETS)
    spex("elements", WITH_CONTACTS, *MODEL, "--target", "*EBV*", "--genes", "EX30", "--own_windows", "--out", ELEMENTS)
    where = ("chr8:122001-122600", "--gene", "EX30", "--target", "*EBV*", "--out", MUTATIONS)
    spex("mutagenesis", where[0], WITH_CONTACTS, *MODEL, *where[1:])
    spex("draw", WITH_CONTACTS)
    drawn = found()
    for names in PICTURES.values():
        for name in names.values():
            (FOLDER / f"{name}.png").write_bytes(small(drawn[name]))


def spex(*words):
    subprocess.run([sys.executable, "-m", "spex", *map(str, words)], cwd=ROOT, check=True)


def found():
    """Every picture by its name, as bytes of a PNG file."""
    fit = next((WITH_CONTACTS / "results").glob("2-*_gbtree_*"))
    files = {name: fit / f"{name}.png" for name in PICTURES["fit"].values()}
    files["summary"] = next((WITH_CONTACTS / "results").glob("summary_ridge_*.png"))
    files |= {name: SHEETS / f"{name}.png" for name in PICTURES["map"].values()}
    files |= {name: DEMO / "synthetic_verdict" / f"{name}.png" for name in PICTURES["comparison"].values()}
    del files["tissues"]  # of one tissue there is none
    files["exchanges"] = DEMO / "cells/own/exchanges.png"
    files["mutations"] = next((MUTATIONS / "pictures").glob("*.png"))
    files["element"] = next((ELEMENTS / "pictures").glob("*.png"))
    return {name: file.read_bytes() for name, file in files.items()} | of_study() | of_benchmark()


def of_study():
    """Pictures of the study's report, which embeds them."""
    sys.path.insert(0, str(ROOT))
    from spex.reports import study_report  # noqa: PLC0415
    from spex.study.reading import read_study  # noqa: PLC0415

    results = study_report.read_results(read_study(DEMO / "study/study.yaml"))
    pictures = study_report._pictures(results, results.tables())
    by_name = {picture.name: picture.png for section in pictures.values() for picture in section}
    return {name: by_name[name] for name in ("tissues", *PICTURES["study"].values())}


def of_benchmark():
    """Pairs around genes: near ones are touched and regulated more often, and the effect knows a little of that."""
    sys.path.insert(0, str(ROOT))
    from spex.models.benchmark import score_pairs  # noqa: PLC0415
    from spex.reports.benchmark_figure import draw_benchmark  # noqa: PLC0415

    rng = np.random.default_rng(1)
    distance = np.rint(10 ** rng.uniform(3.5, 6.3, 2000)).astype(int)
    touched, regulated = (rng.random(2000) < np.minimum(most, most * 25_000 / distance) for most in (0.9, 0.4))
    contacts = touched * rng.poisson(1 + 100_000 / distance)
    pairs = pd.DataFrame({"distance": distance, "regulated": regulated, "touched": touched, "contacts": contacts})
    pairs["effect"] = touched * rng.gamma(1 + regulated)
    pairs["effect_signed"] = pairs["effect"] * rng.choice([1, -1], 2000, p=[0.7, 0.3])
    pairs["nearest_tss"], pairs["start"] = rng.random(2000) < np.minimum(0.8, 20_000 / distance), 0
    pairs["end"], pairs["block"] = rng.integers(300, 1500, 2000), rng.integers(0, 150, 2000)
    with tempfile.TemporaryDirectory() as folder:
        draw_benchmark(Path(folder) / "benchmark.png", pairs, score_pairs(pairs), "Synthetic pairs")
        return {"benchmark": (Path(folder) / "benchmark.png").read_bytes()}


def small(png):
    """The same picture with few colours."""
    file = io.BytesIO()
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main()
