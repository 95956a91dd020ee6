"""Serves a web socket over the loopback interface and talks to it."""

OLD = ["websockets==10.4"]
NEW = ["websockets==15.0.1"]
CODE = "C"

import asyncio

import websockets


async def talk():
    async def answer(socket, *path):
        async for message in socket:
            await socket.send(message[::-1])

    async with websockets.serve(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with websockets.connect(f"ws://127.0.0.1:{port}") as socket:
            await socket.send("abc")
            first = await socket.recv()
            await socket.send(b"\x00\x01")
            return [first, (await socket.recv()).hex()]


def work():
    from importlib.metadata import version

    from websockets.speedups import apply_mask

    return [version("websockets"), asyncio.run(talk()), apply_mask(b"text", b"abcd").hex()]
