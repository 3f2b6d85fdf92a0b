"""What both scripts share: options, logging, progress, and errors on one line."""

import argparse
import errno
import logging
import os
import signal
import sys

import expecto
from spex.errors import InputError, visible
from spex.inputs.genes import GENE_TYPES

FIXED_SIZES = {
    "--bin_size": expecto.BIN_SIZE,
    "--window_size": expecto.WINDOW_SIZE,
    "--tensor_width": expecto.TENSOR_WIDTH,
    "--features_count": expecto.CHROMATIN_FEATURES,
}
DISK_ERRORS = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some of your quota",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that can be written to",
    errno.EIO: "check the disk",
    errno.ESTALE: "check the network drive",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOENT: "see that no other program takes it away",
    errno.ENOTDIR: "choose another folder",
    errno.EISDIR: "move the folder away",
    errno.ELOOP: "its symbolic links lead in a circle; mend them",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "this machine has too many open files; wait for other programs",
    errno.EFBIG: "raise the limit of file sizes (ulimit -f), or choose another file system",
    errno.ENOMEM: "give it more memory, or less at once with --block_size and --batch_size",
    errno.EAGAIN: "this machine or its limits (ulimit -u) allow no more now; wait for other programs",
    errno.ENOLCK: "this file system has no locks; choose a folder on another one",
    errno.EBUSY: "wait for the program that uses it",
    errno.ETXTBSY: "wait for the program that uses it",
    errno.ENOTCONN: "mount the network drive again",
    errno.ETIMEDOUT: "check the network drive",
    errno.ENOTSUP: "this file system cannot do that; choose a folder on another one",
    errno.ENOSYS: "this file system cannot do that; choose a folder on another one",
    errno.EINVAL: "this file system takes no such name or size; choose a folder on another one",
    errno.EILSEQ: "this file system takes no such name; choose a folder on another one",
}
OTHER_DISK_ERROR = "check the disk and the limits of this machine (ulimit -a)"
BUGS = (errno.EBADF, errno.EFAULT)
"""What the system says only of a wrong program."""

NO_MEMORY = ("DefaultCPUAllocator", "can't start new thread")
"""Of RuntimeErrors that tell of a limit: PyTorch's want of memory, Python's want of threads."""

logger = logging.getLogger("spex")

for _stream in ("stdout", "stderr"):
    if getattr(sys, _stream) is None:  # closed by who started us; libraries write to it when they are imported
        setattr(sys, _stream, open(os.devnull, "w"))  # noqa: SIM115 (for as long as the process lives)


class DefaultsFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the defaults that say something: not None, nor an empty list or text."""

    def _get_help_string(self, action):
        return action.help if action.default in (None, [], "", False) else super()._get_help_string(action)


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors take one line, like every other error of the scripts."""

    def error(self, message):
        self.exit(2, f"{self.prog}: error: {visible(message)} (see {self.prog} --help)\n")

    def parse_known_args(self, args=None, namespace=None):
        """As argparse's, with one attribute more: `given`, the options that were not left to their defaults."""
        args = sys.argv[1:] if args is None else list(args)
        parsed, rest = super().parse_known_args(args, namespace)
        unset = argparse.Namespace(**dict.fromkeys(vars(parsed)))  # argparse sets a default where no attribute is
        found, _ = super().parse_known_args(args, unset)
        parsed.given = frozenset(name for name, value in vars(found).items() if value is not None)
        return parsed, rest


def create_shared_parser(prog, description):
    """A parser with the options that the published scripts share."""
    parser = OneLineParser(prog=prog, description=description, formatter_class=DefaultsFormatter, allow_abbrev=False)
    add = parser.add_argument_group("inputs and outputs").add_argument
    add(
        "--data_folder",
        type=path,
        default="data_beluga_expecto_hg38",
        help="folder of the run: tensors, records, results",
    )
    add("--genes_filename", type=path, default="./expecto/geneanno_GRCh38.csv", help="gene annotation table")
    add(
        "--gene_expression_filename",
        type=path,
        default="./expecto/geneanno.exp.csv",
        help="expression, by gene id or by row number",
    )
    add("--genome_filename", type=path, default="./data/hg38.fa", help="genome, FASTA")
    add("--beluga_model_filename", type=path, default="./expecto/deepsea.beluga.pth", help="checkpoint of the CNN")
    add(
        "--mcool_filename",
        type=path,
        nargs="+",
        action="extend",
        default=[],
        metavar="MCOOL",
        help="contact maps (.mcool, or .cool of the resolution); counts of several are added",
    )
    add("--pred_cache_folder", type=path, default="./pred_cache", help="predictions that several runs share")
    add = parser.add_argument_group("genes").add_argument
    add("--gene_type", choices=GENE_TYPES, default="all", help="pc: protein coding; all: everything but rRNA")
    add("--divisor", type=whole_number(1), help="number of shards; with --reminder")
    add("--reminder", type=whole_number(0), help="shard to do: genes whose row number %% divisor is this")
    add("--test_only", action="store_true", help="chr8 genes only")
    add = parser.add_argument_group("contacts").add_argument
    add("--hic_resolution", type=whole_number(1), default=1000, help="bp per bin of the contact map")
    add("--max_dist", type=number(0), default=1.15, help="published rule: keep bins with 1/sqrt(count) below this")
    add = parser.add_argument_group("computation").add_argument
    add("--compute_platform", choices=("CPU", "CUDA"), default=None, help="default: CUDA where there is one, else CPU")
    add("--batch_size", type=whole_number(1), default=32, help="windows in memory at once, at least")
    add = parser.add_argument_group("training").add_argument
    add("--pseudocount", type=number(0), default=0.0001, help="added to the expression before the logarithm")
    add(
        "--target_index",
        nargs="+",
        action="extend",
        metavar="INDEX",
        help="columns of the expression file: 22, 1-53, several, or all (default: 22, where that is EBV-transformed "
        "lymphocytes)",
    )
    add = parser.add_argument_group("record").add_argument
    add("--biosample", default="", help="free text for the record")
    add("--log_note", default="", help="free text for the record")
    add(
        "--google_sheets_credentials_filename",
        type=path,
        help="service account's key file, for a row in a Google sheet",
    )
    add("--google_spreadsheet_id", help="the Google sheet")
    add = parser.add_argument_group("fixed by the checkpoint (accepted, not changeable)").add_argument
    for flag, size in FIXED_SIZES.items():
        add(flag, type=fixed_size(size), default=size, help="fixed")
    return parser


