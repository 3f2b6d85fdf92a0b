"""Features of genes as a matrix, and sums over the columns of matrices too large for a copy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spex.errors import InputError, not_installed
from spex.inputs.genes import check_gene_table
from spex.models.layout import Layout, published_layout

if TYPE_CHECKING:
    from anndata import AnnData

COLUMNS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Features:
    """Features of n genes.

    X: float32 (n, width), of any model. genes: DataFrame (n) with id, symbol, chrom, strand, tss (1-based), in the
    order of the rows; a copy of what was given. layout: what the columns are. Without it, a matrix as wide as tensors
    of the published program (20,020, and 4,004 more for each group of contacts) is laid out as theirs; any other has
    features of the gene's own sequence alone.

    Raises:
        InputError: no such matrix, or genes that are not one for each row, each once.
    """

    X: np.ndarray
    genes: pd.DataFrame
    layout: Layout = None  # type: ignore[assignment]  # __post_init__ puts one there

    def __post_init__(self):
        object.__setattr__(self, "X", np.asarray(self.X, dtype=np.float32))
        object.__setattr__(self, "genes", check_gene_table(self.genes).copy())
        width = self.X.shape[-1] if self.X.ndim else 0
        if self.layout is None:
            object.__setattr__(self, "layout", published_layout(width) or Layout(("own",), width))
        if self.X.shape != (len(self.genes), self.layout.width):
            raise InputError(
                f"a matrix of shape {self.X.shape} for {len(self.genes):,} genes",
                expected=f"one row per gene, one column for each of the {self.layout.width:,} features",
            )

    @property
    def groups(self) -> int:
        """Number of groups of contacts, whose sums are in the last columns; 0 without contacts."""
        return self.layout.groups

    @property
    def with_contacts(self) -> bool:
        """Whether the last columns are the sums over contacted bins."""
        return self.groups > 0

    @property
    def columns(self) -> pd.MultiIndex:
        """MultiIndex of position (such as "upstream, decay 0.01") and chromatin_feature, from 1; of other models
        feature, by name or number."""
        return self.layout.columns

    def to_anndata(self) -> "AnnData":
        """The same as an AnnData: genes as observations named by id, columns as variables (extra `anndata`).

        Raises:
            InputError: anndata is not installed.
        """
        try:
            from anndata import AnnData  # noqa: PLC0415 (an extra)
        except ModuleNotFoundError as error:
            raise not_installed("anndata", "has the form of what this gives", "anndata") from error
        names = [f"{position}: {number}" for position, number in self.columns]
        columns = self.columns.to_frame(index=False).set_index(pd.Index(names))
        return AnnData(X=self.X, obs=_with_categories(self.genes.set_index("id")), var=_with_categories(columns))

    def __len__(self) -> int:
        return len(self.genes)

    def __repr__(self) -> str:
        kind = "with contacts" if self.with_contacts else "sequence alone"
        return f"Features({len(self):,} genes x {self.X.shape[1]:,}, {kind})"


def _with_categories(table):
    """A table whose text is categories, and those and its index objects: AnnData refuses to write the strings of pandas
    3, which it makes itself of text that repeats."""
    text = {
        name: values.astype("category").cat
        for name, values in table.items()
        if pd.api.types.is_string_dtype(values.dtype) or isinstance(values.dtype, pd.CategoricalDtype)
    }
    objects = {
        name: pd.Categorical.from_codes(values.codes, values.categories.astype(object), values.ordered)
        for name, values in text.items()
    }
    return table.assign(**objects).set_axis(table.index.astype(object))


def column_moments(features, rows):
    """Mean and standard deviation of each column over some rows, both float64 (width,), without a float64 copy."""
    mean, deviation = np.empty((2, features.shape[1]))
    for block in column_blocks(features):
        values = features[rows, block].astype(np.float64)
        mean[block], deviation[block] = values.mean(axis=0), values.std(axis=0)
    return mean, deviation


def column_blocks(features):
    """Slices that together cover all columns of a matrix."""
    return blocks_between(0, features.shape[1])


def blocks_between(start, stop):
    """Slices of so many columns at a time that cover those from start to stop."""
    return [slice(each, min(each + COLUMNS_AT_ONCE, stop)) for each in range(start, stop, COLUMNS_AT_ONCE)]
