"""The site in headless Chromium: wide and narrow, light and dark."""

import re
import shutil

import pytest

from tests.helpers import built_site

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no Chromium is installed"
)
PAGES = {
    "home": "index.html",
    "a guide": "guide/uncertainty.html",
    "an entry of the reference": "api/callbacks.OneCycle.html",
    "the gallery": "gallery/index.html",
    "the figures": "figures/index.html",
    "the checks": "checks.html",
}
WIDTHS = {"phone": 390, "desktop": 1280}
# Of red, green and blue each, from 0 to 255.
BACKGROUNDS = {"light": (240, 255), "dark": (0, 60)}


@pytest.fixture(scope="module")
def browser():
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
    ):
        options.add_argument(argument)
    service = webdriver.ChromeService(DRIVER)
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield driver
    finally:
        driver.quit()


def look_at(browser, page, width=1280, theme="light", query=""):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {
            "width": width,
            "height": 844,
            "deviceScaleFactor": 1,
            "mobile": width < 600,
        },
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": theme}]},
    )
    browser.get((built_site.SITE / page).as_uri() + query)


@pytest.mark.parametrize("theme", BACKGROUNDS)
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page(browser, page, width, theme):
    look_at(browser, page, width, theme)
    said = [e for e in browser.get_log("browser") if e["level"] != "INFO"]
    assert said == []
    wide, visible = browser.execute_script(
        "return [document.documentElement.scrollWidth, window.innerWidth]"
    )
    assert wide <= visible == width
    shown = browser.execute_script(
        "return getComputedStyle(document.body).backgroundColor"
    )
    least, most = BACKGROUNDS[theme]
    colours = [int(number) for number in re.findall(r"\d+", shown)[:3]]
    assert least <= min(colours) <= max(colours) <= most
    loaded = browser.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)"
    )
    assert [name for name in loaded if not name.startswith("file:")] == []


def test_code_scrolls_inside_itself(browser):
    look_at(browser, "figures/index.html", WIDTHS["phone"])
    overflow = browser.execute_script(
        "return [...document.querySelectorAll('pre')]"
        ".map(e => getComputedStyle(e).overflowX)"
    )
    assert set(overflow) == {"auto"}


@pytest.mark.parametrize(
    "query, page",
    [
        ("fit_one_cycle", "api/callbacks.OneCycle.html"),
        ("lr_find", "api/tuning.find_learning_rate.html"),
        ("BackboneFinetuning", "api/callbacks.FineTuning.html"),
        ("MCDropoutModule", "api/uncertainty.to_mc.html"),
        ("layer_decay", "api/optimizers.layer_decay.html"),
        ("update_bn", "api/batch_norm.refresh.html"),
    ],
)
def test_the_search_finds(browser, query, page):
    from selenium.webdriver.support.ui import WebDriverWait

    look_at(browser, "search.html", query=f"?q={query}")
    WebDriverWait(browser, 60).until(
        lambda b: "finished" in b.find_element("id", "search-results").text
    )
    found = browser.find_elements("css selector", "#search-results li a")
    targets = [link.get_attribute("href").split("?")[0] for link in found]
    assert any(target.partition("#")[0].endswith(page) for target in targets)
