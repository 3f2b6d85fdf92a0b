"""Splits that the models are fitted on."""

import numpy as np
import pytest
from fits import ROWS

from spex.models.splits import split_by_chromosome


@pytest.fixture(params=[[], ["chr9"]], ids=["watching the test", "watching chr9"])
def split(request):
    chroms = np.resize(["chr1", "chr2", "chr3", "chr8", "chr9"], ROWS)
    return split_by_chromosome(chroms, ["chr8"], request.param)
