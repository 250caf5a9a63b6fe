"""Lectern on one machine: the real servers from wheels, all services, one supervisor, one command."""
