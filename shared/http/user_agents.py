"""Browser, system and device from a User-Agent, as coarse as a chart or a list of devices needs.

The patterns are ua-parser's, which follow what browsers call themselves (uap-core). It names makes and models; what kind
of device that is, is said here.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ua_parser import parse

DeviceType = Literal["desktop", "mobile", "tablet", "tv", "other"]

OTHER = "other"
MOST_SIGNS = 512
"""Longer ones are cut: nobody's browser says so much, and each sign costs."""

SYSTEMS = {
    "Mac OS X": "macOS",
    "Chrome OS": "ChromeOS",
    "ATV OS X": "tvOS",
    "Web0S": "webOS",
    "Chromecast Linux": "Chromecast",
    **dict.fromkeys(("Ubuntu", "Debian", "Fedora", "Red Hat", "CentOS", "SUSE", "Linux Mint", "Arch Linux"), "Linux"),
}
DESKTOPS = ("Windows", "macOS", "ChromeOS", "Linux", "FreeBSD", "OpenBSD")
TELEVISIONS = ("tvOS", "webOS", "Tizen", "Chromecast", "Roku", "FireOS", "Android TV", "Google TV")

# What the same browser calls itself on a telephone, or without a window.
_VARIANT = re.compile(r"^Headless(?=Chrome)|^Mobile (?=Safari)| (?:Mobile|iOS|WebView|UI/WKWebView)\b")
_TELEVISION = re.compile(
    r"smart[- ]?tv|\bAFT[A-Z]|AppleTV|Chromecast|CrKey|Inettv|BRAVIA|Roku|\bTV\b|PlayStation|Xbox", re.I
)
_TABLET = re.compile(r"iPad|Tablet|Kindle|\bTab\b", re.I)


@dataclass(frozen=True)
class Client:
    """Who asks; ``other`` where the agent does not say."""

    browser: str
    system: str
    device: DeviceType


@lru_cache(maxsize=8192)
def client_of(agent: str) -> Client:
    """What a User-Agent says of its sender. Nothing it may say is an error."""
    agent = agent[:MOST_SIGNS]
    found = parse(agent)
    family = found.user_agent.family if found.user_agent else OTHER
    browser = _VARIANT.sub("", family) or OTHER
    named = found.os.family if found.os else OTHER
    make = " ".join(filter(None, (found.device.family, found.device.brand))) if found.device else ""
    system = SYSTEMS.get(named, named)
    if system == "iOS" and "iPad" in make:
        system = "iPadOS"
    return Client(browser, system, _device(agent, system, make))


def _device(agent: str, system: str, make: str) -> DeviceType:
    if "Spider" in make:
        return "other"
    # The television first: most of them also call themselves Android tablets.
    if system in TELEVISIONS or _TELEVISION.search(make):
        return "tv"
    if system == "iPadOS" or _TABLET.search(make):
        return "tablet"
    if system == "Android":
        # As Chrome has it: a tablet is the Android that is not "Mobile". Players of apps say neither.
        return "tablet" if "Mozilla/" in agent and "Mobi" not in agent else "mobile"
    if system == "iOS" or "Mobi" in agent:
        return "mobile"
    return "desktop" if system in DESKTOPS else "other"


def system_of(agent: str) -> str:
    """The operating system's name."""
    return client_of(agent).system


def browser_of(agent: str) -> str:
    """The browser's name, that of an app's player, or of what else asks."""
    return client_of(agent).browser


# The patterns are compiled at the first question: now, and not while somebody waits.
client_of("")
