"""A program that knows no mesh: answers GET with what http://weather.airport.local:8080 said, as JSON.

Started with one word it does something else: `silent` never listens, `broken` ends with an error, `family` leaves the
listening to a child.
"""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

PASSED = ("x-request-id", "x-standin", "x-chaosmesh-lineage")


class Reporter(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/ping":
            self.answer(200, {"ping": os.getpid()})
            return
        headers = {name: value for name in PASSED if (value := self.headers.get(name))}
        request = urllib.request.Request(f"http://weather.airport.local:8080{self.path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                status, body = answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read().decode()
        except OSError as error:
            status, body = 502, str(error)
        self.answer(status, {"weather": body, "told": {name: os.environ.get(name) for name in sys.argv[2:]}})

    def answer(self, status: int, body: object) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: object) -> None:
        pass


def main() -> None:
    how = sys.argv[1] if len(sys.argv) > 1 else ""
    if how == "broken":
        sys.exit("the barometer is broken")
    if how == "silent":
        print("waiting for the wind", flush=True)
        time.sleep(600)
    if how == "family":
        sys.exit(subprocess.call([sys.executable, __file__, "child"]))
    server = http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Reporter)
    print("the forecast is ready", flush=True)
    server.serve_forever()


main()
