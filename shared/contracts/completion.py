"""When a chapter is completed, as media describes it to people and progress decides it."""

COMPLETE_AT = 90.0
"""Per cent of a film that have to be watched, where neither its chapter nor its course says otherwise."""
