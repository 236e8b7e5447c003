"""The page, in a real browser: offline, by keyboard, on a phone, and as a screen reader is told of it."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from support.compared import SECONDS, made, recordings, sessions
from voxport.report.comparison import Comparison
from voxport.report.page import html
from voxport.report.sound import Sound

CHROMIUM = "/usr/bin/chromium"
"""Debian's."""
pytestmark = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Debian's chromium")
DESKTOP, PHONE = (1280, 900), (390, 844)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    path = folder / "report.html"
    path.write_text(html(made(recordings(folder), sessions())), encoding="utf-8")
    return path


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser, file: Path) -> Iterator[Page]:
    """The page, opened. It asks for nothing else and complains of nothing."""
    width, height = request.param
    complaints: list[str] = []
    with browser.new_context(viewport={"width": width, "height": height}, offline=True) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith("data:") else None)
        page.goto(file.as_uri())
        yield page
    assert complaints == [file.as_uri()]


LOADED = (
    "audio => audio.readyState || new Promise(done => audio.addEventListener('loadedmetadata', done, {once: true}))"
)


def wait_for_sound(page: Page) -> None:
    """Without a text for the page to evaluate, which its own policy forbids."""
    page.locator(".item audio").first.evaluate(LOADED)


def test_it_is_accessible(page: Page) -> None:
    for summary in page.locator("summary").all():
        summary.click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_it_fits_the_width(page: Page) -> None:
    page.locator(".item summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_tables_and_pictures_have_names(page: Page) -> None:
    assert page.get_by_role("table").first.get_attribute("aria-label")
    pictures = page.locator("svg[role=img]").all()
    assert len(pictures) > 5
    assert all(picture.get_attribute("aria-label") for picture in pictures)


def test_the_recording_with_the_most_errors_comes_first(page: Page) -> None:
    assert page.locator(".item summary span").all_text_contents() == ["two", "one", "silence"]


def test_a_recording_opens_by_keyboard_and_can_be_heard(page: Page) -> None:
    page.locator(".item summary").first.focus()
    page.keyboard.press("Enter")
    sound = page.locator(".item audio").first
    wait_for_sound(page)
    assert sound.evaluate("audio => audio.duration") == pytest.approx(SECONDS, abs=0.1)
    assert sound.get_attribute("controls") is not None


def test_a_click_on_the_timeline_goes_there(page: Page) -> None:
    page.locator(".item summary").first.click()
    wait_for_sound(page)
    time = page.locator(".item .time").first
    box = time.bounding_box()
    assert box
    span = float(time.get_attribute("data-span") or 0)
    page.evaluate("HTMLMediaElement.prototype.play = () => Promise.resolve()")
    time.click(position={"x": 40, "y": box["height"] / 2})
    assert page.locator(".item audio").first.evaluate("audio => audio.currentTime") == pytest.approx(
        span * 40 / box["width"], abs=0.05
    )
    expect(page.locator(".item .head").first).to_be_visible()


def test_differences_are_marked_and_told(page: Page) -> None:
    page.locator(".item summary", has_text="one").click()
    item = page.locator(".item", has_text="one").filter(has=page.locator("summary span", has_text="one"))
    assert item.locator("del").all_text_contents() == ["morning"]
    assert item.locator("ins").all_text_contents() == ["mourning", "there"]
    assert item.locator("del").first.evaluate("mark => getComputedStyle(mark, '::before').content") == '" [missing: "'


def test_what_was_said_is_text_and_never_markup(page: Page) -> None:
    for summary in page.locator("summary").all():
        summary.click()
    expect(page.locator(".item dd", has_text="<b>more</b>").first).to_be_visible()
    assert page.locator("dd b").count() == 0
    expect(page.get_by_role("cell", name="alert(1)").first).to_be_visible()


def test_a_failed_session_says_why(page: Page) -> None:
    page.locator(".item summary", has_text="two").click()
    expect(page.locator(".item dd strong", has_text="the line broke (1006)")).to_be_visible()


def test_recordings_can_be_found(page: Page) -> None:
    page.get_by_role("searchbox").fill("MOURNING")
    assert page.locator(".item:visible summary span").all_text_contents() == ["one"]
    expect(page.locator("#find output")).to_have_text("1 of 3")


def test_everything_can_be_read_without_its_script(browser: Browser, file: Path) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(file.as_uri())
        page.locator(".item summary", has_text="one").click()
        expect(page.locator(".item ins", has_text="mourning")).to_be_visible()
        expect(page.locator("#find")).to_be_hidden()


class Elements(HTMLParser):
    """Counts them."""

    count = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.count += 1


@pytest.fixture
def thousand(comparison: Comparison, monkeypatch: pytest.MonkeyPatch) -> Comparison:
    """A thousand recordings, each with more sound than fits."""
    monkeypatch.setattr(Sound, "opus", lambda _self: bytes(20_000))
    (one, two, silence), summary = comparison.items, comparison.summary
    items = [msgspec.structs.replace((one, two, silence)[at % 3], id=f"{at:04}") for at in range(1000)]
    known = comparison.takes
    return msgspec.structs.replace(
        comparison,
        items=items,
        takes=lambda name: known((one, two, silence)[int(name) % 3].id),
        summary=msgspec.structs.replace(
            summary,
            items=tuple(msgspec.structs.replace(summary.items[at % 3], id=item.id) for at, item in enumerate(items)),
        ),
    )


def test_a_thousand_recordings_stay_small(thousand: Comparison) -> None:
    written = html(thousand)
    assert len(written.encode()) < 20_000_000
    assert written.count('class="item"') == 1000
    assert "the page would be too large" in written
    elements = Elements()
    elements.feed(written)
    assert elements.count < 100_000
