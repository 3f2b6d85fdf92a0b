"""Tables for MultiQC, which gathers what the programs of a pipeline report in files whose names end in _mqc.json."""

import html
from pathlib import Path

from spex.errors import visible
from spex.files.atomic import write_json
from spex.reports.numbers import missing

MAPS = {
    "cis_counts": ("Contacts", "counts within chromosomes", "{:,.0f}"),
    "cis_share": ("Cis", "share of the counts that lie within chromosomes", "{:.3f}"),
    "without_pixel": ("No pixel", "genes whose TSS bin has no pixel", "{:,.0f}"),
}
GAINS = {
    "gain": ("Gain", "in Spearman correlation: the map against sequence alone", "{:+.4f}"),
    "number": ("Number", "what the number of contacts adds", "{:+.4f}"),
    "touched": ("Contacted bins", "what contacted bins add beyond distance-matched ones", "{:+.4f}"),
    "q_seq": ("q", "adjusted p of the test of contacted bins", "{:.2g}"),
    "words": ("Verdict", "what may be claimed", None),
}


def write_multiqc(folder, name, section, columns, rows):
    """Write a table as `spex_<name>_mqc.json`, MultiQC's custom content.

    columns: key -> title, description and Python format, None of text. rows: list of name and dict of key -> number or
    text; what is missing is left out. Names that come twice get numbers.
    """
    data, headers = {}, {}
    for label, values in rows:
        key, number = html.escape(visible(label)), 2
        while key in data:
            key, number = f"{html.escape(visible(label))} ({number})", number + 1
        known = {each: values[each] for each in columns if not missing(values.get(each))}
        data[key] = {
            column: html.escape(each) if isinstance(each, str) else float(each) for column, each in known.items()
        }
    for column, (title, description, form) in columns.items():
        headers[column] = {"title": title, "description": description} | ({"format": form} if form else {})
    table = {"id": f"spex_{name}_table", "title": section, "namespace": "SpEx"}
    about = {"id": f"spex_{name}", "section_name": section, "plot_type": "table", "pconfig": table}
    write_json(Path(folder) / f"spex_{name}_mqc.json", {**about, "headers": headers, "data": data})


def write_account(folder, name, section, account):
    """Write an Account as such a table, a column for each reason to leave something out."""
    columns = {"used": ("used", f"{account.unit} that are used", "{:,.0f}")}
    columns |= {
        reason: (html.escape(reason), f"{account.unit} left out: {html.escape(reason)}", "{:,.0f}")
        for reason in account.left_out
    }
    row = Path(str(account.path)).name, {"used": account.used} | account.left_out
    write_multiqc(folder, name, section, columns, [row])
