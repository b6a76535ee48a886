"""Asks a service many times: ``python asking.py ADDRESS KEY NAME COUNT``; prints the statuses as a JSON list."""

import http.client
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

BODY = json.loads((Path(__file__).parents[3] / "samples/good/birth-through-four.json").read_text())


def main() -> None:
    place, key, name, count = sys.argv[1:]
    connection = http.client.HTTPConnection(urlsplit(place).netloc, timeout=60)

    def ask(method: str, path: str, content: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        connection.request(method, path, content, {"Authorization": f"Bearer {key}", **headers})
        response = connection.getresponse()
        return response.status, response.read()

    told = []
    for number in range(int(count)):
        body = json.dumps(BODY | {"id": f"{name}-{number}"}).encode()
        told.append(ask("POST", "/v1/submissions", body, **{"Idempotency-Key": f"{name}-{number}"})[0])
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
