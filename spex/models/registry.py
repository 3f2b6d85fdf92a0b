"""Every model that can be fitted, by name. A new one is a class over `spex.models.model.Model`, and a line here."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from spex.options import one_of

if TYPE_CHECKING:
    from spex.models.model import Model

CLASSES = {
    "gbtree": ("spex.models.boosters", "BoostedTrees"),
    "gblinear": ("spex.models.boosters", "BoostedLinear"),
    "ridge": ("spex.models.ridge_folds", "RidgeModel"),
}


class _Models(Mapping):
    """Models by name, each loaded when it is first asked for: their libraries take seconds."""

    def __init__(self, classes):
        self._classes, self._loaded = classes, {}

    def __getitem__(self, name) -> "Model":
        if name not in self._loaded:
            module, kind = self._classes[name]
            self._loaded[name] = getattr(import_module(module), kind)()
        return self._loaded[name]

    def __iter__(self):
        return iter(self._classes)

    def __len__(self):
        return len(self._classes)


MODELS = _Models(CLASSES)


def model_named(name) -> "Model":
    """The model of a name.

    Raises:
        InputError: there is none.
    """
    return MODELS[one_of(MODELS).check(name, "model")]
