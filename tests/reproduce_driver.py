"""spex reproduce with small files and a narrow network, in processes that can be killed when a file is to appear.

    python reproduce_driver.py reproduce ADDRESS FOLDER [OPTION ...]
    python reproduce_driver.py tensors [OPTION ...]
    python reproduce_driver.py train [OPTION ...]

The server at ADDRESS hands out the files in FOLDER. KILL_AT in the environment is a pattern of paths: all processes
are killed before the first such file gets its name. FORK_SERVER is the socket of a server of forks, which then runs
tensors and train.
"""

import dataclasses
import fnmatch
import json
import os
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

from spex.commands import reproduce
from spex.resources.obtain import file_digest
from spex.resources.table import RESOURCES, check_genome

LENGTHS = {"chr1": 50_500, "chr8": 54_000, "chr22": 61_000}
"""Some of the small genome's chromosomes, in bp."""


def kill_at(pattern):
    rename = os.replace

    def replace(source, target):
        if fnmatch.fnmatch(str(target), pattern):
            os.killpg(0, signal.SIGKILL)
        rename(source, target)

    os.replace = replace


def small_table(address, folder):
    """The published table with the small files' address, hashes and numbers in place of the published ones."""
    content = {"genome": lambda path, find: check_genome(path, LENGTHS)}
    table = []
    for resource in RESOURCES:
        name = Path(urlsplit(resource.address).path).name
        digest = resource.digest and f"md5:{file_digest(Path(folder, name), 'md5')}"
        check = content.get(resource.name, resource.check)
        small = {"address": f"{address}/{name}", "digest": digest, "check": check, "megabytes": None}
        table.append(dataclasses.replace(resource, **small))
    return table


def run_reproduce(address, folder, *options):
    server = os.environ.get("FORK_SERVER")
    started_by = ("-S", Path(__file__).with_name("forked.py"), server) if server else ()
    commands = {name: (sys.executable, *started_by, __file__, name) for name in reproduce.COMMANDS}
    return reproduce.main(options, table=small_table(address, folder), commands=commands)


def run_tensors(*options):
    from conftest import NARROW_CHANNELS, NARROW_HIDDEN  # noqa: PLC0415

    from expecto import beluga  # noqa: PLC0415
    from spex.commands import tensors  # noqa: PLC0415

    beluga.CHANNELS, beluga.HIDDEN = NARROW_CHANNELS, NARROW_HIDDEN
    return tensors.main(options)


def run_train(*options):
    """Training with few rounds: the published ones take half a minute even for a hundred genes."""
    from spex.commands import train  # noqa: PLC0415

    few_rounds = Path("few_rounds.json")
    few_rounds.write_text(json.dumps({"num_boost_round": 2, "early_stopping_rounds": 2, "lambda": 1}))
    return train.main([*options, "--params", str(few_rounds)])


if __name__ == "__main__":
    if "KILL_AT" in os.environ:
        kill_at(os.environ["KILL_AT"])
    role, *words = sys.argv[1:]
    sys.exit({"reproduce": run_reproduce, "tensors": run_tensors, "train": run_train}[role](*words))
