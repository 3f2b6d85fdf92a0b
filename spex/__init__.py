"""Gene expression from DNA sequence and the 3D contacts of the gene's start.

The verbs for a notebook are in `spex.api` and can be had from here: `spex.read_genes`, `spex.read_expression`,
`spex.read_contacts`, `spex.map_sheet`, `spex.gene_features`, `spex.load_features`, `spex.fit_expression`,
`spex.compare_maps`, `spex.compare_cells`, `spex.element_effects`, `spex.variant_effects`, `spex.effect_module`,
`spex.score`. Each library that takes time to load (torch, xgboost, cooler, matplotlib) is loaded by the first verb that
needs it.
"""

from typing import TYPE_CHECKING

__version__ = "2.0.0"

_ROOMS = {
    "spex.api": "read_genes read_expression read_contacts map_sheet gene_features load_features fit_expression "
    "compare_maps compare_cells element_effects variant_effects effect_module",
    "spex.models.scores": "score Scores",
    "spex.models.fits": "Fit",
    "spex.models.layout": "Layout",
    "spex.models.matrices": "Features",
    "spex.models.estimator": "Ridge",
    "spex.compare.tables": "Comparison",
    "spex.compare.between_tables": "CellComparison",
    "spex.compare.protocol": "Protocol",
    "spex.contacts.collect": "Contacts",
    "spex.contacts.sheet": "MapSheet",
    "spex.contacts.rules": "Published Corrected",
    "spex.errors": "InputError",
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names.split()}

__all__ = [
    "CellComparison",
    "Comparison",
    "Contacts",
    "Corrected",
    "Features",
    "Fit",
    "InputError",
    "Layout",
    "MapSheet",
    "Protocol",
    "Published",
    "Ridge",
    "Scores",
    "__version__",
    "compare_cells",
    "compare_maps",
    "effect_module",
    "element_effects",
    "fit_expression",
    "gene_features",
    "load_features",
    "map_sheet",
    "read_contacts",
    "read_expression",
    "read_genes",
    "score",
    "variant_effects",
]

if TYPE_CHECKING:
    from spex.api import (
        compare_maps,
        effect_module,
        element_effects,
        fit_expression,
        gene_features,
        load_features,
        map_sheet,
        read_contacts,
        read_expression,
        read_genes,
        variant_effects,
    )
    from spex.compare.protocol import Protocol
    from spex.compare.tables import Comparison
    from spex.contacts.collect import Contacts
    from spex.contacts.rules import Corrected, Published
    from spex.contacts.sheet import MapSheet
    from spex.errors import InputError
    from spex.models.estimator import Ridge
    from spex.models.fits import Fit
    from spex.models.layout import Layout
    from spex.models.matrices import Features
    from spex.models.scores import Scores, score
else:  # hidden from type checkers, which would take any name for known

    def __getattr__(name):
        """Load what is asked for from the room where it lives."""
        from importlib import import_module  # noqa: PLC0415

        if name not in _HOMES:
            raise AttributeError(f"module 'spex' has no attribute {name!r}")
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__():
    return sorted(__all__)
