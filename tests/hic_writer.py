"""Writes a .hic file; what it holds comes as JSON on stdin: path, lengths of chromosomes, resolutions, columns."""

import json
import sys
import tempfile

import hictkpy

path, chromsizes, resolutions, columns = json.load(sys.stdin)
with tempfile.TemporaryDirectory() as folder:
    writer = hictkpy.hic.FileWriter(path, chromsizes, resolutions, tmpdir=folder)
    if columns:
        bin1, bin2, counts = columns
        writer.add_pixels_from_dict({"bin1_id": bin1, "bin2_id": bin2, "count": [float(count) for count in counts]})
    writer.finalize()
