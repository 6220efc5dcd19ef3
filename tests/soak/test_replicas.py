"""Two replicas behind nginx, one killed while visitors upload: the others notice nothing. `make soak`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests

from benchmarks.load import Marked, Tally, check, marked_pictures
from benchmarks.visitor import PATIENCE, visiting
from deploy.serve import find_nginx, free_ports
from tests.conftest import ROOT
from tests.soak.conftest import Report, in_own_thread

pytestmark = pytest.mark.soak

VISITORS, SECONDS, THINK = 6, 40.0, 1.0


@contextmanager
def served(log: Path) -> Iterator[tuple[str, psutil.Process]]:
    """host:port of the proxy, and the process that started everything."""
    port = free_ports(1)[0]
    command = [sys.executable, "-m", "deploy.serve", "--replicas", "2", "--port", str(port)]
    with log.open("wb") as said:
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said)
    try:
        yield f"127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def dashboards(server: psutil.Process) -> dict[int, psutil.Process]:
    """Port -> process of each replica."""
    found = {}
    for child in server.children():
        for word in child.cmdline():
            if word.startswith("--server.port="):
                found[int(word.partition("=")[2])] = child
    return found


def wait_until_healthy(ports: list[int]) -> None:
    deadline = time.monotonic() + PATIENCE
    for port in ports:
        while True:
            try:
                requests.get(f"http://127.0.0.1:{port}/_stcore/health", timeout=5).raise_for_status()
                break
            except requests.RequestException:
                assert time.monotonic() < deadline, f"no replica answers on port {port}"
                time.sleep(0.2)


async def upload_for_a_while(host: str, picture: Marked, seconds: float, seats: dict[int, str]) -> Tally:
    """Upload and check, until the time is up or the connection is lost; the tally says which errors were seen."""
    tally = Tally()
    try:
        async with visiting(host) as visitor:
            seats[picture.number] = visitor.cookies["deq_replica"]
            await visitor.visit("predict")
            until, count = time.monotonic() + seconds, 0
            while time.monotonic() < until:
                data = picture.data + count.to_bytes(4, "big")
                tally.uploads.append(await visitor.upload("upload", picture.name, data))
                await check(visitor, picture, tally)
                await asyncio.sleep(THINK)
                count += 1
    except Exception as error:  # data of the test
        tally.errors.append(repr(error))
    return tally


async def with_one_killed(
    host: str, victim: psutil.Process, pictures: list[Marked]
) -> tuple[dict[int, str], list[Tally]]:
    """Who sat on which replica, and what each visitor saw."""
    seats: dict[int, str] = {}
    visits = [asyncio.create_task(upload_for_a_while(host, picture, SECONDS, seats)) for picture in pictures]
    while len(seats) < len(pictures):
        await asyncio.sleep(0.1)
    await asyncio.sleep(SECONDS / 2)
    victim.kill()
    return seats, await asyncio.gather(*visits)


async def with_all_compiled(host: str, pictures: list[Marked]) -> None:
    """Two visitors at once: the least connected replica takes the second."""
    await asyncio.gather(*(upload_for_a_while(host, picture, 1, {}) for picture in pictures))


def test_a_replica_killed_disturbs_only_its_own_visitors(tmp_path: Path, report: Report) -> None:
    try:
        find_nginx()
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    in_own_thread(lambda: kill_one_of_two(tmp_path / "log"))
    report("visitors held", VISITORS)
    report("faults survived", 1)


def kill_one_of_two(log: Path) -> None:
    pictures = marked_pictures(VISITORS)
    with served(log) as (host, server):
        while len(dashboards(server)) < 2:
            time.sleep(0.1)
        before = dashboards(server)
        ports = list(before)
        wait_until_healthy([*ports, int(host.partition(":")[2])])
        asyncio.run(with_all_compiled(host, pictures[:2]))
        victim, number = before[ports[0]], "replica_1"
        seats, tallies = asyncio.run(with_one_killed(host, victim, pictures))
        assert set(seats.values()) == {"replica_1", "replica_2"}, seats
        spared = [tallies[i] for i, seat in sorted(seats.items()) if seat != number]
        assert not any(tally.errors for tally in spared), [tally.errors for tally in spared]
        assert all(tally.checked for tally in spared)
        assert not any(tally.mixed for tally in tallies), [tally.mixed for tally in tallies]
        assert any(tally.errors for i, tally in enumerate(tallies) if seats[i] == number), (
            "the kill was not felt"
        )
        again = asyncio.run(upload_for_a_while(host, pictures[0], 1, {}))
        assert (again.errors, again.mixed) == ([], []), "its visitors find no other replica"
        wait_until_healthy(ports)
        assert dashboards(server)[ports[0]].pid != victim.pid
