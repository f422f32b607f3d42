"""The page in headless Chromium: it loads, filters, takes names for text."""

import shutil

import pytest

from tests.helpers.odd_reports import ODD
from tests.helpers.odd_reports import odd_page

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")

pytestmark = [
    pytest.mark.one_backend,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="no Chromium is installed"
    ),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=390,844",
    ):
        options.add_argument(argument)
    service = webdriver.ChromeService(DRIVER)
    driver = webdriver.Chrome(options=options, service=service)
    try:
        path = tmp_path_factory.mktemp("page") / "report.html"
        path.write_text(odd_page(), "utf-8")
        driver.get(path.as_uri())
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def fresh(browser):
    """The browser with the page as it was loaded."""
    browser.find_element("css selector", "button[type=reset]").click()
    wait_for(browser, "5 of 5 shown")
    return browser


def wait_for(browser, text):
    from selenium.webdriver.support.ui import WebDriverWait

    shown = browser.find_element("id", "shown")
    WebDriverWait(browser, 30).until(lambda _: shown.text == text)


def codes(browser):
    found = browser.find_elements("css selector", "article.finding")
    return [a.get_attribute("data-code") for a in found if a.is_displayed()]


def test_it_loads_without_a_word_in_the_console(browser):
    assert browser.get_log("browser") == []
    assert codes(browser) == ["L102", "L101", "A101", "O101", "I101"]


def test_names_stay_text(browser):
    assert browser.execute_script("return window.broken") is None
    assert browser.find_elements("css selector", "img") == []
    where = browser.find_elements("css selector", ".where")
    assert ODD in [one.text for one in where]
    drawn = browser.find_elements("css selector", "figure svg text")
    texts = [one.get_attribute("textContent") for one in drawn]
    assert ODD in texts


def test_severities_are_filtered_by_the_keyboard(fresh):
    box = fresh.find_element("css selector", "input[value=error]")
    box.send_keys(" ")
    assert codes(fresh) == ["A101", "O101", "I101"]
    wait_for(fresh, "3 of 5 shown")


def test_topics_are_filtered(fresh):
    from selenium.webdriver.support.ui import Select

    Select(fresh.find_element("name", "topic")).select_by_value("loss")
    assert codes(fresh) == ["L102", "L101"]
    fresh.find_element("css selector", "input[value=error]").click()
    assert codes(fresh) == []
    wait_for(fresh, "0 of 5 shown")


def test_a_phone_need_not_scroll_sideways(browser):
    width, visible = browser.execute_script(
        "return [document.documentElement.scrollWidth, window.innerWidth]"
    )
    assert width <= visible


def theme(browser, name):
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": name}]},
    )
    return browser.execute_script(
        "return getComputedStyle(document.body).backgroundColor"
    )


def test_it_is_dark_where_the_reader_wants_it(browser):
    assert theme(browser, "light") == "rgb(255, 255, 255)"
    assert theme(browser, "dark") == "rgb(22, 24, 27)"


def test_the_filter_is_not_printed(browser):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    form = browser.find_element("id", "filter")
    try:
        assert not form.is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
