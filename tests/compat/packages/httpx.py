"""Asks an application in the process over ASGI and WSGI, with redirects, cookies and errors."""

OLD = ["httpx==0.18.2"]
NEW = ["httpx==0.28.1"]
CODE = "-"

import asyncio

import httpx


def wsgi(environ, start):
    if environ["PATH_INFO"] == "/moved":
        start("302 Found", [("Location", "/"), ("Set-Cookie", "a=1")])
        return [b""]
    start("200 OK", [("Content-Type", "text/plain")])
    return [environ.get("HTTP_COOKIE", "").encode()]


async def asgi(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b'{"path": "%s"}' % scope["path"].encode()})


async def ask():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=asgi), base_url="http://test") as client:
        return (await client.get("/x")).json()


def work():
    with httpx.Client(transport=httpx.WSGITransport(app=wsgi), base_url="http://test") as client:
        first = client.get("/moved")
        second = client.get("/")
    try:
        httpx.get("http://127.0.0.1:9/", trust_env=False)
    except httpx.ConnectError as error:
        wrong = type(error).__name__
    return [httpx.__version__, first.status_code, second.text, asyncio.run(ask()), wrong, str(httpx.URL("http://a/b").join("../c"))]
