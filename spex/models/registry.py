"""Every model that can be fitted, by name. A new one is a class over `spex.models.model.Model`, and a line here."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spex.models.model import Model

CLASSES = {
    "gbtree": ("spex.models.boosters", "BoostedTrees"),
    "gblinear": ("spex.models.boosters", "BoostedLinear"),
    "ridge": ("spex.models.ridge_folds", "RidgeModel"),
}


class _Models(Mapping[str, "Model"]):
    """Models by name, each loaded when it is first asked for: their libraries take seconds."""

    def __init__(self, classes: dict[str, tuple[str, str]]):
        self._classes, self._loaded = classes, {}

    def __getitem__(self, name: str) -> "Model":
        if name not in self._loaded:
            module, kind = self._classes[name]
            self._loaded[name] = getattr(import_module(module), kind)()
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)


MODELS = _Models(CLASSES)
