"""A study on Snakemake: which commands it starts, in which order; one run at a time; stopped and run again."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, tensor_bytes
from processes import TENSORS, in_own_mounts, start

from spex.commands.main import start as start_command
from spex.contacts.likeness import COLUMNS
from spex.errors import InputError
from spex.study import running
from spex.study.reading import read_study

NOT_HERE = "which runs studies, is not installed; get it with: pip install 'spex-expression[workflow]'"
STAND_IN = [sys.executable, str(ROOT / "tests/stand_in_spex.py")]
STUDY = """
genes: {world.genes}
genome: {world.genome}
weights: {world.checkpoint}
expression: expression.csv
tissues: [Liver, Lung]
shards: 2
maps:
  - {{name: liver, files: ["{world.maps[0]}"], cell_type: Liver}}
  - {{name: both, files: ["{world.maps[0]}", "{world.maps[1]}"], resolution: 1000, min_count: 3, cell_type: Lung}}
between: [liver, both]
fits:
  - {{name: ridge, model: ridge, neighbour_penalties: [none, 100]}}
comparison: {{rotations: 5, whole_chromosome_fallback: true}}
resources:
  tensors: {{threads: 1, memory_mb: 6000, minutes: 20, gpus: 1}}
  train: {{threads: 2, memory_mb: 3000, minutes: 10}}
  compare: {{threads: 2, memory_mb: 5000, minutes: 30}}
  report: {{threads: 1, memory_mb: 1000, minutes: 5}}
"""


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    """Snakemake keeps what it likes within the test's folder, and finds no profile of whoever runs the tests."""
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("SNAKEMAKE_PROFILE", raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "tests")]))


@pytest.fixture
def study(world, tmp_path):
    """A study of the small world: two maps, two tissues, two shards."""
    return make_study(world, tmp_path / "a study", STUDY)


def make_study(world, folder, text):
    folder.mkdir()
    genes = pd.read_csv(world.genes)
    levels = np.exp(np.random.default_rng(3).normal(size=(len(genes), 3)))
    pd.DataFrame(levels, columns=["Liver", "Brain", "Lung"]).to_csv(folder / "expression.csv")
    (folder / "study.yaml").write_text(text.format(world=world))
    return read_study(folder / "study.yaml")


def calls(study):
    """What the stand-in program noted: list of begin or end and the words."""
    return [json.loads(line) for line in (study.out / "calls.jsonl").read_text().splitlines()]


def begun(study):
    return [noted for what, *noted in calls(study) if what == "begin"]


def started_apart(study, profile="local", extra=(), spex_command=STAND_IN, **options):
    """`run_study` as a command in a process of its own, which tests can stop."""
    script = (
        "import sys; from pathlib import Path; from spex.commands.running import run_script\n"
        "from spex.study.reading import read_study; from spex.study.running import run_study\n"
        f"given = [{profile!r}, 2, {[*extra]!r}, {spex_command!r}]\n"
        f"study = read_study(Path({str(study.path)!r}))\n"
        "sys.exit(run_script('spex study run', lambda _: run_study(study, *given), None))"
    )
    return start([sys.executable, "-c", script], process_group=0, **options)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


# commands


def test_the_command_of_snakemake(study, tmp_path):
    found = running.snakemake_command(study, cores=3, extra=["--dry-run"])
    assert found[:3] == [sys.executable, "-m", "snakemake"] and "--rerun-incomplete" in found
    assert found[found.index("--cores") + 1] == "3" and found[found.index("--resources") + 1] == "gpu=1"
    assert found[-1] == "--dry-run" and not {"--directory", "--config"} & {*found}
    assert not any(str(study.path.parent) in word for word in found)  # nothing of it goes through Snakemake to a shell
    of_slurm = running.snakemake_command(study, "slurm")
    assert "--cores" not in of_slurm
    assert Path(of_slurm[of_slurm.index("--workflow-profile") + 1], "config.yaml").is_file()
    own = running.snakemake_command(study, str(tmp_path))
    assert own[own.index("--workflow-profile") + 1] == str(tmp_path)


