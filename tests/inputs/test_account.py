"""What a reader used and left out, in one line."""

import json

from spex.inputs.account import Account


def test_a_line_says_what_is_used_and_what_is_left_out_for_which_reason():
    account = Account("loops.bedpe", used=1812)
    assert account.line() == "loops.bedpe: 1,812 rows used"
    account.leave_out("between chromosomes", 9)
    account.leave_out("between chromosomes", 1)
    account.leave_out("without an anchor", 0)
    account.leave_out("on unknown chromosomes", 4, ["chrEBV", "a\x1b[2J"])
    account.leave_out("on unknown chromosomes", 2, ["chrEBV", "c", "d"])
    account.notes.append("each pair is listed both ways and counts once")
    assert account.line() == (
        "loops.bedpe: 1,812 rows used; left out: 10 between chromosomes, 6 on unknown chromosomes (chrEBV, a\\x1b[2J, "
        "c and 1 more); each pair is listed both ways and counts once"
    )
    assert json.loads(json.dumps(account.summary())) == {
        "file": "loops.bedpe",
        "unit": "rows",
        "used": 1812,
        "left_out": {"between chromosomes": 10, "on unknown chromosomes": 6},
        "notes": ["each pair is listed both ways and counts once"],
    }
