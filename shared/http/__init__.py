"""What every service's HTTP face has in common."""

from shared.http.problems import Problem, install_problem_handlers, problem_response, request_interrupted
from shared.http.server import new_app, serve

__all__ = ["Problem", "install_problem_handlers", "new_app", "problem_response", "request_interrupted", "serve"]
