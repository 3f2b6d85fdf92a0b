"""Features of every gene: the published command. What it does is in spex/commands/tensors.py.

python tensors.py --data_folder DATA --mcool_filename MAP.mcool
"""

from spex.__main__ import main

if __name__ == "__main__":
    raise SystemExit(main("tensors"))
