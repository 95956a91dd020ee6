"""Serves HTTP and a web socket over the loopback interface and asks itself; yarl and multidict beneath it."""

OLD = ["aiohttp==3.8.6", "yarl==1.9.4", "multidict==6.0.5"]
NEW = ["aiohttp==3.13.2", "yarl==1.22.0", "multidict==6.7.0"]
CODE = "C, Cython"

import asyncio

import aiohttp
from aiohttp import web


async def serve():
    async def hello(request):
        return web.json_response({"name": request.match_info["name"], "q": request.query.getall("q")})

    async def socket(request):
        answer = web.WebSocketResponse()
        await answer.prepare(request)
        async for message in answer:
            await answer.send_str(message.data[::-1])
        return answer

    app = web.Application()
    app.add_routes([web.get("/hello/{name}", hello), web.get("/ws", socket)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    try:
        async with aiohttp.ClientSession() as session:
            async with session.get(base + "/hello/ü?q=1&q=2") as response:
                found = await response.json()
            async with session.ws_connect(base + "/ws") as talk:
                await talk.send_str("abc")
                return [found, response.status, (await talk.receive()).data]
    finally:
        await runner.cleanup()


def work():
    import multidict
    import yarl

    return [
        aiohttp.__version__,
        asyncio.run(serve()),
        str(yarl.URL("http://a/b c?x=1") / "d" % {"y": "2"}),
        multidict.CIMultiDict([("A", 1), ("a", 2)]).getall("a"),
        type(multidict.MultiDict()).__module__,
    ]
