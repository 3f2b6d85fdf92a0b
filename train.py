"""Fit a model of gene expression per tissue on the tensors of tensors.py and score it on held-out chromosomes."""

import logging
import sys
from dataclasses import asdict

import numpy as np

from spex import cli, records
from spex.dataset import expected_width, genes_with_tensor, read_features, split_by_chromosome
from spex.errors import InputError
from spex.evaluate import score
from spex.expression import open_expression, read_expression
from spex.genes import keep_genes, read_gene_table, select_shard
from spex.models import prepare, read_parameters
from spex.report import draw_predicted_against_observed
from spex.storage import DataFolder, KnownHashes, read_run_settings, remove_abandoned, require_file

NAMED_AT_ONCE = 5

logger = logging.getLogger("spex.train")


def create_parser():
    """The command line of train.py."""
    parser = cli.create_shared_parser("train.py", __doc__)
    add = parser.add_argument_group("fit").add_argument
    add("--seed", type=cli.whole_number(0), default=1410, help="seed of the column sampling")
    add("--test_chroms", nargs="+", default=["chr8"], metavar="CHROM", help="held-out chromosomes")
    add(
        "--validation_chroms",
        nargs="+",
        default=[],
        metavar="CHROM",
        help="chromosomes that early stopping watches, set aside from training; none: it watches the test ones, as "
        "published; chr9 for an unbiased score (Beluga has seen neither chr8 nor chr9)",
    )
    add("--params", metavar="FILE.json", help="parameters that replace the published ones of the same name")
    return parser


def run(args):
    """Do what the options ask for; see `create_parser`."""
    cli.check_shared_options(args)
    parameters = read_parameters(args.params, "gbtree")
    folder = DataFolder(args.data_folder)
    run_settings = read_run_settings(folder)
    table = read_gene_table(require_file(args.genes_filename, "--genes_filename", "genes"))
    genes = select_shard(keep_genes(table, args.gene_type), args.divisor, args.reminder)
    if args.test_only:
        genes = genes[genes["chrom"] == "chr8"]
    expression_file = open_expression(args.gene_expression_filename)
    target = parse_target(args.target_index, expression_file)
    expression = read_expression(expression_file, [target], table, genes)
    genes = genes.loc[expression.index]
    present = genes_with_tensor(folder, genes)
    missing, genes = genes[~present], genes[present]
    split = split_by_chromosome(genes["chrom"], args.test_chroms, args.validation_chroms)

    report_genes(genes, missing, split)
    report_matching(expression_file)
    width = expected_width(folder, run_settings, genes["id"])
    features, digest = read_features(folder, genes["id"], width)
    logger.info("read %s tensors of %s features", f"{len(genes):,}", f"{width:,}")
    hashes = KnownHashes(folder.input_hashes)
    settings = {
        "target_index": target,
        "target": expression_file.tissues[target - 1],
        "model": "gbtree",
        "parameters": parameters,
        "seed": args.seed,
        "pseudocount": args.pseudocount,
        "gene_type": args.gene_type,
        "test_chroms": args.test_chroms,
        "validation_chroms": args.validation_chroms,
        "genes_sha256": hashes.sha256(args.genes_filename),
        "expression_sha256": hashes.sha256(args.gene_expression_filename),
        "tensors": run_settings,
        "tensors_sha256": digest,
        "biosample": args.biosample,
        "log_note": args.log_note,
    }
    hashes.save()
    observed = np.log(expression.loc[genes.index, target].to_numpy() + args.pseudocount)
    learner = prepare(features, split, parameters)
    report_protocol(split)
    with cli.progress(parameters["num_boost_round"], "rounds", settings["target"]) as advance:
        (fit,) = learner.fit(observed[:, None], seed=args.seed, on_round=advance)
    counts = {
        "train": len(split.train),
        "validation": len(split.validation),
        "test": len(split.test),
        "without_tensor": len(missing),
    }
    scores = save_fit(
        folder.results,
        fit,
        settings=settings,
        counts=counts,
        genes=genes.iloc[split.test],
        observed=observed[split.test],
        features=features[split.test],
    )
    print(scores.line())


def parse_target(text, file):
    """The target index that the user gave, when the expression file has it."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= len(file.tissues):
        raise InputError(
            f"--target_index {text}: {file.path} has 1 to {len(file.tissues)}: "
            + ", ".join(f"{index} {name}" for index, name in enumerate(file.tissues, start=1))
        )
    return int(text)


def report_genes(genes, missing, split):
    """Log how many genes are used, in which role, and which ones have no tensor."""
    logger.info(
        "%s genes: %s for training, %s for validation, %s for the test on %s",
        *(f"{len(rows):,}" for rows in (genes, split.train, split.validation, split.test)),
        ", ".join(split.test_chroms),
    )
    if len(missing):
        named = ", ".join(missing["id"].head(NAMED_AT_ONCE))
        more = f" and {len(missing) - NAMED_AT_ONCE:,} more" if len(missing) > NAMED_AT_ONCE else ""
        logger.warning("%s genes have no tensor and are left out: %s%s", f"{len(missing):,}", named, more)


def report_matching(expression_file):
    """Log that a file without gene ids is taken to be in the order of the genes table."""
    if expression_file.id_column is None:
        logger.info(
            "%s has no gene ids: its rows are taken to be in the order of the genes table, which cannot be checked",
            expression_file.path,
        )


def report_protocol(split):
    """Log which chromosomes early stopping watches, and what that means for the score."""
    if split.validation_chroms:
        logger.info("early stopping watches %s, not the test genes", ", ".join(split.validation_chroms))
    else:
        logger.warning(
            "early stopping watches the test chromosome (%s), as published: the score is biased upwards; "
            "--validation_chroms chr9 gives an unbiased one",
            ", ".join(split.test_chroms),
        )


def save_fit(results, fit, *, settings, counts, genes, observed, features):
    """Write the folder of one fit; genes, observed and features are those of the test rows. Returns: Scores."""
    predicted = fit.predict(features)
    scores = score(observed, predicted)
    folder = results / records.fit_name(settings)
    folder.mkdir(parents=True, exist_ok=True)
    remove_abandoned(folder)
    fit.save(folder)
    records.write_predictions(folder / "predictions.csv", genes, observed, predicted)
    draw_predicted_against_observed(
        folder / "predicted_vs_observed.png",
        observed,
        predicted,
        title=f"{settings['target']}: {len(genes):,} genes of {', '.join(settings['test_chroms'])}",
        caption=f"rmse {scores.rmse:.3f}\nSpearman {scores.spearman:.3f}\nPearson {scores.pearson:.3f}",
        unit=f"ln(expression + {settings['pseudocount']:g})",
    )
    records.write_record(folder, settings=settings, genes=counts, rounds=fit.rounds, scores=asdict(scores))
    logger.info("kept %d of %d rounds; written to %s", fit.rounds["kept"], fit.rounds["run"], folder)
    return scores


def main(argv=None):
    """Run train.py with these arguments (default: those of the command line). Returns: exit status."""
    return cli.run_script("train.py", run, create_parser().parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
