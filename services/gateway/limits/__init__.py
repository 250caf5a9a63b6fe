"""The gateway's edges: how often, how much, from which pages, and with which headers."""
