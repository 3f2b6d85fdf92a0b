"""Every model in the registry bears what a learner must; a model with a fault is caught, one fault each."""

import re

import pytest
from fits import FAST_TREES
from models.bad_learner import FAULTS, Plain
from models.check_learner import LearnerEntry, check_learner

from spex.models.registry import MODELS

QUICK = {"gbtree": FAST_TREES}
"""Parameters in place of a model's own, where those take long."""


@pytest.mark.parametrize("name", list(MODELS))
def test_every_model_passes(tmp_path, name):
    check_learner(LearnerEntry(MODELS[name], QUICK.get(name, MODELS[name].defaults)), tmp_path)


def test_a_plain_model_passes(tmp_path):
    check_learner(LearnerEntry(Plain(), Plain.defaults), tmp_path)


@pytest.mark.parametrize("fault, found", FAULTS.items())
def test_a_bad_learner_is_caught(tmp_path, fault, found):
    with pytest.raises(AssertionError) as error:
        check_learner(LearnerEntry(Plain(fault), Plain.defaults), tmp_path, [found.partition(":")[0]])
    assert re.search(found, str(error.value)), str(error.value)
