"""Keys for platforms' back ends: scoped, revocable, and stored as hashes only."""
