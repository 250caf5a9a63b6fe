"""Browser, system and device from a User-Agent, as coarse as a chart or a list of devices needs."""

BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))

SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def system_of(agent: str) -> str:
    """The operating system's name. Order matters: Android calls itself Linux, and iOS like Mac OS X."""
    return next((name for mark, name in SYSTEMS if mark in agent), "other")


def browser_of(agent: str) -> str:
    """The browser's name. Order matters: nearly all of them also call themselves Chrome and Safari."""
    return next((name for mark, name in BROWSERS if mark in agent), "other")


def device_of(agent: str) -> str:
    if "iPad" in agent or "Tablet" in agent:
        return "tablet"
    return "mobile" if "Mobi" in agent else "desktop"