@pytest.mark.parametrize(
    ("profile", "missing", "message"),
    [
        ("cluster", (), "profile cluster: no such profile; expected local, slurm, or a folder"),
        ("local", ("snakemake",), f"local: snakemake, {NOT_HERE}"),
        ("slurm", (), "profile slurm: no sbatch on this machine; start it where SLURM takes jobs"),
        ("slurm", ("snakemake_executor_plugin_slurm",), f"slurm: snakemake-executor-plugin-slurm, {NOT_HERE}"),
    ],
)  # fmt: skip
def test_what_an_engine_lacks_is_told_before_anything_is_made(study, monkeypatch, profile, missing, message):
    found = running.find_spec
    monkeypatch.setattr(running, "find_spec", lambda name: None if name in missing else found(name))
    monkeypatch.setattr(running.shutil, "which", lambda name: None)
    with pytest.raises(InputError) as error:
        running.run_study(study, profile)
    assert message in str(error.value)
    assert not study.out.exists()


# runs


ODD = """it's $(touch $HOME/X) `touch $HOME/Y` #2 {1 "q" <b> ü/-x {a {} }\n;touch $HOME/Z & | * ? [a] ~ ! \\ % : \t"""
ODD_ALONE = ["run #2", "v{1", "{}", " a", "a ", "it's", '"', "a\nb", "-x", "<b>", "*", "[ab]", "~", "\\", "a:b"]
ODD_ALONE += ["$HOME", "$(touch $HOME/X)", "`touch $HOME/X`", ";touch $HOME/X;", "\x1b[31m", "2024_11_30", "\udcff"]
PATTERN = "v{1} $(touch $HOME/X)"
"""Where a study's folder may not lie, its inputs may."""


def run_in_an_odd_folder(world, tmp_path, name):
    """Run a study that lies with its file in a folder of this name, and with its inputs below a pattern's name there.

    Returns: the study.
    """
    (tmp_path / "home").mkdir()
    inputs = tmp_path / name / PATTERN
    inputs.mkdir(parents=True)
    paths = {key: getattr(world, key) for key in ("genes", "genome", "checkpoint")}
    for path in (*paths.values(), *world.maps):
        (inputs / path.name).symlink_to(path)
    there = {key: f"../{PATTERN}/{path.name}" for key, path in paths.items()}
    path = make_study(world, tmp_path / name / "study", STUDY).path
    maps = [f"../{PATTERN}/{each.name}" for each in world.maps]
    path.write_text(STUDY.format(world=SimpleNamespace(maps=maps, **there)))
    study = read_study(path)
    running.run_study(study, cores=2, spex_command=STAND_IN)
    assert study.report.exists()
    assert sorted(begun(study)) == sorted(commands(study))
    assert list((tmp_path / "home").glob("[XYZ]")) == []
    return study


def commands(study):
    """Every command of a study: tensors, fits, sheets, comparisons, report."""
    return [
        *(study.tensors_command(folder, shard) for folder in study.folders for shard in (0, 1)),
        *(study.train_command(folder, study.fits[0]) for folder in study.folders),
        *(study.sheet_command(map_, f"steps/sheets/{map_.name}.json") for map_ in study.maps),
        study.compare_command(),
        study.between_command(),
        study.report_command(),
    ]


