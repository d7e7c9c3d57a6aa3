"""A proxy of a dozen lines of aiohttp, which checks nothing: `python -m tests.bench.bare_proxy URL`. Prints its port."""

import asyncio
import sys

import aiohttp
from aiohttp import web


async def _serve(origin: str) -> None:
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        async def handed_on(request: web.Request) -> web.StreamResponse:
            async with session.get(origin) as found:
                response = web.StreamResponse()
                response.content_length = found.content_length
                await response.prepare(request)
                while piece := await found.content.readany():
                    await response.write(piece)
                await response.write_eof()
            return response

        app = web.Application()
        app.router.add_get("/", handed_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)  # noqa: T201
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
