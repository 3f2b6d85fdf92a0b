"""Every command, link, option and piece of Python in the documents works as it stands there.

Commands run in a small world: a folder with small files under the very names that the documents use, a narrow network,
few rounds of boosting. What only a cluster, a network or many minutes can serve is taken as far as a stand-in goes. A
command that nobody here knows how to run fails by its name. Code blocks are commands where they are indented or
fenced as `sh`; `bash` is a script that `sbatch` gets, `python` is run, `signature` compared with the library, `yaml`
read as a study, `text` is what a program prints; `{...}` is for the site alone (test_site.py).
"""

import contextlib
import doctest
import gzip
import inspect
import io
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import tomllib
import warnings
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
import pybigtools
import pytest
import torch
from annotation_files import gtf_of
from conftest import NARROW_CHANNELS, NARROW_HIDDEN, ROOT, leave_out_pictures, narrow_state
from cooler.cli import cli as cooler_cli
from file_server import FileServer
from made_comparison import made_confirmation
from made_study_report import write_results
from published_models import write_effects, write_models
from reproduce_driver import LENGTHS as CHECKED_LENGTHS
from reproduce_driver import small_table
from reproduce_world import LENGTHS, make_files
from snakemake.cli import get_argument_parser as snakemake_parser
from train_inputs import FAST

import spex
from benchmarks.gpu import __main__ as gpu
from data.example import demo, small_study
from expecto import beluga
from expecto.network import read_description
from spex.commands import models, reproduce, resources, study, tensors, train
from spex.commands.example import next_commands
from spex.commands.main import main as every_command
from spex.commands.main import parser_of
from spex.commands.parsers import PARSERS
from spex.errors import DISTRIBUTION
from spex.example import WEIGHTS, lay_out
from spex.models.registry import MODELS
from spex.study.reading import read_study
from spex.study.running import snakemake_command

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "data/README.md", "tests/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
PUBLISHED = (
    "python tensors.py --data_folder data_expecto",
    "python train.py --data_folder data_expecto --target_index 22",
    "python tensors.py --data_folder data_spex --mcool_filename data/4DNFIARR7LP4.mcool",
    "python train.py --data_folder data_spex --target_index 22",
)
OWN_DATA, GIVEN, NETWORKS = (ROOT / "docs" / name for name in ("own_data.md", "features.md", "networks.md"))
IN_TURN = (OWN_DATA, GIVEN, NETWORKS)
"""Pages whose commands build on each other."""

LEAST_COMMANDS = 45
"""Fewer found means that this file reads the documents wrongly."""

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

MAP, OTHER_MAP = "data/4DNFIARR7LP4.mcool", "data/cortex.mcool"
GENCODE = "gencode.gtf.gz"
TISSUE = "Cells_EBV-transformed_lymphocytes"
NUMBER = r"(-?[0-9.]+(e[+-]\d+)?|nan)"
PUBLISHED_LINE = re.compile(f"rmse: {NUMBER} spearman: {NUMBER} pval: {NUMBER} pearson: {NUMBER} pval: {NUMBER}\n")
PROGRAM = re.compile(r"[a-z][a-z0-9_-]*|python|\./\S+")
MAIN = (*([name] for name in PARSERS), ["variants", "null"])
"""Commands all of whose options are in the documents."""

WITH_TENSORS = ("train", "draw", "compare", "elements", "variants", "mutagenesis", "models")
"""Commands that take for granted the tensors of the folders that they name."""

PROSE = ("if kind == ...", "import spex", "get --mirror http://server/folder")
"""Inline code of several words that is no command, though its first word could be a program's."""

IMAGE = "spex"
"""What the container image is called."""

OTHERS_OPTIONS = {
    "sbatch": {"--array", "--gres", "--cpus-per-task", "--mem", "--gpus", "--requeue"},
    "snakemake": {"--until", "--resources"},
    "pip": {"--extra-index-url"},
    "docker": {"--rm", "--user"},
    "any": {"--help", "--version"},
}


# reading the documents


@dataclass(frozen=True)
class Piece:
    """Code in a document. kind: the fence's word, "sh" of an indented block, "inline"."""

    document: Path
    line: int
    kind: str
    text: str

    @property
    def place(self):
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def read_pieces(document):
    """All code of a document: blocks first, then inline."""
    pieces, prose, fence = [], [], None
    before = ""
    for number, line in enumerate(document.read_text().splitlines(), start=1):
        if line.startswith("```"):
            fence = None if fence else Piece(document, number + 1, line.removeprefix("```") or "sh", "")
            if fence:
                pieces.append(fence)
        elif fence:
            fence = pieces[-1] = Piece(document, fence.line, fence.kind, f"{pieces[-1].text}{line}\n")
        elif line.startswith("    ") and (not before.strip() or before.startswith("    ")):
            pieces.append(Piece(document, number, "sh", line.strip()))
        else:
            prose.append((number, line))
        before = line
    return pieces + [Piece(document, *found) for found in inline_code(prose)]