def test_a_run_in_a_folder_of_any_name_starts_everything_once_and_then_what_changed(
    world, tmp_path, monkeypatch, capfd
):
    study = run_in_an_odd_folder(world, tmp_path, ODD)
    printed = capfd.readouterr().out
    assert printed.startswith(f"cd {shlex.quote(str(study.out))} && {sys.executable} -m snakemake")
    noted = calls(study)
    own = [noted.index(["end", *study.tensors_command("sequence_alone", shard)]) for shard in (0, 1)]
    of_maps = [noted.index(["begin", *each]) for each in commands(study)[2:6]]
    assert max(own) < min(of_maps)
    assert noted[-1] == ["end", *study.report_command()]
    assert json.loads((study.out / "sheets.json").read_text()) == [{"map": str(each.files[0])} for each in study.maps]
    assert (study.out / "likeness.csv").read_text() == ",".join(COLUMNS) + "\n"  # the stand-ins' maps have no profile

    study.path.write_text(f"# wording\n{study.path.read_text()}")  # nothing that any command but the report reads
    monkeypatch.chdir(study.path.parent)
    assert start_command("study", ["run", "study.yaml", "--cores", "2", "--dry-run"]) == 0
    assert {*re.findall(r"^(?:local)?rule (\w+):$", "".join(capfd.readouterr()), re.MULTILINE)} == {"report", "all"}
    assert calls(study) == noted

    os.utime(study.expression[0], (1, 1))  # another file, though an older one
    running.run_study(study, cores=2, spex_command=STAND_IN)
    again = [each for what, *each in calls(study)[len(noted) :] if what == "begin"]
    assert sorted(each[0] for each in again) == ["compare", "compare", "study", "train", "train", "train"]


@pytest.mark.soak
@pytest.mark.parametrize("name", ODD_ALONE, ids=ascii)
def test_a_folder_of_each_odd_name(world, tmp_path, capfd, name):
    run_in_an_odd_folder(world, tmp_path, name)


@pytest.mark.parametrize(
    ("name", "part"),
    [("v{1}", "{1}"), ("{ n }", "{ n }"), ("a{{b}}", "{b}"), ("{x,[0-9]{2}}", "{x,[0-9]{2}}"), ("{.a}", "{.a}")],
)
def test_a_folder_that_snakemake_takes_for_a_pattern_is_refused_by_name(world, tmp_path, name, part):
    (tmp_path / name).mkdir()
    with pytest.raises(InputError) as error:
        make_study(world, tmp_path / name / "study", STUDY)
    assert f"{name}/study/study: its path contains {part}, which Snakemake takes for a pattern; " in str(error.value)
    assert str(error.value).endswith("; rename that folder, or give another out")


@pytest.mark.soak
def test_a_snakefile_started_elsewhere(tmp_path, capfd):
    command = [sys.executable, "-m", "snakemake", "--snakefile", running.SNAKEFILE, "--cores", "1", "-n"]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 1
    assert re.search(r"study.smk: error: .*/.study.json: cannot be read .*by hand only after", capfd.readouterr().err)


def test_a_folder_that_is_no_study_s(tmp_path):
    with pytest.raises(
        InputError, match=r"/.study.json: cannot be read .*; start it there, by hand only after: spex study"
    ):
        running.handed_over(tmp_path)


@pytest.mark.parametrize("name", [running.LOCK])
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_lock_that_is_no_plain_file_is_refused(study, tmp_path, name, kind):
    study.out.mkdir()
    target = tmp_path / "thesis.txt"
    target.write_text("all of it")
    if kind == "link":
        (study.out / name).symlink_to(target)
    else:
        os.mkfifo(study.out / name)
    what = "a symbolic link" if kind == "link" else "a pipe or a device"
    with pytest.raises(InputError, match=rf"/{name}: {what}; expected a file of this program, or none; take it away"):
        running.run_study(study, cores=2, spex_command=STAND_IN)
    assert target.read_text() == "all of it"


@pytest.mark.soak
def test_a_failed_job_is_told_in_one_line_and_the_next_run_mends_it(study, capfd):
    study.out.mkdir()
    (study.out / "broken").touch()
    process = started_apart(study)
    assert process.wait() == 2
    told = capfd.readouterr().err.splitlines()
    assert told[-1] == (
        f"spex study run: error: {study.path}: Snakemake ended with an error, see above; correct the cause, then run "
        "the same command again: what is finished is kept"
    )
    assert any("the disk is full" in line for line in told)
    first = begun(study)
    assert study.compare_command() in first  # what can go on does
    (study.out / "broken").unlink()
    running.run_study(study, cores=2, spex_command=STAND_IN)
    again = begun(study)[len(first) :]
    assert {each[0] for each in again} == {"train", "study"}
    assert study.report.exists()