def check_shared_options(args):
    """Refuse combinations of shared options that no single option can tell.

    Raises:
        InputError: a shard without its number or count, or a shard number past the count.
    """
    if (args.divisor is None) != (args.reminder is None):
        raise InputError("--divisor and --reminder: only one was given; a shard needs both")
    if args.divisor is not None and args.reminder >= args.divisor:
        raise InputError(
            f"--reminder {args.reminder}: expected 0 to {args.divisor - 1}, the remainders of --divisor {args.divisor}"
        )


def whole_number(least, most=None):
    """An argument type: whole numbers from `least` to `most`, or up without end."""

    def parse(text):
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            end = "up" if most is None else f"to {most}"
            raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number from {least} {end}")
        return value

    return parse


def number(above):
    """An argument type: finite numbers above `above`."""

    def parse(text):
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not above < value < float("inf"):
            raise argparse.ArgumentTypeError(f"found {text!r}, expected a number above {above}")
        return value

    return parse


def path(text):
    """An argument type: a path, which an unset variable of the shell is not."""
    if not text:
        raise argparse.ArgumentTypeError("found nothing, expected a path; is a variable of the shell not set?")
    return text


def fixed_size(size):
    """An argument type for what the checkpoint fixes: the one value, or an error."""

    def parse(text):
        if text != str(size):
            raise argparse.ArgumentTypeError(f"found {text!r}, but the checkpoint fixes it at {size}")
        return size

    return parse


class TerminatedError(BaseException):
    """SIGTERM arrived: the end of a time limit, a preemption, a shutdown."""


def run_script(prog, run, args):
    """Run a script's `run(args)` and translate how it ends into an exit status.

    Returns: 0 done; 2 unusable input, disk or limit, told in one line on stderr; 130 Ctrl-C; 141 nobody reads the
    output any more; 143 SIGTERM.
    """
    handler = _start_logging()

    def on_terminate(signum, frame):
        raise TerminatedError

    previous = signal.signal(signal.SIGTERM, on_terminate)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a tissue's name may hold what the terminal's encoding lacks
    try:
        run(args)
        sys.stdout.flush()
    except InputError as error:
        return _fail(prog, str(error))
    except OSError as error:
        if error.errno == errno.EPIPE:  # the reader, such as head, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        if error.errno is None or error.errno in BUGS:
            raise
        place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes | os.PathLike) else ""
        advice = DISK_ERRORS.get(error.errno, OTHER_DISK_ERROR)
        return _fail(prog, f"{place}{error.strerror}; {advice}, then run the same command again")
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not any(sign in str(error) for sign in NO_MEMORY):
            raise
        return _fail(prog, f"out of memory or threads; {DISK_ERRORS[errno.ENOMEM]}, then run the same command again")
    except (KeyboardInterrupt, TerminatedError) as stop:
        print(f"{prog}: stopped; what is finished is kept, the same command goes on from there", file=sys.stderr)
        return 130 if isinstance(stop, KeyboardInterrupt) else 143
    finally:
        signal.signal(signal.SIGTERM, previous)
        logger.removeHandler(handler)
    return 0


def _fail(prog, message):
    print(f"{prog}: error: {visible(message)}", file=sys.stderr)
    return 2


class _VisibleFormatter(logging.Formatter):
    """Log lines in which free text from files can neither break the line nor move the terminal's cursor."""

    def formatMessage(self, record):
        record.message = visible(record.message)
        return super().formatMessage(record)


def _start_logging():
    """Log to stderr with a time stamp, and the node's name inside a SLURM job. Returns: the handler."""
    node = os.environ.get("SLURMD_NODENAME", "")
    handler = logging.StreamHandler(sys.stderr)
    place = f"{node} " if node else ""
    handler.setFormatter(_VisibleFormatter(f"%(asctime)s {place}%(message)s", "%Y-%m-%d %H:%M:%S"))
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    return handler
