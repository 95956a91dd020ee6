"""A package index on the loopback interface (PEP 503), with credentials if a test asks for them."""

import base64
import hashlib
import html
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class LocalIndex:
    """Serves the wheels that were added; `url` is what `UV_INDEX_URL` or a manifest takes."""

    def __init__(self):
        self.wheels = {}
        self.credentials = None
        self.requests = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/simple/"

    def url_for(self, user, password):
        """The address with credentials in it, as people put them into a variable."""
        return self.url.replace("://", f"://{user}:{password}@")

    def add(self, *wheels):
        """Offers these wheels, by their file names."""
        self.wheels.update({Path(wheel).name: Path(wheel).read_bytes() for wheel in wheels})

    def require(self, user, password):
        """Refuses requests without these credentials from now on."""
        self.credentials = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def page(self, path):
        """The status, the content type and the body for a path."""
        parts = [part for part in path.split("/") if part]
        if parts[:1] == ["files"] and parts[-1] in self.wheels:
            return 200, "application/octet-stream", self.wheels[parts[-1]]
        names = {_normal(file.split("-")[0]) for file in self.wheels}
        if parts == ["simple"]:
            return 200, "text/html", _links((name, f"{name}/") for name in sorted(names))
        if len(parts) == 2 and parts[0] == "simple" and parts[1] in names:
            files = sorted(file for file in self.wheels if _normal(file.split("-")[0]) == parts[1])
            hashed = ((f, f"/files/{f}#sha256={hashlib.sha256(self.wheels[f]).hexdigest()}") for f in files)
            return 200, "text/html", _links(hashed)
        return 404, "text/plain", b"not here\n"


def _handler(index):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            index.requests.append(self.path)
            if index.credentials and self.headers.get("Authorization") != index.credentials:
                status, kind, body = 401, "text/plain", b"credentials wanted\n"
            else:
                status, kind, body = index.page(self.path)
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="test"')
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    return Handler


def _links(pairs):
    anchors = "".join(f'<a href="{html.escape(url)}">{html.escape(text)}</a>\n' for text, url in pairs)
    return f"<!DOCTYPE html>\n<html><body>\n{anchors}</body></html>\n".encode()


def _normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()
