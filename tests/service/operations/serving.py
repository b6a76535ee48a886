"""The service as a process of its own, with deadlines of a test's choice: ``python serving.py HEAD BODY``."""

import sys

from service import settings, telemetry
from service.api.app import create_app
from service.api.bodies import Limits
from service.api.callers import Patience
from service.api.server import Server
from service.main import build_service


def announce(address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


def main() -> None:
    head, body = map(float, sys.argv[1:])
    chosen = settings.load()
    telemetry.configure("error")
    patience = Patience(head_seconds=head, reading_seconds=head, idle_seconds=max(1, int(head / 2)))
    app = create_app(build_service(chosen), Limits(body_seconds=body, linger_seconds=0.5))
    Server(app, host="127.0.0.1", port=0, announce=announce, patience=patience).serve_until_ended()


if __name__ == "__main__":
    main()
