"""Asks a server on the loopback interface with retries and a timeout, and encodes a form."""

OLD = ["urllib3==1.26.20"]
NEW = ["urllib3==2.5.0"]
CODE = "-"

import http.server
import threading

import urllib3


class Handler(http.server.BaseHTTPRequestHandler):
    failed = 0

    def do_POST(self):
        type(self).failed += 1
        self.send_response(503 if self.failed % 2 else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments):
        pass


def work():
    from urllib3.filepost import encode_multipart_formdata
    from urllib3.util import Retry, Timeout, parse_url

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        retry = Retry(3, status_forcelist=[503], backoff_factor=0, **{"allowed_methods": None})
        with urllib3.PoolManager(retries=retry, timeout=Timeout(20)) as pool:
            answer = pool.request("POST", f"http://127.0.0.1:{server.server_port}/x", fields={"a": "1"})
        server.shutdown()
    return [
        urllib3.__version__,
        answer.status,
        [item.status for item in answer.retries.history],
        encode_multipart_formdata({"a": "ü"}, "b")[0].decode(),
        str(parse_url("HTTP://Example.test:80/a b")),
    ]
