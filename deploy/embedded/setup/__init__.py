"""From a fresh clone to a synced environment and a built web app, with the standard library alone."""
