"""Serves HTTP over the loopback interface, and renders a template."""

OLD = ["tornado==6.2"]
NEW = ["tornado==6.5.2"]
CODE = "C"

import asyncio

import tornado
import tornado.web


class Hello(tornado.web.RequestHandler):
    async def get(self, name):
        await asyncio.sleep(0)
        self.write({"hello": name, "q": self.get_argument("q", "")})


async def ask():
    from tornado import httpserver, netutil
    from tornado.simple_httpclient import SimpleAsyncHTTPClient

    sockets = netutil.bind_sockets(0, "127.0.0.1")
    server = httpserver.HTTPServer(tornado.web.Application([(r"/(\w+)", Hello)]))
    server.add_sockets(sockets)
    client = SimpleAsyncHTTPClient(force_instance=True)
    answer = await client.fetch(f"http://127.0.0.1:{sockets[0].getsockname()[1]}/abc?q=%C3%BC")
    client.close()
    server.stop()
    return answer.body.decode()


def work():
    from tornado import template, util

    return [
        tornado.version,
        asyncio.run(ask()),
        template.Template("{% for x in xs %}{{ x }},{% end %}").generate(xs=[1, "<"]).decode(),
        util._websocket_mask(b"abcd", b"text").hex(),
    ]
