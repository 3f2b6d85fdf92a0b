"""In the place of the program, for engines: notes the words it is given, and leaves the files that are looked for.

Runs in a study's folder. A file `slow` there makes every command take a while, and `broken` makes fits fail.
"""

import json
import os
import sys
import time
from pathlib import Path

words = sys.argv[1:]


def note(what):
    with open("calls.jsonl", "a") as file:
        file.write(json.dumps([what, *words]) + "\n")


note("begin")
if Path("slow").exists():
    time.sleep(0.5)
if Path("broken").exists() and words[0] == "train":
    sys.exit("train.py: error: the disk is full")
if words[0] == "map":
    from spex.files.sealed import save_arrays  # NumPy takes a while to load, and is for this command alone

    Path(words[words.index("--json") + 1]).write_text(json.dumps([{"map": words[1]}]))
    save_arrays(Path(words[words.index("--profile") + 1]), {})
if words[0] == "compare":
    out = Path(words[words.index("--out") + 1])
    out.mkdir(exist_ok=True)
    (out / ("between.json" if "--between" in words else "comparison.json")).write_text("{}")
if words[:2] == ["study", "report"]:
    Path("study.html").write_text(f"threads {os.environ['OMP_NUM_THREADS']}")
note("end")
