"""Browser and device from a User-Agent, as coarse as a chart needs."""

BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))


def browser_of(agent: str) -> str:
    """The browser's name. Order matters: nearly all of them also call themselves Chrome and Safari."""
    return next((name for mark, name in BROWSERS if mark in agent), "other")


def device_of(agent: str) -> str:
    if "iPad" in agent or "Tablet" in agent:
        return "tablet"
    return "mobile" if "Mobi" in agent else "desktop"
