"""The command line of every command, made from options. Loads no library that takes time."""

import argparse
from functools import partial

from expecto.gene_features import OWN_SUMS, STEP
from expecto.network import PUBLISHED
from spex.commands.choices import ContactChoice, Inputs, Record, Shard, Targets
from spex.commands.parser import OneLineParser, typed
from spex.compare.protocol import Protocol
from spex.contacts.rules import Corrected, Published, Rule
from spex.features.choices import Computing, GivenChoice
from spex.files.streamed_tables import FORMATS
from spex.inputs.choices import Blocks, GeneChoice, Reading, SampleChoice
from spex.models.choices import Fitting
from spex.options import PATH, SEED, one_of, text, whole
from spex.study.schema import spell

FIXED_SIZES = {
    "bin_size": STEP,
    "window_size": PUBLISHED.window,
    "tensor_width": OWN_SUMS,
    "features_count": PUBLISHED.features,
}
"""Options of the published program that the checkpoint fixes."""

SEVERAL = {"nargs": "+", "action": "extend", "default": []}
"""Arguments of argparse for an option that may be given with several values, and several times."""

FILES = "inputs and outputs"
SHELLS = ("bash", "zsh", "tcsh")
CONFIRMED = ("gbtree",)
NULL_CLASSES = ("SNV", "substitution", "deletion", "insertion", "all")
TABLES = {"type": typed(one_of(FORMATS)), "choices": FORMATS, "default": "tsv"}
TABIX = {
    "dest": "format",
    "action": "store_const",
    "const": "tabix",
    "help": "--format tabix: by place, packed by bgzip, with an index",
}
UNCERTAINTY = {
    "action": "store_true",
    "help": "fill effect_sd and sign_agrees, of ridge: factorises its training tensors again",
}
FOLDER = "DATA_FOLDER"
AS_MADE = "how the tensors were made, which the data folder knows"
WORTH = (
    "What such scores are worth: contacts are held fixed; models of this kind often get the sign of a difference "
    "between individuals wrong (Huang et al. 2023, Nat Genet) and under-use distal sequence (Karollus et al. 2023, "
    "Genome Biol)."
)


def _tensors(words, prog):
    parser = OneLineParser(
        prog,
        "Compute the tensor of every gene.",
        published=True,
        example="--data_folder DATA --mcool_filename MAP.mcool",
    )
    parser.options(FILES, Inputs, "data_folder", "genes", "genome", "network", "maps", "cache", "no_cache")
    _add_genes(parser)
    _add_rule(parser, "contacts")
    parser.options("contacts", Reading)
    parser.options("computation", Computing)
    _accept(parser, (Inputs, "expression"), (SampleChoice,), (Targets, "target_index", "pseudocount"), (Record,))
    return parser


def _features(words, prog):
    parser = OneLineParser(
        prog,
        "Make a data folder of features that another model gave, one row a gene, and of numbers of the bins that a map "
        "says are contacted: predictions, or measured tracks.",
        example="BORZOI.npz --data_folder DATA --maps MAP.mcool --tracks DNASE.bw",
    )
    parser.add_argument(
        "features", type=typed(PATH), metavar="FILE", help="ids and X in .npz, HDF5 or zarr; .h5ad; Parquet"
    )
    parser.options(FILES, Inputs, "data_folder", "genes")
    parser.options(FILES, GivenChoice)
    parser.options(FILES, Inputs, "maps")
    parser.options(FILES, Inputs, "cache", help="numbers of bins that comparisons need")
    parser.options("genes", GeneChoice)
    parser.options("contacts", ContactChoice, "resolution")
    parser.options("contacts", Corrected, "min_count")
    parser.options("contacts", Rule)
    parser.options("contacts", Reading)
    return parser