@pytest.mark.soak
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=str)
def test_a_stopped_run_ends_with_all_its_jobs_and_goes_on(study, capfd, stop):
    study.out.mkdir()
    (study.out / "slow").touch()
    process = started_apart(study)
    wait_for((study.out / "calls.jsonl").exists)
    process.send_signal(stop)
    assert process.wait() == {signal.SIGINT: 130, signal.SIGTERM: 143}[stop]
    assert "stopped; what is finished is kept, the same command goes on from there" in capfd.readouterr().err
    ended = calls(study)
    time.sleep(0.7)
    assert calls(study) == ended
    (study.out / "slow").unlink()
    running.run_study(study, cores=2, extra=["--until", "own_features"], spex_command=STAND_IN)
    assert len(list((study.out / "steps/tensors/sequence_alone").iterdir())) == 2


@pytest.mark.soak
def test_killed_twice_and_run_again(study, capfd):
    """SIGKILL to Snakemake and all its jobs, in the first step and later: locks and halves are left behind."""
    study.out.mkdir()
    (study.out / "slow").touch()
    for count in (1, 5):
        process = started_apart(study)
        wait_for(lambda: (study.out / "calls.jsonl").exists() and len(calls(study)) >= count)  # noqa: B023
        kill_snakemake_of(process)
        assert process.wait() == 2
        assert list((study.out / ".snakemake/locks").glob("*.lock"))
    (study.out / "slow").unlink()
    capfd.readouterr()
    running.run_study(study, cores=2, extra=["--until", "map_features"], spex_command=STAND_IN)
    assert "Unlocked working directory" in capfd.readouterr().err
    ended = [noted for what, *noted in calls(study) if what == "end"]
    for folder in study.folders:
        for shard in (0, 1):
            assert 1 <= ended.count(study.tensors_command(folder, shard)) <= 2
    assert not list((study.out / ".snakemake/locks").glob("*.lock"))


def kill_snakemake_of(process):
    """SIGKILL to the process group that a run started: Snakemake and its jobs."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for child in children:
        os.killpg(int(child), signal.SIGKILL)


def test_one_run_at_a_time_and_no_lock_outlives_its_process(study):
    study.out.mkdir()
    (study.out / "slow").touch()
    process = started_apart(study)
    wait_for((study.out / "calls.jsonl").exists)
    with pytest.raises(InputError, match=r"process \d+ on \S+ runs this study already; wait until it ends, or end it"):
        running.run_study(study, cores=2, spex_command=STAND_IN)
    process.kill()  # Snakemake goes on without it, and holds the lock
    process.wait()
    with pytest.raises(InputError, match="runs this study already"):
        running.hold_alone(study.out)
    holder = int(re.search(r"\d+", (study.out / running.LOCK).read_text())[0])
    os.killpg(holder, signal.SIGKILL)
    wait_for(lambda: is_free(study.out))


def is_free(out):
    """Whether the lock of a study's folder can be had."""
    try:
        running.hold_alone(out).close()
    except InputError:
        return False
    return True


# SLURM


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """SLURM's commands on the path, played by a stand-in. Returns: a function that gives sbatch's words of each job."""
    folder, jobs = tmp_path / "bin", tmp_path / "jobs"
    folder.mkdir()
    jobs.mkdir()
    for name in ("sbatch", "sacct", "sinfo", "scontrol", "srun", "scancel"):
        shutil.copy(ROOT / "tests/slurm_stand_in.py", folder / name)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("STAND_IN_JOBS", str(jobs))

    def submitted():
        found = [json.loads(path.read_text()) for path in sorted(jobs.glob("*.json"), key=lambda path: int(path.stem))]
        return {given[given.index("--comment") + 1]: given for given in found}

    return SimpleNamespace(jobs=jobs, submitted=submitted)


