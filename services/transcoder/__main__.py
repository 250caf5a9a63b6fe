"""``python -m services.transcoder``: the API."""

from services.transcoder.app import create_app
from services.transcoder.settings import TranscoderSettings
from shared.http import serve
from shared.settings import read

if __name__ == "__main__":
    settings = read(TranscoderSettings)
    serve(create_app(settings), settings)
