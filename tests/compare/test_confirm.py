"""Trees as a confirmation: bootstrap over genes against SciPy's, seeds until they suffice, restart."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_comparison import made_confirmation
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal
from scipy import stats

import spex
from spex.compare import confirm as trees
from spex.compare.inputs import CompareInputs, Protocol, prepare
from spex.errors import InputError

ARMS = ("B", "N", "M", "D1", "D2", "D3")
FAST = {"num_boost_round": 2, "early_stopping_rounds": 1, "max_depth": 2}
FAST |= {"eta": 0.5, "colsample_bytree": 0.02, "lambda": 1}


def made_predictions(seeds=4, genes=150, noise=0.3):
    random = np.random.default_rng(1)
    observed = random.normal(size=genes).round(1)
    signal = {arm: observed + random.normal(size=genes) * (0.7 if arm == "M" else 1) for arm in ARMS}
    return observed, {arm: each + noise * random.normal(size=(seeds, genes)) for arm, each in signal.items()}


def rho(observed, predicted):
    return stats.spearmanr(observed, predicted).statistic


def test_differences_are_those_of_averaged_predictions():
    observed, predicted = made_predictions()
    matched, own = trees.summarise_seeds(observed, predicted)
    of_arms = {arm: rho(observed, each.mean(axis=0)) for arm, each in predicted.items()}
    assert matched["difference"] == pytest.approx(of_arms["M"] - np.mean([of_arms[arm] for arm in ("D1", "D2", "D3")]))
    assert own["difference"] == pytest.approx(of_arms["M"] - of_arms["B"])
    assert (own["genes"], own["seeds"]) == (150, 4)
    by_seed = {arm: [rho(observed, each) for each in values] for arm, values in predicted.items()}
    differences = np.subtract(by_seed["M"], by_seed["B"])
    assert own["seeds_error"] == pytest.approx(differences.std(ddof=1) / 2)
    assert own["welch_p"] == pytest.approx(stats.ttest_ind(by_seed["M"], by_seed["B"], equal_var=False).pvalue)
    assert "same genes" in own["welch_is"]


def test_the_bootstrap_is_scipy_s():
    observed, predicted = made_predictions()
    _, own = trees.summarise_seeds(observed, predicted, resamples=700)
    averaged = [predicted[arm].mean(axis=0) for arm in ("M", "B")]
    expected = stats.bootstrap(
        (observed, *averaged),
        lambda y, one, other: rho(y, one) - rho(y, other),
        paired=True,
        vectorized=False,
        n_resamples=700,
        method="percentile",
        rng=np.random.default_rng(5),
    )
    assert own["bootstrap_error"] == pytest.approx(expected.standard_error, rel=0.1)
    ends = expected.confidence_interval
    assert_allclose([own["low"], own["high"]], [ends.low, ends.high], atol=0.3 * expected.standard_error)


def test_seeds_suffice_when_they_leave_little_uncertain():
    for noise, suffice in ((0.01, True), (3.0, False)):
        observed, predicted = made_predictions(noise=noise)
        assert [each["seeds_suffice"] for each in trees.summarise_seeds(observed, predicted)] == [suffice] * 2


@pytest.fixture(scope="module")
def inputs(study):
    genes = spex.read_genes(study.genes)
    few = genes["id"][genes["chrom"].isin(["chr3", "chr8", "chr9", "chr12"])]
    expression = pd.read_csv(study.expression, index_col="id").loc[few].iloc[:, :1]
    return CompareInputs(study.base, [study.maps["sequence"]], expression, [(1, "Tissue 1")], study.cache)


def test_trees_go_on_where_they_were_stopped(inputs, tmp_path, monkeypatch):
    ready = prepare(inputs, Protocol(rotations=2), tmp_path)
    fitted = []
    make = trees.MODEL.prepare

    def counted(*args):
        fitted.append(args[0].shape[1])
        if len(fitted) == 4:
            raise KeyboardInterrupt
        return make(*args)

    with monkeypatch.context() as patch:
        patch.setattr(trees.MODEL, "prepare", counted)
        with pytest.raises(KeyboardInterrupt):
            trees.confirm(ready, most_seeds=3, parameters=FAST)
    assert fitted == [20_020, 20_029, 24_033, 24_033]
    again = []
    monkeypatch.setattr(trees.MODEL, "prepare", lambda *args: again.append(args[0].shape[1]) or make(*args))
    found = trees.confirm(ready, most_seeds=3, parameters=FAST)
    assert again == [24_033] * 3
    assert found["contrast"].tolist() == ["map - matched bins", "map - own sequence"]
    assert set(found) == set(made_confirmation("any"))
    assert (found["seeds"] == 3).all() and (found["target"] == "Tissue 1").all()
    assert_frame_equal(trees.confirm(ready, most_seeds=3, parameters=FAST), found)
    assert len(again) == 3


def test_seeds_are_added_until_they_suffice(inputs, monkeypatch):
    ready = prepare(inputs, Protocol(rotations=2))
    asked = []

    class Stub:
        def __init__(self, *args):
            self.observed = made_predictions()[0][:, None]

        def predictions(self, maker, seeds):
            asked.append(seeds)
            _, predicted = made_predictions(seeds, noise=0.01 if seeds >= 6 else 2)
            return {arm: each[:, :, None] for arm, each in predicted.items()}

    monkeypatch.setattr(trees, "_Trees", Stub)
    assert (trees.confirm(ready)["seeds"] == 6).all() and asked == [3, 4, 5, 6]
    asked.clear()
    assert not trees.confirm(ready, most_seeds=4)["seeds_suffice"].all() and asked == [3, 4]


def test_the_chromosomes_of_test_and_stopping_must_be_there(inputs, study):
    genes = spex.read_genes(study.genes)
    some = inputs.expression.loc[inputs.expression.index.isin(genes["id"][genes["chrom"] != "chr9"])]
    with pytest.raises(InputError, match=r"confirm: 0 of .* genes lie on chr9"):
        trees.confirm(prepare(replace(inputs, expression=some), Protocol(rotations=2)))
