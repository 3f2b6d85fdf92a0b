"""The pages of effects: what is on them, in a browser and without one."""

import base64
import hashlib
import json
import re
from importlib import resources

import numpy as np
import pandas as pd
import pytest
from browser import NAMES, find_browser, open_browser
from made_elements import elements, many_elements
from read_page import Page, assert_needs_nothing_else, assert_readable

from spex.effects.variant_tables import COLUMNS
from spex.reports.effect_page import MOST_ROWS, Strongest, of_strongest_genes, write_element_page, write_variant_page

CHROMSIZES = {"chr8": 145_138_636, "chr1": 248_956_422}
EVIL = "</script><script>window.evil = 1</script>"
GENES = pd.DataFrame(
    {
        "id": ["ENSG1", "ENSG2", "ENSG3", "ENSG4", "ENSG5"],
        "symbol": ["MYC", EVIL, "PVT1", "FAR", ""],
        "chrom": ["chr8", "chr8", "chr8", "chr8", "chr1"],
        "tss": [3_000_501, 3_600_001, 3_700_001, 90_000_001, 900_001],
        "strand": list("+-+++"),
    }
)
in_browser = pytest.mark.skipif(find_browser() is None, reason=f"no browser on the path: {', '.join(NAMES)}")


def two_genes():
    """Elements of two genes in two tissues; the first is the stronger."""
    other = {"TargetGene": EVIL, "TargetGeneEnsemblID": "ENSG2"}
    return pd.concat(
        [
            elements(
                {"start": 3_000_500, "end": 3_001_500, "class_": "own", "count": np.nan, "TargetGeneTSS": 3_000_501}
            ),
            many_elements(12),
            many_elements(7, seed=1, tissue="Liver", model="r2"),
            many_elements(5, seed=2, **other).assign(TargetGeneTSS=3_600_001).eval("Score = Score / 10"),
        ],
        ignore_index=True,
    )


def allele(**given):
    row = {"variant_id": "rs1", "chrom": "chr8", "pos": 2_500_100, "ref": "A", "alt": "G", "gene_id": "ENSG1"}
    row |= {"gene_name": "MYC", "tissue": "K562", "model": "ridge", "tss_distance": -500_401.0, "path": "contact"}
    row |= {"contact_count": 3.0, "contact_bin": "chr8:2500000-2501000", "effect": 0.25, "status": "ok"} | given
    return {"end": row["pos"]} | row


def alleles(*rows):
    table = pd.DataFrame([allele(**row) for row in rows], columns=list(COLUMNS))
    return table.astype({name: kind for name, kind in COLUMNS.items() if kind != "string"})


def write_alleles(path, *tables):
    strongest = Strongest()
    assert len(list(strongest.passing(tables))) == len(tables)
    write_variant_page(path, strongest, GENES, CHROMSIZES)
    return path.read_text()


def data_of(text):
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(data)


