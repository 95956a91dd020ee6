"""Asks a server on the loopback interface, follows a redirect, keeps cookies, posts JSON; urllib3 beneath it."""

OLD = ["requests==2.25.1", "urllib3==1.26.20", "chardet==4.0.0", "idna==2.10"]
NEW = ["requests==2.32.5", "urllib3==2.5.0"]
CODE = "C (charset-normalizer, mypyc)"

import http.server
import threading

import requests


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        moved = self.path == "/moved"
        self.send_response(302 if moved else 200)
        self.send_header("Set-Cookie", "seen=1")
        self.send_header("Location", "/")
        self.end_headers()
        self.wfile.write(b"" if moved else f"hello {self.headers.get('Cookie')}".encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def work():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        with requests.Session() as session:
            session.trust_env = False
            moved = session.get(base + "/moved", timeout=20)
            posted = session.post(base, json={"a": "ü"}, timeout=20)
        found = [moved.text, [r.status_code for r in moved.history], posted.json(), posted.apparent_encoding]
        try:
            requests.get("http://127.0.0.1:9/", timeout=20, proxies={"http": None})
        except requests.ConnectionError as error:
            found.append(type(error).__module__)
        server.shutdown()
    return [requests.__version__, requests.packages.urllib3.__version__, *found]
