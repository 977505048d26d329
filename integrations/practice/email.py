"""Practice mail servers: IMAP and SMTP on free ports of this machine, over the mailbox that practice Gmail shows too.

They begin to listen when somebody first asks where they are, in the way that programs of mail ask a provider.

Source: wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat
"""

from __future__ import annotations

import asyncio
import threading
from html import escape
from typing import cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from integrations.practice import mail_box, mail_folders
from integrations.practice.store import Doc, Store

seed = mail_folders.seed

_CONFIG = """<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
 <emailProvider id="{domain}">
  <domain>{domain}</domain>
  <displayName>Practice mail</displayName>
  <incomingServer type="imap">
   <hostname>127.0.0.1</hostname><port>{imap}</port><socketType>plain</socketType>
   <authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username>
  </incomingServer>
  <outgoingServer type="smtp">
   <hostname>127.0.0.1</hostname><port>{smtp}</port><socketType>plain</socketType>
   <authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username>
  </outgoingServer>
 </emailProvider>
</clientConfig>
"""


def routes(store: Store, studio_url: str) -> list[BaseRoute]:
    servers = MailServers(store)

    def config(request: Request) -> Response:
        imap, smtp = servers.ports()
        domain = escape(mail_box.profile(store)["address"].partition("@")[2])
        return Response(_CONFIG.format(domain=domain, imap=imap, smtp=smtp), media_type="text/xml")

    return [Route("/mail/config-v1.1.xml", config, methods=["GET"])]


def overview(store: Store) -> Doc:
    """Nothing of its own: the mailbox is shown by practice Gmail."""
    return {}


class MailServers:
    """Both servers, on a thread of their own from the first `ports` until the store is closed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._ports: tuple[int, int] | None = None
        self._connections: list[asyncio.Transport] = []
        """Held here, since a half of one that a client has left may stay open until somebody closes it."""

    def ports(self) -> tuple[int, int]:
        """Those of IMAP and SMTP."""
        with self._lock:
            if self._ports is None:
                self._ports = self._start()
            return self._ports

    def _start(self) -> tuple[int, int]:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="practice mail", daemon=True)
        thread.start()
        servers = asyncio.run_coroutine_threadsafe(self._listen(loop), loop).result(10)

        def stop() -> None:
            asyncio.run_coroutine_threadsafe(self._stop(servers), loop).result(10)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()

        self._store.before_close(stop)
        imap, smtp = (server.sockets[0].getsockname()[1] for server in servers)
        return imap, smtp

    async def _listen(self, loop: asyncio.AbstractEventLoop) -> tuple[asyncio.Server, asyncio.Server]:
        from integrations.practice import mail_imap, mail_smtp

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._keep(cast(asyncio.Transport, writer.transport))
            await mail_imap.Session(self._store, reader, writer).serve()

        def receive() -> asyncio.Protocol:
            return mail_smtp.protocol(self._store, loop, self._keep)

        imap = await asyncio.start_server(serve, "127.0.0.1", 0, limit=mail_imap.LINE)
        smtp = await loop.create_server(receive, "127.0.0.1", 0)
        return imap, smtp

    def _keep(self, connection: asyncio.Transport) -> None:
        self._connections = [*(one for one in self._connections if not one.is_closing()), connection]

    async def _stop(self, servers: tuple[asyncio.Server, asyncio.Server]) -> None:
        """Hang up on everybody. What serves them ends by that."""
        for server in servers:
            server.close()
        for _ in range(200):  # one that was just accepted shows up late
            for connection in self._connections:
                connection.abort()
            serving = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            if not serving:
                break
            await asyncio.wait(serving, timeout=0.01)
        await asyncio.sleep(0.01)  # what was hung up on lets go of its socket in the next turns of the loop
