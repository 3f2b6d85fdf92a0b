"""From matrices to finished fits: what is missing is fitted, scored and recorded, each in its own folder."""

import hashlib
import logging
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property, partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from spex.models.chromosomes import FoldScores, score_folds
from spex.models.fits import assess, by_feature, by_group, predictions_table
from spex.models.layout import Layout
from spex.models.registry import MODELS
from spex.models.scores import WITHIN, Scores
from spex.runs import records
from spex.runs.settings import read_run_settings
from spex.runs.tensors import TensorMatrix, layout_of

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class Training:
    """One model on one data folder's genes, for any number of targets, splits and seeds.

    results: folder that the fits' folders go into. genes: DataFrame (n) with id, symbol, chrom. features: TensorMatrix
    (n, width). layout: of its columns. observed: float64 (n, t), ln(expression + pseudocount). targets: t pairs of
    target index and tissue name. settings: JSON values that determine every fit alike, pseudocount among them.
    left_out: counts for the record. bootstrap: "genes" or "blocks", of intervals; None is genes for a fit, blocks for
    folds put together. chromatin: from `chromatin.read_chromatin_features`, or None. notes: free text for the record,
    which determines nothing.
    """

    results: Path
    genes: pd.DataFrame
    features: TensorMatrix
    layout: Layout
    observed: np.ndarray
    targets: list[tuple[int, str]]
    model: str
    parameters: dict
    device: str
    settings: dict
    left_out: dict
    bootstrap: str | None = None
    chromatin: pd.DataFrame | None = None
    notes: dict = field(default_factory=dict)

    @cached_property
    def features_table(self):
        """What names the features in a fit's importance, as the record has it: a hash, or None without names."""
        if self.chromatin is None:
            return None
        return hashlib.sha256(self.chromatin.to_csv(index=False).encode()).hexdigest()

    def fit_settings(self, target, split, seed):
        """All settings of one fit. target: position among the targets."""
        index, name = self.targets[target]
        return self.settings | {
            "format": records.FORMAT,
            "target_index": index,
            "target": name,
            "model": self.model,
            "parameters": self.parameters,
            "device": self.device,
            "seed": seed if MODELS[self.model].seeded else None,
            "split": records.split_name(split.test_chroms, split.validation_chroms),
            "test_chroms": list(split.test_chroms),
            "validation_chroms": list(split.validation_chroms),
        }


def read_training(folder, matched, *, settings, **choices):
    """Read the features of the matched genes and put a Training together.

    folder: DataFolder. matched: MatchedGenes. settings: without those of the tensors. choices: the other fields of the
    Training. Raises InputError for tensors that cannot be used, or parameters that do not suit tensors of their width.
    """
    genes, run_settings = matched.genes, read_run_settings(folder)
    if run_settings is None:
        logger.warning("%s: no such file, so what the tensors were made from is unknown", folder.run_json)
    layout = layout_of(folder, run_settings, genes["id"])
    MODELS[choices["model"]].check_neighbours(choices["parameters"], layout.neighbours)
    features = TensorMatrix(folder, genes["id"], layout.width)
    logger.info("read %s tensors of %s features", *(f"{length:,}" for length in features.shape))
    made_with = {"tensors": run_settings and run_settings.recorded(), "tensors_sha256": features.sha256}
    made_with["width"] = layout.width
    left_out = {name: len(getattr(matched, name)) for name in ("without_tensor", "without_expression")}
    return Training(
        results=folder.results,
        genes=genes,
        features=features,
        layout=layout,
        observed=np.log(matched.expression.to_numpy() + settings["pseudocount"]),
        settings=settings | made_with,
        left_out=left_out,
        **choices,
    )


def fit_all(training, splits, seeds, *, pool, on_record):
    """Finish every fit of a training.

    splits: list of Split. seeds: ints. pool: whether the splits are the folds of a cross-validation, whose test
    predictions are put together in the end. on_record: called with each record, whether it was made just now, which of
    how many it is, as text, and whether it is of one fold only.

    Returns: the records that answer the question: of the single fits, or of the pooled folds.
    """
    if pool:
        bootstrap = training.bootstrap or "blocks"
        training = replace(
            training, settings=training.settings | MODELS[training.model].shared_settings, bootstrap=None
        )
    elif training.bootstrap == "blocks":  # what single fits have had always is no setting of theirs
        training = replace(training, settings=training.settings | {"bootstrap": "blocks"})
    records.keep_genes(training.results, training.features.sha256, training.genes)
    total = len(splits) * len(training.targets) * len(seeds)
    finished = []
    for split, make_learner in zip(splits, _learners(training, splits, pool), strict=True):
        for record, new in _fit_missing(training, split, seeds, make_learner):
            finished.append(record)
            on_record(record, new, f"{len(finished)} of {total}", pool)
    if not pool:
        return finished
    pooled = []
    for target, seed in product(range(len(training.targets)), seeds):
        record, new = _pool_folds(training, splits, target, seed, bootstrap)
        pooled.append(record)
        on_record(record, new, "all folds together", False)
    return pooled


