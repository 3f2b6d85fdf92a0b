"""Every model that can be fitted, by name. A new one is a class over `spex.models.model.Model`, and a line here."""

from spex.arguments import choice
from spex.models.boosters import BoostedLinear, BoostedTrees
from spex.models.model import Model
from spex.models.ridge_folds import RidgeModel

MODELS: dict[str, Model] = {model.name: model for model in (BoostedTrees(), BoostedLinear(), RidgeModel())}


def model_named(name) -> Model:
    """The model of a name.

    Raises:
        InputError: there is none.
    """
    return MODELS[choice(name, "model", tuple(MODELS))]
