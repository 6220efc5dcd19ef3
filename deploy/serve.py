"""Several dashboards behind nginx. python -m deploy.serve [--replicas 2] [--port 8501], or `make serve REPLICAS=2`

Each replica is its own process, so that visitors are spread over several cores. A cookie keeps a browser on one
replica: all of a visitor's state is there. A new visitor gets the replica with the fewest connections. A replica that
exits is restarted; its visitors move to another one and stay there. One that keeps exiting is left stopped.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROXY = ROOT / "deploy" / "proxy.conf"
MISSING = (
    "nginx is not installed. Install it (Debian, Ubuntu: apt-get install nginx-light), or use `make app`."
)
POLL = 0.5  # seconds between checks that all replicas run
GRACE = 20.0  # seconds in which a process must end
MOST, WITHIN = 3, 120.0  # at most this many restarts of a replica within this many seconds

CONFIGURATION = """\
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
{upstreams}
    server {{
        listen {port};
        include {proxy};
    }}
}}
"""


def configuration(port: int, replicas: Sequence[int], folder: Path) -> str:
    """nginx's configuration. port: where visitors come in; replicas: the port of each; folder: for temporary files."""
    return CONFIGURATION.format(folder=folder, port=port, proxy=PROXY, upstreams=_upstreams(replicas))


def _upstreams(replicas: Sequence[int]) -> str:
    """A group for newcomers, and one per replica in which the others stand by. $served: the last that was tried."""
    names = {port: f"replica_{i}" for i, port in enumerate(replicas, 1)}
    servers = {port: f"server 127.0.0.1:{port} max_fails=1 fail_timeout=5s" for port in replicas}
    everyone = " ".join(f"{server};" for server in servers.values())
    lines = [f"upstream newcomers {{ least_conn; {everyone} }}"]
    for port, name in names.items():
        others = "".join(f" {servers[other]} backup;" for other in replicas if other != port)
        lines.append(f"upstream {name} {{ {servers[port]};{others} }}")
    known = " ".join(f"{name} {name};" for name in names.values())
    lines.append(f"map $cookie_deq_replica $replica {{ default newcomers; {known} }}")
    last = " ".join(f"~:{port}$ {name};" for port, name in names.items())
    lines.append(f"map $upstream_addr $served {{ default ''; {last} }}")
    return "\n".join(f"    {line}" for line in lines)


def find_nginx() -> str:
    """The path of nginx. Raises FileNotFoundError with advice if it is not installed."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FileNotFoundError(MISSING)
    return found


class Replica:
    """A dashboard that only this machine reaches. It is started again when it ends, unless it does so too often."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.process = start_replica(port)
        self.is_given_up = False
        self._restarts: list[float] = []

    def revive(self) -> None:
        """Start it again if it has ended, or give it up, and say so."""
        if self.is_given_up or self.process.poll() is None:
            return
        now = time.monotonic()
        self._restarts = [then for then in self._restarts if now - then < WITHIN]
        said = f"The replica on port {self.port} ended with status {self.process.returncode}"
        if len(self._restarts) < MOST:
            print(f"{said}; starting it again.", flush=True)
            self._restarts.append(now)
            self.process = start_replica(self.port)
        else:
            self.is_given_up = True
            print(
                f"{said}, {MOST + 1} times within {WITHIN:.0f} s, and is not started again. "
                "Its messages above say why; restart the server once that is fixed.",
                flush=True,
            )


def start_replica(port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    command += ["--server.address=127.0.0.1", f"--server.port={port}", "--server.fileWatcherType=none"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def serve(port: int, count: int) -> int:
    """Run until interrupted. Returns the exit status: 130 then, nginx's own if it ends, 1 if a replica does not start
    or none is left."""
    nginx, ports = find_nginx(), free_ports(count)
    replicas: list[Replica] = []
    proxy = None
    with tempfile.TemporaryDirectory(prefix="deq-serve-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's workers drop the rights of root
        file = folder / "nginx.conf"
        file.write_text(configuration(port, ports, folder))
        try:
            replicas += map(Replica, ports)
            while not all(map(_listens, ports)):
                if any(replica.process.poll() is not None for replica in replicas):
                    return 1  # its own message is on the screen
                time.sleep(POLL)
            proxy = subprocess.Popen([nginx, "-p", name, "-c", str(file), "-e", "stderr"])
            print(f"Replicas on http://localhost:{port}: {count}. Ctrl-C stops the server.", flush=True)
            return _watch(proxy, replicas)
        except KeyboardInterrupt:
            return 130
        finally:
            _end([*(replica.process for replica in replicas), *([proxy] if proxy else [])])


def _watch(proxy: subprocess.Popen[bytes], replicas: Sequence[Replica]) -> int:
    """Revive replicas until nginx ends, whose status is returned, or all replicas are given up: 1."""
    while proxy.poll() is None:
        for replica in replicas:
            replica.revive()
        if all(replica.is_given_up for replica in replicas):
            print("No replica is left.", flush=True)
            return 1
        time.sleep(POLL)
    return proxy.returncode


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.serve", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--replicas", type=int, default=2, choices=range(1, 65), metavar="N", help="1 to 64, default 2"
    )
    parser.add_argument("--port", type=int, default=8501, help="where visitors come in, default 8501")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return serve(chosen.port, chosen.replicas)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
