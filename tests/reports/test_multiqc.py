"""Tables for MultiQC."""

import json

import numpy as np

from spex.inputs.account import Account
from spex.reports.multiqc import write_account, write_multiqc

COLUMNS = {"gain": ("Gain", "what it adds", "{:+.3f}"), "words": ("Verdict", "in words", None)}


def test_a_table_has_a_row_a_name_and_what_is_known(tmp_path):
    rows = [("a.mcool", {"gain": np.float64(0.5), "words": "adds <b>"}), ("a.mcool", {"gain": np.nan, "other": 1})]
    write_multiqc(tmp_path, "maps", "Maps", COLUMNS, [*rows, ("<script>", {"words": None})])
    found = json.loads((tmp_path / "spex_maps_mqc.json").read_text())
    assert found["id"] == "spex_maps" and found["plot_type"] == "table" and found["section_name"] == "Maps"
    assert found["data"] == {
        "a.mcool": {"gain": 0.5, "words": "adds &lt;b&gt;"},
        "a.mcool (2)": {},
        "&lt;script&gt;": {},
    }
    assert found["headers"]["gain"] == {"title": "Gain", "description": "what it adds", "format": "{:+.3f}"}
    assert "format" not in found["headers"]["words"]


def test_an_account_has_a_column_a_reason(tmp_path):
    account = Account("/data/some.vcf", "alleles", used=7)
    account.leave_out("symbolic", 2)
    write_account(tmp_path, "variants", "Alleles", account)
    found = json.loads((tmp_path / "spex_variants_mqc.json").read_text())
    assert found["data"] == {"some.vcf": {"used": 7, "symbolic": 2}}
    assert found["headers"]["symbolic"]["description"] == "alleles left out: symbolic"