def inline_code(prose):
    """Code within lines and over the ends of lines. Yields: line number, "inline", text on one line."""
    text = "\n".join(line for _, line in prose)
    for match in re.finditer(r"`([^`]+)`", text):
        yield prose[text.count("\n", 0, match.start())][0], "inline", " ".join(match[1].split())


PIECES = [piece for document in DOCUMENTS for piece in read_pieces(document)]


def find_commands():
    """Every command, once. Returns: dict of the command -> the piece where it stands first, in IN_TURN where it is."""
    found = {}
    for piece in sorted(PIECES, key=lambda piece: piece.document not in IN_TURN):
        lines = piece.text.splitlines() if piece.kind == "sh" else []
        if piece.kind == "inline" and is_command(piece.text):
            lines = [piece.text]
        for line in lines:
            command = " ".join(without_comment(line).split())
            if command:
                found.setdefault(command, piece)
    return found


def is_command(text):
    """Whether inline code is a command: several words, the first of which could be a program."""
    first, *others = text.split()
    return bool(others) and PROGRAM.fullmatch(first) is not None and "…" not in text and text not in PROSE


def without_comment(line):
    return re.sub(r"(^|\s)#.*", "", line)


COMMANDS = find_commands()


# a small world under the documents' names


def check_start(study_, profile, cores, extra):
    """In the place of `spex.study.running.run_study`: whether Snakemake understands what it would start."""
    python, _, module, *argv = snakemake_command(study_, profile, cores, extra)
    given = snakemake_parser().parse_args(argv)
    assert Path(python).is_file() and module == "snakemake"
    assert Path(given.workflow_profile, "config.yaml").is_file()
    assert {*given.until} <= {*re.findall(r"^rule (\w+):$", Path(given.snakefile).read_text(), re.MULTILINE)}


