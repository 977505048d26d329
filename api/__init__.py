"""REST, the live socket, and the gate in front of the studio. Stands on the engine alone."""

from api.app import create_api

__all__ = ["create_api"]
