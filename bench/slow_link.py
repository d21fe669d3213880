"""A slow and far link: a TCP proxy that delays what passes and limits its rate.

It runs in a process of its own, so that it does not share the interpreter with what measures. What it leaves out:
TCP's slow start and losses. A connection's first bytes wait one round trip more, as those of a handshake would.
"""

import asyncio
import math
import multiprocessing
import signal
from typing import NamedTuple

CHUNK = 64 * 1024


class Link(NamedTuple):
    """Bytes per second in each direction, of all connections and of each; and seconds there and back."""

    rate: float
    round_trip: float
    connection_rate: float = math.inf


class Wire:
    """One direction of the link: bytes leave one after the other, and arrive later."""

    def __init__(self, rate):
        self.rate = rate
        self.free_at = 0.0

    async def put(self, size):
        """Waits until `size` bytes have been put on the wire; returns when that was."""
        now = asyncio.get_running_loop().time()
        self.free_at = max(self.free_at, now) + size / self.rate
        if self.free_at > now:
            await asyncio.sleep(self.free_at - now)
        return self.free_at


async def pump(reader, writer, link, shared, extra_delay):
    """Carries one connection's bytes in one direction, over a wire of its own and one that is `shared` with others."""
    # Wide enough for a round trip's worth of bytes in small pieces; its end tells a sender to wait.
    queue = asyncio.Queue(8 + int(4 * link.rate * link.round_trip / CHUNK))
    own = Wire(link.connection_rate)

    async def deliver():
        while (item := await queue.get()) is not None:
            due, data = item
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            writer.write(data)
            await writer.drain()

    delivery = asyncio.create_task(deliver())
    try:
        while data := await reader.read(CHUNK):
            await own.put(len(data))
            await queue.put((await shared.put(len(data)) + link.round_trip / 2 + extra_delay, data))
            extra_delay = 0.0
        await queue.put(None)
        await delivery
        if writer.can_write_eof():
            writer.write_eof()
    except ConnectionError:
        delivery.cancel()
        writer.close()


async def serve(link, to_port, port, ready):
    """Serves until it is cancelled."""
    up, down = Wire(link.rate), Wire(link.rate)

    async def connection(near_reader, near_writer):
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", to_port)
        try:
            await asyncio.gather(
                pump(near_reader, far_writer, link, up, link.round_trip), pump(far_reader, near_writer, link, down, 0.0)
            )
        except OSError:
            pass  # either end went away: the other learns it from the close
        finally:
            far_writer.close()
            near_writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", port, limit=2 * CHUNK, backlog=1024)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _run(link, to_port, port, ready):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # not the handler of the process that it was forked from
    try:
        asyncio.run(serve(link, to_port, port, ready))
    except KeyboardInterrupt:
        pass


class SlowLink:
    """A proxy process: what connects to 127.0.0.1:`port` reaches 127.0.0.1:`to_port` over the link."""

    def __init__(self, link, to_port, port=0):
        ready, sender = multiprocessing.Pipe(duplex=False)
        self.process = multiprocessing.Process(target=_run, args=(link, to_port, port, sender), daemon=True)
        self.process.start()
        sender.close()
        self.port = ready.recv()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def close(self):
        self.process.terminate()
        self.process.join()
