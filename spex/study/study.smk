# A whole study as study.yaml describes it: features of sequence alone, features of every map, fits, comparison, data
# sheets and the report. `spex study run FILE` starts it with the right command, and prints that: it does the same by hand,
# in the study's folder, where .study.json says which study it is.
#
# Everything is named from the study's folder. Files under steps/ mark what is finished; the commands themselves pass
# over what they find done, so a job that was killed goes on where it stopped.
#
# A user's path may have any letters, and Snakemake reads input and output as patterns and has them pass through a shell
# where it starts itself again. So no user's path is input or output. They stand in the commands, quoted, and params says
# when the files were written: another file reruns what follows from it. No rule has `run`.

import os
import shlex
import sys
from pathlib import Path

from spex.errors import InputError, visible
from spex.inputs.maps.reader import split_uri
from spex.study.reading import read_study
from spex.study.running import check_for_cluster, handed_over, hold_alone

try:
    FILE, COMMAND = handed_over(Path.cwd())
    STUDY = read_study(FILE, quick=True)
except InputError as error:
    sys.exit(visible(f"study.smk: error: {error}"))

SPEX = shlex.join(COMMAND)
PYTHON = shlex.quote(sys.executable)
FOLDERS = STUDY.folders
BASE, *MAP_FOLDERS = FOLDERS
MAPS = {each.name: each for each in STUDY.maps}
FITS = {each.name: each for each in STUDY.fits}
COMPARISON = STUDY.inside(STUDY.comparison_folder)
BETWEEN = [f"{STUDY.inside(STUDY.between_folder)}/between.json"] if STUDY.between else []
SHARDS = [f"steps/tensors/{{folder}}/{shard}_of_{STUDY.shards}.done" for shard in range(STUDY.shards)]
FIT = "steps/fits/{fit}/{folder}.done"
SHEET, PROFILE = "steps/sheets/{map}.json", "steps/sheets/{map}.npz"
FEATURES_FROM = (STUDY.genes, STUDY.genome, STUDY.weights)
HELD = []
"""The lock of the study's folder, from the first job until this process ends, however it ends."""


def files_of(map_):
    """The files of a StudyMap, without the group within them."""
    return [split_uri(path)[0] for path in map_.files]


def stamps(*paths):
    """Size and time of each file."""
    return [(status.st_size, status.st_mtime_ns) for status in map(os.stat, paths)]


def needs(step):
    """What a step asks of the engine beside threads, under the engine's names; no GPU where none is asked for."""
    asked = STUDY.resources[step]
    gpu = {"gpu": asked["gpus"]} if asked["gpus"] else {}
    return {"mem_mb": asked["memory_mb"], "runtime": asked["minutes"], **gpu}


def threads_of(step):
    return STUDY.resources[step]["threads"]


wildcard_constraints:
    shard=r"\d+",
    fit="|".join(map(re.escape, FITS)),
    map="|".join(map(re.escape, MAPS)),


localrules:
    all,
    sheets,


onstart:
    try:
        if workflow.executor_plugin.common_settings.non_local_exec:
            check_for_cluster(STUDY.out)
        HELD.append(hold_alone(STUDY.out))
    except InputError as error:
        sys.exit(visible(f"study.smk: error: {error}"))


rule all:
    input:
        STUDY.inside(STUDY.report),


rule own_features:
    output:
        touch(f"steps/tensors/{BASE}/{{shard}}_of_{STUDY.shards}.done"),
    params:
        made_from=lambda wildcards: stamps(*FEATURES_FROM),
        command=lambda wildcards: shlex.join(STUDY.tensors_command(BASE, int(wildcards.shard))),
    threads: threads_of("tensors")
    priority: 1  # everything else waits for them
    resources:
        **needs("tensors"),
    shell:
        "OMP_NUM_THREADS={threads} {SPEX} {params.command}"


# After all of the own features, which leave predictions that maps share in the prediction cache.
rule map_features:
    input:
        expand(SHARDS, folder=BASE),
    output:
        touch(f"steps/tensors/{{folder}}/{{shard}}_of_{STUDY.shards}.done"),
    wildcard_constraints:
        folder="|".join(map(re.escape, MAP_FOLDERS)),
    params:
        made_from=lambda wildcards: stamps(*files_of(FOLDERS[wildcards.folder])),
        command=lambda wildcards: shlex.join(STUDY.tensors_command(wildcards.folder, int(wildcards.shard))),
    threads: threads_of("tensors")
    priority: 1  # everything else waits for them
    resources:
        **needs("tensors"),
    shell:
        "OMP_NUM_THREADS={threads} {SPEX} {params.command}"


# All tissues of a folder in one job, which read its features once.
rule fits:
    input:
        SHARDS,
    output:
        touch(FIT),
    params:
        made_from=lambda wildcards: stamps(*STUDY.expression),
        command=lambda wildcards: shlex.join(STUDY.train_command(wildcards.folder, FITS[wildcards.fit])),
    threads: threads_of("train")
    resources:
        **needs("train"),
    shell:
        "OMP_NUM_THREADS={threads} {SPEX} {params.command}"


rule comparison:
    input:
        expand(SHARDS, folder=FOLDERS),
    output:
        f"{COMPARISON}/comparison.json",
    params:
        made_from=lambda wildcards: stamps(*STUDY.expression),
        command=lambda wildcards: shlex.join(STUDY.compare_command()),
    threads: threads_of("compare")
    resources:
        **needs("compare"),
    shell:
        "OMP_NUM_THREADS={threads} {SPEX} {params.command}"


rule between:
    input:
        expand(SHARDS, folder=[STUDY.inside(STUDY.map_folder(name)) for name in STUDY.between] + [BASE]),
    output:
        f"{STUDY.inside(STUDY.between_folder)}/between.json",
    params:
        made_from=lambda wildcards: stamps(*STUDY.expression),
        command=lambda wildcards: shlex.join(STUDY.between_command()),
    threads: threads_of("compare")
    resources:
        **needs("compare"),
    shell:
        "OMP_NUM_THREADS={threads} {SPEX} {params.command}"


rule sheet:
    output:
        sheet=SHEET,
        profile=PROFILE,
    params:
        made_from=lambda wildcards: stamps(STUDY.genes, *files_of(MAPS[wildcards.map])),
        command=lambda wildcards, output: shlex.join(STUDY.sheet_command(MAPS[wildcards.map], str(output.sheet))),
    threads: threads_of("report")
    resources:
        **needs("report"),
    shell:
        "OMP_NUM_THREADS={threads} {SPEX} {params.command}"


rule sheets:
    input:
        expand(SHEET, map=MAPS),
    output:
        "sheets.json",
    shell:
        "{PYTHON} -m spex.study.running sheets {output:q} {input:q}"


# Each map with each: a second or two a pair.
rule likeness:
    input:
        expand(PROFILE, map=MAPS),
    output:
        "likeness.csv",
    threads: threads_of("report")
    resources:
        **needs("report"),
    shell:
        "OMP_NUM_THREADS={threads} {PYTHON} -m spex.study.running likeness {output:q} {input:q}"


rule report:
    input:
        "sheets.json",
        "likeness.csv",
        f"{COMPARISON}/comparison.json",
        BETWEEN,
        expand(FIT, fit=FITS, folder=FOLDERS),
    output:
        STUDY.inside(STUDY.report),
    params:
        made_from=lambda wildcards: stamps(STUDY.path),
        command=lambda wildcards: shlex.join(STUDY.report_command()),
    threads: threads_of("report")
    resources:
        **needs("report"),
    shell:
        "OMP_NUM_THREADS={threads} {SPEX} {params.command}"
