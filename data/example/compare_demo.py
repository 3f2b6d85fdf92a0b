"""Compare the four maps of a made study, of which is known what each can add.

    python -m data.example.compare_demo

Writes into data/demo/comparison/, 1.3 GB. Started again it goes on where it was.
"""

import pandas as pd

from data.example.demo_runs import DEMO, end, run
from data.example.made_study import MadeStudy, write_made_study
from spex.compare.verdict import NUMBER, REGION, WORDS

STUDY, RESULT = DEMO / "comparison" / "study", DEMO / "comparison" / "result"
TRUTH = {
    "sequence": "strong evidence that the map adds sequence information",
    "number_only": WORDS[NUMBER],
    "region_only": WORDS[REGION],
    "nothing": "the map adds less than 0.005 to Spearman's correlation",
}
"""What should be said of each map."""

MADE = """\
Genes, contacts, features and expression of this study are made, and it is known what each of its maps can add
(data/example/made_world.py): its numbers show the program at work, not biology."""


def compare_options(study, result):
    """What `spex compare` is given to compare the maps of a made study. Returns: list of words."""
    maps = study.maps.values()
    files = ("--genes_filename", study.genes, "--gene_expression_filename", study.expression)
    cache = ("--pred_cache_folder", study.cache, "--mcool_filename", *study.map_files.values())
    return [str(word) for word in (study.base, *maps, "--out", result, *files, *cache)]


def main():
    print(MADE, flush=True)
    study = MadeStudy.of(STUDY)
    if not study.expression.exists():
        print(f"\nwriting the study to {STUDY} (1.3 GB)", flush=True)
        write_made_study(STUDY)
    run("-m spex compare", *compare_options(study, RESULT))
    found = pd.read_csv(RESULT / "maps.csv", index_col="map")["words"].to_dict()
    wrong = [f"{name}: true would be: {words}" for name, words in TRUTH.items() if found[name] != words]
    print(f"\n{'; '.join(wrong) or 'That is what is true of each map.'}\nThe whole report is {RESULT / 'report.html'}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    end(main)
