"""Models of gene expression: fitted per tissue on the tensors of tensors.py, scored on held-out chromosomes.

    python train.py --data_folder DATA --target_index 22

Prints the published line of scores, and writes DATA/results/. docs/files.md says what they hold.
"""

import logging
import os
from functools import partial
from pathlib import Path

import pandas as pd

# A thread that waits for the others sleeps instead of spinning: where other programs use the cores too, fits with few
# genes are up to three times faster. OpenMP reads it once, when xgboost is loaded, which the imports below do.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from spex.commands.options import (
    attribute,
    check_shared_options,
    create_shared_parser,
    penalty,
    read_genes,
    whole_number,
)
from spex.commands.running import run_script
from spex.errors import InputError, visible
from spex.files.hashes import KnownHashes
from spex.files.stamps import Watch
from spex.inputs.chromatin import find_chromatin_features
from spex.inputs.chromosomes import excluded_chromosomes
from spex.inputs.expression import open_expression, read_expression
from spex.inputs.genes import report_rows
from spex.inputs.targets import select_targets
from spex.models.registry import MODELS
from spex.models.scores import summarise
from spex.models.splits import (
    TEST_CHROM,
    UNSEEN_CHROM,
    cross_validation_splits,
    sorted_chromosomes,
    split_by_chromosome,
)
from spex.reports.fit_figures import draw_missing, write_summary
from spex.runs import records
from spex.runs.folder import DataFolder, select_shard
from spex.runs.predict import predict_genes
from spex.runs.settings import check_genes_choice, check_made_with
from spex.runs.sheets import open_sheet_log
from spex.runs.study import fit_all, read_study, record_scores
from spex.runs.tensors import match_genes

PROG = "train.py"
FEATURES_FILENAME = "./expecto/deepsea_beluga_2002_features.tsv"
MADE_WITH = ("genome", "network", "maps", "resolution", "max_dist", "distance_edges", "contact_weight")
"""Arguments of tensors.py that train.py compares with what the tensors were made with."""

NAMED_AT_ONCE = 5

logger = logging.getLogger("spex")


def create_parser(prog=PROG):
    parser = create_shared_parser(prog, "Fit a model of expression per tissue and score it on held-out chromosomes.")
    add = parser.add_argument_group("targets (train.py only)").add_argument
    add("--target", nargs="+", action="extend", metavar="NAME", help='tissue names or shell patterns, like "Brain*"')
    add("--list_targets", action="store_true", help="print index and name of every tissue, and stop")
    add = parser.add_argument_group("model (train.py only)").add_argument
    add("--model", choices=tuple(MODELS), default="gbtree", help="gbtree: published; gblinear: ExPecto's; ridge")
    add("--params", metavar="FILE.json", help="parameters that replace the model's own of the same name")
    add(
        "--neighbour_penalties",
        nargs="+",
        action="extend",
        type=penalty,
        metavar="PENALTY",
        help='ridge: penalties of the contact columns apart from the others\', numbers or "none" (columns left out); '
        "chosen together with the penalty (default: one penalty for all columns)",
    )
    add("--seed", type=whole_number(0, 2**31 - 1), default=1410, help="seed of the trees' column sampling")
    add("--repeats", type=whole_number(1), default=1, help="fits per target, with seed, seed + 1, ...")
    add("--features_filename", help=f"names of the chromatin features (default: {FEATURES_FILENAME} where it is)")
    add("--predict", metavar="MODEL_FOLDER", help="apply a fit under results/ to --data_folder's tensors, and stop")
    add = parser.add_argument_group("held-out chromosomes (train.py only)").add_argument
    add("--test_chroms", nargs="+", action="extend", metavar="CHROM", help="held-out chromosomes (default: chr8)")
    add(
        "--validation_chroms",
        nargs="+",
        action="extend",
        metavar="CHROM",
        help="set aside from training, to stop early or choose a penalty on; without it the test chromosomes serve "
        "for that, as published; chr9 gives an unbiased score (Beluga has seen neither chr8 nor chr9)",
    )
    add("--cv", choices=("chromosomes",), help="every autosome in turn as test, the next one for validation")
    add("--cv_groups", type=whole_number(3), help="with --cv: this many groups of chromosomes take turns")
    return parser


