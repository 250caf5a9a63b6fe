"""Who was let in to what and who was not, with the reason: kept for a while, and shown to admins."""
