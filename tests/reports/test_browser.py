"""The report of a study in a browser: what is loaded, shown and called how, by mouse, keyboard and on paper."""

import os

import pandas as pd
import pytest
from browser import NAMES, find_browser, open_browser
from made_study_report import made_study

from spex.reports.study_report import write_study_report

pytestmark = pytest.mark.skipif(find_browser() is None, reason=f"no browser on the path: {', '.join(NAMES)}")

ENTER, TAB = ("Enter", 13, "\r"), ("Tab", 9)
RANKING = "document.querySelector('#ranking table')"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    study = made_study(tmp_path_factory.mktemp("study"), maps=6, tissues=3, fits=("ridge",))
    write_study_report(study)
    return study


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with open_browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def page(browser, study):
    """The browser with the page as it is when it has just been opened."""
    browser.size(1280, 900)
    browser.prefer("light")
    browser.open(study.report)
    return browser


def texts(page, column):
    """The cells of a column of the ranking, from the top."""
    return page.get(f"[...{RANKING}.tBodies[0].rows].map(row => row.cells[{column}].firstChild.textContent)")


def test_nothing_is_loaded_from_elsewhere_and_nothing_goes_wrong(page, study):
    page.send("Runtime.evaluate", expression="new Promise(done => setTimeout(done, 200))", awaitPromise=True)
    asked = [event["request"]["url"] for method, event in page.events if method == "Network.requestWillBeSent"]
    assert asked[0] == study.report.as_uri() and all(url.startswith("data:") for url in asked[1:])
    wrong = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
    assert [event for event in page.events if event[0] in wrong] == []


def test_no_other_script_may_run_and_nothing_may_be_fetched(page):
    page.get("document.body.insertAdjacentHTML('beforeend', '<img onerror=\"window.evil = 1\" src=x>')")
    page.get("document.body.append(Object.assign(document.createElement('script'), {text: 'window.evil = 1'}))")
    fetched = "fetch('https://example.org/').then(() => 'fetched', () => 'refused')"
    answer = page.send("Runtime.evaluate", expression=fetched, awaitPromise=True)
    assert answer["result"]["value"] == "refused" and page.get("window.evil === undefined")


def test_tables_and_pictures_are_there(page, study):
    assert page.get(f"{RANKING}.tBodies[0].rows.length") == len(study.maps)
    assert page.get("document.querySelectorAll('main table').length") >= 9
    sizes = page.get("[...document.querySelectorAll('figure svg')].map(svg => svg.getBoundingClientRect().height)")
    assert len(sizes) >= 7 and min(sizes) > 100
    empty = "[...document.querySelectorAll('main td, main th')].filter(cell => !cell.textContent.trim()).length"
    assert page.get(empty) == 0


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_sticks_out_of_the_window(page, width):
    page.size(width, 900)
    assert page.get("document.documentElement.scrollWidth") <= width
    stuck = "[...document.querySelectorAll('.scroll')].every(box => box.getBoundingClientRect().right <= innerWidth)"
    assert page.get(stuck)


def test_everything_has_a_name_that_is_read_aloud(page):
    names = page.names("link", "button", "region", "image", "table", "navigation", "heading")
    assert [pair for pair in names if not pair[1].strip()] == []
    assert {"link", "button", "region", "image", "table", "navigation"} <= {role for role, _ in names}
    regions = [name for role, name in names if role == "region"]
    assert len(set(regions)) == len(regions)
    assert ("link", "Download the table ranking.csv") in names
    assert page.get("document.documentElement.lang") == "en"


def test_the_first_key_leads_past_the_head(page):
    page.press(*TAB)
    assert page.get("document.activeElement.textContent") == "Skip to the results"
    assert page.get("document.activeElement.getBoundingClientRect().left") >= 0
    page.press(*ENTER)
    assert page.get("document.activeElement.id") == "results"


