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
from spex.commands.options import (
    OneLineParser,
    add_map_option,
    add_reading_options,
    option,
    path,
    reading_of,
    whole_number,
)
from spex.commands.running import run_script
from spex.contacts.collect import read_maps
from spex.contacts.rules import Published, check_resolution
from spex.errors import InputError, parameter, visible
from spex.features.devices import DTYPES, choose_devices, choose_precision, open_model
from spex.files.atomic import write_text
from spex.files.checks import require_file, require_folder
from spex.inputs.agree import check_on_genome
from spex.inputs.genes import keep_genes, read_gene_table
from spex.inputs.genome import Genome
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.matching import agree_maps

PROG = "benchmarks.gpu"
RESOLUTION = 1000
"""Of contacts, in bp per bin, unless another is asked for."""

HEAD = "| part | what | measured | at most | result |\n| --- | --- | --- | --- | --- |\n"

logger = logging.getLogger("spex")


def create_parser():
    parser = OneLineParser(
        prog=PROG,
        description="Compare a GPU with the CPU, time it, and write one table. Needs no download.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="a few genes only")
    add("--report", type=path, default="check_gpu.md", metavar="FILE", help="where the table goes (check_gpu.md)")
    add("--compute_platform", choices=("CPU", "CUDA"), help="default: CUDA where there is one, else CPU")
    add("--gpus", nargs="+", action="extend", type=whole_number(0), metavar="NUMBER", help="GPUs to use; default: all")
    add("--precision", nargs="+", choices=tuple(DTYPES), help="default: all that the device is made for")
    add("--beluga_model_filename", type=path, help="checkpoint of the CNN; default: synthetic weights")
    add("--genes_filename", type=path, help="gene annotation table, with its genome; default: synthetic ones")
    add("--genome_filename", type=path, help="genome, FASTA")
    add_map_option(add, "contact maps; default: synthetic contacts")
    add("--hic_resolution", type=whole_number(1), metavar="BP", help="bp per bin of the contact maps (1000)")
    add_reading_options(add)
    return parser


def prepare(args, folder):
    """Read what was given and make what was not, in a folder that goes away.

    Raises:
        InputError: something given cannot be used, or goes with something that is missing.
    """
    devices = choose_devices(args.compute_platform, args.gpus)
    wanted = args.precision or parity.supported_precisions(devices[0])
    precisions = [choose_precision(devices, name) for name in dict.fromkeys(wanted)]
    sizes = SIZES["cpu" if devices[0] == "cpu" else "gpu", "quick" if args.quick else "whole"]
    _refuse_halves(args)
    reading = reading_of(args)
    genome, genes = _genome_and_genes(args, sizes, folder)
    rule, resolution = Published(), args.hic_resolution or RESOLUTION
    check_resolution(resolution)
    if args.mcool_filename:
        maps = open_maps(args.mcool_filename, resolution, reading, rule)
        maps = agree_maps(maps, genes, genome.chromsizes)
        contacts = read_maps(maps, genes, rule, resolution)
    else:
        contacts = synthetic.make_contacts(genes, genome.chromsizes, rule, resolution, sizes.bins)
    given = args.beluga_model_filename
    network = open_model(require_file(given, "network", "beluga")) if given else synthetic.make_network()
    checkpoint = Path(given or folder / "network.pth")
    return Subject(devices, precisions, network, checkpoint, genome, genes, contacts, sizes)


def _refuse_halves(args):
    """Refuse what needs another file that is not given."""
    if (args.genes_filename is None) != (args.genome_filename is None):
        raise InputError(
            f"needs {parameter('genome')}, and the other way round",
            argument="genes",
            hint="give both, or neither for synthetic ones",
        )
    if args.mcool_filename and args.genes_filename is None:
        raise InputError(
            "synthetic genes have synthetic contacts", argument="maps", hint=f"give {parameter('genes')} too"
        )
    if args.hic_resolution is not None and not args.mcool_filename:
        raise InputError(
            "says how a contact map is read, but none is given",
            argument="resolution",
            subject=args.hic_resolution,
            hint=f"give {parameter('maps')} too, or leave it out",
        )


def _genome_and_genes(args, sizes, folder):
    """The given genome and genes, or made ones."""
    if args.genes_filename is None:
        synthetic.write_genome(folder / "genome.fa")
        genes = synthetic.make_genes(max(sizes.compared, sizes.timed))
        return Genome(folder / "genome.fa", folder / "genome.fai"), genes
    genes = keep_genes(read_gene_table(require_file(args.genes_filename, "genes", "genes")))
    genome = Genome(require_file(args.genome_filename, "genome", "genome"), folder / "genome.fai")
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
        yield "ended early", error.line(option), "", FAILED
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