def found_by_trees(ready, **options):
    """In the place of `spex.compare.confirm.confirm`."""
    return made_confirmation(*(maker.name for maker in ready.makers))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The current folder, with what `python -m spex.resources get` puts there, the example and its demo's weights."""
    served = tmp_path_factory.mktemp("served")
    make_files(served)
    name_tissues(served / "geneanno.exp.csv")
    name_genes(served / "geneanno_GRCh38.csv")
    folder = tmp_path_factory.mktemp("checkout")
    with (
        FileServer({path.name: path.read_bytes() for path in served.iterdir()}) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.chdir(folder)
        patch.setattr(beluga, "CHANNELS", NARROW_CHANNELS)
        patch.setattr(beluga, "HIDDEN", NARROW_HIDDEN)
        for name, value in (FAST | {"num_boost_round": 2}).items():
            patch.setitem(MODELS["gbtree"].defaults, name, value)
        patch.setattr(torch.cuda, "is_available", lambda: False)
        leave_out_pictures(patch)
        patch.setattr("spex.effects.mutagenesis.REACH", 10)  # 40 kb have 120,000 SNVs
        # trees on six arms with three seeds or more take minutes; tests/compare looks at them
        patch.setattr("spex.compare.confirm.confirm", found_by_trees)
        # a study takes minutes; tests/study runs one
        patch.setattr("spex.commands.study.run_study", check_start)
        patch.setenv("PYTHONPATH", str(ROOT))
        for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
            patch.setenv(name, str(folder / "home"))
        running = World(small_table(server.address, served))
        assert running.main(resources.main, ["get"]).status == 0
        (folder / "example").mkdir()
        torch.save(narrow_state(), folder / "example" / WEIGHTS)
        lay_out(folder / "example")
        for name in ("tensors.py", "environment.yml"):
            shutil.copy(ROOT / name, folder)
        write_contact_inputs(folder)
        shutil.copy(folder / MAP, folder / "other.mcool")
        write_variants_and_pairs(folder)
        write_models(folder / "ExPecto/models", ["Liver", "Whole_Blood"])
        write_effects(folder, {shift: np.full((1, 2002), 0.01) for shift in (-200, 0, 200)})
        genes = pd.read_csv(folder / "expecto/geneanno_GRCh38.csv")
        (folder / GENCODE).write_bytes(gzip.compress(gtf_of(genes).encode()))
        (folder / "quantified").mkdir()
        for sample in ("liver", "lung"):
            values = pd.DataFrame({"gene_id": genes["id"], "length": 100, "TPM": genes.index, "FPKM": genes.index / 7})
            values.to_csv(folder / "quantified" / f"{sample}.tsv", sep="\t", index=False)
        (folder / "keypairs.json").write_text(json.dumps({"default": {"key": "user", "secret": "password"}}))
        yield running


def write_contact_inputs(folder):
    """Loops, a table of FitHiChIP, triplets, two structures and the map of another cell, under the names that the
    documents use."""
    grid = cooler.Cooler(f"{folder / MAP}::resolutions/1000")
    pixels = grid.pixels()[:]
    cooler.create_cooler(
        f"{folder / OTHER_MAP}::resolutions/1000",
        grid.bins()[:][["chrom", "start", "end"]],
        pixels.assign(count=pixels["count"] + 1),
    )
    loops = [f"{chrom}\t{start}\t{start + 1000}\t{chrom}\t45000\t46000" for chrom in LENGTHS for start in (3000, 9000)]
    (folder / "loops.bedpe.gz").write_bytes(gzip.compress("".join(f"{loop}\t7\n" for loop in loops).encode()))
    (folder / "FitHiChIP.interactions_Q0.01.bed").write_text(
        "chr1\ts1\te1\tchr2\ts2\te2\tcc\tQ-Value_Bias\n" + "".join(f"{loop}\t7\t0.001\n" for loop in loops)
    )
    np.save(folder / "locus.npy", np.random.default_rng(0).normal(size=(40, 40)))
    (folder / "loci.tsv").write_text(f"{next(iter(LENGTHS))}\t0\t40000\tlocus.npy\n")
    (folder / "triplets.tsv").write_text("".join(f"{chrom}\t3000\t45000\t2\n" for chrom in LENGTHS))
    for number in (1, 2):
        beads = [(chrom, 20_000 * bead, bead, number, bead) for chrom in LENGTHS for bead in range(3)]
        (folder / f"cell{number}.3dg").write_text("".join("\t".join(map(str, bead)) + "\n" for bead in beads))


def write_variants_and_pairs(folder):
    """A VCF file whose REF is right, and tables of tested pairs, under the names that the documents use."""
    with open(folder / "data/hg38.fa") as file:
        chrom, letters = file.readline()[1:].split()[0], file.readline().strip()
    lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tHG002"]
    place = next(number for number, letter in enumerate(letters) if letter in "ACGT")
    lines.append(
        f"{chrom}\t{place + 1}\t.\t{letters[place]}\t{'C' if letters[place] == 'A' else 'A'}\t.\t.\t.\tGT\t0|1"
    )
    (folder / "variants.vcf").write_text("\n".join(lines) + "\n")
    table = pd.read_csv(folder / "expecto/geneanno_GRCh38.csv")
    genes = table.loc[table["seqnames"] == chrom, "symbol"]
    pairs = [f"{chrom}\t{1000 * row}\t{1000 * row + 900}\t{gene}\t{row % 2}" for row, gene in enumerate(genes)]
    header = "chrom\tchromStart\tchromEnd\tmeasuredGeneSymbol\tRegulated"
    (folder / "peaks.bed").write_text(f"{chrom}\t20000\t20004\tpeak\n")
    (folder / "crispr.tsv").write_text("\n".join([header, *pairs]) + "\n")
    sets = [f"{chrom}_{1000 * row + 1}_N_G\t{gene}\t{row % 2}" for row, gene in enumerate(genes)]
    (folder / "sets.tsv").write_text("\n".join(["variant\tgene\tpip", *sets]) + "\n")


def name_tissues(path):
    """Call the 22nd tissue what the published file calls it."""
    table = pd.read_csv(path, index_col=0)
    names = table.columns.tolist()
    names[21], names[0] = TISSUE, "Brain_Cortex"
    table.set_axis(names, axis=1).to_csv(path, index_label="")


def name_genes(path):
    """Call two genes what the documents call them."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[table.index[:2], "symbol"] = ["MYC", "BCL11A"]
    table.to_csv(path, index=False, lineterminator="\n")


@dataclass(frozen=True)
class Done:
    status: int
    printed: str
    log: str


class World:
    """Runs commands in the small world, in this process where that is possible."""

    def __init__(self, table):
        self.table = table

    def main(self, function, argv):
        """Call a command's `main`. Returns: Done."""
        printed, log = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(log):
            try:
                status = self._call(function, list(map(str, argv)))
            except SystemExit as stop:
                status = stop.code or 0
        return Done(status, printed.getvalue(), log.getvalue())

    def _call(self, function, argv):
        return function(argv, resources=self.table) if function is resources.main else function(argv)

    def run(self, command):
        """Run a command of the documents.

        Raises:
            AssertionError: it does not do what the documents say, or this test cannot run it.
        """
        program, *words = shlex.split(command)
        assert program in RUNNERS, f"no way to run {program} here: give tests/test_docs.py one"
        RUNNERS[program](self, words)

    def command(self, name, argv):
        """Run one of our commands; without words it is only asked for its help."""
        function = spex_command(name)
        self.prepare(name, argv)
        done = self.main(function, self.fill_in(argv) if argv else ["--help"])
        assert done.status == 0, f"status {done.status}: {done.log or done.printed}"
        if name == "compare" and "--between" in argv:
            maps = ("data_spex_corrected", "data_cortex_corrected", "all cells")
            assert done.printed == "".join(f"{each}: too few chromosomes for a verdict\n" for each in maps), (
                done.printed
            )
        elif name == "compare" and argv:
            assert done.printed == "data_spex_corrected: too few chromosomes for a verdict\n", done.printed
            out, confirmed = Path(argv[argv.index("--out") + 1]), "--confirm" in argv
            assert confirmed == (out / "confirmation.csv").exists()
            assert confirmed == ("Confirmation by trees" in (out / "verdict.md").read_text())
            assert confirmed == ("Confirmation by trees" in (out / "report.html").read_text())
        if name == "train" and argv and not {"--help", "--list_targets"} & set(argv):
            check_training(argv, done)

    def prepare(self, name, argv):
        """Make the tensors that a command takes for granted, and the fit."""
        fits = name == "draw" or "--predict" in argv
        words = " ".join([*(argv if name in WITH_TENSORS else ()), *(["data_spex"] if fits else ())])
        for folder in re.findall(r"\bdata_[a-z_]+", words):
            if not Path(folder, "tensors").exists():
                maps = (
                    [] if folder == "data_expecto" else ["--mcool_filename", OTHER_MAP if "cortex" in folder else MAP]
                )
                maps += ["--contact_rule", "corrected"] if folder.endswith("_corrected") else []
                given = ["--genes_filename", GENCODE] if folder == "data_gencode" else maps
                assert self.main(tensors.main, ["--data_folder", folder, *given]).status == 0
        if name == "study" and argv:
            Path("study.yaml").unlink(missing_ok=True)
            if argv[0] != "init":
                assert self.main(study.main, ["init"]).status == 0
            if argv[0] == "report":
                write_results(read_study(Path("study.yaml")))
        if name in ("elements", "variants", "mutagenesis", "models") and argv:
            given = ["--data_folder", "data_spex_corrected", "--model", "ridge", "--target_index", "22"]
            assert self.main(train.main, given).status == 0
        if "expecto" in argv:
            given = ["import", "ExPecto/models", "--data_folder", "data_spex_corrected"]
            assert self.main(models.main, given).status == 0
        if name == "models" and "exported" in argv[1:2]:
            given = ["export", "--data_folder", "data_spex_corrected", "--out", "exported"]
            assert self.main(models.main, given).status == 0
        if fits:
            assert self.main(train.main, ["--data_folder", "data_spex", "--target_index", "22"]).status == 0

    def fill_in(self, argv):
        """Put a real fit where the documents say FIT."""
        fits = sorted(Path("data_spex/results").glob("22-*_test-chr8_seed*"))
        return [word.replace("/FIT", f"/{fits[0].name}") if word.endswith("/FIT") else word for word in argv]


def check_training(argv, done):
    """What train.py prints: one published line of one fit, a path of predictions, a table of several fits."""
    if "--predict" in argv:
        assert {"id", "predicted"} <= set(pd.read_csv(done.printed.strip()).columns)
    elif "--repeats" in argv:
        assert "Spearman ± s.d." in done.printed
    elif "--cv" in argv:
        assert "within chromosomes, the one to report: spearman: " in done.printed
    elif "all" in argv:
        assert "Spearman (95 % interval)" in done.printed
    else:
        assert PUBLISHED_LINE.fullmatch(done.printed), done.printed


def spex_command(name):
    """`main` of one of our commands."""
    known = {"tensors": tensors, "train": train, "resources": resources, "reproduce": reproduce}
    if name in known:
        return known[name].main
    module = f"spex.commands.{name.replace('-', '_')}"
    assert find_spec(module), f"there is no spex {name}"
    return import_module(module).main


# ways to run a command: function of the world and the words behind the program's name


def run_python(world, words):
    if words[:2] == ["-m", "data.example.planted"]:  # counts what the demo has made; tests/test_example.py runs it
        assert find_spec(words[1])
        return
    if words[:2] == ["-m", "pytest"]:
        assert len(words) > 2 and all((ROOT / word).is_file() for word in words[2:])
        return
    if words[0] == "-m" and words[1].startswith("benchmarks."):  # they take minutes; tests/benchmarks tries them
        assert_in_benchmark(words[1], words[2:])
        return
    if words == ["docs/make_gallery.py"]:  # draws from what the demos leave; tests/test_gallery.py looks at it
        assert (ROOT / words[0]).is_file()
        return
    module = words[1].removeprefix("spex.").removeprefix("commands.") if words[0] == "-m" else Path(words[0]).stem
    given = words[2:] if words[0] == "-m" else words[1:]
    if module == "spex":
        assert find_spec("spex.__main__")
        module, *given = given
    assert words[0] == "-m" or (ROOT / words[0]).is_file()
    if words[0] == "-m":
        assert find_spec(words[1]), f"no module {words[1]}"
    world.command(module, given)


def benchmark_source(module):
    """The code of a benchmark."""
    path = ROOT.joinpath(*module.split("."))
    files = path.glob("*.py") if path.is_dir() else [path.with_suffix(".py")]
    return "".join(file.read_text() for file in files)


def assert_in_benchmark(module, words):
    """Whether a benchmark exists, and has these options and parts by name."""
    source = benchmark_source(module)
    named = [word for word in words if not re.fullmatch(r"[\d.]+|cuda|tf32|bfloat16|float32", word)]
    assert [word for word in named if f'"{word}"' not in source] == []


def run_spex(world, words):
    name, *given = words
    if words == ["--version"]:
        assert world.main(every_command, words).status == 0
        return
    if "scripts" in PROJECT:
        assert PROJECT["scripts"]["spex"] == "spex.__main__:main"
        done = world.main(every_command, [name, "--help"])
        assert done.status == 0 and "usage" in done.printed
    world.command(name, given)


def run_make(world, words):
    """Targets are only printed: what they run is run by other tests."""
    done = subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(
        re.search(rf"echo 'make {word}\b", (ROOT / "Makefile").read_text())
        for word in words
        if word.isalpha() and word != "help"
    )


def run_source(world, words):
    assert words == [".venv/bin/activate"] and "-m venv --clear .venv" in (ROOT / "Makefile").read_text()


def run_pip(world, words):
    """Installing takes a network: the folder must be a project and have the extras."""
    action, what, *index = words
    assert not index or index == ["--extra-index-url", "https://download.pytorch.org/whl/cpu"]
    folder, _, extras = what.removesuffix("]").partition("[")
    assert action == "install" and (folder == DISTRIBUTION or (ROOT / folder / "pyproject.toml").is_file())
    missing = set(filter(None, extras.split(","))) - PROJECT["optional-dependencies"].keys()
    assert not missing


def run_conda(world, words):
    environment = (ROOT / "environment.yml").read_text()
    if words[0] == "activate":
        assert f"\nname: {words[1]}\n" in environment
    else:
        assert words == ["env", "create", "-f", "environment.yml"]


def run_sbatch(world, words):
    """The document's script as SLURM would start one of its tasks, with a stand-in for Python that prints its words."""
    *flags, script = words
    assert script in {piece.text for piece in PIECES}
    (text,) = (piece.text for piece in PIECES if piece.kind == "bash")
    flags = [*re.findall(r"^#SBATCH (\S+)$", text, re.MULTILINE), *flags]
    given = dict(flag.partition("=")[::2] for flag in flags)
    assert given.keys() <= OTHERS_OPTIONS["sbatch"]
    task = re.split(r"[-,]", given["--array"])[-1]
    Path("bin").mkdir(exist_ok=True)
    stand_in = Path("bin/python")
    stand_in.write_text('#!/bin/sh\necho $OMP_NUM_THREADS "$@"\n')
    stand_in.chmod(0o755)
    environment = {"SLURM_ARRAY_TASK_ID": task, "SLURM_CPUS_PER_TASK": given["--cpus-per-task"]}
    environment["PATH"] = f"{stand_in.parent.absolute()}:{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", text], env=environment, capture_output=True, text=True, check=True)
    threads, program, *argv = done.stdout.split()
    assert (threads, program) == (given["--cpus-per-task"], "tensors.py")
    args = parser_of("tensors").parse_args(argv)
    assert args.remainder == int(task) and f"#SBATCH --array=0-{args.divisor - 1}\n" in text
    assert world.main(tensors.main, argv).status == 0


