"""A synthetic study that is small enough for a demo and large enough for a verdict: what `make demo` compares.

12 chromosomes of 22 genes or more. Expression follows the bins that the map `informative` contacts; the contacts of
`uninformative` are random and far away. Half of the variance of expression comes through contacts, far more than in a
real study, so that so few genes suffice (`make compare-demo` has effects of a real size, on 2,300 genes).
"""

import numpy as np
import pandas as pd

from data.example.compare_demo import compare_options
from data.example.demo_runs import DEMO, run
from data.example.made_study import MadeStudy, write_study
from data.example.made_world import MAPS, make_expression, make_world
from data.example.sceptics import PLAN, SEQUENCE, SHARES

GENES, CHROMOSOMES, SEED = 264, 12, 6
"""The seed is chosen: of the first ten, nine give the truth for `informative`, and three say of `uninformative` that it
adds nothing of 0.005 or more where the others can't distinguish it."""

TISSUE = "Synthetic tissue"
INFORMATIVE, UNINFORMATIVE = "informative", "uninformative"
PLANS = {INFORMATIVE: PLAN, UNINFORMATIVE: MAPS["nothing"]}
STUDY, RESULT = DEMO / "synthetic_study", DEMO / "synthetic_verdict"
PAGE, PICTURE = RESULT / "report.html", RESULT / "forest.png"

SAID = f"""\
This study is synthetic ({GENES} genes or more on {CHROMOSOMES} chromosomes), so the truth is known: expression follows
the bins that `{INFORMATIVE}` contacts, and has nothing to do with those of `{UNINFORMATIVE}`."""


def write_small_study(root, seed=SEED):
    """Write the study; the same seed gives the same bytes. Returns: MadeStudy."""
    random = np.random.default_rng(seed)
    world = make_world(random, GENES, CHROMOSOMES, PLANS)

    def express(contacts):
        of_map = {"sequence": contacts[INFORMATIVE], "number_only": contacts[INFORMATIVE]}
        return make_expression(random, world, of_map, 1, SHARES)

    return write_study(root, random, world, express, [TISSUE])


def untrue_verdicts(results):
    """Names of maps whose verdict is not the truth. results: DataFrame by map, with verdict."""
    found = {name for name, verdict in results["verdict"].items() if verdict in SEQUENCE}
    return sorted(found ^ {INFORMATIVE})


def compare_small_study():
    """Compare the two maps of the study, which is written where it is missing, and say whether the verdicts are true.

    Returns: whether they are.
    """
    print(f"\n{SAID}", flush=True)
    study = MadeStudy.of(STUDY, tuple(PLANS))
    if not study.expression.exists():
        print(f"writing it to {STUDY} (120 MB)", flush=True)
        write_small_study(STUDY)
    run("-m spex compare", *compare_options(study, RESULT))
    wrong = untrue_verdicts(pd.read_csv(RESULT / "maps.csv", index_col="map"))
    print(f"Untrue of {', '.join(wrong)}." if wrong else "Both verdicts are true.", f"The picture: {PICTURE}")
    return not wrong
