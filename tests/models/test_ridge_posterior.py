"""The posterior of ridge's weights against explicit inverses and densities."""

from functools import partial

import numpy as np
import pytest
from fits import data, fit_all
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar
from scipy.stats import multivariate_normal

from spex.models.device_products import DeviceProducts
from spex.models.gram import Gram, Penalties
from spex.models.products import HostProducts
from spex.models.ridge_posterior import Posterior
from spex.models.splits import split_by_chromosome

ROWS, NEIGHBOURS = np.arange(0, 120, 2), 50


def standardised(features):
    """Training features in standard deviations, float64, and these: 1 for a column without any."""
    values = features[ROWS].astype(np.float64)
    scale = values.std(axis=0)
    scale[scale == 0] = 1
    return (values - values.mean(axis=0)) / scale, scale


@pytest.mark.parametrize("width", [30, 1200])
@pytest.mark.parametrize("neighbour", [None, 0.3, 200.0, "none"])
def test_variances_are_those_of_the_explicit_inverse(width, neighbour):
    features, _ = data(width)
    values, scale = standardised(features)
    penalties = np.full(width, 5.0)
    used, apart = np.ones(width, bool), 0 if neighbour is None else min(NEIGHBOURS, width // 2)
    if neighbour == "none":
        used[-apart:] = False
    elif apart:
        penalties[-apart:] = neighbour
    inverse = np.zeros((width, width))
    chosen = values[:, used]
    inverse[np.ix_(used, used)] = np.linalg.inv(chosen.T @ chosen + np.diag(penalties[used]))
    posterior = Posterior(Gram(features, ROWS, neighbours=apart), Penalties(5.0, neighbour))
    changes = np.random.default_rng(1).normal(size=(7, width)) * scale
    expected = np.einsum("ij,jk,ik->i", changes / scale, inverse, changes / scale)
    assert_allclose(posterior.variances(changes), expected, rtol=1e-9)
    columns = slice(width - 25, width - 5)
    expected = (inverse / np.outer(scale, scale))[columns, columns]
    assert_allclose(posterior.covariance(columns), expected, rtol=1e-8, atol=1e-11 * abs(inverse).max())


@pytest.mark.parametrize("products", [HostProducts, partial(DeviceProducts, device="cpu")])
def test_one_gram_serves_several_penalties(products, monkeypatch):
    features, _ = data(40)
    with monkeypatch.context() as patch:
        patch.setattr("spex.models.gram.make_products", lambda count, _: products(count))
        changes, gram = np.random.default_rng(1).normal(size=(3, 40)), Gram(features, ROWS)
    both = [Posterior(gram, Penalties(1.0)), Posterior(gram.copy(), Penalties(100.0))]
    for posterior, penalty in zip(both, (1.0, 100.0), strict=True):
        alone = Posterior(Gram(features, ROWS), Penalties(penalty))
        assert_allclose(posterior.variances(changes), alone.variances(changes), rtol=1e-9)
        assert_allclose(posterior.covariance(slice(3, 9)), alone.covariance(slice(3, 9)), rtol=1e-9)


@pytest.mark.parametrize("neighbour", [None, 30.0, "none"])
def test_the_noise_variance_is_that_of_the_greatest_marginal_likelihood(neighbour):
    features, observed = data(150)
    split = split_by_chromosome(np.resize(["chr1", "chr8", "chr9", "chr8"], 120), ["chr8"], ["chr9"])
    given = {"penalties": [3.0]} | ({} if neighbour is None else {"neighbour_penalties": [neighbour]})
    fit = fit_all("ridge", features, split, observed, parameters=given, neighbours=NEIGHBOURS)[1]
    gram = Gram(features, split.train, neighbours=0 if neighbour is None else NEIGHBOURS)
    posterior = Posterior(gram, Penalties(3.0, neighbour))
    found = posterior.noise(fit.coefficients, fit.history["train"][0])

    train = features[split.train].astype(np.float64)
    scale = np.where(train.std(axis=0) > 0, train.std(axis=0), 1)
    values = (train - train.mean(axis=0)) / scale
    weights = np.full(150, 1 / 3.0)
    weights[-NEIGHBOURS:] = 1 / 3.0 if neighbour is None else 0 if neighbour == "none" else 1 / neighbour
    # differences between genes know nothing of the intercept, whose prior is flat
    contrasts = np.linalg.svd(np.eye(len(train)) - 1 / len(train))[0][:, :-1]
    covariance = contrasts.T @ ((values * weights) @ values.T + np.eye(len(train))) @ contrasts
    seen = contrasts.T @ observed[split.train, 1]
    best = minimize_scalar(
        lambda log: -multivariate_normal.logpdf(seen, cov=np.exp(log) * covariance), options={"xtol": 1e-9}
    )
    assert_allclose(found, np.exp(best.x), rtol=1e-5)
