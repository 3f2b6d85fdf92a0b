"""Models of gene expression: the published command. What it does is in spex/commands/train.py.

python train.py --data_folder DATA --target_index 22
"""

from spex.__main__ import main

if __name__ == "__main__":
    raise SystemExit(main("train"))
