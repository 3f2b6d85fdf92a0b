"""The published trees on the arms of a comparison: a confirmation for a few tissues, decided over genes, not seeds.

Tested on chromosome 8 and stopped on chromosome 9. Predictions are averaged over seeds, and a difference of two arms'
Spearman correlations is compared with a bootstrap over the test genes, paired, as all arms predict the same genes.
Seeds are added until what they leave uncertain is small beside that. Welch's test between the seeds, as it was
published, stands beside it: it asks whether two programs differ on these very genes, and finds that they do with enough
seeds.
"""

import logging
from itertools import count

import numpy as np
import pandas as pd
from scipy import stats

from spex.compare.arms import BASELINE, DRAWS, MAP, NUMBERS
from spex.compare.kept import Kept
from spex.compare.run import shared_identity
from spex.errors import InputError
from spex.models.chromosomes import spearman
from spex.models.registry import MODELS
from spex.models.scores import RESAMPLES
from spex.models.splits import LEAST_GENES, TEST_CHROM, UNSEEN_CHROM, split_by_chromosome
from spex.runs.tensors import read_features

MODEL = MODELS["gbtree"]
LEAST_SEEDS, MOST_SEEDS = 3, 20
SHARE_OF_BOOTSTRAP = 0.25
"""What seeds may leave uncertain, as a share of the bootstrap's standard error."""

WELCH = "between seeds on the same genes; grows significant with the number of seeds"
CONTRASTS = {"map - matched bins": (MAP, DRAWS), "map - own sequence": (MAP, (BASELINE,))}

logger = logging.getLogger("spex")


def confirm(ready, *, most_seeds=MOST_SEEDS, parameters=None):
    """Fit the published trees on every arm of every map, until seeds leave little uncertain.

    ready: Prepared. most_seeds: of an arm. parameters: in place of the published ones of the same name.

    Returns: DataFrame with a row per map, tissue and contrast, as `summarise_seeds` has it.

    Raises:
        InputError: no genes on the chromosomes that are tested and stopped on.
    """
    check_chromosomes(ready.chroms)
    trees = _Trees(ready, MODEL.parameters(parameters or {}))
    rows = []
    for maker in ready.makers:
        for number in count(LEAST_SEEDS):
            predicted = trees.predictions(maker, min(number, most_seeds))
            table = _summarise(maker.name, ready.inputs.targets, trees.observed, predicted, ready.protocol.seed)
            if table["seeds_suffice"].all() or number >= most_seeds:
                break
        if not table["seeds_suffice"].all():
            logger.warning("%s: %d seeds leave more uncertain than they should", maker.name, most_seeds)
        rows.append(table)
    return pd.concat(rows, ignore_index=True)


def check_chromosomes(chroms):
    """Refuse genes that trees cannot be tested on. chroms: (n,), of each gene.

    Raises:
        InputError: no genes on the chromosomes that are tested and stopped on, or on no others.
    """
    for chrom, least in ((TEST_CHROM, LEAST_GENES), (UNSEEN_CHROM, 1)):
        found = int((chroms == chrom).sum())
        if found < least or not set(chroms) - {TEST_CHROM, UNSEEN_CHROM}:
            raise InputError(
                f"{found} of {len(chroms):,} genes lie on {chrom}",
                argument="confirm",
                expected=f"genes on {TEST_CHROM}, which is tested, on {UNSEEN_CHROM}, which training is stopped on, "
                "and on others",
            )


