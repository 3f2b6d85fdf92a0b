"""How often the truth lies within effect +- 1.96 effect_sd, on synthetic linear truth; and what the column costs.

    python -m benchmarks.coverage [--replicates 100]     coverage, and how often a sign is right
    python -m benchmarks.coverage cost [--genes 21836] [--features 24024]     CPU seconds and memory, once

Each replicate draws features of the genes of 22 chromosomes, collinear as chromatin is, weights, noise, and changes of
tensors: differences between two genes, and changes of 20 features only. Ridge is fitted as `spex train` does, its
posterior is that of `spex variants --uncertainty`. Weights are drawn from the prior, of a variance for which a penalty
from 10 to 10,000 is right, or are sparse: one feature in a hundred has a weight. The penalty is that one, or is chosen
among those of `spex train` on 55 % of the genes (chr9 to chr22), or on 4 % (chr9). Standard errors are over replicates.
"""

import argparse
import logging
import time

import numpy as np

from benchmarks.measure import peak_memory_gb, publish
from benchmarks.ridge import HIDDEN, synthetic
from spex.models.gram import Gram, Penalties
from spex.models.registry import MODELS
from spex.models.ridge import RIDGE
from spex.models.ridge_posterior import Posterior
from spex.models.splits import cross_validation_splits, split_by_chromosome

GENES, FEATURES, CHANGES, FEW = 900, 800, 50, 20
WITHIN = 1.96
MANY, ONE = [f"chr{number}" for number in range(9, 23)], ["chr9"]
CASES = {
    "prior drawn, its own penalty": (1.0, None),
    "prior drawn, penalty of 499 genes": (1.0, MANY),
    "prior drawn, penalty of 36 genes": (1.0, ONE),
    "one weight in a hundred, its own penalty": (0.01, None),
    "one weight in a hundred, penalty of 499 genes": (0.01, MANY),
}
"""What is measured -> share of the features with a weight, and the chromosomes that choose the penalty, if any."""


def fits_of(learner, observed):
    return list(learner.fit(observed, names=["synthetic"], wanted=[0], seed=None))


def replicate(generator, share, chosen):
    """Of CHANGES changes of either kind: whether the truth is within the interval, the sign is right, and the share of
    folds that agree with it. Three arrays (2, CHANGES)."""
    hidden, chroms = generator.normal(size=(GENES, HIDDEN)), synthetic(GENES, 1, 1)[2]
    features = hidden @ generator.normal(size=(HIDDEN, FEATURES)) + generator.normal(size=(GENES, FEATURES))
    features = features.astype(np.float32)
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    used = generator.random(FEATURES) < share
    truth = np.where(used, generator.normal(size=FEATURES) / np.sqrt(share), 0.0)
    penalty = 10 ** generator.uniform(1, 4)
    observed = (scaled @ truth + generator.normal(size=GENES) * np.sqrt(penalty))[:, None] + 3
    parameters = RIDGE if chosen else {"penalties": [penalty]}
    split = split_by_chromosome(chroms, ["chr8"], chosen or MANY)
    (fit,) = fits_of(MODELS["ridge"].prepare(features, split, parameters), observed)
    posterior = Posterior(Gram(features, split.train), Penalties(fit.penalty))
    noise = posterior.noise(fit.coefficients, fit.history["train"][fit.history["penalty"].index(fit.penalty)])
    genes = features[generator.integers(0, GENES, (2, CHANGES))].astype(np.float64)
    few = np.zeros((CHANGES, FEATURES))
    for row in few:
        row[generator.choice(FEATURES, FEW, replace=False)] = generator.normal(size=FEW)
    folds = MODELS["ridge"].prepare_folds(features, cross_validation_splits(chroms), parameters)
    weights = np.array([fits_of(fold, observed)[0].coefficients for fold in folds])
    within, right, agree = [], [], []
    for changes in (genes[0] - genes[1], few):
        true, effects = changes / features.std(axis=0) @ truth, changes @ fit.coefficients
        within.append(abs(effects - true) < WITHIN * np.sqrt(posterior.variances(changes) * noise))
        right.append(np.where(true == 0, np.nan, np.sign(effects) == np.sign(true)))
        agree.append((np.sign(changes @ weights.T) == np.sign(effects)[:, None]).mean(axis=1))
    return np.array(within), np.array(right), np.array(agree)


def coverage(replicates):
    rows = []
    for case, (share, chosen) in CASES.items():
        found = [replicate(np.random.default_rng([number, 7]), share, chosen) for number in range(replicates)]
        within, right, agree = (np.array(each, float) for each in zip(*found, strict=True))
        for kind, changes in enumerate(("between two genes", f"of {FEW} features")):
            covered, signs, all_agree = 100 * within[:, kind].mean(axis=1), right[:, kind], agree[:, kind] == 1
            rows.append(
                {
                    "truth": case,
                    "changes": changes,
                    "within, %": covered.mean(),
                    "standard error": covered.std(ddof=1) / np.sqrt(replicates),
                    "all folds agree, %": 100 * all_agree.mean(),
                    "sign right there, %": 100 * np.nanmean(signs[all_agree]),
                    "sign right elsewhere, %": 100 * np.nanmean(signs[~all_agree]),
                }
            )
    publish("coverage", rows, replicates=replicates)


def cost(genes, width):
    """CPU seconds of each step, as of `spex variants --uncertainty` of one choice of penalties."""
    features, _, _ = synthetic(genes, width, 1)
    generator, start, rows = np.random.default_rng(1), time.process_time(), []

    def step(what):
        nonlocal start
        rows.append({"what": what, "CPU s": time.process_time() - start, "peak memory, GB": peak_memory_gb()})
        start = time.process_time()

    gram = Gram(features, np.arange(genes))
    step(f"products of {genes:,} genes of {width:,} features")
    posterior = Posterior(gram, Penalties(1e4))
    step("factor")
    changes = generator.normal(size=(64, width))
    posterior.variances(changes)
    step("64 changes of every feature")
    changes[:, : width * 5 // 6] = 0
    posterior.variances(changes)
    step("64 changes of contacts alone")
    covariance = posterior.covariance(slice(width - width // 12, width))
    step("covariance of a sum over contacts")
    changes = generator.normal(size=(20_000, len(covariance)))
    np.einsum("ij,ij->i", changes @ covariance, changes)
    step("20,000 contacted bins")
    publish("coverage_cost", rows, genes=genes, features=width)


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # chosen penalties at an end of the range
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("what", nargs="?", choices=("coverage", "cost"), default="coverage")
    parser.add_argument("--replicates", type=int, default=100)
    parser.add_argument("--genes", type=int, default=21_836)
    parser.add_argument("--features", type=int, default=24_024)
    args = parser.parse_args()
    if args.what == "cost":
        cost(args.genes, args.features)
    else:
        coverage(args.replicates)
