"""The card of an exported model: what it predicts, from which columns, how well, and how it is used; Markdown."""

from spex.reports.pages import render


def card(values):
    """The card as text. values: what `spex.runs.exchange.export_fit` knows of the model."""
    return render("model_card.md", **values)
