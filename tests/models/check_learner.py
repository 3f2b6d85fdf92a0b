"""What every model of the registry must bear: the same bytes again, no look at the test genes, refusals in one line.

`check_learner` fits one model on small data in some twenty ways. `test_learners.py` runs it over the registry, and over
planted models with one fault each.
"""

import hashlib
import json
import pickle
import sys
from copy import deepcopy
from typing import NamedTuple

import numpy as np
from conftest import ROOT
from numpy.testing import assert_allclose
from processes import run

from spex.errors import InputError
from spex.models.fits import assess
from spex.models.model import Model
from spex.models.splits import Split, cross_validation_splits, split_by_chromosome

GENES, WIDTH, CONSTANT = 120, 40, 5
CHROMS = np.resize(["chr1", "chr2", "chr3", "chr8", "chr9"], GENES)
NAMES = ["blood", "liver", "brain"]
CLOSE = {"rtol": 1e-4, "atol": 1e-4}
"""What rounding may change, on the scale of ln(expression)."""


class LearnerEntry(NamedTuple):
    """A model and the parameters that it is tried with."""

    model: Model
    parameters: dict


def world():
    """Features with one constant column, and three targets that follow some of the others."""
    rng = np.random.default_rng(7)
    hidden = rng.normal(size=(GENES, 3))
    features = (hidden @ rng.normal(size=(3, WIDTH)) + 0.3 * rng.normal(size=(GENES, WIDTH)) + 2).astype(np.float32)
    features[:, CONSTANT] = 0.5
    return features, hidden @ rng.normal(size=(3, 3)) + 0.3 * rng.normal(size=(GENES, 3)) + 1


def fit(entry, features, targets, split=None, wanted=(0, 1, 2), seed=1410):
    split = split or split_by_chromosome(CHROMS, ["chr8"], ["chr9"])
    learner = entry.model.prepare(features, split, entry.parameters)
    return list(learner.fit(targets, names=NAMES, wanted=list(wanted), seed=seed))


def same_fits(some, others, features):
    return [one.predict(features).tobytes() for one in some] == [one.predict(features).tobytes() for one in others]


def digest(entry):
    """Of everything that is predicted, for another process to compare."""
    features, targets = world()
    return hashlib.sha256(
        b"".join(one.predict(features).tobytes() for one in fit(entry, features, targets))
    ).hexdigest()


def refusal(action):
    """What is wrong with how something is refused, in words, or None."""
    try:
        action()
    except InputError as error:
        return None if str(error).isprintable() or "\x02" in str(error) else f"refused in several lines: {str(error)!r}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "not refused"


def check_learner(entry, folder, names=()):
    """Try a model in every way.

    entry: LearnerEntry, which can be pickled. folder: empty. names: of the CHECKS to make, or all.

    Raises:
        AssertionError: names each thing that is wrong.
    """
    problems = []
    for name in names or CHECKS:
        place = folder / name.replace(" ", "_")
        place.mkdir()
        try:
            found = CHECKS[name](entry, place)
        except AssertionError as error:
            found = " ".join(str(error).split())[:300]
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
        problems += [f"{name}: {found}"] if found else []
    assert not problems, "\n".join(problems)


def _twice(entry, folder):
    features, targets = world()
    before = features.tobytes(), targets.tobytes()
    first, second = fit(entry, features, targets), fit(entry, features, targets)
    if (features.tobytes(), targets.tobytes()) != before:
        return "it changed what it was given"
    return None if same_fits(first, second, features) else "the second fit predicts other bytes"


def _elsewhere(entry, folder):
    (folder / "entry.pickle").write_bytes(pickle.dumps(entry))
    done = run([sys.executable, ROOT / "tests/print_digest.py", folder / "entry.pickle"])
    assert done.returncode == 0, done.stderr
    return None if done.stdout.strip() == digest(entry) else "another process predicts other bytes"


def _seeds(entry, folder):
    features, targets = world()
    changed = not same_fits(fit(entry, features, targets), fit(entry, features, targets, seed=3), features)
    return "a seed changes it, though it says that none does" if changed and not entry.model.seeded else None


def _targets(entry, folder):
    features, targets = world()
    all_three = fit(entry, features, targets)
    some = fit(entry, features, targets, wanted=(2, 0))
    return None if same_fits(some, [all_three[2], all_three[0]], features) else "a target depends on which are wanted"


def _order(entry, folder):
    features, targets = world()
    order = np.random.default_rng(1).permutation(GENES)
    split = split_by_chromosome(CHROMS[order], ["chr8"], ["chr9"])
    there, again = fit(entry, features, targets), fit(entry, features[order], targets[order], split)
    for one, other in zip(there, again, strict=True):
        predicted = one.predict(features)
        assert_allclose(other.predict(features), predicted, **CLOSE, err_msg="another order of genes")
        assert_allclose(one.predict(features[order]), predicted[order], rtol=1e-9, err_msg="predicted in another order")


def _test_genes(entry, folder):
    features, targets = world()
    other, changed = features.copy(), targets.copy()
    here = CHROMS == "chr8"
    changed[here] = changed[here][::-1] + 9
    other[here] *= 3
    first = fit(entry, features, targets)
    if not same_fits(first, fit(entry, features, changed), features):
        return "the expression of test genes takes part"
    return None if same_fits(first, fit(entry, other, targets), features) else "features of test genes take part"


