"""A session of chromedriver: commands to headless Chromium over HTTP (W3C WebDriver)."""

from __future__ import annotations

import http.client
import json
import shutil
from typing import Any

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
DRIVER = shutil.which("chromedriver")
MISSING = (
    "" if CHROMIUM and DRIVER else "needs Chromium and chromedriver: apt install chromium-driver"
)
"""Why there is no browser; empty if there is one."""

_SECONDS = 600  # a guard: nothing waits that long
_ANSWER_SECONDS = _SECONDS + 60  # chromedriver answers after its own limits, with the reason
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element's id, by the standard
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
    "--no-first-run", "--disable-sync", "--disable-background-networking", "--hide-scrollbars",
    "--disable-component-update", "--force-device-scale-factor=1", "--font-render-hinting=none",
    "--disable-lcd-text",
)  # fmt: skip


class WebDriverError(Exception):
    """An answer of chromedriver that is an error."""


class WebDriver:
    """A session with a window of its own.

    Args:
        port: of chromedriver on this machine.
        width, height: of the window in pixels.
    """

    def __init__(self, port: int, width: int = 1280, height: int = 900) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS)
        options = {
            "binary": CHROMIUM, "args": [*_FLAGS, f"--window-size={width},{height}"],
            "perfLoggingPrefs": {"enableNetwork": True, "enablePage": False},
        }  # fmt: skip
        wanted = {
            "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "timeouts": {"script": 1000 * _SECONDS, "pageLoad": 1000 * _SECONDS, "implicit": 0},
        }  # fmt: skip
        answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{answer['sessionId']}"
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ])  # fmt: skip

    def _call(self, method: str, path: str, content: Any = None) -> Any:
        body = None if method == "GET" else json.dumps(content or {})
        try:
            self._connection.request(method, path, body, {"Content-Type": "application/json"})
            value = json.loads(self._connection.getresponse().read())["value"]
        except OSError:
            self._connection.close()  # the next call, such as that of `close`, has a new one
            raise
        if isinstance(value, dict) and "error" in value:
            raise WebDriverError(f"{value['error']}: {value['message']}")
        return value

    def command(self, method: str, path: str, content: Any = None) -> Any:
        """Return the value of a command; path: after that of the session."""
        return self._call(method, self._session + path, content)

    def close(self) -> None:
        """End the browser."""
        self._call("DELETE", self._session)
        self._connection.close()

    def devtools(self, command: str, **parameters: Any) -> Any:
        """Send a command of the DevTools protocol."""
        return self.command("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def element(self, selector: str) -> str:
        """Return the id of the first element that fits a selector."""
        using = {"using": "css selector", "value": selector}
        return str(self.command("POST", "/element", using)[ELEMENT])