def run_cooler(world, words):
    assert set(words) <= cooler_cli.commands.keys()


def run_docker(world, words):
    """No daemon is asked: the image's name, and what its entry point is given."""
    action, *given = words
    if action == "build":
        assert given == ["-t", IMAGE, "."] and (ROOT / "Dockerfile").is_file()
        return
    here = given.index(IMAGE)
    assert action == "run" and set(given[:here]) <= {"--rm", "-v", "$PWD:/work", "--user", "$(id -u):$(id -g)"}
    assert "WORKDIR /work\n" in (ROOT / "Dockerfile").read_text()
    run_spex(world, given[here + 1 :])


def run_apptainer(world, words):
    assert words[0] == "build" and f"From: {IMAGE}:latest\n" in (ROOT / words[2]).read_text()


def run_git(world, words):
    """The tag of a release is its version."""
    tag = f"v{spex.__version__}"
    assert words in (["tag", "-a", tag, "-m", f"SpEx {spex.__version__}"], ["push", "origin", tag])


def run_twine(world, words):
    """What `make dist` leaves."""
    assert words == ["upload", "dist/*"] and '("dist")' in (ROOT / "Makefile").read_text()


RUNNERS = {
    "python": run_python,
    "spex": run_spex,
    "make": run_make,
    "source": run_source,
    "pip": run_pip,
    "conda": run_conda,
    "sbatch": run_sbatch,
    "cooler": run_cooler,
    "docker": run_docker,
    "apptainer": run_apptainer,
    "git": run_git,
    "twine": run_twine,
}


