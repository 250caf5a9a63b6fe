"""What a User-Agent says of its sender, as charts and the list of devices show it."""

import pytest

from shared.http.user_agents import Client, client_of

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
KNOWN = [
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/141.0.0.0 Safari/537.36", "Chrome", "Windows", "desktop"),
    (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0", "Edge", "Windows", "desktop"),
    (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/141.0.0.0 Safari/537.36 OPR/125.0.0.0", "Opera", "Windows", "desktop"),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox", "Linux", "desktop"),
    (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/141.0.0.0 Safari/537.36", "Chrome", "ChromeOS", "desktop"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
     "Safari", "macOS", "desktop"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) Version/26.1 Mobile/15E148 Safari/604.1", "Safari", "iOS", "mobile"),
    ("Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) Version/16.0 Mobile/15E148 Safari/604.1", "Safari", "iPadOS", "tablet"),
    (f"Mozilla/5.0 (Linux; Android 16; Pixel 9) {WEBKIT} Chrome/141.0.0.0 Mobile Safari/537.36", "Chrome", "Android", "mobile"),
    (f"Mozilla/5.0 (Linux; Android 15; SM-X700) {WEBKIT} Chrome/141.0.0.0 Safari/537.36", "Chrome", "Android", "tablet"),
    (f"Mozilla/5.0 (Web0S; Linux/SmartTV) {WEBKIT} Chrome/120.0.0.0 Safari/537.36 WebAppManager", "Chrome", "webOS", "tv"),
    ("AppleCoreMedia/1.0.0.21J354 (Apple TV; U; CPU OS 17_0 like Mac OS X; en_us)", "other", "tvOS", "tv"),
    ("VLC/3.0.21 LibVLC/3.0.21", "VLC", "other", "other"),
    ("", "other", "other", "other"),
    ("\x00\ufffd" * 70_000, "other", "other", "other"),
]  # fmt: skip


@pytest.mark.parametrize(("agent", "browser", "system", "device"), KNOWN, ids=[one[0][:60] for one in KNOWN])
def test_who_asks(agent: str, browser: str, system: str, device: str) -> None:
    assert client_of(agent) == Client(browser, system, device)  # type: ignore[arg-type]
