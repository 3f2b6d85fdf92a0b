"""One thread for each process of the tests, set before NumPy, xgboost and PyTorch are loaded, which read it then.

Workers of pytest share the cores already: with a thread per core in each of them, those that wait keep the others from
working. Processes that tests start inherit it.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"