def body_of(text):
    """Cells of the table's rows."""
    rows = re.findall(r"<tr>(.*?)</tr>", text.partition("<tbody>")[2].partition("</tbody>")[0])
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Paths of a page of elements and of one of alleles."""
    folder = tmp_path_factory.mktemp("pages")
    write_element_page(folder / "elements.html", two_genes(), GENES, CHROMSIZES)
    write_alleles(
        folder / "effects.html", alleles({}, {"pos": 3_000_400, "path": "own", "contact_bin": None, "effect": -0.1})
    )
    return folder / "elements.html", folder / "effects.html"


def test_elements_are_drawn_as_the_table_has_them(pages):
    text, table = pages[0].read_text(), two_genes()
    data, rows = data_of(text), body_of(text)
    order = table["Score"].abs().sort_values(ascending=False, kind="stable").index
    assert data["chromosomes"] == [["chr8", 145_138_636]] and data["fits"][data["rows"]["fit"][-1]] == "K562 cells"
    assert [gene[:2] for gene in data["genes"]] == [["MYC", "ENSG1"], [EVIL, "ENSG2"]]
    assert [gene[0] for gene in data["beside"]] == ["PVT1"]
    for symbol, id, chrom, tss, strand, start, end in data["genes"]:
        assert (chrom, tss, strand) == tuple(GENES.set_index("id").loc[id, ["chrom", "tss", "strand"]]) and symbol
        mine = table[table["TargetGeneEnsemblID"] == id]
        assert start < min(mine["start"].min(), tss - 1) and end > max(mine["end"].max(), tss)
    drawn = pd.DataFrame(data["rows"])
    for cells, row, (_, given) in zip(rows, drawn.to_dict("records"), table.loc[order].iterrows(), strict=True):
        assert (
            cells[1:3] == [given["name"], given["class"]]
            and data["genes"][row["gene"]][1] == given["TargetGeneEnsemblID"]
        )
        assert float(cells[3].replace("−", "-")) == float(f"{given['Score']:.3g}")
        assert (row["start"], row["end"]) == (given["start"], given["end"])
        assert row["effect"] == pytest.approx(given["Score"], rel=1e-5)
        arc = (given["start"], given["end"]) if given["class"] == "contact" else (None, None)
        assert tuple(None if np.isnan(value) else value for value in (row["arc_start"], row["arc_end"])) == arc


def test_alleles_have_an_arc_to_the_bins_that_they_change_or_to_themselves(tmp_path):
    two = {"contact_bin": "chr8:2500000-2501000,chr8:2501000-2502000", "effect": -0.5, "ref": "ACG", "alt": "A" * 30}
    near = {"pos": 3_000_400, "path": "own", "contact_bin": None, "contact_count": np.nan, "effect": 0.125}
    unscored = {"effect": np.nan, "gene_id": None, "gene_name": None, "status": "ref_mismatch"}
    text = write_alleles(tmp_path / "page.html", alleles({}, unscored, near), alleles(two))
    rows = data_of(text)["rows"]
    assert rows["effect"] == [-0.5, 0.25, 0.125] and rows["count"] == [3, 3, None]
    assert list(zip(rows["start"], rows["end"], strict=True)) == [
        *((2_500_099, 2_500_102), (2_500_099, 2_500_100), (3_000_399, 3_000_400)),
    ]
    assert list(zip(rows["arc_start"], rows["arc_end"], strict=True)) == [
        *((2_500_000, 2_502_000), (2_500_000, 2_501_000), (3_000_399, 3_000_400)),
    ]
    assert body_of(text)[0][:4] == ["MYC", "rs1", "chr8:2500100 ACG&gt;AAAAAAAAAAAA… (30 bp)", "−0.5"]
    assert "quantile" not in Page(text).text  # which is empty


def test_how_sure_an_effect_is_stands_beside_it_where_that_is_known(tmp_path):
    table = two_genes()
    write_element_page(tmp_path / "page.html", table.assign(effect_sd=np.nan, sign_agrees=np.nan), GENES, CHROMSIZES)
    assert "sign agrees" not in (tmp_path / "page.html").read_text()
    write_element_page(tmp_path / "page.html", table.assign(effect_sd=0.01234, sign_agrees=0.75), GENES, CHROMSIZES)
    assert {tuple(row[4:6]) for row in body_of((tmp_path / "page.html").read_text())} == {("0.0123", "0.75")}


def test_the_same_table_gives_the_same_bytes(pages, tmp_path):
    write_element_page(tmp_path / "page.html", two_genes(), GENES, CHROMSIZES)
    assert (tmp_path / "page.html").read_bytes() == pages[0].read_bytes()


def test_the_page_asks_for_nothing_and_runs_the_packages_scripts_alone(pages):
    vendored = resources.files("spex.reports").joinpath("igv")
    igv = vendored.joinpath("igv.min.js").read_bytes()
    assert hashlib.sha256(igv).hexdigest() in vendored.joinpath("VERSION").read_text()
    assert "MIT" in vendored.joinpath("LICENSE").read_text()
    for path in pages:
        text = path.read_text()
        assert text.count(igv.decode()) == 1
        ours = text.replace(igv.decode(), "")
        assert_needs_nothing_else(ours)
        assert_readable(ours)
        assert not re.search(r"https?://", ours)
        scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
        (policy,) = [each["content"] for each in Page(ours).of("meta") if "http-equiv" in each]
        hashes = [base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in scripts]
        assert len(scripts) == 3 and policy.endswith("script-src " + " ".join(f"'sha256-{each}'" for each in hashes))
    assert ours.count("<script") == 4 and EVIL not in pages[0].read_text() and EVIL in Page(pages[0].read_text()).text


def test_a_page_has_whole_genes_with_the_largest_effects():
    table = pd.DataFrame({"gene_id": list("abbbca"), "effect": [0.1, -9, 0.5, 0.2, -3, 1]})
    for most, genes in ((3, "b"), (4, "bc"), (5, "bc"), (6, "abc")):
        kept = of_strongest_genes(table, most)
        expected = table[table["gene_id"].isin(list(genes))]
        assert kept["effect"].tolist() == sorted(expected["effect"], key=abs, reverse=True)
    assert of_strongest_genes(table, 2)["effect"].tolist() == [-9, 0.5]  # of one gene with more the strongest


def test_a_page_of_many_is_bounded_and_says_so(tmp_path, caplog):
    caplog.set_level("INFO", "spex")
    one = many_elements(500)
    parts = [
        one.assign(TargetGeneEnsemblID=f"G{each}", TargetGene="", Score=one["Score"] / (each + 1)) for each in range(12)
    ]
    genes = pd.DataFrame({"id": [f"G{each}" for each in range(12)], "symbol": "", "chrom": "chr8", "tss": 3_000_501})
    write_element_page(tmp_path / "page.html", pd.concat(parts), genes.assign(strand="+"), CHROMSIZES)
    text = (tmp_path / "page.html").read_text()
    assert len(body_of(text)) == MOST_ROWS == 10 * 500 and len(text) < 5_000_000
    said = "5,000 rows of 10 genes, those with the largest effects of 6,000 rows"
    assert said in text and f"page.html: {said}" in caplog.text


@pytest.mark.parametrize("size", [1, 7, 100])
def test_the_strongest_rows_are_the_same_however_tables_are_divided(size):
    effects = np.random.default_rng(3).integers(-9, 10, 100).astype(float)
    table = pd.DataFrame({"effect": np.where(effects == 0, np.nan, effects), "row": range(100)})
    strongest = Strongest(20)
    tables = [table[start : start + size] for start in range(0, 100, size)]
    assert all(map(pd.DataFrame.equals, strongest.passing(tables), tables))
    scored = [row for row in range(100) if effects[row]]
    assert strongest.rows == len(scored)
    assert strongest.table["row"].tolist() == sorted(scored, key=lambda row: -abs(effects[row]))[:20]


def test_without_an_effect_there_is_no_page(tmp_path):
    write_element_page(tmp_path / "elements.html", two_genes()[:0], GENES, CHROMSIZES)
    strongest = Strongest()
    list(strongest.passing([alleles({"effect": np.nan})]))
    write_variant_page(tmp_path / "effects.html", strongest, GENES, CHROMSIZES)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with open_browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


WAIT = """new Promise((done, fail) => { const start = Date.now(); const look = () => {
    const text = document.getElementById("said").textContent;
    if (%s) done(text); else if (Date.now() - start < 20000) setTimeout(look, 20); else fail(new Error(text)); };
    look(); })"""
WRONG = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
CANVASES = "[...document.querySelector('#igv').shadowRoot.querySelectorAll('canvas')]"
VISIBLE = "[...document.querySelectorAll('#effects tbody tr')].filter(row => row.offsetHeight)"


def opened(browser, path, width=1280):
    """The browser with a page whose locus is drawn."""
    browser.size(width, 900)
    browser.prefer("light")
    browser.open(path)
    settle(browser, 'text.includes("rows in the table")')
    return browser


def settle(page, condition):
    """Wait until the page says something. condition: JavaScript of its text. Returns: what it says."""
    answer = page.send("Runtime.evaluate", expression=WAIT % condition, awaitPromise=True)
    assert "exceptionDetails" not in answer, answer
    return answer["result"]["value"]


def coloured(page):
    """Pixels of the locus that are rather blue, and rather orange."""
    return page.get(f"""{CANVASES}.filter(each => each.width && each.height).reduce(([blue, orange], each) => {{
        const data = each.getContext("2d").getImageData(0, 0, each.width, each.height).data;
        for (let i = 0; i < data.length; i += 4) {{
            blue += data[i + 2] > data[i] + 60;
            orange += data[i] > data[i + 2] + 60;
        }}
        return [blue, orange]; }}, [0, 0])""")


@in_browser
def test_both_pages_are_drawn_without_a_request_or_an_error(pages, browser):
    for path in pages:
        page = opened(browser, path)
        assert min(coloured(page)) > 300
        asked = [event["request"]["url"] for method, event in page.events if method == "Network.requestWillBeSent"]
        assert asked[0] == path.as_uri() and all(url.startswith(("data:", "blob:")) for url in asked[1:])
        assert [event for event in page.events if event[0] in WRONG] == []
        names = page.names("link", "button", "region", "table", "heading", "combobox", "group")
        assert [pair for pair in names if not pair[1].strip()] == []


@in_browser
def test_a_gene_is_chosen_and_the_table_sorted_by_key(pages, browser):
    page = opened(browser, pages[0])
    assert page.get(f"{VISIBLE}.length") == 13
    reached = []
    while "gene" not in reached and len(reached) < 9:
        page.press("Tab", 9)
        reached.append(page.get("document.activeElement.id"))
        assert page.get("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.press("ArrowDown", 40)
    assert settle(page, 'text.includes("window.evil")').endswith("5 of 25 rows in the table.")
    assert page.get("window.evil === undefined") and page.get(f"{VISIBLE}[0].cells[0].textContent") == EVIL
    for _ in range(20):
        page.press("Tab", 9)
        if page.get("document.activeElement.textContent === 'effect'"):
            break
    page.press("Enter", 13, "\r")
    shown = page.get(f"{VISIBLE}.map(row => parseFloat(row.cells[3].textContent.replace('−', '-')))")
    assert len(shown) == 5 and shown == sorted(shown)


CHOOSE = """const create = igv.createBrowser;
igv.createBrowser = async (...given) => window.seen = await create(...given);
document.getElementById("gene").value = "%s";
document.getElementById("choice").dispatchEvent(new Event("change"))"""
"""Chooses a gene, and keeps the igv.js browser that shows it."""


@in_browser
def test_a_click_names_the_row_and_never_as_markup(pages, browser):
    page = opened(browser, pages[0])
    page.get(CHOOSE % 1)
    settle(page, 'text.includes("window.evil")')
    found = '[{name: "Name", value: "<img src=x>"}, "<hr/>", {name: "Score", value: 1}]'
    assert page.get(f'seen.fireEvent("trackclick", [null, {found}])') == "<div>&lt;img src=x&gt;</div>"
    arcs = "seen.trackViews.map(view => view.track).find(track => track.type === 'interact')"
    names = page.get(f"{arcs}.featureSource.getAllFeatures().c0.map(each => each.name)")
    assert sorted(names) == sorted(
        page.get(f"{VISIBLE}.map(row => [...row.cells].slice(0, 4).map(each => each.textContent).join(', '))")
    )


@in_browser
def test_the_locus_is_moved_and_zoomed(pages, browser):
    page = opened(browser, pages[0])
    page.get(CHOOSE % 0)
    frame = "window.seen?.referenceFrameList[0]"
    settle(page, f"{frame} !== undefined")
    start, end = (page.get(f"{frame}.{name}") for name in ("start", "end"))
    page.get("document.querySelector('button[value=in]').click()")
    settle(page, f"{frame}.end - {frame}.start < {0.6 * (end - start)}")
    page.get("document.querySelector('button[value=right]').click()")
    settle(page, f"{frame}.start > {start + (end - start) / 4 + 1000}")


@in_browser
@pytest.mark.parametrize("chrom", ["chr 8", "HLA:1-2", "染色体", "constructor"])
def test_odd_names_of_chromosomes_ask_nobody_either(browser, tmp_path, chrom):
    table = many_elements(9, chr=chrom)
    write_element_page(tmp_path / "page.html", table, GENES[:1].assign(chrom=chrom), {})  # of no known length
    page = opened(browser, tmp_path / "page.html")
    assert (
        page.get("document.getElementById('said').textContent").startswith(f"MYC, {chrom}:")
        and min(coloured(page)) > 100
    )
    assert [method for method, _ in page.events if method in WRONG or method == "Network.requestWillBeSent"][1:] == []


@in_browser
@pytest.mark.parametrize("number", [0, 1])
def test_a_phone_shows_all_without_scrolling_sideways(pages, browser, number):
    page = opened(browser, pages[number], 375)
    assert page.get("document.documentElement.scrollWidth") <= 375 and min(coloured(page)) > 100


@in_browser
def test_the_table_needs_no_scripts(pages, browser):
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(pages[0])
        root = browser.send("DOM.getDocument")["root"]["nodeId"]
        rows = browser.send("DOM.querySelectorAll", nodeId=root, selector="#effects tbody tr")["nodeIds"]
        assert len(rows) == 25 and ("combobox", "Gene") not in browser.names("combobox")
    finally:
        browser.send("Emulation.setScriptExecutionDisabled", value=False)