def test_the_documents_are_read_whole():
    assert len(COMMANDS) >= LEAST_COMMANDS, "\n".join(COMMANDS)
    assert set(PUBLISHED) <= {command for command, piece in COMMANDS.items() if piece.document == ROOT / "README.md"}
    assert {"make demo", "make test"} <= COMMANDS.keys()
    kinds = {piece.kind for piece in PIECES if not piece.kind.startswith("{")}
    assert kinds == {"sh", "inline", "bash", "python", "signature", "text", "yaml"}


def test_the_small_world_has_the_names_that_are_checked():
    assert CHECKED_LENGTHS.items() <= LENGTHS.items()


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(each, id=f"{piece.place} {each}")
        for each, piece in COMMANDS.items()
        if piece.document not in IN_TURN or piece.kind == "inline"
    ],
)
def test_command(world, command):
    world.run(command)


def run_page(world, document, names):
    """Run a page's commands one after the other. names: of the commands. Returns: what each printed."""
    steps = [each for each, piece in COMMANDS.items() if piece.document == document and piece.kind == "sh"]
    assert [each.split()[1] for each in steps] == names
    printed = []
    for step in steps:
        _, name, *argv = shlex.split(step)
        done = world.main(spex_command(name), argv)
        assert done.status == 0, f"{step}: {done.log}"
        printed.append(done.printed)
    return printed


