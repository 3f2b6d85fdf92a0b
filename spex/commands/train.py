"""Models of gene expression: fitted per tissue on the tensors of tensors.py, scored on held-out chromosomes.

    python train.py --data_folder DATA --target_index 22

Prints the published line of scores, and writes DATA/results/. docs/files.md says what they contain.
"""

import logging
import os
from functools import partial
from pathlib import Path

import pandas as pd

# A thread that waits for the others sleeps instead of spinning: where other programs use the cores too, fits with few
# genes are up to three times faster. OpenMP reads it once, when xgboost is loaded, which the imports below do.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from expecto.network import PUBLISHED
from spex.commands.arguments import as_list, read_genes, recall
from spex.commands.choices import CHROMATIN_FEATURES, ContactChoice, Shard
from spex.commands.main import start
from spex.commands.parser import chosen
from spex.commands.printed import score_table
from spex.contacts.rules import Published
from spex.errors import InputError, in_words, listed, visible
from spex.files.checks import require_filled
from spex.files.hashes import KnownHashes, Watch
from spex.inputs.chromatin import find_chromatin_features
from spex.inputs.expression import open_expression, read_expression, select_targets
from spex.inputs.genes import report_rows
from spex.models.choices import Fitting
from spex.models.registry import MODELS
from spex.models.scores import WITHIN, summarise
from spex.models.splits import (
    TEST_CHROM,
    UNSEEN_CHROM,
    cross_validation_splits,
    sorted_chromosomes,
    split_by_chromosome,
    warn_of_few,
)
from spex.reports.fit_figures import draw_missing, write_summary
from spex.runs import records
from spex.runs.folder import DataFolder, select_shard
from spex.runs.google_sheet import open_sheet_log
from spex.runs.predict import predict_genes
from spex.runs.settings import check_made_with, genes_choice, read_run_settings
from spex.runs.tensors import match_genes
from spex.runs.training import fit_all, read_training, record_scores

MADE_WITH = ("genome", "network", "maps", "resolution", "max_dist", "distance_edges", "contact_weight")
"""Arguments of tensors.py that train.py compares with what the tensors were made with."""

logger = logging.getLogger("spex")


def run(args):
    shard, fitting = chosen(Shard, args), chosen(Fitting, args)
    if not args.list_targets:
        require_filled(args.data_folder, "data_folder")
    recall(args, args.data_folder, "genes", "expression")
    if args.list_targets:
        print_targets(open_expression(args.expression, args.value, lambda: read_genes(args)[0]["id"]).tissues)
        return
    watch = Watch(genes=args.genes)
    table, kept, choice = read_genes(args)
    genes = genes_asked_for(kept, shard, args.test_only)
    folder = DataFolder(args.data_folder)
    hashes = KnownHashes(folder.input_hashes)
    defaults = {"resolution": ContactChoice.resolution, "max_dist": Published.max_dist}
    check_made_with(folder, made_with(args) | genes_choice(choice), hashes, defaults)
    if args.fit is not None:
        report_rows(args.genes, table, kept, choice)
        print(predict_genes(Path(args.fit), folder, genes))
        return

    file = open_expression(args.expression, args.value, lambda: table["id"])
    watch.add("expression", *file.paths)
    targets = select_targets(file, args.target_index, args.targets)
    network = network_of_folder(folder)
    described_in = [] if network in (None, PUBLISHED) else folder.recall("network", hashes)
    chromatin = find_chromatin_features(args.chromatin_features, CHROMATIN_FEATURES, network, described_in)
    choices = choices_of(args, fitting, [(index, file.tissues[index - 1]) for index in targets], chromatin)
    sheet = open_sheet_log(args.credentials, args.spreadsheet_id)
    expression = read_expression(file, targets, table, genes)
    matched = match_genes(folder, genes, expression.values)
    splits = splits_of(fitting, matched.genes["chrom"])
    report_rows(args.genes, table, kept, choice)
    report_genes(matched, file, expression)
    if chromatin is None and network == PUBLISHED:
        way = args.spell("spex resources get features")
        logger.info("importance has no names of features; get them with: %s", way)
    report_splits(splits, fitting.model, set(matched.genes["chrom"]), cv=fitting.cv is not None)

    training = read_training(folder, matched, settings=shared_settings(hashes, args, file), **choices)
    watch.check()  # what was read has the hashes that fits are recorded under
    folder.remember(hashes, expression=as_list(args.expression))
    hashes.save()
    with records.results_kept_up(training.results) as renew:
        finished = fit_all(
            training,
            splits,
            range(fitting.seed, fitting.seed + fitting.repeats),
            pool=fitting.cv is not None,
            on_record=partial(keep_record, training.results, renew, sheet),
        )
    for damaged in records.write_results(training.results):
        logger.warning("%s: its record is damaged and not in results.csv; rerun its command to rebuild it", damaged)
    print_scores(training, finished)


def network_of_folder(folder):
    """The Network of a data folder's tensors: the published one where that is unknown, None of features from files."""
    settings = read_run_settings(folder)
    return PUBLISHED if settings is None else settings.predictor


def choices_of(args, fitting, targets, chromatin):
    """What the options choose of a Training. targets: pairs of index and name. chromatin: as of Training."""
    return {
        "targets": targets,
        "model": fitting.model,
        "parameters": fitting.read_parameters(),
        "device": MODELS[fitting.model].choose_device(args.device),
        "chromatin": chromatin,
        "bootstrap": fitting.bootstrap,
        "notes": {"biosample": args.biosample, "log_note": args.log_note},
    }


