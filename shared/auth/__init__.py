"""How one service proves to another who is calling, and on whose behalf."""

from shared.auth.service_tokens import InvalidServiceToken, ServiceTokens

__all__ = ["InvalidServiceToken", "ServiceTokens"]
