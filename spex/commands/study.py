"""`spex study`: many maps, tissues and controls, as one file says.

    spex study init [FILE]
    spex study check FILE [--measure] [--json FILE]
    spex study run FILE [--profile slurm] [--cores N] [--dry-run] [-- WORDS FOR SNAKEMAKE]
    spex study report FILE

`init` writes a study's file with every key explained. `check` refuses what cannot be used, with its line, and tells
what there is to do and what it will cost. `run` does what is not done yet, by Snakemake. `report` writes the report of
a finished study, which is the last step of a run.
"""

import sys
from pathlib import Path

from spex.commands.options import OneLineParser, path, whole_number
from spex.commands.running import run_script
from spex.errors import InputError
from spex.files.atomic import write_json, write_text
from spex.files.checks import require_folder
from spex.study.cost import estimate
from spex.study.cost_text import cost_text
from spex.study.rates import MEASURED
from spex.study.reading import read_study, spell
from spex.study.running import LOCAL, run_study
from spex.study.template import TEMPLATE
from spex.study.work import count_work

PROG = "spex study"
FILE = "study.yaml"


def create_parser(prog=PROG):
    parser = OneLineParser(
        prog=prog, description="Many contact maps, tissues and controls, as one file says.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="what", required=True, metavar="WHAT", parser_class=OneLineParser)
    init = commands.add_parser("init", help="write a study's file, every key explained", allow_abbrev=False)
    init.add_argument("file", type=path, nargs="?", default=FILE, metavar="FILE", help=f"default: {FILE}")
    check = commands.add_parser(
        "check", help="tell what is wrong or missing, what there is to do, and what it will cost", allow_abbrev=False
    )
    check.add_argument("file", type=path, metavar="FILE", help="the study's file")
    check.add_argument("--json", type=path, metavar="FILE", help="the numbers, in a file")
    check.add_argument(
        "--measure", action="store_true", help="time the network on this machine, on a few genes of the study"
    )
    go = commands.add_parser(
        "run", help="do what is not done yet, by Snakemake, whose words are printed first", allow_abbrev=False
    )
    go.add_argument("file", type=path, metavar="FILE", help="the study's file")
    go.add_argument(
        "--profile", type=path, default=LOCAL, help=f"{LOCAL}, slurm, or the folder of a profile; default: {LOCAL}"
    )
    go.add_argument("--cores", type=whole_number(1), help="of this machine, to use at once; default: all")
    go.add_argument("--dry-run", action="store_true", help="only list the jobs, with what each would get")
    go.epilog = "Words behind -- go to Snakemake as they are, and have the last say."
    report = commands.add_parser("report", help="write the report of a finished study", allow_abbrev=False)
    report.add_argument("file", type=path, metavar="FILE", help="the study's file")
    return parser


def init(args):
    file = require_folder(Path(args.file).parent, "file") / Path(args.file).name
    if file.exists() or file.is_symlink():
        raise InputError("it is there already", subject=file, hint="give another name, or move it away")
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, TEMPLATE)
    print(f"{file}: fill it in, then: {PROG} check {file}")


def check(args):
    json = args.json and require_folder(Path(args.json).parent, "json") / Path(args.json).name
    study = read_study(args.file)
    work, rates = count_work(study), MEASURED
    if args.measure:
        from spex.study.measuring import measure_rates  # noqa: PLC0415 (torch takes seconds to load)

        rates = measure_rates(study, rates)
    cost = estimate(study, work, rates)
    print(cost_text(cost))
    if json:
        json.parent.mkdir(parents=True, exist_ok=True)
        write_json(json, cost.summary())


def run_by_engine(args):
    words = ["--dry-run"] if args.dry_run else []
    run_study(read_study(args.file), args.profile, args.cores, [*words, *args.words])


def report(args):
    from spex.reports.study_report import write_study_report  # noqa: PLC0415 (only here is anything drawn)

    print(write_study_report(read_study(args.file, quick=True)))


COMMANDS = {"init": init, "check": check, "run": run_by_engine, "report": report}


def run(args):
    COMMANDS[args.what](args)


def main(argv=None, prog=PROG):
    given = sys.argv[1:] if argv is None else [*argv]
    end = given.index("--") if "--" in given else len(given)
    parser = create_parser(prog)
    args = parser.parse_args(given[:end])
    args.words = given[end + 1 :]
    if args.words and args.what != "run":
        parser.error(f"unrecognized arguments: {' '.join(args.words)}")
    return run_script(f"{prog} {args.what}", run, args, spell=spell, resumes=args.what == "run")