def run(args):
    check_shared_options(args)
    check_own_options(args)
    if args.list_targets:
        print_targets(
            open_expression(
                args.gene_expression_filename, args.value, lambda: read_genes(args.genes_filename, args)[0]["id"]
            ).tissues
        )
        return
    watch = Watch(genes=args.genes_filename)
    table, kept = read_genes(args.genes_filename, args)
    genes, excluded = genes_asked_for(args, kept), excluded_chromosomes(args.exclude_chroms)
    folder = DataFolder(args.data_folder)
    hashes = KnownHashes(folder.input_hashes)
    defaults = {name: create_parser().get_default(attribute(name)) for name in ("resolution", "max_dist")}
    check_made_with(folder, made_with(args), hashes, defaults)
    check_genes_choice(folder, args.tss_rule, excluded)
    if args.predict is not None:
        report_rows(args.genes_filename, table, kept, args.gene_type, excluded)
        print(predict_genes(Path(args.predict), folder, genes))
        return

    file = open_expression(args.gene_expression_filename, args.value, lambda: table["id"])
    watch.add("expression", *file.paths)
    targets = select_targets(file, args.target_index, args.target)
    choices = choices_of(args, [(index, file.tissues[index - 1]) for index in targets])
    sheet = open_sheet_log(args.google_sheets_credentials_filename, args.google_spreadsheet_id)
    expression = read_expression(file, targets, table, genes)
    matched = match_genes(folder, genes, expression.values)
    splits = splits_of(args, matched.genes["chrom"])
    report_rows(args.genes_filename, table, kept, args.gene_type, excluded)
    report_genes(matched, file, expression)
    if choices["chromatin"] is None:
        logger.info("importance goes without names: get them with: python -m spex.resources get features")
    report_splits(splits, args.model, set(matched.genes["chrom"]), cv=args.cv is not None)

    study = read_study(folder, matched, settings=shared_settings(hashes, args, file), **choices)
    watch.check()  # what was read has the hashes that fits are recorded under
    hashes.save()
    with records.results_kept_up(study.results) as renew:
        finished = fit_all(
            study,
            splits,
            range(args.seed, args.seed + args.repeats),
            pool=args.cv is not None,
            on_record=partial(keep_record, study.results, renew, sheet),
        )
    for damaged in records.write_results(study.results):
        logger.warning("%s: its record is damaged and not in results.csv; the command that made it mends it", damaged)
    print_scores(study, finished)


def choices_of(args, targets):
    """What the options choose of a Study. targets: pairs of index and name."""
    return {
        "targets": targets,
        "model": args.model,
        "parameters": parameters_of(args),
        "device": MODELS[args.model].choose_device(args.compute_platform),
        "chromatin": find_chromatin_features(args.features_filename, FEATURES_FILENAME),
        "notes": {"biosample": args.biosample, "log_note": args.log_note},
    }


def parameters_of(args):
    """The model's parameters, from the file and from the options that are parameters too."""
    model = MODELS[args.model]
    if args.neighbour_penalties is None:
        return model.read_parameters(args.params)
    name = "neighbour_penalties"
    parameters = model.read_parameters(args.params, given=[name])
    return model.parameters(parameters | {name: args.neighbour_penalties}, argument=name)


def splits_of(args, chroms):
    """The splits that the options ask for: one, or the folds of a cross-validation. chroms: of each gene."""
    if args.cv is not None:
        return cross_validation_splits(chroms, args.cv_groups)
    test, validation = (args.test_chroms or [TEST_CHROM]), (args.validation_chroms or [])
    return [split_by_chromosome(chroms, sorted_chromosomes(test), sorted_chromosomes(validation))]