FAST_STATUS = ["--slurm-init-seconds-before-status-checks", "1"]


def test_a_dry_run_under_slurm_lists_every_submission_with_its_resources(study, capfd):
    running.run_study(study, "slurm", cores=2, extra=["--dry-run"], spex_command=STAND_IN)
    printed = "".join(capfd.readouterr())
    found = {}
    for block in re.split(r"\n\s*\n", printed):
        rule = re.search(r"^rule (\w+):$", block, re.MULTILINE)
        asked = re.search(r"^    resources: (.*)$", block, re.MULTILINE)
        if rule and asked and rule[1] not in ("all", "sheets"):  # which run where Snakemake does
            threads = re.search(r"^    threads: (\d+)$", block, re.MULTILINE)
            of_job = dict(each.split("=") for each in asked[1].split(", "))
            wanted = {name: int(of_job[name]) for name in ("mem_mb", "runtime", "gpu") if name in of_job}
            found.setdefault(rule[1], []).append({"threads": int(threads[1]) if threads else 1, **wanted})
    of_tensors = {"threads": 1, "mem_mb": 6000, "runtime": 20, "gpu": 1}
    of_report = {"threads": 1, "mem_mb": 1000, "runtime": 5}
    assert found == {
        "own_features": [of_tensors] * 2,
        "map_features": [of_tensors] * 4,
        "fits": [{"threads": 2, "mem_mb": 3000, "runtime": 10}] * 3,
        "comparison": [{"threads": 2, "mem_mb": 5000, "runtime": 30}],
        "between": [{"threads": 2, "mem_mb": 5000, "runtime": 30}],
        "sheet": [of_report] * 2,
        "likeness": [of_report],
        "report": [of_report],
    }
    assert not (study.out / "calls.jsonl").exists()


@pytest.mark.soak
def test_sbatch_gets_the_resources_of_the_step_and_a_killed_job_is_requeued(study, slurm):
    (slurm.jobs / "kill_first").write_text("rule_own_features")
    running.run_study(study, "slurm", extra=[*FAST_STATUS, "--until", "own_features"], spex_command=STAND_IN)
    (given, _) = slurm.submitted().values()
    assert {"--requeue", "--gpus=1", "--ntasks=1"} & set(given) == {"--requeue", "--gpus=1"}
    for name, value in {"-t": "20", "--mem": "6000", "-p": "main", "-D": str(study.out)}.items():
        assert given[given.index(name) + 1] == value
    assert "--cpus-per-gpu=1" in given or "--cpus-per-task=1" in given
    assert (slurm.jobs / "killed").exists()
    assert sorted(begun(study)[-2:]) == sorted(study.tensors_command("sequence_alone", shard) for shard in (0, 1))


@pytest.mark.soak
@pytest.mark.parametrize("name", ["a lab", "run #2 {1 <b> ü; & | * ? [a] ~ ! %"])
def test_a_whole_study_under_slurm(world, tmp_path, slurm, name):
    study = make_study(world, tmp_path / name, STUDY)
    running.run_study(study, "slurm", extra=FAST_STATUS, spex_command=STAND_IN)
    assert study.report.exists()
    rules = ("own_features", "map_features", "fits", "sheet", "likeness", "comparison", "between", "report")
    comments = {f"rule_{name}" for name in rules}
    assert {comment.partition("_wildcards_")[0] for comment in slurm.submitted()} == comments
    assert len(slurm.submitted()) == 15


