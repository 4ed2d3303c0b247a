"""nginx as a relay: the least that a hop costs. Left out, and said so, where there is no nginx."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from client import Line
from process import Measured, free_port, started

# Buffers hold the largest body of the trials, so that nothing goes over the disk. As in the
# gateway, a request is taken whole before it goes on, no answer is held back, and all is logged.
CONFIGURATION = """
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log;
    client_max_body_size 64m;
    client_body_buffer_size 4m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000;
    tcp_nodelay on;
    upstream cloud {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://cloud;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_read_timeout 600s;
        }}
    }}
}}
"""


def find() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def version() -> str:
    done = subprocess.run([find(), "-v"], capture_output=True, text=True, check=True)
    return done.stderr.strip().rpartition("/")[2]


@contextmanager
def relay(
    folder: Path, upstream_port: int, headers: dict[str, str]
) -> Iterator[tuple[Line, Measured]]:
    """Run nginx between the client and the upstream."""
    folder.mkdir()
    port = free_port()
    user = "user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
    text = CONFIGURATION.format(folder=folder, upstream=upstream_port, port=port, user=user)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = [find(), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with started(command, stderr=subprocess.DEVNULL) as process:
        yield Line("nginx", f"http://127.0.0.1:{port}", headers), Measured(process.pid)
