"""Ridge on a device of PyTorch, here the processor itself, against the same by LAPACK."""

from functools import partial

import numpy as np
import pytest
import torch
from fits import ROWS, data
from numpy.testing import assert_allclose, assert_array_equal

from spex.errors import InputError
from spex.models import gram
from spex.models.device_products import DeviceProducts
from spex.models.products import HostProducts
from spex.models.registry import MODELS
from spex.models.splits import cross_validation_splits

CHROMS = np.resize([f"chr{number}" for number in (1, 1, 1, 2, 2, 8, 9, 10)], ROWS)
SHARED = {"penalties": [1e-1, 1e1, 1e3]}
APART = {"penalties": [1e-1, 1e1], "neighbour_penalties": [1.0, 1e3, "none"]}


@pytest.fixture
def on_device(monkeypatch):
    """Whoever asks for "cuda" gets PyTorch on the processor."""
    made = {"cpu": HostProducts, "cuda": partial(DeviceProducts, device="cpu")}
    monkeypatch.setattr(gram, "make_products", lambda count, device: made[device](count))


def same_fits(found, expected):
    for fit, other in zip(found, expected, strict=True):
        assert fit.chosen == other.chosen
        assert_allclose(fit.coefficients, other.coefficients, rtol=1e-7, atol=1e-12)
        assert_allclose(fit.intercept, other.intercept, rtol=1e-8)
        for part in ("train", "watched"):
            assert_allclose(fit.history[part], other.history[part], rtol=1e-8)


@pytest.mark.parametrize("parameters", [SHARED, APART])
def test_one_split(split, on_device, monkeypatch, parameters):
    features, observed = data(1300)
    fits = {}
    for device in ("cpu", "cuda"):
        learner = MODELS["ridge"].prepare(features, split, parameters, device, 60)
        assert isinstance(learner.gram.products, DeviceProducts) == (device == "cuda")
        fits[device] = list(learner.fit(observed, names="abc", wanted=range(3), seed=1))
    same_fits(fits["cuda"], fits["cpu"])


@pytest.mark.parametrize("parameters", [SHARED, APART])
def test_every_fold(on_device, monkeypatch, parameters):
    features, observed = data(100)
    splits = cross_validation_splits(CHROMS)
    folds = {
        device: MODELS["ridge"].prepare_folds(features, splits, parameters, device, 40) for device in ("cpu", "cuda")
    }
    for found, expected in zip(folds["cuda"], folds["cpu"], strict=True):
        wanted = {"names": "abc", "wanted": range(3), "seed": 1}
        same_fits(list(found.fit(observed, **wanted)), list(expected.fit(observed, **wanted)))


def test_the_same_sums_again(split, on_device):
    features, observed = data(50)
    first, second = (
        list(MODELS["ridge"].prepare(features, split, SHARED, "cuda").fit(observed, names="abc", wanted=[1], seed=1))
        for _ in range(2)
    )
    assert_array_equal(first[0].coefficients, second[0].coefficients)


def test_a_penalty_that_rounding_hides_is_refused(split, on_device):
    features, observed = data(200)
    learner = MODELS["ridge"].prepare(features, split, {"penalties": [1e-30]}, "cuda")
    with pytest.raises(InputError, match="parameters: penalty 1e-30 is lost in rounding"):
        next(learner.fit(observed, names="abc", wanted=[0], seed=1))


def test_full_memory_ends_in_one_line(monkeypatch):
    products = DeviceProducts(3, "cpu")

    def full(*args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3.9 GiB. GPU 0 has less.")

    monkeypatch.setattr(torch, "from_numpy", full)
    with pytest.raises(InputError) as told:
        products.place(np.ones((3, 2)))
    assert str(told.value).startswith("cpu: its memory is full (CUDA out of memory); fit on the processor with")