@pytest.mark.parametrize("name", ["it's", "$(touch $HOME)", "`touch Y`", "a\\b", "a\nb", '"'])
def test_a_folder_whose_name_a_cluster_would_read_as_words_is_refused_there(world, tmp_path, slurm, name):
    study = make_study(world, tmp_path / name, STUDY)
    letter = next(each for each in name if each in "'$`\\\n\"")
    with pytest.raises(InputError) as error:
        running.run_study(study, "slurm", spex_command=STAND_IN)
    shown = {"\n": "\\n"}.get(letter, letter)
    assert f": its path contains {shown}, which Snakemake passes to a shell where jobs go to a cluster" in str(
        error.value
    )
    assert not study.out.exists() and slurm.submitted() == {}


@pytest.mark.soak
def test_however_the_cluster_is_named_nothing_is_submitted_there(world, tmp_path, slurm, capfd):
    study = make_study(world, tmp_path / "$(touch X)", STUDY)
    extra = ["--executor", "slurm", "--jobs", "1"]
    with pytest.raises(InputError, match="Snakemake ended with an error"):
        running.run_study(study, "local", cores=1, extra=extra, spex_command=STAND_IN)
    assert re.search("^study.smk: error: out /", capfd.readouterr().err, re.MULTILINE)
    assert slurm.submitted() == {} and not list(tmp_path.rglob("X"))


# the real commands, with a narrow network


NARROW = [sys.executable, str(ROOT / "tests/narrow_spex.py")]
ON_CPU = STUDY.replace("gpus: 1", "gpus: 0")


@pytest.mark.soak
def test_four_nodes_on_one_folder_one_of_them_killed_and_requeued(world, narrow, tmp_path, monkeypatch):
    """Each process has mounts of its own, with a scratch disk that nobody else sees, as nodes have."""
    study = make_study(world, tmp_path / "lab", ON_CPU.replace("shards: 2", "shards: 4"))
    alone = make_study(world, tmp_path / "alone", ON_CPU.replace("shards: 2", "shards: 1"))
    for each in (study, alone):
        each.out.mkdir()
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def on_a_node(shard):
        command = shlex.join([*TENSORS, *study.tensors_command("maps/both", shard)[1:]])
        script = f'mount -t tmpfs tmpfs "$2" && cd "$1" && TMPDIR="$2" exec {command}'
        process = in_own_mounts(script, study.out, scratch)
        if process is None:
            pytest.skip("this system lets no test mount a file system of its own")
        return process

    nodes = [on_a_node(shard) for shard in range(4)]
    wait_for((study.out / "maps/both/run.json").exists)
    nodes[2].kill()
    ended = [node.communicate() for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0, -signal.SIGKILL, 0], ended
    again = on_a_node(2)
    _, log = again.communicate()
    assert again.returncode == 0 and "Traceback" not in log, log
    assert list(scratch.iterdir()) == []
    monkeypatch.chdir(alone.out)
    assert start_command(*alone.tensors_command("maps/both", 0)[:1], alone.tensors_command("maps/both", 0)[1:]) == 0
    assert tensor_bytes(study.map_folder("both")) == tensor_bytes(alone.map_folder("both"))


@pytest.mark.soak
def test_a_study_killed_twice_ends_with_the_same_bytes(world, tmp_path):
    """The tables, sheets and scores of the real commands; the report's stand-in holds the hashes of all of them."""
    results = []
    for name, kills in (("undisturbed", ()), ("killed", ("steps/tensors/sequence_alone", "steps/tensors/maps"))):
        study = make_study(world, tmp_path / name, ON_CPU)
        for sign in kills:
            process = started_apart(study, spex_command=NARROW)
            wait_for(lambda: (study.out / sign).is_dir() or process.poll() is not None, 300)  # noqa: B023
            kill_snakemake_of(process)
            assert process.wait() == 2
        running.run_study(study, cores=2, spex_command=NARROW)
        results.append(study.report.read_text())
    assert results[0] == results[1]
    assert "comparison/comparison.csv" in results[0] and "maps/both/results/results.csv" in results[0]
