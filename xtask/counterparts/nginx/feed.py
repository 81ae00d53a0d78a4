"""A websocket server that echoes, of the Debian package python3-websockets: prints its port, and ends when its stdin closes."""

import asyncio
import sys

import websockets


async def echo(socket, *_):
    async for message in socket:
        if message == "bye":
            await socket.close(1001, "as you wish")
        elif message == "break":
            socket.transport.abort()
        else:
            await socket.send(message)


async def main():
    async with websockets.serve(echo, "127.0.0.1", 0, subprotocols=["v2", "v1"]) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
