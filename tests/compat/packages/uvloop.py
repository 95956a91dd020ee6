"""Runs a loop with timers, a subprocess and a server with a client."""

OLD = ["uvloop==0.17.0"]
NEW = ["uvloop==0.22.1"]
CODE = "Cython, C"

import asyncio

import uvloop


async def talk():
    async def answer(reader, writer):
        writer.write((await reader.readline())[::-1])
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"abc\n")
    said = (await reader.read()).decode()
    writer.close()
    server.close()
    child = await asyncio.create_subprocess_exec("echo", "child", stdout=-1)
    return [said, (await child.communicate())[0].decode(), type(asyncio.get_running_loop()).__module__]


def work():
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return [uvloop.__version__, *loop.run_until_complete(talk())]
    finally:
        loop.close()
        asyncio.set_event_loop(None)