def _train(words, prog):
    parser = OneLineParser(
        prog,
        "Fit a model of expression per tissue and score it on held-out chromosomes.",
        published=True,
        example="--data_folder DATA --target_index 22",
    )
    parser.options(FILES, Inputs, "data_folder", "genes", "expression")
    parser.options(FILES, SampleChoice)
    parser.options(FILES, Inputs, "chromatin_features")
    _add_genes(parser)
    group = parser.group("tissues")
    parser.add(
        group,
        Targets,
        "target_index",
        help="columns of the expression file: 22, 1-53, several, or all "
        "(default: 22, where that is EBV-transformed lymphocytes)",
    )
    parser.add(group, Targets, "targets", "pseudocount")
    group.add_argument("--list_targets", action="store_true", help="print index and name of every tissue, and stop")
    parser.options("model and held-out chromosomes", Fitting)
    parser.options("model and held-out chromosomes", Computing, "device")
    group = parser.group("more")
    group.add_argument(
        "--predict",
        dest="fit",
        metavar="MODEL_FOLDER",
        help="apply a fit under results/ to the tensors of --data_folder, and stop",
    )
    parser.options("more", Record)
    _accept(
        parser,
        (Inputs, "genome", "network", "maps", "cache"),
        (ContactChoice, "resolution"),
        (Published, "max_dist"),
        (Rule,),
        (Computing, "batch_size"),
    )
    return parser


def _compare(words, prog):
    parser = OneLineParser(
        prog,
        "Report what contact maps add to the sequence, beside what their contact counts and other bins at the same "
        "distances add.",
        example="data_sequence data_map --out comparison",
    )
    add = parser.group(FILES).add_argument
    add("base_folder", type=typed(PATH), metavar="BASE_FOLDER", help="data folder of sequence alone")
    add("map_folders", type=typed(PATH), nargs="+", metavar="MAP_FOLDER", help="data folder of one map each")
    add("--out", type=typed(PATH), required=True, metavar="DIR", help="folder of the comparison")
    parser.options(FILES, Inputs, "genes", "expression")
    parser.options(FILES, SampleChoice)
    parser.options(FILES, Inputs, "cache", help="predictions that the runs share; controls come from it")
    use = "the maps of the folders, in any order; for --thin_to, and for the coverage control"
    parser.options(FILES, Inputs, "maps", help=use)
    parser.options("genes and tissues", GeneChoice)
    parser.options("genes and tissues", Targets, "targets", "target_index")
    parser.group("genes and tissues").add_argument(
        "--cell_type",
        **SEVERAL,
        metavar="MAP_FOLDER=NAME",
        help="tissue that is a map's own cell type, by name or pattern; or a tab-separated file with map and cell_type",
    )
    parser.options("how maps are compared", Protocol)
    add = parser.group("more views").add_argument
    add(
        "--confirm",
        type=typed(one_of(CONFIRMED)),
        choices=CONFIRMED,
        help="fit the published trees to the same features too, for the tissues that --target or --target_index names",
    )
    seeds = add("--most_seeds", type=typed(whole(3)), default=20, help="with --confirm: seeds of each model")
    parser.make_rare(seeds)
    add("--show_published", action="store_true", help="take maps by the published contact rule, without a verdict")
    add(
        "--between",
        action="store_true",
        help="report instead what maps of cells predict of what is different about each cell; with --cell_type for "
        "every map, and the maps, which are downsampled to one depth",
    )
    return parser