def test_the_page_of_another_models_features_from_top_to_bottom(world):
    """Features of 40 columns, and two tracks that have values on every chromosome."""
    genes = pd.read_csv("expecto/geneanno_GRCh38.csv")
    np.savez("borzoi.npz", ids=genes["id"].to_numpy(str), X=np.random.default_rng(0).normal(size=(len(genes), 40)))
    for name in ("dnase", "h3k27ac"):
        entries = [(chrom, start, start + 500, 1.5) for chrom in sorted(LENGTHS) for start in range(0, 50_000, 700)]
        pybigtools.open(f"{name}.bw", "w").write(LENGTHS, iter(entries))
    printed = run_page(world, GIVEN, ["features", "features", "compare", "train", "elements"])
    assert printed[2] == "borzoi_map: too few chromosomes for a verdict\n" and PUBLISHED_LINE.fullmatch(printed[3])
    assert set(pd.read_csv(printed[4].strip(), sep="\t")["TargetGene"]) == {"MYC"}
    stands_for = "40 given features of genes (Borzoi, mean of 32 kb), and for the mean signal of 2 tracks"
    assert stands_for in Path("borzoi_comparison/verdict.md").read_text()
    assert f"B, {stands_for.partition(',')[0]}" in Path("borzoi_comparison/report.html").read_text()


def test_the_page_of_own_data_from_top_to_bottom(world):
    names = ["map", *["tensors"] * 2, "train", "compare", "elements", "variants"]
    printed = run_page(world, OWN_DATA, names)
    assert PUBLISHED_LINE.fullmatch(printed[3])
    assert printed[4] == "lab_map: too few chromosomes for a verdict\n"
    elements, effects = (pd.read_csv(line.strip(), sep="\t") for line in printed[5:])
    assert set(elements["TargetGene"]) == {"MYC"} and len(effects)
    assert "too few chromosomes" in Path("lab_comparison/verdict.md").read_text()


def test_the_page_of_networks_from_top_to_bottom(world):
    (code,) = [piece for piece in PIECES if piece.document == NETWORKS and piece.kind == "python"]
    with warnings.catch_warnings(action="ignore"):  # of torch.export
        exec(compile(code.text, code.place, "exec"), {})
    network = read_description("my_network.json").network
    steps = [each for each, piece in COMMANDS.items() if piece.document == NETWORKS and piece.kind == "sh"]
    assert [each.split()[1] for each in steps] == ["tensors", "train"]
    for step in steps:
        _, name, *argv = shlex.split(step)
        done = world.main(spex_command(name), argv)
        assert done.status == 0, f"{step}: {done.log}"
    assert PUBLISHED_LINE.fullmatch(done.printed)
    (importance,) = Path("data_mine/results").glob("22-*/importance.csv")
    assert pd.read_csv(importance)["assay"].tolist() == [f"track {number}" for number in range(1, 8)]
    assert {np.load(path).size for path in Path("data_mine/tensors").iterdir()} == {10 * network.features}