def _learners(training, splits, pool):
    """For each split, a function that prepares its learner when a fit is missing; folds share what their model can.

    Each returns the learner, and the features of the test genes, float32 (test genes, width). The others' are freed
    unless the learner needs them, since trees take as much memory again as the features.
    """
    model, arguments = MODELS[training.model], (training.parameters, training.device, training.layout.neighbours)

    def alone(split):
        features = training.features.hand_over()
        return model.prepare(features, split, *arguments), features[split.test]

    @cache
    def together():
        features = training.features.hand_over()
        return model.prepare_folds(features, splits, *arguments), features

    def fold_of_many(fold):
        learners, features = together()
        return learners[fold], features[splits[fold].test]

    if pool and model.shares_folds:
        return [partial(fold_of_many, fold) for fold in range(len(splits))]
    return [partial(alone, split) for split in splits]


def _fit_missing(training, split, seeds, make_learner):
    """Fit every target with every seed on one split, where that is not finished already; seeds outside, targets inside.

    Yields: each record, and whether it was made just now.
    """
    learner = None
    for seed in seeds:
        settings = [training.fit_settings(target, split, seed) for target in range(len(training.targets))]
        finished = [_find_finished(training, each, training.features_table) for each in settings]
        todo = [target for target, record in enumerate(finished) if record is None]
        yield from ((record, False) for record in finished if record is not None)
        if not todo:
            continue
        if learner is None:
            learner, test_features = make_learner()
        names = [name for _, name in training.targets]
        fits = learner.fit(training.observed, names=names, wanted=todo, seed=seed)
        for target, fit in zip(todo, fits, strict=True):
            observed = training.observed[split.test, target]
            yield _write_fit(training, fit, split, settings[target], test_features, observed), True


def _find_finished(training, settings, features_table):
    """The record of a fit that need not be made again, with the training's notes; None where there is none."""
    folder = training.results / records.fit_name(settings)
    record = records.read_finished(folder, settings, features_table)
    return record and records.renew_notes(folder, record, training.notes)


def _write_fit(training, fit, split, settings, features, observed):
    """Score one fit on its test genes and write its folder. features, observed: of these. Returns: the record."""
    folder = _fit_folder(training, settings)
    for picture in folder.glob("*.png"):  # of an earlier fit in this folder, whose files were damaged since
        picture.unlink()
    blocks = training.genes.iloc[split.test] if training.bootstrap == "blocks" else None
    predicted, scores = assess(fit, features, observed, settings["target"], blocks)
    fit.save(folder)
    _write_predictions(folder, training.genes.iloc[split.test], observed, predicted)
    table = by_feature(fit.importance, training.layout, training.chromatin)
    records.write_table(folder / "importance.csv", table)
    records.write_table(folder / records.IMPORTANCE_GROUPS, by_group(table))
    return records.write_record(
        folder,
        settings=settings,
        notes=training.notes,
        genes={role: len(getattr(split, role)) for role in ("train", "validation", "test")} | training.left_out,
        chosen=fit.chosen,
        chosen_on=records.watched_genes(settings) if MODELS[training.model].use_of_watched else None,
        history=fit.history,
        features_table=training.features_table,
        scores=asdict(scores),
    )


def _fit_folder(training, settings):
    folder = training.results / records.fit_name(settings)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write_predictions(folder, genes, observed, predicted):
    records.write_table(folder / records.PREDICTIONS, predictions_table(genes, observed, predicted))


def _pool_folds(training, splits, target, seed, bootstrap):
    """Put the test predictions of all folds of a cross-validation together, each gene once, and score them, pooled and
    within chromosomes.

    Every fold must be finished. Returns: the record, and whether it was made just now.
    """
    folds = [training.fit_settings(target, split, seed) for split in splits]
    chroms = {role: [fold[role] for fold in folds] for role in ("test_chroms", "validation_chroms")}
    settings = folds[0] | {"split": f"cv-{len(splits)}", "bootstrap": bootstrap, **chroms}
    record = _find_finished(training, settings, None)
    if record is not None:
        return record, False
    places = [training.results / records.fit_name(fold) / records.PREDICTIONS for fold in folds]
    parts = [records.read_table(place, ("id",)) for place in places]
    predicted = pd.concat(parts).set_index("id")["predicted"].loc[training.genes["id"]].to_numpy()
    observed = training.observed[:, target]
    folder = _fit_folder(training, settings)
    _write_predictions(folder, training.genes, observed, predicted)
    record = records.write_record(
        folder,
        settings=settings,
        notes=training.notes,
        genes={"test": len(training.genes), **training.left_out},
        chosen={},
        history=None,
        scores=asdict(score_folds(observed, predicted, training.genes, bootstrap=bootstrap)),
    )
    return record, True


def record_scores(record):
    """The Scores of a record; FoldScores of folds put together."""
    kind = FoldScores if set(WITHIN) & set(record["scores"]) else Scores
    return kind(**{name: float("nan") if value is None else value for name, value in record["scores"].items()})
