"""The dashboard in a real browser: opened by its link, live through a switch, for everybody.

``STANDBY_PICTURES=1`` writes what it looks like to ``docs/images``.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from standby.adapters.host import secrets
from standby.adapters.host.clock import SystemClock
from standby.adapters.host.fingerprints import KeyedFingerprints
from standby.adapters.host.paths import paths
from standby.adapters.ledger.sqlite import SqliteLedger
from standby.core.redact import Secret
from standby.server.api.openapi import PATHS
from standby.testing.accounts import SUBSCRIPTION
from standby.testing.cloud import FakeCloud
from tests import prepare
from tests.app.showing.test_views import hold
from tests.browser.browser import Browser
from tests.e2e.asking import Client
from tests.e2e.gateway import Gateway, model
from tests.fakes import month

pytestmark = pytest.mark.anyio

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PICTURES = os.environ.get("STANDBY_PICTURES") == "1"
MOST_BYTES = 200_000
HOUR_S = 3600.0
# While a limit lasts, one request a second asks whether it still does.
PROBES = {"CLOUD_PROBE_EVERY_S": "1", "CLOUD_PROBE_OFTEN_S": "1"}
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module", autouse=True)
def a_browser():
    if prepare.chromium() and prepare.driver():
        return
    why = "there is no Chromium, or nothing that drives it: `python -m tests.prepare` says how"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="module")
async def cloud():
    async with FakeCloud() as cloud:
        yield cloud


async def seed(folder):
    """A month of work in the ledger, and windows as they were seen."""
    where = paths({"STANDBY_HOME": str(folder)})
    where.make()
    clock = SystemClock()
    fingerprints = KeyedFingerprints(
        secrets.installation_key(where.key_file), clock, where.fingerprints_file
    )
    account = fingerprints.account("bearer", Secret(SUBSCRIPTION.credential))
    ledger = SqliteLedger(where.ledger_file, clock)
    await ledger.open()
    now = clock.now()
    for number, entry in enumerate(month.entries(now, account=account)):
        ledger.book(entry)
        if number % 1000 == 999:
            await ledger.recent(1)
    for length_s, name, used in ((5 * HOUR_S, "5h", 0.71), (168 * HOUR_S, "7d", 0.41)):
        for at, window in month.windows(now, length_s, used, name, every_s=length_s / 120):
            ledger.saw(account, (window,), at)
    await ledger.recent(1)
    await ledger.close()
    return account


@pytest.fixture(scope="module")
async def gateway(cloud, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dashboard")
    await seed(folder)
    async with Gateway(folder, cloud.url, await model(), PROBES) as gateway:
        yield gateway


@pytest.fixture(scope="module")
async def client(gateway):
    return Client(gateway)


@pytest.fixture(scope="module")
async def browser(gateway, client, cloud):
    cloud.limit(SUBSCRIPTION, None)
    await client.say("hello")
    async with Browser() as browser:
        link = await client("POST", "/standby/link")
        browser.link = link.value["url"]
        browser.began = time.monotonic()
        browser.status = await browser.open(url=browser.link)
        await browser.wait(selector="#sessions .session")
        await browser.until(script="document.querySelector('#live').dataset.state === 'live'")
        browser.took_s = time.monotonic() - browser.began
        yield browser


async def picture(browser, name, *, top=False):
    if not PICTURES:
        return
    if top:
        await browser.run(script="scrollTo(0, 0)")
    IMAGES.mkdir(exist_ok=True)
    await browser.picture(path=str(IMAGES / name), full=False)
    assert (IMAGES / name).stat().st_size < MOST_BYTES


async def test_the_link_opens_it_once_and_leaves_nothing_in_the_address(browser, client, gateway):
    assert 200 == browser.status
    assert "/standby/" == await browser.run(script="location.pathname + location.search")
    assert "" == await browser.run(script="location.hash")
    again = await client("GET", browser.link.removeprefix(gateway.url))
    assert 403 == again.status
    [cookie] = await browser.cookies()
    assert (True, "Strict", "/standby/") == (
        cookie["httpOnly"],
        cookie["sameSite"],
        cookie["path"],
    )
    assert "" == await browser.run(script="document.cookie")
    assert gateway.token not in json.dumps(await browser.asked())


async def test_it_shows_who_answers_what_is_left_and_what_was_done(browser):
    assert "The cloud answers" == await browser.text(selector=".headline")
    windows = await browser.texts(selector=".window h3")
    assert {"5 hours", "7 days"} <= set(windows)
    assert await browser.text(selector=".window .forecast")
    assert "In 24 hours:" in await browser.text(selector="#timeline-words")
    assert await browser.texts(selector="#engines-list .card h3")


async def test_no_barrier_for_anybody_in_light_and_dark_and_on_a_phone(browser):
    for scheme, width in (("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)):
        await browser.colours(scheme=scheme)
        await browser.size(width=width, height=900 if width > 400 else 844)
        found = await browser.axe()
        assert [] == found, (scheme, width)
        overflow = await browser.run(
            script="document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert 0 == overflow, (scheme, width)
        if (scheme == "dark") == (width < 400):
            name = f"dashboard-{scheme}-{'phone' if width < 400 else 'wide'}.png"
            await picture(browser, name)
    await browser.colours(scheme="light")
    await browser.size(width=1280, height=900)


async def test_a_session_opens_with_the_keyboard_alone(browser):
    await browser.run(script="document.querySelector('button.session').focus()")
    await browser.press(key="Enter")
    await browser.wait(selector=".session[aria-expanded=true] + .session-more table tbody tr")
    focused = "document.activeElement.matches('.session[aria-expanded=true]')"
    assert await browser.run(script=focused)
    await browser.press(key="Enter")
    await browser.until(script="!document.querySelector('.session[aria-expanded=true]')")


async def test_every_control_is_reached_with_the_keyboard_alone(browser):
    await browser.run(script="document.activeElement.blur()")
    reached = set()
    for _ in range(40):
        await browser.press(key="Tab")
        words = "(document.activeElement.textContent || document.activeElement.id).trim()"
        reached.add(await browser.run(script=words))

    assert {"Skip to the content", "Timeline", "Sessions", "7 days", "Show 42 more"} <= reached
    assert {"Auto", "Spare", "Local", "Cloud", "mode-short"} <= reached


async def test_the_theme_is_chosen_and_kept(browser):
    async def dark():
        return await browser.run(script="getComputedStyle(document.body).colorScheme") == "dark"

    while "dark" not in await browser.text(selector="#theme"):
        await browser.click(selector="#theme")
    assert await dark()
    assert "dark" == await browser.run(script="localStorage.getItem('standby-theme')")
    while "auto" not in await browser.text(selector="#theme"):
        await browser.click(selector="#theme")
    assert not await dark()


async def test_a_switch_shows_at_once_and_so_does_the_way_back(browser, client, cloud):
    cloud.exhaust(SUBSCRIPTION, "five_hour")
    answer = await client.say("and now?")
    assert answer.by.startswith("local")
    await browser.until(
        script="document.querySelector('.headline').textContent === 'This machine answers'"
    )
    assert "the 5-hour limit is reached" in await browser.text(selector=".why")
    newest = "document.querySelector('#switches li').textContent"
    await browser.until(script=f"{newest}.includes('to this machine')")
    await picture(browser, "dashboard-switched.png", top=True)

    cloud.restore(SUBSCRIPTION)
    async with asyncio.timeout(30):
        while (await client.say("and again?")).by != "cloud":  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.1)
    await browser.until(
        script="document.querySelector('.headline').textContent === 'The cloud answers'"
    )


async def test_a_mode_that_somebody_chose_is_shown_as_long_as_it_holds(browser, client):
    await client("POST", "/standby/use?what=spare")
    await browser.until(script="document.querySelector('#now').textContent.includes('Mode spare')")
    await client("POST", "/standby/use?what=auto")
    await browser.until(script="!document.querySelector('#now').textContent.includes('Mode')")


def pressed(browser):
    return browser.texts(selector="#modes-buttons button[aria-pressed=true]")


async def mode(client):
    return (await client("GET", "/standby/status")).value["policy"]


async def test_a_mode_is_chosen_with_a_click_and_ends_by_itself(browser, client):
    await browser.click(selector="#modes-buttons button[data-key=local]")
    await browser.until(
        script="document.querySelector('.headline').textContent === 'This machine answers'"
    )
    for_good = await mode(client)
    assert ["Local"] == await pressed(browser)
    answer = await client.say("and by whom?")
    assert answer.by.startswith("local")

    await browser.click(selector="#mode-short")
    await browser.run(script="document.querySelector('#modes-buttons [data-key=spare]').focus()")
    await browser.press(key="Enter")
    await browser.until(
        script="document.querySelector('#modes-words').textContent.includes('; until ')"
    )
    short = await mode(client)
    assert ["Spare"] == await pressed(browser)
    assert [] == await browser.axe()

    await browser.click(selector="#mode-short")
    await browser.click(selector="#modes-buttons button[data-key=auto]")
    await browser.until(script="!document.querySelector('#now').textContent.includes('Mode')")
    assert ("local", None) == (for_good["mode"], for_good["until"])
    assert "spare" == short["mode"]
    assert 7100 < short["until"] - time.time() <= 7200
    assert "auto" == (await mode(client))["mode"]


async def test_a_choice_made_elsewhere_is_pressed_here(browser, client):
    await client("POST", "/standby/use?what=cloud")
    chosen = "document.querySelector('#modes-buttons [aria-pressed=true]').textContent === 'Cloud'"
    await browser.until(script=chosen)
    await client("POST", "/standby/use?what=settings")
    await browser.until(script=chosen.replace("Cloud", "Auto"))


async def test_with_the_cookie_alone_nobody_changes_anything(browser, client, gateway):
    [cookie] = await browser.cookies()
    ours = {
        "Cookie": f"{cookie['name']}={cookie['value']}",
        "Origin": gateway.url,
        "Sec-Fetch-Site": "same-origin",
    }
    got = []
    async with aiohttp.ClientSession() as session:
        for more in ({}, {"x-standby-hand": cookie["value"]}, {"x-standby-hand": "x" * 43}):
            url = f"{gateway.url}/standby/api/v1/use?what=local"
            async with session.post(url, headers={**ours, **more}) as answer:
                got.append(answer.status)

    assert [401, 401, 401] == got
    assert "auto" == (await mode(client))["mode"]


async def test_each_range_of_time_has_its_timeline(browser):
    for name, words in (("6h", "6 hours"), ("30d", "30 days"), ("24h", "24 hours")):
        await browser.click(selector=f"#ranges button[data-key='{name}']")
        said = f"document.querySelector('#timeline-words').textContent.includes('{words}')"
        await browser.until(script=said)
        pressed = await browser.texts(selector="#ranges button[aria-pressed=true]")
        assert [words] == pressed


async def test_what_a_client_names_is_text_and_never_markup(browser, client):
    name = "x-claude-code-session-id"
    await client("POST", "/v1/messages", {"model": EVIL, "max_tokens": 9, "messages": []},
                 **{name: EVIL})  # fmt: skip
    await browser.until(
        script="document.querySelector('#sessions').textContent.includes('<img src')"
    )
    await browser.click(selector=f".session[data-key='{EVIL}']")
    await browser.wait(selector=".session[aria-expanded=true] + .session-more table")
    more = await browser.text(selector=".session[aria-expanded=true] + .session-more")

    assert EVIL in more
    assert 0 == await browser.run(script="document.querySelectorAll('main img').length")


@pytest.mark.parametrize("name", [name for name in PATHS if "{" not in name])
async def test_what_the_api_answers_is_what_it_describes(client, name):
    answer = await client("GET", f"/standby/api/v1/{name}")

    assert 200 == answer.status
    hold(PATHS[name][0], answer.value)


async def test_all_faces_say_the_same(browser, client, gateway):
    await client.say("one more")
    told = subprocess.run(
        [sys.executable, "-m", "standby", "usage", "--json"],
        env=gateway.environment, capture_output=True, check=True, timeout=30,
    )  # fmt: skip
    cli = json.loads(told.stdout)
    api = (await client("GET", "/standby/api/v1/usage")).value
    glance = (await client("GET", "/standby/glance")).value
    text = (await client("GET", "/metrics")).body.decode()
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]

    def used(windows):
        return {one["name"]: one["used"] for one in windows if one["used"] is not None}

    windows = used(api["accounts"][0]["windows"])
    metrics = {
        s.labels["window"]: s.value for s in samples if s.name == "standby_window_used_ratio"
    }
    answering = {s.labels["side"]: s.value for s in samples if s.name == "standby_answering"}
    assert windows == used(cli["accounts"][0]["windows"]) == metrics
    assert used(glance["windows"]).items() <= windows.items()
    assert "cloud" == api["now"]["side"] == cli["now"]["side"] == glance["answering"]
    assert 1 == answering["cloud"]
    for name in ("requests", "ok", "saved", "switches", "output_tokens"):
        assert api["week"][name] == cli["week"][name]
    status = (await client("GET", "/standby/status")).value
    assert "cloud" == status["answering"]
    shown = "[...document.querySelectorAll('#totals-list dd')][0].textContent === '{}'"
    await browser.until(script=shown.format(api["today"]["requests"]))
    percents = await browser.texts(selector=".window .big")
    assert [f"{one['used'] * 100:.0f}" for one in api["accounts"][0]["windows"]
            if one["used"] is not None] == [
        words.split()[0] for words in percents if words[0].isdigit()
    ]  # fmt: skip


async def test_nothing_was_loaded_from_elsewhere_and_no_error_was_said(browser, gateway):
    asked = await browser.asked()
    foreign = [url for url in asked if not url.startswith((gateway.url, "data:", "chrome"))]

    assert [] == foreign
    assert [] == [words for words in await browser.said() if not words.startswith("log:")]


async def test_when_the_visit_is_over_it_says_how_to_go_on(browser, gateway):
    port = gateway.url.rpartition(":")[2]
    await gateway.stop()
    gateway.settings["GATEWAY_PORT"] = port
    await gateway.start()
    await browser.until(script="document.querySelector('#live').dataset.state === 'over'")

    assert "standby dashboard" in await browser.text(selector="#notice")