def _elements(words, prog):
    parser = OneLineParser(
        prog,
        "Report what each contacted bin adds to the prediction of a gene: f(with) - f(without), in ln(expression). "
        "Contributions of a linear model add up to its prediction; those of trees are knock-outs.",
        example="DATA_FOLDER --model ridge --genes MYC",
    )
    _add_effects(parser, "any model")
    add = parser.group("elements").add_argument
    add(
        "--genes",
        dest="named_genes",
        **SEVERAL,
        metavar="GENE",
        help="ids or symbols; default: every gene",
    )
    add(
        "--own_windows",
        action="store_true",
        help="report the gene's local windows too, in stretches of 1 kb; the network predicts them again",
    )
    add("--uncertainty", **UNCERTAINTY)
    add(
        "--cell_type",
        metavar="NAME",
        help="for the column CellType (default: the tissue); of a --benchmark with several, the one that is scored",
    )
    one = parser.group("elements").add_mutually_exclusive_group()
    scored = {"type": typed(PATH), "metavar": "TABLE"}
    one.add_argument("--benchmark", **scored, help="tested pairs (CRISPR) that effects are scored on")
    one.add_argument("--credible_sets", **scored, help="fine-mapped eQTL (variant, gene, pip) in their place")
    add(
        "--resample_by",
        choices=("locus", "gene"),
        default="locus",
        help="pairs that its intervals keep together: of the genes of 2 Mb, or of one gene",
    )
    add = parser.group("outputs").add_argument
    add("--out", type=typed(PATH), metavar="DIR", help="default: DATA_FOLDER/elements")
    add("--format", **TABLES, help="format of the table")
    add("--tabix", **TABIX)
    add("--bigwig", action="store_true", help="tracks of sums as bigWig too")
    add("--page", action="store_true", help="elements.html too: the loci, with arcs and tracks, and a table")
    parser.options("outputs", Inputs, "chromatin_features")
    hidden = {"dest": "genes", "type": typed(PATH), "help": argparse.SUPPRESS}
    parser.group(AS_MADE).add_argument("--genes_filename", **hidden)
    parser.set_defaults(default_out="elements")
    return parser


def _variants(words, prog):
    if words[:1] == ["null"]:
        return _null_variants(words.pop(0), f"{prog} null")
    parser = OneLineParser(
        prog,
        "Report what alleles do to the expression of every gene that they reach, through the gene's local windows and "
        f"through contacted bins. {prog} null --help describes null variants.",
        epilog=WORTH,
    )
    parser.add_argument(
        "variants", type=typed(PATH), metavar="FILE", help=".vcf, .vcf.gz or .bcf, or - for standard input"
    )
    _add_effects(parser, "linear models only, of any number of tissues")
    add = parser.group("variants").add_argument
    add("--out", type=typed(PATH), required=True, metavar="FOLDER", help="folder of the effects")
    add(
        "--effects",
        **SEVERAL,
        type=typed(PATH),
        metavar="FILE",
        help="ExPecto's files of chromatin effects, shift_*.diff.h5, in the place of genome, network and tensors; the "
        "genes are the data folder's, or those of --genes",
    )
    add(
        "--region",
        dest="regions",
        **SEVERAL,
        metavar="CHROM:START-END",
        help="only variants there (1-based, inclusive); the file needs an index",
    )
    add("--haplotypes", action="store_true", help="haplotypes.tsv: both of a sample as a whole")
    add("--sample", dest="samples", **SEVERAL, metavar="NAME", help="with --haplotypes: only these samples")
    add("--uncertainty", **UNCERTAINTY)
    add("--best_per_variant", action="store_true", help="of each allele the row of the largest effect")
    add("--wide", action="store_true", help="a row an allele and gene, with the effect in each tissue in a column")
    add("--format", **TABLES, help="format of effects.tsv or effects.parquet")
    add("--tabix", **TABIX)
    add("--page", action="store_true", help="effects.html too: the loci, with arcs and alleles, and a table")
    add("--vcf_out", type=typed(PATH), metavar="FILE", help="the variant file again, with an INFO field SPEX")
    parser.options("variants", Blocks)
    parser.options("variants", Shard)
    parser.options(AS_MADE, Inputs, "genes", hidden=True, default=None)
    return parser


def _null_variants(words, prog):
    parser = OneLineParser(
        prog,
        "Draw null variants for each model: random SNVs at places where variants can act, kept beside the model. The "
        "column quantile ranks effects among theirs.",
        example="DATA_FOLDER --model ridge",
    )
    _add_effects(parser, "linear models only")
    add = parser.group("null variants").add_argument
    add("--number", type=typed(whole(20)), default=300, help="of null variants in each stratum and class")
    add(
        "--classes",
        type=typed(one_of(NULL_CLASSES)),
        choices=NULL_CLASSES,
        default=NULL_CLASSES[0],
        help="of alleles, beside SNVs, by their length; deletions and insertions take several times as long",
    )
    add("--seed", type=typed(SEED), default=1410, help="seed of the draws")
    parser.set_defaults(null=True)
    parser.options(AS_MADE, Inputs, "genes", hidden=True, default=None)
    return parser


