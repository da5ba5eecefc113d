"""A process that opens a model once and is copied for each worker: `python -m tag2vec.web.template MODEL [INDEX]`.

What a fork copies is shared memory until somebody writes to it, so that ten workers take little more than one, and a
new one is there in no time. Standard input is a socket: it says a line when the model is open (empty, or why not), then
for each socket that is sent it answers with the number of the process that works at its other end. Its end ends it.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys

from tag2vec.errors import Tag2VecError
from tag2vec.workers import one_core


def main() -> None:
    one_core()  # before torch comes: threads do not survive a fork
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    control = socket.socket(fileno=os.dup(0))
    try:
        from tag2vec.web.worker import Worker

        worker = Worker.of(*sys.argv[1:])
    except Tag2VecError as error:
        control.sendall(str(error).replace("\n", " ").encode() + b"\n")
        return
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for workers
    control.sendall(b"\n")
    while True:
        asked, files, _, _ = socket.recv_fds(control, 1, 1)
        if not asked or not files:
            os._exit(0)  # all at once: what is frozen would be complained about
        if (child := os.fork()) == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            with socket.socket(fileno=files[0]) as line:
                worker.work(line)
            os._exit(0)
        os.close(files[0])
        control.sendall(f"{child}\n".encode())


if __name__ == "__main__":
    main()
