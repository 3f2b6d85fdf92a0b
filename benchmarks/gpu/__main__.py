"""One command that checks a GPU box, and one table to send back; `make gpu` starts it.

    python -m benchmarks.gpu [--quick] [--report check_gpu.md]

Needs no download: weights, genome, genes and contacts are synthetic, unless files are given. Without a GPU the CPU
stands in for it. Ends with status 1 when anything fails.
"""

import logging
import shlex
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.gpu import parity, synthetic
from benchmarks.gpu.checks import CHECKS, FAILED, SIZES, Subject
from spex.commands.arguments import reading_of, refuse_without_map
from spex.commands.choices import ContactChoice, Inputs
from spex.commands.parser import OneLineParser, typed
from spex.commands.running import run_script
from spex.contacts.collect import read_maps
from spex.contacts.rules import Published, check_resolution
from spex.errors import InputError, parameter, visible
from spex.features.choices import DTYPES, Computing
from spex.features.devices import choose_devices, choose_precision, open_model
from spex.files.atomic import write_text
from spex.files.checks import require_file, require_folder
from spex.inputs.agree import check_on_genome
from spex.inputs.choices import Reading
from spex.inputs.genes import keep_genes, read_gene_table
from spex.inputs.genome import Genome
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.matching import agree_maps
from spex.options import PATH

PROG = "benchmarks.gpu"
HEAD = "| part | what | measured | at most | result |\n| --- | --- | --- | --- | --- |\n"

logger = logging.getLogger("spex")


def create_parser():
    parser = OneLineParser(PROG, "Compare a GPU with the CPU, time it, and write one table. Needs no download.")
    add = parser.group("what is checked").add_argument
    add("--quick", action="store_true", help="a few genes only")
    add("--report", type=typed(PATH), default="check_gpu.md", metavar="FILE", help="where the table goes")
    parser.options("what is checked", Computing, "device", "gpus")
    add("--precision", nargs="+", choices=DTYPES, help="default: all that the device is made for")
    parser.options("inputs; synthetic where none is given", Inputs, "network", "genes", "genome", "maps", default=None)
    parser.options("inputs; synthetic where none is given", ContactChoice, "resolution")
    parser.options("inputs; synthetic where none is given", Reading)
    return parser


def prepare(args, folder):
    """Read what was given and make what was not, in a folder that goes away.

    Raises:
        InputError: something given cannot be used, or goes with something that is missing.
    """
    devices = choose_devices(args.device, args.gpus)
    wanted = args.precision or parity.supported_precisions(devices[0])
    precisions = [choose_precision(devices, name) for name in dict.fromkeys(wanted)]
    sizes = SIZES["cpu" if devices[0] == "cpu" else "gpu", "quick" if args.quick else "whole"]
    _refuse_halves(args)
    reading = reading_of(args)
    genome, genes = _genome_and_genes(args, sizes, folder)
    rule, resolution = Published(), args.resolution
    check_resolution(resolution)
    if args.maps:
        maps = open_maps(args.maps, resolution, reading, rule)
        maps = agree_maps(maps, genes, genome.chromsizes)
        contacts = read_maps(maps, genes, rule, resolution)
    else:
        contacts = synthetic.make_contacts(genes, genome.chromsizes, rule, resolution, sizes.bins)
    given = args.network
    network = open_model(require_file(given, "network")) if given else synthetic.make_network()
    checkpoint = Path(given or folder / "network.pth")
    return Subject(devices, precisions, network, checkpoint, genome, genes, contacts, sizes)


def _refuse_halves(args):
    """Refuse what needs another file that is not given."""
    if (args.genes is None) != (args.genome is None):
        raise InputError(
            f"needs {parameter('genome')}, and the other way round",
            argument="genes",
            hint="give both, or neither for synthetic ones",
        )
    if args.maps and args.genes is None:
        raise InputError(
            "synthetic genes have synthetic contacts", argument="maps", hint=f"give {parameter('genes')} too"
        )
    if "resolution" in args.given and not args.maps:
        refuse_without_map("resolution", args.resolution)


def _genome_and_genes(args, sizes, folder):
    """The given genome and genes, or made ones."""
    if args.genes is None:
        synthetic.write_genome(folder / "genome.fa")
        genes = synthetic.make_genes(max(sizes.compared, sizes.timed))
        return Genome(folder / "genome.fa", folder / "genome.fai"), genes
    genes = keep_genes(read_gene_table(require_file(args.genes, "genes")))
    genome = Genome(require_file(args.genome, "genome"), folder / "genome.fai")
    check_on_genome(genes, genome.chromsizes)
    return genome, genes


class Report:
    """The table, printed row by row and written anew with every row, so that a run that dies leaves what it found."""

    def __init__(self, file, command):
        self.file, self.command, self.rows, self.failed = Path(file), command, [], []
        print(HEAD, end="", flush=True)

    def add(self, part, what, measured, most, verdict):
        cells = (visible(str(cell)).replace("|", "\\|") for cell in (part, what, measured, most, verdict))
        self.rows.append(f"| {' | '.join(cells)} |\n")
        if verdict == FAILED:
            self.failed.append(f"{part}: {what}")
        self.write("unfinished")
        print(self.rows[-1], end="", flush=True)

    def write(self, last):
        write_text(self.file, f"`{self.command}`\n\n{HEAD}{''.join(self.rows)}\n{last}\n")

    def finish(self, on_gpu):
        """Write and print the last line."""
        alright = "all right" if on_gpu else "all right; no GPU was checked, the CPU stood in for one"
        last = f"FAILED: {'; '.join(self.failed)}" if self.failed else alright
        self.write(last)
        print(f"\n{last}", flush=True)


def rows_of(part, check_part, subject):
    """A part's rows; what breaks in it is one more row, that it failed, and the other parts go on.

    Yields: what, measured, at most, verdict.
    """
    logger.info("%s", part)
    try:
        yield from check_part(subject)
    except InputError as error:
        yield "ended early", error.line("--{}".format), "", FAILED
    except (OSError, MemoryError):
        raise  # a full disk or a limit: nothing of the device's
    except Exception as error:
        logger.exception("%s ended early", part)
        yield "ended early", f"{type(error).__name__}: {str(error).partition(chr(10))[0]}", "", FAILED


def run(args, command):
    """Check everything. command: how it was started. Returns: exit status, 0 or 1."""
    require_folder(Path(args.report).parent, "report").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="check_gpu_") as folder:
        subject = prepare(args, Path(folder))
        report = Report(args.report, command)
        for part, check_part in CHECKS.items():
            for row in rows_of(part, check_part, subject):
                report.add(part, *row)
        report.finish(subject.on_gpu)
    return 1 if report.failed else 0


def main(argv=None):
    words = sys.argv[1:] if argv is None else argv
    args = create_parser().parse_args(words)
    names = [Path(word).name if "/" in word else word for word in words]  # a report goes to others: no folders in it
    command = shlex.join(["python", "-m", PROG, *names])
    return run_script(PROG, partial(run, command=command), args, resumes=False)


if __name__ == "__main__":
    sys.exit(main())
