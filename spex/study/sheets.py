"""The data sheets of all maps of a study in one file, as its Snakefile puts them together.

    python -m spex.study.sheets OUT SHEET ...

Each SHEET is a JSON list, as `spex map` writes it; OUT is the list of all, in this order.
"""

import json
import sys
from pathlib import Path

from spex.files.atomic import write_json


def main(argv):
    out, *sheets = map(Path, argv)
    made = [json.loads(path.read_bytes().decode(errors="surrogateescape")) for path in sheets]
    write_json(out, [sheet for each in made for sheet in each])


if __name__ == "__main__":
    main(sys.argv[1:])
