"""The `lectern` command. Each group of commands has its own module, and imports what is heavy only when it runs."""

import typer

from cli import apikeys, costs, instance, keys, storage, tokens, users, videos
from cli.doctor import command as doctor
from cli.imports import command as imports

app = typer.Typer(
    name="lectern",
    help="Self-hosted course video: run it, upload films, make tokens.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
instance.register(app)
doctor.register(app)
tokens.register(app)
apikeys.register(app)
users.register(app)
keys.register(app)
storage.register(app)
costs.register(app)
videos.register(app)
imports.register(app)

if __name__ == "__main__":
    app()
