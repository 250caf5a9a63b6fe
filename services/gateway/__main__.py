"""``python -m services.gateway``."""

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.http import serve
from shared.settings import read

if __name__ == "__main__":
    settings = read(GatewaySettings)
    serve(create_app(settings), settings)