def test_the_arrays_of_mutagenesis_are_read_as_its_page_does(world):
    command = next(each for each, piece in COMMANDS.items() if piece.document.name == "mutagenesis.md")
    world.run(command)
    code, names = (
        next(piece for piece in PIECES if piece.document.name == "mutagenesis.md" and piece.kind == "python"),
        {},
    )
    exec(compile(code.text, code.place, "exec"), names)
    assert names["logo"].shape == (20, 4) and (names["logo"] != 0).sum(axis=1).max() == 1


@pytest.mark.parametrize("document", ["benchmarks/RESULTS.md", "benchmarks/gpu/README.md"])
def test_commands_of_what_was_measured_exist(document):
    """Their options too; the rest of a line may be a word in capitals for a file of the reader's."""
    text = " ".join((ROOT / document).read_text().split())
    found = re.findall(r"`(?:\w+=\S+ )*python -m (benchmarks[\w.]*) ?([^`]*)`", text)
    assert found
    for module, words in found:
        assert_in_benchmark(module, [word for word in words.split() if word.startswith("--")])


def test_a_command_that_nobody_knows_fails_by_its_name(world):
    with pytest.raises(AssertionError, match="no way to run samtools here"):
        world.run("samtools faidx data/hg38.fa")
    with pytest.raises(AssertionError, match=r"status 2: .*no_such_option"):
        world.run("python train.py --no_such_option 3")


# options


def spellings_of(*words):
    """Every spelling of an option that a command and its sub-commands take. words: of its command line."""
    parsers, options = [parser_of(words[0], [*words[1:]])], set()
    for parser in parsers:
        options |= {*parser._option_string_actions, *(f"--{name}" for name in parser._spellings)}
        for action in parser._actions:
            parsers.extend(action.choices.values() if isinstance(action.choices, dict) else ())
    return options


def mentioned_options():
    """Options in the documents. Returns: dict of the option -> the piece where it stands first."""
    found = {}
    for piece in PIECES:
        for option in re.findall(
            r"(?<![\w-])--[A-Za-z0-9][\w-]*", piece.text if piece.kind in ("inline", "sh", "bash") else ""
        ):
            found.setdefault(option, piece)
    return found


def test_every_option_in_the_documents_exists():
    known = set().union(*OTHERS_OPTIONS.values())
    known |= set().union(
        *(spellings_of(*words) for words in MAIN),
        gpu.create_parser()._option_string_actions,
        *(re.findall(r'"(--[a-z-]+)"', path.read_text()) for path in (ROOT / "benchmarks").glob("*.py")),
    )
    mentioned = mentioned_options().items()
    unknown = {
        option: each.place
        for option, each in mentioned
        if not {option, option.replace("-", "_").replace("__", "--", 1)} & known
    }
    assert unknown == {}


def test_the_page_of_options_is_made_from_the_parsers():
    page = runpy.run_path(str(ROOT / "docs/make_options.py"))["page"]()
    assert (ROOT / "docs/options.md").read_text(encoding="utf-8") == page, "run python docs/make_options.py"


# links and files


