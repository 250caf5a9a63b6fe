"""Where people watch: their devices and open sessions, and signing them out."""
