"""A headless Chromium driven over the WebDriver protocol: enough of it to test a page."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"right": "\ue014", "left": "\ue012", "home": "\ue011", "end": "\ue010", "escape": "\ue00c"}


def missing() -> str | None:
    """Why there is no browser, or None."""
    if shutil.which("chromedriver") is None:
        return "chromedriver is not installed (Debian: chromium-driver)"
    if not (shutil.which("chromium") or shutil.which("google-chrome")):
        return "no chromium is installed"
    return None


class Browser:
    """One browser with one window; a context manager."""

    def __init__(self, profile: Path, *flags: str, width: int = 1280, height: int = 900):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._url = f"http://127.0.0.1:{port}"
        self._driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        options = {
            "args": [
                *_FLAGS,
                *flags,
                f"--user-data-dir={profile}",
                f"--window-size={width},{height}",
            ],
            "binary": shutil.which("chromium") or shutil.which("google-chrome"),
        }
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        try:
            self._wait_until_up()
            answer = self._post("/session", {"capabilities": {"alwaysMatch": wanted}})
        except BaseException:
            self._stop()
            raise
        self._session = f"/session/{answer['sessionId']}"

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *exc_info: object) -> None:
        try:
            self._request("DELETE", self._session)
        finally:
            self._stop()

    def _stop(self) -> None:
        self._driver.terminate()
        self._driver.wait(10)

    def _wait_until_up(self) -> None:
        for _ in range(150):
            try:
                if self._request("GET", "/status")["ready"]:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise TimeoutError("chromedriver does not answer")

    def _request(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._url + path, data, {"Content-Type": "application/json"}, method=method
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def _post(self, path: str, body: Any) -> Any:
        return self._request("POST", path, body)

    def open(self, page: Path) -> None:
        """Load a file."""
        self._post(self._session + "/url", {"url": page.resolve().as_uri()})

    def run(self, script: str, *args: Any) -> Any:
        """The value that a piece of JavaScript returns."""
        return self._post(self._session + "/execute/sync", {"script": script, "args": list(args)})

    def press(self, *keys: str) -> None:
        """Press keys, whatever has the focus."""
        actions = []
        for key in keys:
            code = KEYS.get(key, key)
            actions += [{"type": "keyDown", "value": code}, {"type": "keyUp", "value": code}]
        self._post(
            self._session + "/actions",
            {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]},
        )

    def click(self, selector: str) -> None:
        """Click on an element as a person does: at its middle, if nothing covers it."""
        found = self._post(self._session + "/element", {"using": "css selector", "value": selector})
        self._post(f"{self._session}/element/{found[_ELEMENT]}/click", {})

    def screenshot(self) -> bytes:
        """The window as PNG."""
        return base64.b64decode(self._request("GET", self._session + "/screenshot"))

    def log(self) -> list[str]:
        """What the console said since it was last asked: errors and warnings."""
        entries = self._post(self._session + "/se/log", {"type": "browser"})
        return [e["message"] for e in entries if e["level"] in ("SEVERE", "WARNING")]
