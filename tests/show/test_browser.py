"""What a browser makes of the page. Needs chromium, chromium-driver (Debian's packages) and selenium."""

import base64
import shutil

import pytest
from selenium import webdriver

from xalign.links import Alignment
from xalign.score.evaluation import Hypothesis
from xalign.show.case import Exhibit
from xalign.show.web import page
from xalign.text.sentences import SentencePair

from exhibits import PAIRS, exhibit  # isort: skip

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    programs = shutil.which("chromium"), shutil.which("chromedriver")
    if None in programs:
        pytest.skip("no browser to drive: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for flag in (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "disable-dev-shm-usage",
        "window-size=1300,1000",
    ):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(programs[1]))
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser, tmp_path):
    """`opened(exhibit)`: the browser with its page; at the end, what it complained about."""

    def open_page(shown, hash="", **options):
        path = tmp_path / "page.html"
        path.write_text(page(shown, **options), encoding="utf-8")
        browser.get("about:blank")
        browser.get(f"{path.as_uri()}{hash}")
        wait(browser, "return document.querySelector('article .panel, #nothing:not([hidden])') !== null")
        return browser

    yield open_page
    assert browser.get_log("browser") == []


def wait(browser, script, *arguments):
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, 20).until(lambda driver: driver.execute_script(script, *arguments))


def texts(browser, selector):
    return browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)", selector
    )


def find(browser, selector):
    return browser.find_element("css selector", selector)


def press(browser, *keys):
    from selenium.webdriver import ActionChains

    ActionChains(browser).send_keys(*keys).perform()


def hover(browser, selector):
    from selenium.webdriver import ActionChains

    ActionChains(browser).move_to_element(find(browser, selector)).perform()


def choose(browser, name, value):
    browser.execute_script(
        "const select = document.getElementById(arguments[0]); select.value = arguments[1];"
        "select.dispatchEvent(new Event('change'))",
        name,
        value,
    )
    wait(browser, "return document.querySelector('article .panel') !== null")


def search(browser, text):
    browser.execute_script(
        "const box = document.getElementById('search'); box.value = arguments[0];"
        "box.dispatchEvent(new Event('input'))",
        text,
    )


def order(browser):
    return [int(text.split("-")[1]) for text in ids(browser)]


IDS = "[...document.querySelectorAll('article')].map((each) => each.id)"


def ids(browser):
    return browser.execute_script(f"return {IDS}")


def test_words_stand_as_they_are(opened):
    browser = opened(exhibit())
    assert texts(browser, "#pair-1 .panel:first-child .word") == [*PAIRS[0].source, *PAIRS[0].target]
    assert texts(browser, "#pair-1 h3 b") == ["mini", "gold.txt"]


def test_every_link_has_a_curve_and_a_mark_of_its_verdict(opened):
    browser = opened(exhibit())
    expected = ["right", "missing", "wrong", "missing", "open", "possible"]
    for kind in (".curves path", ".mark"):
        found = browser.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map((each) => each.getAttribute('class'))",
            f"#pair-1 .panel:first-child {kind}",
        )
        assert [name.removeprefix("mark ") for name in found] == expected


def test_hovering_lights_up_what_a_word_is_linked_to(opened):
    browser = opened(exhibit())
    hover(browser, "#pair-1 .panel:first-child .word[data-side=s][data-index='1']")
    assert texts(browser, "#pair-1 .panel:first-child .word.here") == ["Haus"]
    assert texts(browser, "#pair-1 .panel:first-child .word.lit") == ["house", "is"]
    assert texts(browser, "#pair-1 .panel:last-child .word.lit") == ["house"]
    status = find(browser, "#status").text
    assert "is\u2069 0.50 (wrong: not in the gold)" in status
    hover(browser, "h1")
    assert texts(browser, ".here, .lit") == []
    assert find(browser, "#status").text == ""


def test_a_click_keeps_the_links_until_escape(opened):
    browser = opened(exhibit())
    find(browser, "#pair-1 .word[data-side=s][data-index='0']").click()
    hover(browser, "h1")
    assert "the" in texts(browser, "#pair-1 .word.lit")
    from selenium.webdriver.common.keys import Keys

    press(browser, Keys.ESCAPE)
    assert texts(browser, ".here, .lit") == []


def test_hovering_a_cell_names_both_its_words(opened):
    browser = opened(exhibit())
    hover(browser, "#pair-1 .panel:first-child .mark.wrong")
    assert find(browser, "#status b").text == "Haus – is"


def test_the_keyboard_is_enough(opened):
    from selenium.webdriver.common.keys import Keys

    browser = opened(exhibit())
    press(browser, "j", "j")
    assert browser.execute_script("return document.activeElement.id") == "pair-2"
    press(browser, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ENTER)
    assert browser.execute_script("return document.activeElement.textContent") == "eat"
    press(browser, "k")
    assert texts(browser, "#pair-2 .panel:first-child .word.lit") == ["吃"]
    press(browser, Keys.ESCAPE)
    assert texts(browser, ".lit") == []
    press(browser, "g")
    wait(browser, "return !document.querySelector('.grid')")
    press(browser, "/", "apples")
    wait(browser, "return document.querySelectorAll('article').length === 1")
    press(browser, Keys.ESCAPE, "?")
    assert find(browser, "dialog").is_displayed()