class _Trees:
    """Predictions of the test genes by arm and seed, kept once they are made."""

    def __init__(self, ready, parameters):
        self.ready, self.parameters = ready, parameters
        self.split = split_by_chromosome(ready.chroms, (TEST_CHROM,), (UNSEEN_CHROM,))
        self.observed = ready.observed[self.split.test]
        self.kept = Kept(ready.parts)
        self.device = MODEL.choose_device(None)
        self.made, self.own, self.arms = {}, None, None

    def predictions(self, maker, seeds):
        """By arm, float64 (seeds, test genes, tissues)."""
        found = {}
        for arm in (BASELINE, NUMBERS, MAP, *DRAWS):
            of_map = None if arm == BASELINE else maker
            missing = [seed for seed in range(seeds) if self._find(of_map, arm, seed) is None]
            if missing:
                self._fit(of_map, arm, self._arms(maker), missing)
            found[arm] = np.stack([self._find(of_map, arm, seed) for seed in range(seeds)])
        return found

    def _arms(self, maker):
        """The map's arms, made once for all of its seeds."""
        if self.arms is None or self.arms.name != maker.name:
            self.arms = maker.arms(self.ready.genes, self.ready.local)[0]
        return self.arms

    def _identity(self, maker, arm, seed):
        of_map = {} if maker is None else {"map": maker.identity(), "seed": self.ready.protocol.seed}
        return {
            **shared_identity(self.ready),
            **of_map,
            "arm": arm,
            "of_trees": self.ready.protocol.seed + seed,
            "parameters": self.parameters,
            "device": self.device,
        }

    def _find(self, maker, arm, seed):
        key = (maker and maker.name, arm, seed)
        if key not in self.made:
            arrays = self.kept.load("trees", self._identity(maker, arm, seed))
            if arrays is None:
                return None
            self.made[key] = arrays["predicted"]
        return self.made[key]

    def _fit(self, maker, arm, arms, seeds):
        """Fit all tissues with some seeds, and keep what they predict."""
        if self.own is None:
            base = self.ready.base
            self.own, _ = read_features(base.folder, self.ready.genes.table["id"], base.settings.width)
        features = np.concatenate([self.own, *_added(arm, arms)], axis=1)
        learner = MODEL.prepare(features, self.split, self.parameters, self.device)
        names = [f"{arms.name} {arm}: {name}" for _, name in self.ready.inputs.targets]
        wanted = list(range(len(names)))
        for seed in seeds:
            fits = learner.fit(self.ready.observed, names=names, wanted=wanted, seed=self.ready.protocol.seed + seed)
            predicted = np.stack([fit.predict(features[self.split.test]) for fit in fits], axis=1)
            self.made[maker and maker.name, arm, seed] = predicted
            self.kept.save("trees", self._identity(maker, arm, seed), {"predicted": predicted})
        logger.info("%s, trees on arm %s: %d seeds", arms.name, arm, max(seeds) + 1)


def _added(arm, arms):
    """The columns of an arm beside own features, each float32 (n, any)."""
    if arm == BASELINE:
        return []
    blocks = {NUMBERS: lambda: [], MAP: lambda: [arms.neighbours]}
    blocks |= {name: lambda draw=draw: [arms.draws(draw)] for draw, name in enumerate(DRAWS)}
    return [arms.numbers.astype(np.float32), *blocks[arm]()]


def _summarise(name, targets, observed, predicted, seed):
    """`summarise_seeds` of every tissue of a map, as one table."""
    rows = []
    for place, (index, target) in enumerate(targets):
        of_target = {arm: values[:, :, place] for arm, values in predicted.items()}
        for row in summarise_seeds(observed[:, place], of_target, seed):
            rows.append({"map": name, "target_index": index, "target": target, **row})
    return pd.DataFrame(rows)


def summarise_seeds(observed, predicted, seed=0, resamples=RESAMPLES):
    """Differences between arms on the same test genes.

    observed: (n,). predicted: by arm, (seeds, n). seed, resamples: of the bootstrap over genes.

    Yields: a dict for each of `CONTRASTS`: contrast, genes, seeds; difference of the Spearman correlations of
    predictions averaged over seeds (of several arms their mean), its low and high end of the 95 % bootstrap interval
    and two-sided bootstrap p; bootstrap_error and seeds_error, standard errors of the difference over genes and over
    seeds, and whether the latter is small enough, seeds_suffice; welch_p between seeds, with what it means.
    """
    genes = np.random.default_rng(seed).integers(0, len(observed), (resamples, len(observed)))
    averaged = {arm: values.mean(axis=0) for arm, values in predicted.items()}
    by_seed = {arm: spearman(observed, values, axis=-1) for arm, values in predicted.items()}
    resampled = {arm: spearman(observed[genes], values[genes], axis=-1) for arm, values in averaged.items()}
    for contrast, (one, others) in CONTRASTS.items():
        whole = {arm: spearman(observed, averaged[arm], axis=-1) for arm in (one, *others)}
        draws = resampled[one] - np.mean([resampled[arm] for arm in others], axis=0)
        of_seeds = by_seed[one] - np.mean([by_seed[arm] for arm in others], axis=0)
        over_genes, over_seeds = draws.std(ddof=1), of_seeds.std(ddof=1) / np.sqrt(len(of_seeds))
        low, high = np.percentile(draws, [2.5, 97.5])
        beyond = min((draws <= 0).sum(), (draws >= 0).sum())
        with np.errstate(invalid="ignore", divide="ignore"):  # seeds that all give the same
            welch = stats.ttest_ind(by_seed[one], np.concatenate([by_seed[arm] for arm in others]), equal_var=False)
        yield {
            "contrast": contrast,
            "genes": len(observed),
            "seeds": len(of_seeds),
            "difference": float(whole[one] - np.mean([whole[arm] for arm in others])),
            "low": float(low),
            "high": float(high),
            "p": min(1.0, 2 * (beyond + 1) / (resamples + 1)),
            "bootstrap_error": float(over_genes),
            "seeds_error": float(over_seeds),
            "seeds_suffice": bool(over_seeds <= SHARE_OF_BOOTSTRAP * over_genes),
            "welch_p": float(welch.pvalue),
            "welch_is": WELCH,
        }
