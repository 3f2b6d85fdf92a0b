#!/usr/bin/env python3
"""In the place of SLURM's commands, under each of their names: sbatch notes its words and runs the job at once.

Jobs are kept in the folder that STAND_IN_JOBS names: ID.json with sbatch's words, ID.state with how it ended. A file
`kill_first` there makes the first job whose comment holds its text end by SIGKILL after a while, and start again under
the same number, as a node that fails does with a job that may be requeued.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

JOBS = Path(os.environ["STAND_IN_JOBS"])


def value_of(words, *names):
    """What stands behind an option, or behind its sign of equality."""
    for number, word in enumerate(words):
        if word in names:
            return words[number + 1]
        if word.partition("=")[0] in names:
            return word.partition("=")[2]
    return None


def sbatch(words):
    number = 1
    while True:
        try:
            with open(JOBS / f"{number}.json", "x") as file:
                json.dump(words, file)
            break
        except FileExistsError:
            number += 1
    runner = [sys.executable, __file__, "run", str(number)]
    nowhere = subprocess.DEVNULL
    subprocess.Popen(runner, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True)
    print(number)


def run(words):
    number = words[0]
    given = json.loads((JOBS / f"{number}.json").read_text())
    output = value_of(given, "--output").replace("%j", number)
    environment = {**os.environ, "SLURM_JOB_ID": number}
    command = ["sh", "-c", value_of(given, "--wrap")]
    with open(output, "w") as log:
        if is_to_be_killed(value_of(given, "--comment")):
            first = subprocess.Popen(
                command, cwd=value_of(given, "-D"), env=environment, stdout=log, stderr=log, process_group=0
            )
            time.sleep(4)
            os.killpg(first.pid, 9)
            first.wait()
            (JOBS / "killed").write_text(number)
        done = subprocess.run(command, cwd=value_of(given, "-D"), env=environment, stdout=log, stderr=log, check=False)
    (JOBS / f"{number}.state").write_text("FAILED" if done.returncode else "COMPLETED")


def is_to_be_killed(comment):
    """Whether the file `kill_first` means this job; it is taken away then."""
    asked = JOBS / "kill_first"
    if not asked.exists() or asked.read_text() not in comment:
        return False
    asked.unlink()
    return True


def sacct(words):
    if "JobIdRaw" not in f"{value_of(words, '--format')}":
        return  # the account of earlier jobs: there are none
    for job in JOBS.glob("*.json"):
        state = job.with_suffix(".state")
        print(f"{job.stem}|{state.read_text() if state.exists() else 'RUNNING'}")


def sinfo(words):
    print("PARTITION\nmain*")


def scontrol(words):
    print("MaxArraySize = 1001\nMinJobAge = 300 sec")


def srun(words):
    """Run what stands behind the options, which all begin with -."""
    command = words[next(number for number, word in enumerate(words) if not word.startswith("-")) :]
    os.execvp(command[0], command)


def scancel(words):
    (JOBS / "cancelled").write_text(" ".join(words))


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        run(sys.argv[2:])
    else:
        globals()[Path(sys.argv[0]).name](sys.argv[1:])
