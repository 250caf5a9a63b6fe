"""``python -m services.media``: the API."""

from services.media.app import create_app
from services.media.settings import MediaSettings
from shared.http import serve
from shared.settings import read

if __name__ == "__main__":
    settings = read(MediaSettings)
    serve(create_app(settings), settings)
