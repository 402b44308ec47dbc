"""Who looks at the control tower, until standard input ends: `readers URL COUNT` or `tabs URL COUNT`; prints "ready"."""

from __future__ import annotations

import shutil
import socket
import sys
import threading
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright


def readers(url: str, count: int) -> None:
    """Connections that read the stream of events and draw nothing."""
    place = urlsplit(url)
    address = (place.hostname or "", place.port or 80)
    for _ in range(count):
        connection = socket.create_connection(address)
        connection.sendall(f"GET /api/stream HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
        threading.Thread(target=_drain, args=(connection,), daemon=True).start()
    _wait()


def tabs(url: str, count: int) -> None:
    """Tabs of one real Chromium. Without a window each of them counts as seen, so that all of them draw."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1440, "height": 960})
        for _ in range(count):
            page = context.new_page()
            page.goto(url)
            page.wait_for_selector(".pill")
        _wait()
        browser.close()


def _drain(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _wait() -> None:
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    {"readers": readers, "tabs": tabs}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