def _mutagenesis(words, prog):
    parser = OneLineParser(
        prog,
        "Report what every SNV of a region, of the intervals of a BED file, or of the 40 kb around a TSS does to the "
        "genes that it reaches, through their local windows and through contacted bins.",
        epilog=WORTH,
        example="chr8:1000-2000 DATA_FOLDER --model ridge --out mutations",
    )
    place = "such as chr8:1000-2000 (1-based, inclusive); without it --elements or --gene says where"
    parser.add_argument("regions", nargs="?", type=typed(text("a region")), metavar="REGION", help=place)
    _add_effects(parser, "linear models only, of any number of tissues")
    add = parser.group("mutagenesis").add_argument
    add("--out", type=typed(PATH), required=True, metavar="FOLDER", help="folder of the effects")
    add(
        "--gene",
        dest="named_genes",
        **SEVERAL,
        metavar="GENE",
        help="ids or symbols: effects on these alone; without a region or intervals, in the 40 kb around the TSS",
    )
    add("--elements", type=typed(PATH), metavar="FILE.bed", help="intervals in the place of a region")
    add("--deletions", action="store_true", help="each deletion of one base too, which takes much longer than SNVs")
    add("--motifs", type=typed(PATH), metavar="FILE.meme", help="motifs to find in the stretches that matter most")
    add("--uncertainty", **UNCERTAINTY)
    add("--format", **TABLES, help="format of mutagenesis.tsv or mutagenesis.parquet")
    add("--tabix", **TABIX)
    parser.options("mutagenesis", Blocks, help="bases per block")
    parser.options(AS_MADE, Inputs, "genes", hidden=True, default=None)
    return parser


def _models(words, prog):
    parser = OneLineParser(prog, "Saved models, from elsewhere and to elsewhere.")
    commands = parser.add_subparsers(dest="what", required=True, metavar="{import,export}")
    does = "make fits of ExPecto's published models (*.save), or of what export wrote"
    own = commands.add_parser("import", help=does, description=does)
    own.add_argument("models", type=typed(PATH), metavar="FOLDER", help="where they are")
    own.options("output", Inputs, "data_folder", help="data folder whose results/ they go into")
    does = "write fits with a card, weights, columns, genes, scores and hashes; nothing is pickled"
    own = commands.add_parser("export", help=does, description=does)
    own.options("models", Inputs, "data_folder", help="data folder that the models were fitted in")
    add = own.group("models").add_argument
    kinds = "folders under results/, or ridge, gblinear or gbtree for all such fits there (default: ridge)"
    add("--model", dest="fit", type=typed(PATH), **SEVERAL, metavar="FIT", help=kinds)
    own.options("models", Targets, "targets", default=[])
    own.group("output").add_argument("--out", type=typed(PATH), required=True, metavar="DIR", help="a folder for each")
    for own in commands.choices.values():
        own.set_defaults(parser=own, resumes=False)
    return parser


