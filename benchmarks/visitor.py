"""A visitor of the dashboard: a headless client that speaks Streamlit's websocket protocol.

It keeps what a browser keeps (widgets, their values, the URL) and sends all of it with every rerun, so the server
does the same work as for a browser.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

PATIENCE = 120.0  # seconds for one message: a first run compiles
DONE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
XSRF = "_streamlit_xsrf"
FIELDS = {  # kind of widget -> the protocol field that holds its value
    "slider": "double_array_value",
    "button_group": "string_array_value",
    "number_input": "double_value",
    "selectbox": "string_value",
    "bidi_component": "json_value",
    "button": "trigger_value",
}


class VisitorError(RuntimeError):
    """The page showed an exception; the message is its text."""


@dataclass(frozen=True)
class Widget:
    """A widget's protocol id. fragment: the part of the page that its changes rerun, or "" for the whole page."""

    kind: str
    id: str
    fragment: str


class Visitor:
    """One session. widgets: by key, or by label where there is no key.

    metrics: values by label; images: URLs by caption; both from the last full run. polled: the fragment that reruns
    on a timer. cookies: those set when it connected, such as a proxy's for the replica.
    """

    def __init__(self, host: str, socket: ClientConnection) -> None:
        self.widgets: dict[str, Widget] = {}
        self.metrics: dict[str, str] = {}
        self.images: dict[str, str] = {}
        self.polled = self.query = ""
        self.cookies = _cookies(socket)
        self._host, self._socket = host, socket
        self._page = self._session = ""
        self._values: dict[str, WidgetState] = {}
        self._files: list[FileURLs] = []

    async def visit(self, name: str, query: str = "") -> float:
        """Open a page by name, "" for the front page; returns the seconds until it has loaded."""
        self._page, self.query, self._values = "", query, {}
        return await self.run(name=name)

    async def move(self, name: str, value: Any) -> float:
        """Set a widget and rerun; returns the seconds until the page is up to date."""
        widget = self.widgets[name]
        state, field = WidgetState(id=widget.id), FIELDS[widget.kind]
        if field.endswith("array_value"):
            getattr(state, field).data[:] = value
        else:
            setattr(state, field, value)
        return await self._set(state, widget)

    async def upload(self, name: str, file_name: str, data: bytes) -> float:
        """Upload one file; returns the seconds from choosing it until the page is up to date."""
        began, widget = time.perf_counter(), self.widgets[name]
        request = BackMsg()
        request.file_urls_request.request_id = request.file_urls_request.session_id = self._session
        request.file_urls_request.file_names.append(file_name)
        await self._socket.send(request.SerializeToString())
        while not self._files:
            self._read(await self._receive())
        urls = self._files.pop()
        await asyncio.to_thread(self._put, urls.upload_url, file_name, data)
        state = WidgetState(id=widget.id)
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.file_id, info.name, info.size = urls.file_id, file_name, len(data)
        info.file_urls.CopyFrom(urls)
        await self._set(state, widget)
        return time.perf_counter() - began

    async def run(self, name: str = "", fragment: str = "") -> float:
        """Rerun the page or a fragment; returns the seconds until it finishes."""
        began, message = time.perf_counter(), BackMsg()
        state = message.rerun_script
        state.query_string, state.fragment_id = self.query, fragment
        state.page_name, state.page_script_hash = name, self._page
        state.widget_states.widgets.extend(self._values.values())
        await self._socket.send(message.SerializeToString())
        while not self._read(await self._receive()):
            pass
        return time.perf_counter() - began

    async def _set(self, state: WidgetState, widget: Widget) -> float:
        self._values[widget.id] = state
        seconds = await self.run(fragment=widget.fragment)
        if state.HasField("trigger_value"):
            del self._values[widget.id]
        return seconds

    def _put(self, url: str, file_name: str, data: bytes) -> None:
        health = requests.get(f"http://{self._host}/_stcore/health", cookies=self.cookies, timeout=PATIENCE)
        token = health.cookies[XSRF]
        answer = requests.put(
            f"http://{self._host}{url}",
            files={"file": (file_name, data)},
            headers={"X-Xsrftoken": token},
            cookies=self.cookies | {XSRF: token},
            timeout=PATIENCE,
        )
        answer.raise_for_status()

    async def _receive(self) -> ForwardMsg:
        return ForwardMsg.FromString(await asyncio.wait_for(self._socket.recv(decode=False), PATIENCE))

    def _read(self, message: ForwardMsg) -> bool:
        """Keep what is needed later; returns whether the script has finished."""
        kind = message.WhichOneof("type")
        if kind == "navigation":
            self._page = message.navigation.page_script_hash
        elif kind == "new_session":
            self._session = message.new_session.initialize.session_id
            if not message.metadata.run.fragment_ids:
                self._forget()
        elif kind == "auto_rerun":
            self.polled = message.auto_rerun.fragment_id
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "file_urls_response":
            self._files.extend(message.file_urls_response.file_urls)
        elif kind == "delta":
            self._read_element(message.delta)
        return kind == "script_finished" and message.script_finished in DONE

    def _forget(self) -> None:
        """A full rerun starts from an empty page."""
        self.polled = ""
        self.metrics.clear()
        self.images.clear()

    def _read_element(self, delta: Any) -> None:
        kind = delta.new_element.WhichOneof("type")
        element = getattr(delta.new_element, kind or "empty")
        if kind == "exception":
            raise VisitorError(f"{element.type}: {element.message}")
        if kind == "metric":
            self.metrics[element.label] = element.body
        if kind == "imgs":
            self.images.update({image.caption: f"http://{self._host}{image.url}" for image in element.imgs})
        if kind in (*FIELDS, "file_uploader"):
            key = element.id.split("-", 2)[2]  # $$ID-hash-key
            self.widgets[element.label if key == "None" else key] = Widget(
                kind, element.id, delta.fragment_id
            )


def _cookies(socket: ClientConnection) -> dict[str, str]:
    """The cookies that the answer to the handshake sets."""
    answer = socket.response
    jar: SimpleCookie = SimpleCookie()
    for line in answer.headers.get_all("Set-Cookie") if answer else ():
        jar.load(line)
    return {name: cookie.value for name, cookie in jar.items()}


@asynccontextmanager
async def visiting(host: str) -> AsyncIterator[Visitor]:
    """A new visitor, disconnected on exit."""
    async with connect(f"ws://{host}/_stcore/stream", max_size=None) as socket:
        yield Visitor(host, socket)
