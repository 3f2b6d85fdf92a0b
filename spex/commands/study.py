"""`spex study`: many maps, tissues and controls, described by one file.

    spex study init [FILE]
    spex study fetch FILE [--mirror URL] [--4dn_key FILE]
    spex study check FILE [--measure] [--json FILE]
    spex study run FILE [--profile slurm] [--cores N] [--dry-run] [-- ARGUMENTS FOR SNAKEMAKE]
    spex study report FILE

`init` writes a study's file with every key explained. `fetch` gets the maps that are given by their accession. `check`
refuses what cannot be used, with its line, and shows what there is to do and what it will cost. `run` does what is not
done yet, by Snakemake. `report` writes the report of a finished study, which is the last step of a run.
"""

from dataclasses import asdict
from functools import partial

from spex.commands.main import start
from spex.commands.resources import access
from spex.errors import InputError
from spex.files.atomic import write_json, write_text
from spex.files.checks import require_place
from spex.study.cost import MEASURED, cost_text, estimate, measured
from spex.study.reading import fetch_files, read_study
from spex.study.running import run_study
from spex.study.template import TEMPLATE
from spex.study.work import count_work


def init(args):
    file = require_place(args.file, "file")
    if file.exists() or file.is_symlink():
        raise InputError("it is there already", subject=file, hint="give another name, or move it away")
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, TEMPLATE)
    print(f"{file}: fill it in, then: spex study check {file}")


def check(args):
    json = args.json and require_place(args.json, "json")
    study = read_study(args.file)
    work = count_work(study)
    cost = estimate(study, work, measured(study, MEASURED) if args.measure else MEASURED)
    print(cost_text(cost))
    if json:
        json.parent.mkdir(parents=True, exist_ok=True)
        write_json(json, asdict(cost))


def run_by_engine(args):
    words = ["--dry-run"] if args.dry_run else []
    run_study(read_study(args.file), args.profile, args.cores, [*words, *args.words])


def report(args):
    from spex.reports.study_report import write_study_report  # noqa: PLC0415 (only here is anything drawn)

    print(write_study_report(read_study(args.file, quick=True)))


def fetch(args):
    for path in fetch_files(args.file, **access(args)):
        print(path)


def run(args):
    if args.words and args.what != "run":
        raise InputError(f"{' '.join(args.words)}: only spex study run passes arguments on to Snakemake")
    {"init": init, "check": check, "fetch": fetch, "run": run_by_engine, "report": report}[args.what](args)


main = partial(start, "study")
