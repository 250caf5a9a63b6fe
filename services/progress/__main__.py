"""``python -m services.progress``."""

from services.progress.app import create_app
from services.progress.settings import ProgressSettings
from shared.http import serve
from shared.settings import read

if __name__ == "__main__":
    settings = read(ProgressSettings)
    serve(create_app(settings), settings)
