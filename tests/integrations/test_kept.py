from __future__ import annotations

import threading

from integrations._kept import kept


def test_threads_that_ask_together_get_the_same_client() -> None:
    made: list[str] = []
    begin = threading.Barrier(8)

    @kept
    def client(account: str) -> object:
        made.append(account)
        return object()

    found: list[object] = []

    def ask() -> None:
        begin.wait()
        found.append(client("work"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ["work"]
    assert len(set(map(id, found))) == 1
    assert client("home") is not client("work")