def test_search_finds_words_of_either_side_and_numbers(opened):
    browser = opened(exhibit())
    for text, found in (("HAUS", [1]), ("苹果", [2]), ("عليكم", [3]), ("2", [2]), ("is", [1])):
        search(browser, text)
        expected = [f"pair-{number}" for number in found]
        wait(browser, f"const found = {IDS}; return String(found) === String(arguments[0])", expected)
    search(browser, "<nowhere>")
    wait(browser, "return document.querySelectorAll('article').length === 0")
    assert find(browser, "#nothing").is_displayed()


def test_pairs_are_ordered_by_aer_and_by_score(opened):
    browser = opened(exhibit())
    choose(browser, "order", "aer0")
    assert order(browser) == [1, 3, 2]
    choose(browser, "order", "low0")
    assert order(browser) == [3, 1, 2]
    choose(browser, "order", "high0")
    assert order(browser) == [2, 1, 3]
    choose(browser, "filter", "wrong")
    assert sorted(order(browser)) == [1, 3]


def test_systems_and_gold_stand_side_by_side_and_can_be_hidden(opened):
    browser = opened(exhibit(systems=("one", "two"), gold=False))
    lefts = browser.execute_script(
        "return [...document.querySelectorAll('#pair-1 .panel')].map((each) => each.getBoundingClientRect().left)"
    )
    assert lefts[0] < lefts[1]
    browser.execute_script("document.querySelector('#shown input').click()")
    wait(browser, "return document.querySelectorAll('#pair-1 .panel').length === 1")
    assert texts(browser, "#pair-1 h3 b") == ["two"]


def test_right_to_left_sentences_run_from_right_to_left_in_line_and_grid(opened):
    browser = opened(exhibit())
    for selector in (".word[data-side=t]", ".grid text[data-side=t]"):
        first, second = browser.execute_script(
            "return [...document.querySelectorAll(arguments[0])].slice(0, 2)"
            ".map((each) => each.getBoundingClientRect().left)",
            f"#pair-3 .panel:first-child {selector}",
        )
        assert first > second
    assert (
        browser.execute_script(
            "return getComputedStyle(document.querySelector('#pair-1 .sentence')).direction"
        )
        == "ltr"
    )


@pytest.mark.parametrize(
    "word", ["<script>alert(1)</script>", "</script>", "<img src=x onerror=alert(1)>", "<!--"]
)
def test_text_is_data(opened, word):
    pair = SentencePair((word, "a"), (word,))
    browser = opened(Exhibit.of([pair], [Hypothesis(word, [Alignment.of([(0, 0)])])]), title=word)
    assert texts(browser, ".word") == [word, "a", word]
    assert (browser.title, texts(browser, "h1"), texts(browser, "h3 b")) == (word, [word], [word])
    assert texts(browser, "script") == texts(browser, "#data, body > script:last-of-type")
    assert browser.execute_script("return document.images.length") == 0


def test_nothing_is_loaded(opened):
    browser = opened(exhibit())
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0


MANY = [
    SentencePair.of(f"this is pair number {k} of many", f"dies ist Paar Nummer {k} von vielen")
    for k in range(2000)
]


def test_of_2000_pairs_only_those_near_the_window_are_drawn(opened):
    browser = opened(exhibit(MANY, systems=("one", "two")))
    assert len(ids(browser)) == 2000
    assert len(texts(browser, ".panel")) < 60
    browser.execute_script("scrollTo(0, document.body.scrollHeight)")
    wait(browser, "return document.querySelector('#pair-2000 .panel') !== null")
    wait(browser, "return document.querySelector('#pair-1 .panel') === null")
    assert len(texts(browser, ".panel")) < 60


def test_a_link_to_a_pair_opens_the_page_there(opened):
    browser = opened(exhibit(MANY), hash="#pair-1500")
    wait(
        browser,
        "const box = document.querySelector('#pair-1500').getBoundingClientRect();"
        "return box.top > 0 && box.top < innerHeight / 2",
    )


def test_colours_follow_the_system_and_the_button(opened):
    browser = opened(exhibit())
    ground = "return getComputedStyle(document.body).backgroundColor"
    found = []
    for scheme in ("light", "dark"):
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
        found.append(browser.execute_script(ground))
    assert found[0] != found[1]
    find(browser, "#theme").click()
    assert browser.execute_script(ground) == found[0]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_all_pairs_are_printed_and_the_page_is_as_before(opened):
    browser = opened(exhibit(MANY[:60]))
    drawn = len(texts(browser, ".panel"))
    browser.execute_script(
        "addEventListener('beforeprint', () => { window.printed = document.querySelectorAll('.panel').length; })"
    )
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert pdf.startswith(b"%PDF")
    assert browser.execute_script("return window.printed") == 2 * 60
    wait(browser, "return document.querySelectorAll('.panel').length < 2 * 60")
    assert drawn < 2 * 60


def test_every_control_has_a_name(opened):
    browser = opened(exhibit(systems=("one", "two")))
    controls = browser.find_elements("css selector", "input, select, button, article, .grid svg, .word")
    shown = [each for each in controls if each.is_displayed()][:80]
    assert [each.get_attribute("outerHTML") for each in shown if not each.accessible_name] == []


def test_an_empty_pair_and_an_empty_file_are_no_error(opened):
    nothing = SentencePair((), ())
    browser = opened(Exhibit.of([nothing], [Hypothesis("m", [Alignment()])]))
    assert texts(browser, ".word") == []
    opened(Exhibit.of([], [Hypothesis("m", [])]))