def _map(words, prog):
    parser = OneLineParser(
        prog,
        "Report what contact maps contain: depth, counts by distance, contacts of genes.",
        example="MAP.mcool --out sheets",
    )
    add = parser.add_argument
    add("maps", type=typed(PATH), nargs="+", metavar="FILE", help="contact maps of any format, a sheet for each")
    parser.options("maps and genes", ContactChoice, "resolution")
    parser.options("maps and genes", Reading)
    default = Inputs.genes
    parser.options(
        "maps and genes", Inputs, "genes", default=None, help=f"gene annotation; default: {default}, where it is there"
    )
    parser.options("maps and genes", GeneChoice)
    add = parser.group("outputs").add_argument
    add("--json", type=typed(PATH), metavar="FILE", help="write the numbers of all sheets to a file")
    counts = parser.group("predicted maps").add_argument
    counts(
        "--values",
        type=typed(PATH),
        metavar="MAP",
        help="the map has predicted values, no counts: at each distance those that are highest get the counts of MAP",
    )
    counts("--write", type=typed(PATH), metavar="FILE.cool", help="where the map of counts is written")
    parser.make_rare(
        add("--profile", type=typed(PATH), metavar="FILE", help="write what maps are compared by, as a study needs it")
    )
    add("--out", type=typed(PATH), metavar="DIR", help="folder of the page of pictures, and likeness.csv")
    parser.set_defaults(resumes=False)
    return parser


def _draw(words, prog):
    parser = OneLineParser(prog, "Draw the pictures of finished fits again.", example="DATA_FOLDER")
    parser.add_argument("data_folder", type=typed(PATH), metavar=FOLDER, help="folder with results/ of spex train")
    return parser


def _reproduce(words, prog):
    parser = OneLineParser(prog, "Get the files, run the published protocol, compare with its figures.", others=str)
    add = parser.add_argument
    add("--data", default=".", metavar="FOLDER", help="where the files are, or go: in data/ and expecto/, or flat")
    add("--genes", type=typed(whole(3)), metavar="N", help="a trial on the first N genes of each chromosome")
    add("--repeats", type=typed(whole(1)), default=10, metavar="N", help="trainings, each with its own seed")
    add("--folder", default="reproduction", help="where tensors and models go")
    add("--report", default="reproduction.md", metavar="FILE", help="where the comparison goes")
    parser.options("computation", Computing, "device", help="as of tensors and train")
    _add_access(parser)
    return parser


def _resources(words, prog):
    parser = OneLineParser(prog, "The files that SpEx needs: list them, get them, check them.", others=str)
    commands = parser.add_subparsers(dest="command", required=True, metavar="{list,get,check}")
    for command, does in {
        "list": "what the files are, where they belong, whether they are there and verified",
        "get": "download missing files, resuming an earlier download",
        "check": "read the files through: hashes, chromosomes, rows, weights, resolutions",
    }.items():
        own = commands.add_parser(command, help=does, description=does, others=str)
        own.add_argument("names", nargs="*", metavar="NAME", help="files, by the names that list shows (default: all)")
        own.set_defaults(parser=own)
        own.add_argument("--folder", default=".", help="where data/ and expecto/ are (default: here)")
    _add_access(commands.choices["get"])
    return parser


def _example(words, prog):
    parser = OneLineParser(
        prog,
        "Lay out a small synthetic genome with genes, expression, contacts, alleles and stand-in weights (600 MB), and "
        "print what to do with them.",
        example="example",
    )
    parser.add_argument("folder", type=typed(PATH), metavar="DIR", help="folder to lay them out in")
    return parser


def _completion(words, prog):
    parser = OneLineParser(
        prog,
        "Print what makes a shell complete commands, options and paths. For bash: "
        'eval "$(spex completion bash)", in ~/.bashrc to keep it.',
        example="bash",
    )
    parser.add_argument("shell", type=typed(one_of(SHELLS)), choices=SHELLS, help="which shell")
    parser.set_defaults(resumes=False)
    return parser