def slug(heading):
    """The anchor that a heading has on the usual pages."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def anchors(document):
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)}


MADE_BY_THE_DEMO = {"data/demo", *(str(path) for path in (small_study.PAGE, small_study.PICTURE))}


def is_there(path):
    """Whether a file of the repository exists, or comes with the API while that is not there."""
    return path.exists()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        path = (document.parent / file).resolve() if file else document
        if not is_there(path) or (anchor and anchor not in anchors(path)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_named_exists(world, document):
    rooms = "|".join(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
    named = re.compile(
        rf"(?:\./)?(?:(?:{rooms}|examples)/[\w./-]*|[\w-]+\.(?:py|md|toml|yml|cff|lock|ipynb)|Makefile|LICENSE)"
    )
    missing = []
    for piece in PIECES:
        for word in piece.text.split() if piece.document == document and piece.kind == "inline" else ():
            name = word.removesuffix("/")
            if word in MADE_BY_THE_DEMO:
                continue
            if named.fullmatch(word) and not any(
                (folder / name).exists()
                for folder in (ROOT, document.parent, ROOT / "spex", ROOT / "expecto", Path.cwd())
            ):
                missing.append(word)
    assert [word for word in missing if not is_there(ROOT / word)] == []


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) < 150


# Python


def test_python_in_the_documents_parses():
    for piece in PIECES:
        if piece.kind == "python":
            compile(piece.text, piece.place, "exec")


@pytest.mark.parametrize("document", ["README.md", "docs/api.md"])
def test_python_runs(world, document):
    features = next_commands(Path("example"))[0][1][1]  # as `spex example` prints them
    assert world.main(every_command, list(map(str, features))).status == 0
    names, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        for piece in PIECES:
            if piece.kind == "python" and piece.document == ROOT / document:
                exec(compile(f"{piece.text}", piece.place, "exec"), names)
    assert PUBLISHED_LINE.match(printed.getvalue())
    if document == "docs/api.md":
        assert names["features"].X.shape == (len(names["genes"]), 24_024)
        assert "3000" in printed.getvalue().splitlines()[-1]


def test_the_examples_of_the_docstrings_run(world):
    """In the world of the documents, whose network is narrow; of `make demo` they name folders, which are made here."""
    test_python_runs(world, "README.md")  # makes example/with_contacts
    ((train_,),) = (commands for what, commands in next_commands(Path("example")) if what.startswith("A score"))
    assert world.main(every_command, list(map(str, train_))).status == 0
    world.prepare("compare", ["data_expecto", "data_spex_corrected"])
    study_ = Path("data/demo/synthetic_study")
    study_.mkdir(exist_ok=True, parents=True)
    places = {"own_sequence": "data_expecto", "informative": "data_spex_corrected", "pred_cache": "pred_cache"}
    places |= {"genes.csv": "expecto/geneanno_GRCh38.csv", "expression.csv": "expecto/geneanno.exp.csv"}
    for name, place in places.items():
        if not (study_ / name).exists():
            (study_ / name).symlink_to(Path(place).absolute())
    world.prepare("compare", ["data_cortex_corrected"])
    cells = Path("data/demo/cells/study")
    (cells / "maps").mkdir(exist_ok=True, parents=True)
    places |= {"liver": "data_spex_corrected", "lung": "data_cortex_corrected"}
    places |= {"maps/liver.cool": MAP, "maps/lung.cool": OTHER_MAP}
    for name in ("own_sequence", "liver", "lung", "pred_cache", "genes.csv", "maps/liver.cool", "maps/lung.cool"):
        (cells / name).unlink(missing_ok=True)
        (cells / name).symlink_to(Path(places[name]).absolute())
    table = pd.read_csv("expecto/geneanno.exp.csv", index_col=0).iloc[:, :2]
    table.set_axis(["Liver", "Lung"], axis=1).to_csv(cells / "expression.csv", index_label="")
    runner, ran = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS), 0
    for name in spex.__all__:
        text = inspect.getdoc(getattr(spex, name)) or ""
        test = doctest.DocTestParser().get_doctest(text, {"spex": spex, "Path": Path}, name, None, None)
        for example in test.examples:
            if not example.want:  # what is shown depends on the demo's network: only whether it runs
                example.source = f"_ = ({example.source.strip()})\n" if is_value(example.source) else example.source
        printed = io.StringIO()
        assert runner.run(test, out=printed.write).failed == 0, printed.getvalue()
        ran += bool(test.examples)
    assert ran >= 15


def is_value(source):
    """Whether Python code is an expression."""
    with contextlib.suppress(SyntaxError):
        return bool(compile(source, "example", "eval"))
    return False


def test_the_first_verdict_is_as_the_demo_prints_it():
    page = (ROOT / "docs/first_verdict.md").read_text()
    table = next(piece.text for piece in PIECES if piece.document.name == "first_verdict.md" and piece.kind == "text")
    figures = [re.findall(r"[+-]?\d\S*", line) for line in table.splitlines()[1:]]
    pairs = zip(*figures, strict=False)  # the p-values have no difference
    lines = [f"rmse: {r} spearman: {s} pval: {sp} pearson: {p} pval: {pp}" for r, s, sp, p, pp in pairs]
    ours = demo.side_by_side(dict(zip(("sequence alone", "with contacts"), lines, strict=True)))
    assert ours.split() == table.split()
    assert str(small_study.PICTURE) in page and f"{small_study.CHROMOSOMES} chromosomes" in page
    for name in small_study.PLANS:
        assert re.search(f"\n{name}: (strong evidence that )?the map adds ", page)


def test_studies_in_the_documents_can_be_read(world):
    pieces = [piece for piece in PIECES if piece.kind == "yaml"]
    assert pieces
    for piece in pieces:
        Path("study.yaml").write_text(piece.text)
        assert [each.name for each in read_study("study.yaml").maps] == ["GM12878_Pol_II"], piece.place


def test_signatures_are_the_library_s():
    checked = 0
    for piece in PIECES:
        for line in piece.text.splitlines() if piece.kind == "signature" else ():
            name, _, parameters = line.removeprefix("spex.").partition("(")
            written, found = {}, {"spex": spex}
            exec(f"def verb({parameters}: pass", found, written)
            ours = [
                (each.name, each.kind, each.default)
                for each in inspect.signature(getattr(spex, name)).parameters.values()
            ]
            theirs = [
                (each.name, each.kind, each.default) for each in inspect.signature(written["verb"]).parameters.values()
            ]
            assert ours == theirs, piece.place
            checked += 1
    assert checked == 17
