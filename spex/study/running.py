"""A study on Snakemake: the command that starts it, and one run of it at a time."""

import contextlib
import logging
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from spex.errors import InputError, not_installed, shown, visible
from spex.files.atomic import open_locked, read_json, write_json
from spex.files.checks import require_folder

HERE = Path(__file__).resolve().parent
SNAKEFILE = HERE / "study.smk"
PROFILES = {path.name: path for path in sorted((HERE / "profiles").iterdir())}
LOCAL, SLURM = "local", "slurm"
LOCK, HANDED = ".study.lock", ".study.json"
"""In the study's folder: the process that locks the first runs the study; the second names the study to the Snakefile.
Snakemake would read a path among its arguments as YAML, and give it to a shell."""

FOR_SHELLS = "'\"$`\\"  # letters that mean something within quotes
DRY = ("-n", "--dry-run", "--dryrun")
PACKAGES = ("snakemake", "snakemake_executor_plugin_slurm")

logger = logging.getLogger("spex")


def run_study(study, profile=LOCAL, cores=None, extra=(), spex_command=None):
    """Run what a study lacks, by Snakemake; a run that was stopped anywhere goes on with the same call.

    Prints the command first. profile, cores, extra: as of `snakemake_command`. spex_command: what starts the program,
    this Python without it.

    Raises:
        InputError: Snakemake or what the profile needs is missing, this study runs already, or a job failed, which
            has reported why.
    """
    _check_engine(profile, dry=not set(DRY).isdisjoint(extra))
    if profile == SLURM:
        check_for_cluster(study.out)
    require_folder(study.out, "out").mkdir(parents=True, exist_ok=True)
    command = snakemake_command(study, profile, cores, extra)
    with contextlib.closing(hold_alone(study.out)):
        hand_over(study, spex_command)
        if any((study.out / ".snakemake" / "locks").glob("*.lock")):  # Snakemake's own, which a kill leaves behind
            logger.info("unlocking %s: no process that runs this study is left", study.out)
            _start([*command, "--unlock"], study.out)
    print(f"cd {shlex.quote(str(study.out.absolute()))} && {shlex.join(command)}", flush=True)
    if _start(command, study.out):
        raise InputError(
            "Snakemake ended with an error, see above",
            subject=study.path,
            hint="correct the cause, then run the same command again: what is finished is kept",
        )


def snakemake_command(study, profile=LOCAL, cores=None, extra=()):
    """The command that starts Snakemake on a study, in its folder, where `hand_over` has left what else it needs.

    profile: "local", "slurm", or a folder with a profile of Snakemake. cores: to use at once on this machine, all
    without it; jobs of a cluster are not counted. extra: more arguments for Snakemake, which come last and so decide.

    Returns: list of str.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", SNAKEFILE]
    command += ["--workflow-profile", PROFILES.get(profile) or Path(profile).absolute()]
    if profile == LOCAL or cores is not None:
        command += ["--cores", cores or "all"]
    gpus = max(asked["gpus"] for asked in study.resources.values())
    if profile == LOCAL and gpus:  # jobs take every GPU that they see, so those that need one come one after the other
        command += ["--resources", f"gpu={gpus}"]
    return [*map(str, command), "--rerun-incomplete", *extra]


def hand_over(study, spex_command=None):
    """Leave in a study's folder what its Snakefile needs. spex_command: what starts the program."""
    command = spex_command or [sys.executable, "-m", "spex"]
    write_json(study.out / HANDED, {"study": str(study.path.absolute()), "spex": [*command]})


def handed_over(folder):
    """The path of the study whose folder this is, and the command that starts the program; InputError without those."""
    path = Path(folder) / HANDED
    try:
        handed = read_json(path)
        return Path(handed["study"]), handed["spex"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"cannot be read ({shown(error)})",
            subject=path.absolute(),
            expected="the folder of a study",
            hint="start it there, by hand only after: spex study run FILE --dry-run",
        ) from error


def hold_alone(out):
    """Lock a study's folder until the returned file is closed or the process has ended, however it ends.

    The Snakefile locks it as long as its Snakemake runs, started by hand or from here. A process that gets the lock
    thus knows that no Snakemake of this study is left, and that Snakemake's own locks, which are files, are those of a
    killed one.

    Raises:
        InputError: another process has locked it, or what is there is no plain file.
    """

    def refuse(holder):
        holder = shown(holder.strip()) or "another process"
        return InputError(f"{holder} runs this study already", subject=out, hint="wait until it ends, or end it")

    file = open_locked(out / LOCK, refuse)
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
    file.flush()
    return file


def check_for_cluster(out):
    """Raise InputError for a study's folder whose path a cluster's jobs would not get as it is: Snakemake quotes it as
    Python does, for a shell."""
    path = os.path.realpath(out)
    bad = next((letter for letter in path if letter in FOR_SHELLS or not letter.isprintable()), None)
    if bad is not None:
        raise InputError(
            f"its path contains {visible(bad)}, which Snakemake passes to a shell where jobs go to a cluster",
            argument="out",
            subject=path,
            expected=f"a path without {' '.join(FOR_SHELLS)}",
            hint="rename that folder, or give another out",
        )


def _check_engine(profile, *, dry):
    """Refuse a profile that is none, and one whose engine is not here."""
    about = {"argument": "profile", "subject": profile}
    if profile not in PROFILES and not Path(profile).is_dir():
        raise InputError("no such profile", **about, expected=f"{', '.join(PROFILES)}, or a folder")
    needed = [name for name in PACKAGES if name == "snakemake" or profile == SLURM]
    if missing := [name for name in needed if find_spec(name) is None]:
        raise not_installed(missing[0].replace("_", "-"), "runs studies", "workflow", **about)
    if profile == SLURM and not dry and shutil.which("sbatch") is None:
        raise InputError("no sbatch on this machine", **about, hint="start it where SLURM takes jobs")


def _start(command, folder):
    """Run Snakemake to its end. Returns: its exit status.

    It has a process group of its own, so that Ctrl-C and SIGTERM come here first and go on to all of it as Ctrl-C, on
    which Snakemake cancels the jobs of a cluster too; SIGTERM would let it wait for all that run.
    """
    # where a script started us with &, SIGINT is ignored, but Snakemake must receive Ctrl-C
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, cwd=folder, process_group=0)
    if ignored:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        process.wait()
        raise


def join_sheets(out, *sheets):
    """Put the data sheets of all maps, JSON lists as `spex map` writes them, into one list, in this order."""
    write_json(Path(out), [sheet for path in sheets for sheet in read_json(path)])


def compare_maps(out, *paths):
    """Write how alike each two maps are as a table. paths: of the profiles that `spex map` wrote."""
    from spex.contacts.likeness import compare_profiles, from_arrays  # noqa: PLC0415 (every job would load SciPy)
    from spex.files.sealed import load_arrays  # noqa: PLC0415
    from spex.runs.records import write_table  # noqa: PLC0415

    profiles = [profile for path in paths for profile in from_arrays(load_arrays(path))]
    write_table(Path(out), compare_profiles(profiles))


if __name__ == "__main__":  # python -m spex.study.running STEP OUT FILE ..., as the Snakefile has it
    {"sheets": join_sheets, "likeness": compare_maps}[sys.argv[1]](*sys.argv[2:])