def check_own_options(args):
    """Refuse combinations of train.py's own options that contradict each other."""
    if args.cv is None and args.cv_groups is not None:
        raise InputError("--cv_groups: says how --cv chromosomes divides them; give that too")
    if args.cv is not None and (args.test_chroms or args.validation_chroms):
        raise InputError("--cv: tests on every chromosome in turn; leave --test_chroms and --validation_chroms out")
    if args.neighbour_penalties is not None and "neighbour_penalties" not in MODELS[args.model].optional:
        able = " or ".join(name for name, model in MODELS.items() if "neighbour_penalties" in model.optional)
        raise InputError(f"--neighbour_penalties: {args.model} has no such penalties; --model {able} has")
    if args.repeats > 1 and not MODELS[args.model].seeded:
        raise InputError(f"--repeats {args.repeats}: {args.model} has no random part, every repeat would be the same")


def print_targets(tissues):
    for index, name in enumerate(tissues, start=1):
        print(f"{index}\t{visible(name)}")


def genes_asked_for(args, kept):
    """Those of the genes that the options ask for."""
    genes = select_shard(kept, args.divisor, args.reminder)
    chosen = genes[genes["chrom"] == TEST_CHROM] if args.test_only else genes
    if chosen.empty:
        raise InputError(
            f"--divisor, --reminder, --test_only: none of the {len(kept):,} genes is left by them (--test_only takes "
            f"those on {TEST_CHROM}); leave them out"
        )
    return chosen


def made_with(args):
    """What the options tell of the tensors: the genes table always, of the others those that were given."""
    given = {name: getattr(args, attribute(name)) for name in MADE_WITH if attribute(name) in args.given}
    return {"genes": args.genes_filename, **given}


def shared_settings(hashes, args, file):
    """The settings that determine every fit alike, beside those of tensors and model. file: of `open_expression`."""
    return {
        "pseudocount": args.pseudocount,
        "gene_type": args.gene_type,
        "genes_sha256": hashes.sha256(args.genes_filename),
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
            named = ", ".join(left_out["id"].head(NAMED_AT_ONCE))
            more = f" and {len(left_out) - NAMED_AT_ONCE:,} more" if len(left_out) > NAMED_AT_ONCE else ""
            logger.warning("%s genes %s and are left out: %s%s", f"{len(left_out):,}", what, named, more)
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
        for name in ("spearman", "pearson")
        if scores[f"{name}_low"] is not None
    )
    chosen = ", ".join(f"{key} {value if isinstance(value, str) else f'{value:g}'}" for key, value in kept.items())
    line = record_scores(record).rounded()
    logger.info("%s%s: %s; %s", count, "" if new else ", finished before", record["settings"]["target"], line)
    logger.info("95 %% intervals: %s; %s; %s", intervals or "none", chosen or "pooled", folder)
    parameters = record["settings"]["parameters"]
    if "early_stopping_rounds" in parameters and kept.get("rounds_run") == parameters["num_boost_round"]:
        logger.warning(
            "it was still learning when its %d rounds ended; num_boost_round in --params allows more",
            parameters["num_boost_round"],
        )


def print_scores(study, finished):
    """Print the published line of a single result, a table of several; several tissues are written and drawn too."""
    if len(finished) == 1:
        print(record_scores(finished[0]).line())
        return
    if len(study.targets) > 1:
        summary, path = write_summary(study.results, finished)
        logger.info("the table is in %s, drawn in %s", path, path.with_suffix(".png").name)
    else:
        summary = summarise(records.results_table(finished))
    shown = summary.assign(target=summary["target"].map(visible)).dropna(axis=1, how="all")
    print(shown.to_string(index=False, float_format="{:.4f}".format))


def main(argv=None, prog=PROG):
    return run_script(prog, run, create_parser(prog).parse_args(argv))
