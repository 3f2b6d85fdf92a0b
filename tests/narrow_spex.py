"""The program with a narrow network in the place of the published one, for engines that start it in other processes.

The report of a study is a stand-in here: the hashes of what the report is made of.
"""

import sys
from pathlib import Path

from conftest import NARROW_CHANNELS, NARROW_HIDDEN

from expecto import beluga
from spex.commands.main import main
from spex.files.hashes import file_sha256
from spex.study.reading import read_study

beluga.CHANNELS, beluga.HIDDEN = NARROW_CHANNELS, NARROW_HIDDEN


def write_stand_in(path):
    study = read_study(Path(path), quick=True)
    parts = [
        *study.comparison_folder.glob("*.csv"),
        *study.out.glob("**/results/results.csv"),
        study.out / "sheets.json",
    ]
    lines = [f"{part.relative_to(study.out)} {file_sha256(part)}\n" for part in sorted(parts)]
    study.report.write_text("".join(lines))


if __name__ == "__main__":
    if sys.argv[1:3] == ["study", "report"]:
        sys.exit(write_stand_in(sys.argv[3]))
    sys.exit(main())