def _folds(entry, folder):
    features, targets = world()
    splits = cross_validation_splits(CHROMS)
    for place, split in enumerate(splits):
        changed = targets.copy()
        changed[split.test] += np.linspace(-5, 5, len(split.test))[:, None]
        found = []
        for observed in (targets, changed):
            learner = entry.model.prepare_folds(features, splits, entry.parameters)[place]
            found.append(list(learner.fit(observed, names=NAMES, wanted=[0, 1, 2], seed=1410)))
        for one, other, alone in zip(*found, fit(entry, features, targets, split), strict=True):
            message = "expression of a fold's test genes takes part"
            assert_allclose(other.predict(features), one.predict(features), **CLOSE, err_msg=message)
            if not entry.model.shares_folds and not same_fits([one], [alone], features):
                return "a fold is another fit than its split alone"


def _constant_column(entry, folder):
    features, targets = world()
    for one in fit(entry, features, targets):
        if not np.isfinite(one.predict(features)).all():
            return "predictions that are not finite"
        if one.importance[CONSTANT] != 0:
            return f"its importance is {one.importance[CONSTANT]}"


def _constant_target(entry, folder):
    features, targets = world()
    targets[:, 1] = 2.5
    test = split_by_chromosome(CHROMS, ["chr8"], ["chr9"]).test
    scores = assess(fit(entry, features, targets)[1], features[test], targets[test, 1], "liver")[1]
    if not np.isfinite(scores.rmse) or scores.rmse > 1:
        return f"rmse {scores.rmse}"
    return None if np.isnan([scores.spearman, scores.pearson]).all() else "a correlation with a constant"


def _saved(entry, folder):
    features, targets = world()
    (one,) = fit(entry, features, targets, wanted=[1])
    one.save(folder)
    if not same_fits([entry.model.load(folder)], [one], features):
        return "a loaded fit predicts other bytes"
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:20])
    return refusal(lambda: entry.model.load(folder))


def _parameters(entry, folder):
    model = entry.model
    before = deepcopy(model.defaults)
    model.parameters({}).clear()
    if model.defaults != before:
        model.defaults.update(before)
        return "a caller can change the defaults"
    return refusal(lambda: model.parameters({"no_such_parameter": 1})) or refusal(
        lambda: model.parameters({next(iter(model.defaults)): None})
    )


def _not_finite(entry, folder):
    features, targets = world()
    for bad in (np.nan, np.inf):
        spoilt, unknown = features.copy(), targets.copy()
        spoilt[3, 4], unknown[3, 1] = bad, bad
        found = refusal(lambda: fit(entry, spoilt, targets))  # noqa: B023
        found = found or refusal(lambda: fit(entry, features, unknown))  # noqa: B023
        if found:
            return f"{bad}: {found}"


def _few_genes(entry, folder):
    features, targets = world()
    none = np.arange(0)
    found = refusal(lambda: fit(entry, features, targets, Split((), (), none, none, np.arange(9))))
    found = found or refusal(lambda: split_by_chromosome(CHROMS[:2], ["chr2"]))
    if found:
        return found
    one = Split((), (), np.arange(1), none, np.arange(1, 9))
    try:
        fits = fit(entry, features, targets, one)
    except InputError:
        return None
    finite = all(np.isfinite(each.predict(features)).all() for each in fits)
    return None if finite else "one training gene gives predictions that are not finite"


def _described(entry, folder):
    features, targets = world()
    for column, one in enumerate(fit(entry, features, targets)):
        if json.loads(json.dumps(one.chosen)) != one.chosen or not one.chosen:
            return f"chosen is {one.chosen}, expected what JSON can have"
        importance = one.importance
        if importance.shape != (WIDTH,) or importance.dtype != np.float64 or not (importance >= 0).all():
            return "importance is not float64 from 0 up, one a feature"
        if not importance.sum() > 0:
            return "nothing is important"
        train, watched = (one.history.get(part, []) for part in ("train", "watched"))
        if not train or len(train) != len(watched) or not np.isfinite([*train, *watched]).all():
            return "history has no rmse of training and watched genes"
        watching = split_by_chromosome(CHROMS, ["chr8"], ["chr9"]).watched
        rmse = np.sqrt(np.mean((one.predict(features[watching]) - targets[watching, column]) ** 2))
        if np.abs(np.array(watched) - rmse).min() > 1e-4:
            return "the rmse of what it predicts is not in its history"


def _linear(entry, folder):
    if not entry.model.linear:
        return
    features, targets = world()
    for one in fit(entry, features, targets):
        expected = features.astype(np.float64) @ one.coefficients + one.intercept
        assert_allclose(one.predict(features), expected, **CLOSE, err_msg="prediction by coefficients")


CHECKS = {
    "fitted twice": _twice,
    "in another process": _elsewhere,
    "seeds": _seeds,
    "wanted targets": _targets,
    "order of genes": _order,
    "test genes": _test_genes,
    "folds": _folds,
    "a constant column": _constant_column,
    "a constant target": _constant_target,
    "saved and loaded": _saved,
    "parameters": _parameters,
    "not finite": _not_finite,
    "few genes": _few_genes,
    "chosen and importance": _described,
    "coefficients": _linear,
}
