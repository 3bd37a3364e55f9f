"""A web site on loopback: pages by path, with the headers that they need."""

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class Site:
    """``with Site("<!doctype html>…") as site: page.goto(site.url)``. ``headers`` are sent with the page.

    ``host`` is the name in its URL: ``localhost`` is another site than ``127.0.0.1``, at the same address.
    """

    def __init__(self, html: str, headers: Mapping[str, str] | None = None, host: str = "127.0.0.1") -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                for name, value in {"Content-Type": "text/html; charset=utf-8", **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(html.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://{host}:{self.server.server_port}/"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