def _study(words, prog):
    parser = OneLineParser(prog, "Many contact maps, tissues and controls, described by one file.", passes_on=True)
    commands = parser.add_subparsers(dest="what", required=True, metavar="{init,fetch,check,run,report}")
    add = partial(commands.add_parser, others=spell)
    file = {"type": typed(PATH), "metavar": "FILE"}
    own = add("init", help="write a study's file, every key explained")
    own.add_argument("file", nargs="?", default="study.yaml", help="default: study.yaml", **file)
    own = add("fetch", help="get the maps that are given by their accession, from the 4DN and ENCODE portals")
    own.add_argument("file", help="the study's file", **file)
    _add_access(own)
    own = add("check", help="report what is wrong or missing, what there is to do, and what it takes")
    own.add_argument("file", help="the study's file", **file)
    own.add_argument("--json", help="write the numbers to a file", **file)
    own.add_argument("--measure", action="store_true", help="time the network on this machine, on a few of its genes")
    own = add("run", help="do what is not done yet, by Snakemake, whose command is printed first")
    own.add_argument("file", help="the study's file", **file)
    own.add_argument("--profile", type=typed(PATH), default="local", help="local, slurm, or the folder of a profile")
    own.add_argument("--cores", type=typed(whole(1)), help="of this machine, to use at once; default: all")
    own.add_argument("--dry_run", action="store_true", help="only list the jobs, with what each would get")
    own.set_defaults(resumes=True)
    own.epilog = "Arguments after -- are passed to Snakemake as they are and take precedence."
    own = add("report", help="write the report of a finished study")
    own.add_argument("file", help="the study's file", **file)
    for own in commands.choices.values():
        own.set_defaults(parser=own, resumes=own.get_default("resumes") or False)
    return parser


def _add_genes(parser):
    parser.options("genes", GeneChoice)
    parser.options("genes", Shard)
    parser.group("genes").add_argument("--test_only", action="store_true", help="chr8 genes only")


def _add_rule(parser, title, **changes):
    """Add the options of contacts and of every rule."""
    parser.options(title, ContactChoice, **changes)
    for rule, names in ((Published, ["max_dist"]), (Corrected, ["min_count"]), (Rule, [])):
        parser.options(title, rule, *names, **changes)


def _add_effects(parser, models):
    """Add what `spex elements` and `spex variants` share. models: which ones --model takes, as text."""
    add = parser.group("inputs").add_argument
    add("data_folder", type=typed(PATH), metavar=FOLDER, help="data folder that spex tensors filled")
    add(
        "--model",
        dest="fit",
        type=typed(PATH),
        **SEVERAL,
        metavar="FIT",
        help="folders under results/, or ridge, gblinear, gbtree or expecto (imported) for all such fits there: "
        f"{models} (default: ridge)",
    )
    parser.options("inputs", Targets, "targets", default=[])
    parser.options("inputs", Inputs, "genome", "network", "cache", "no_cache")
    parser.options("computation", Computing, "device", "gpus", "precision", "batch_size")
    parser.options(AS_MADE, Inputs, "maps", hidden=True)
    _add_rule(parser, AS_MADE, hidden=True, default=None)


def _add_access(parser):
    """Add the options of how files are downloaded."""
    add = parser.add_argument
    mirror = "download the files, by their names, from this address instead of the original ones"
    add("--mirror", metavar="URL", help=mirror)
    add("--4dn_key", dest="login", metavar="FILE", help="your 4DN access key as JSON, for the contact map")


def _accept(parser, *groups):
    """Take what the published scripts share and a script makes no use of, without showing it.

    groups: Options class, or a tuple of one and names of its options.
    """
    for owner, *names in groups:
        parser.options("accepted, without effect here", owner, *names, hidden=True)
    group = parser.group("accepted, without effect here")
    for name, size in FIXED_SIZES.items():
        group.add_argument(f"--{name}", type=_fixed_size(size), default=size, help=argparse.SUPPRESS)


def _fixed_size(size):
    """An argument type for what the checkpoint fixes: the one value, or an error."""

    def parse(text):
        if text != str(size):
            raise argparse.ArgumentTypeError(f"found {text!r}, but the checkpoint fixes it at {size}")
        return size

    return parse


PARSERS = {
    "tensors": _tensors,
    "features": _features,
    "train": _train,
    "compare": _compare,
    "study": _study,
    "elements": _elements,
    "variants": _variants,
    "mutagenesis": _mutagenesis,
    "models": _models,
    "map": _map,
    "draw": _draw,
    "resources": _resources,
    "reproduce": _reproduce,
    "example": _example,
    "completion": _completion,
}
"""Functions from a command's arguments and its name to its parser."""