def splits_of(fitting, chroms):
    """The splits that are asked for: one, or the folds of a cross-validation. chroms: of each gene."""
    if fitting.cv is not None:
        return cross_validation_splits(chroms, fitting.cv_groups)
    test, validation = (fitting.test_chroms or [TEST_CHROM]), (fitting.validation_chroms or [])
    return [split_by_chromosome(chroms, sorted_chromosomes(test), sorted_chromosomes(validation))]


def print_targets(tissues):
    for index, name in enumerate(tissues, start=1):
        print(f"{index}\t{visible(name)}")


def genes_asked_for(kept, shard, test_only):
    """Those of the genes that a Shard and --test_only ask for."""
    genes = select_shard(kept, *(shard.pair or ()))
    genes = genes[genes["chrom"] == TEST_CHROM] if test_only else genes
    if genes.empty:
        raise InputError(
            f"--divisor, --reminder, --test_only: none of the {len(kept):,} genes is left by them (--test_only takes "
            f"those on {TEST_CHROM}); leave them out"
        )
    return genes


def made_with(args):
    """What the options say about the tensors: the genes table always, of the others those that were given."""
    given = {name: getattr(args, name) for name in MADE_WITH if name in args.given}
    return {"genes": args.genes, **given}


def shared_settings(hashes, args, file):
    """The settings that determine every fit alike, beside those of tensors and model. file: of `open_expression`."""
    return {
        "pseudocount": args.pseudocount,
        "gene_type": args.gene_type,
        "genes_sha256": hashes.sha256(args.genes),
        "expression_sha256": hashes.sha256_of_all(file.paths),
        **({} if args.value is None else {"expression_value": args.value}),
    }


def report_genes(matched, expression_file, expression):
    """Log how many genes are used, which ones are left out, and what ties expression to genes."""
    expression.account.report()
    logger.info("%s genes have a tensor and expression", f"{len(matched.genes):,}")
    for what, left_out in (
        ("are not in the expression file", matched.without_expression),
        ("have no tensor", matched.without_tensor),
    ):
        if len(left_out):
            logger.warning("%s genes %s and are left out: %s", f"{len(left_out):,}", what, listed(left_out["id"], 5))
    if not expression.has_ids:
        logger.warning(
            "%s has no gene ids: its row numbers are taken for those of the genes table, which cannot be checked",
            expression_file.path,
        )


def report_splits(splits, model, chroms, *, cv):
    """Log which genes train, validate and test, and how far the score can be trusted. chroms: all that there are."""
    for split in splits:
        logger.info(
            "%s training genes, %s validation genes%s, %s test genes (%s)",
            f"{len(split.train):,}",
            f"{len(split.validation):,}",
            f" ({', '.join(split.validation_chroms)})" if split.validation_chroms else "",
            f"{len(split.test):,}",
            ", ".join(split.test_chroms),
        )
        if not cv:
            warn_of_few(split)
    use = MODELS[model].use_of_watched
    if use and not cv and not splits[0].validation_chroms:
        logger.warning(
            "%s the test chromosome (%s): the score is biased upwards; --validation_chroms %s gives an unbiased one",
            use,
            ", ".join(splits[0].test_chroms),
            UNSEEN_CHROM if UNSEEN_CHROM in chroms - set(splits[0].test_chroms) else "with another chromosome",
        )


def keep_record(results, renew, sheet, record, new, count, is_fold):
    """Log one finished fit and draw it, unless it is a fold; add it to results.csv and to the sheet when it is new.

    renew: writes results.csv when it is time to. sheet: from `open_sheet_log`. new, count, is_fold: as of `fit_all`.
    """
    log_record(results / record["name"], record, new, count)
    if new:
        renew()
        if sheet is not None:
            sheet.append({"date": f"{pd.Timestamp.now():%Y-%m-%d %H:%M}", **records.results_row(record)})
    if not is_fold:  # thousands, whose genes are in the pictures of all folds together
        draw_missing(results / record["name"], record)


def log_record(folder, record, new, count):
    """Log the scores of one finished fit and what its training settled on."""
    scores, kept = record["scores"], record["chosen"]
    intervals = ", ".join(
        f"{name} {scores[f'{name}_low']:.4f} to {scores[f'{name}_high']:.4f}"
        for name in ("spearman", "pearson", WITHIN[0])
        if scores.get(f"{name}_low") is not None
    )
    chosen = ", ".join(f"{key} {in_words(value)}" for key, value in kept.items())
    line = record_scores(record).rounded()
    logger.info("%s%s: %s; %s", count, "" if new else ", finished before", record["settings"]["target"], line)
    logger.info("95 %% intervals: %s; %s; %s", intervals or "none", chosen or "pooled", folder)
    parameters = record["settings"]["parameters"]
    if "early_stopping_rounds" in parameters and kept.get("rounds_run") == parameters["num_boost_round"]:
        logger.warning(
            "it was still learning when its %d rounds ended; num_boost_round in --params allows more",
            parameters["num_boost_round"],
        )


def print_scores(training, finished):
    """Print the published line of a single result, a table of several; several tissues are written and drawn too."""
    if finished and WITHIN[0] in finished[0]["scores"]:
        logger.info(
            "report the mean Spearman within chromosomes, weighted by their genes: pooled over them it is biased "
            "downwards, as each fold's intercept is the mean of the others"
        )
    if len(finished) == 1:
        print(record_scores(finished[0]).line())
        return
    if len(training.targets) > 1:
        summary, path = write_summary(training.results, finished)
        logger.info("the table is in %s, drawn in %s", path, path.with_suffix(".png").name)
    else:
        summary = summarise(records.results_table(finished))
    print(score_table(summary))


main = partial(start, "train")
