"""Carries TCP on loopback to a Unix socket, for testers that know no other."""

import asyncio
import re
import threading

# What ends a body in chunks (RFC 9112 section 7.1).
LAST_CHUNK = b"0\r\n\r\n"
# An endless answer that says nothing for so long is between two events; a tester wants to see its end.
QUIET = 0.03


class Bridge:
    """A listener on a free port of loopback, in a thread of its own."""

    def __init__(self, socket: str) -> None:
        self.socket = socket
        self.port = 0
        listening = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(listening)), daemon=True).start()
        listening.wait()

    async def _serve(self, listening: threading.Event) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        listening.set()
        await server.serve_forever()

    async def _connection(self, client_reads: asyncio.StreamReader, client_writes: asyncio.StreamWriter) -> None:
        reads, writes = await asyncio.open_unix_connection(self.socket)
        last = bytearray()

        async def forth() -> None:
            while data := await client_reads.read(65536):
                last[:] = data[:64]
                writes.write(data)
                await writes.drain()
            writes.close()

        async def back() -> None:
            is_endless = False
            while True:
                try:
                    data = await asyncio.wait_for(reads.read(65536), QUIET if is_endless else None)
                except TimeoutError:
                    client_writes.write(LAST_CHUNK)
                    break
                if not data:
                    break
                is_head = bytes(last).startswith(b"HEAD ")
                is_endless |= not is_head and bool(re.search(rb"\r\ncontent-type: text/event-stream\r\n", data))
                client_writes.write(data)
                await client_writes.drain()

        tasks = [asyncio.ensure_future(forth()), asyncio.ensure_future(back())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in (client_writes, writes):
            writer.close()