def test_all_that_can_be_used_is_reached_by_key_and_seen(page):
    page.press(*TAB)
    reached = []
    for _ in range(40):
        page.press(*TAB)
        reached.append(page.get("document.activeElement.localName + ' ' + document.activeElement.className"))
        assert page.get("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert {"a ", "button ", "div scroll"} <= set(reached)


def test_a_button_sorts_a_table_up_and_down(page, study):
    ranking = pd.read_csv(study.out / "tables/ranking.csv")
    assert texts(page, 0) == list(ranking["map"])
    columns = page.get(f"[...{RANKING}.tHead.rows[0].cells].map(cell => cell.textContent)")
    touched = columns.index("contacted bins")
    heading = f"{RANKING}.tHead.rows[0].cells[{touched}]"
    page.get(f"{heading}.querySelector('button').focus()")
    for direction in ("ascending", "descending"):
        page.press(*ENTER)
        assert page.get(f"{heading}.getAttribute('aria-sort')") == direction
        shown = [float(text.replace("−", "-")) for text in texts(page, touched)]
        assert shown == sorted(shown, reverse=direction == "descending") and len(set(shown)) > 3
    page.get(f"{RANKING}.tHead.rows[0].cells[0].querySelector('button').click()")
    assert texts(page, 0) == page.get(f"{list(ranking['map'])}.sort((a, b) => a.localeCompare(b, 'en'))")
    assert page.get(f"{heading}.hasAttribute('aria-sort')") is False


def test_cells_without_a_number_stand_last_either_way(page):
    cell = f"{RANKING}.tBodies[0].rows[3].cells[3]"
    page.get(f"{cell}.textContent = '–'")
    for _ in range(2):
        page.get(f"{RANKING}.tHead.rows[0].cells[3].querySelector('button').click()")
        assert texts(page, 3)[-1] == "–"


def test_a_table_is_downloaded_without_a_network(page, study, tmp_path):
    page.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path), eventsEnabled=True)
    page.get("document.querySelector('a[download=\"ranking.csv\"]').click()")
    page.wait("Browser.downloadProgress", state="completed")
    assert os.listdir(tmp_path) == ["ranking.csv"]
    assert (tmp_path / "ranking.csv").read_bytes() == (study.out / "tables/ranking.csv").read_bytes()


def test_it_can_be_read_in_the_dark(page):
    pairs = {}
    for scheme in ("light", "dark"):
        page.prefer(scheme)
        for what in ("body", "figcaption", "nav a", "thead button"):
            paper = page.get("getComputedStyle(document.body).backgroundColor")
            ink = page.get(f"getComputedStyle(document.querySelector('{what}')).color")
            pairs[scheme, what] = contrast(ink, paper)
            assert (luminance(paper) < 0.1) == (scheme == "dark")
        assert page.get("getComputedStyle(document.querySelector('svg text, svg path')).fill")
    assert min(pairs.values()) > 4.5, pairs


def luminance(colour):
    """Relative luminance of a colour such as rgb(1, 2, 3), by the definition of WCAG."""
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first, second):
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def test_it_can_be_printed(page):
    page.prefer("dark")  # paper is white for everybody
    assert page.print().startswith(b"%PDF")
    page.send("Emulation.setEmulatedMedia", media="print")
    assert page.get("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert luminance(page.get("getComputedStyle(document.body).backgroundColor")) > 0.9
    page.send("Emulation.setEmulatedMedia", media="")


def test_it_works_without_scripts(page, study):
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.open(study.report)
        root = page.send("DOM.getDocument")["root"]["nodeId"]

        def count(selector):
            return len(page.send("DOM.querySelectorAll", nodeId=root, selector=selector)["nodeIds"])

        rows = count("#ranking [aria-label=Ranking] tbody tr")
        assert count("button") == 0 and rows == len(study.maps) and count("figure svg") >= 7
    finally:
        page.send("Emulation.setScriptExecutionDisabled", value=False)
