"""A browser of the tests: headless Chromium, and what a person does with a page in it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from chromedriver import DRIVER, ELEMENT, MISSING, WebDriver, WebDriverError

_KEYS = {
    "Tab": "\ue004", "Enter": "\ue007", "Shift": "\ue008", "Control": "\ue009", "Escape": "\ue00c",
    "Space": " ", "End": "\ue010", "Home": "\ue011", "ArrowLeft": "\ue012", "ArrowUp": "\ue013",
    "ArrowRight": "\ue014", "ArrowDown": "\ue015", "Delete": "\ue017", "Backspace": "\ue003",
}  # fmt: skip

# Calls back when a condition holds: tried now, after each change of the page and with each frame
# that it draws, as properties change without an event. What fails is tried again.
_WAIT = """
const [condition, values, done] = [arguments[0], arguments[1], arguments[arguments.length - 1]];
const holds = new Function("...values", `return (${condition});`);
let isDone = false;
const attempt = () => {
  if (isDone) return;
  let value;
  try { value = holds(...values); } catch { return; }
  if (value) { isDone = true; observer.disconnect(); done(value); }
};
const frame = () => { attempt(); if (!isDone) requestAnimationFrame(frame); };
const observer = new MutationObserver(attempt);
observer.observe(document, {
  subtree: true, childList: true, attributes: true, characterData: true });
frame();
"""
# Calls back when what the page is now is what input events meet: the compositor sends wheel and
# touch to the page of the frame before.
_SETTLE = """
const done = arguments[0];
requestAnimationFrame(() => requestAnimationFrame(() => done()));
"""
# Notes what gets the focus, with ! if that is not visible; returns how much there may be.
_NOTE_FOCUS = """
const elements = new Set();
window.focused = [];
document.addEventListener("focusin", ({ target: e }) => {
  if (elements.has(e)) return;
  elements.add(e);
  const style = getComputedStyle(e);
  if (e === document.body) return;
  const isVisible = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  window.focused.push([e.localName, ...e.classList].join(".") + (isVisible ? "" : "!"));
});
document.body.tabIndex = -1; // Tab goes on from what had the focus last: the beginning
document.body.focus();
document.body.removeAttribute("tabindex");
return document.querySelectorAll("a, button, input, select, textarea, summary, [tabindex]").length;
"""


class Browser(WebDriver):
    """A window of the browser, and what a person does with the page in it."""

    # --- the page -------------------------------------------------------------------------------

    def open(self, address: str) -> None:
        """Load a page anew, also if only the part after # differs."""
        self.command("POST", "/url", {"url": "about:blank"})
        self.command("POST", "/url", {"url": address})

    def resize(self, width: int, height: int = 900) -> None:
        """Give the page a size; a window by itself cannot be as narrow as a telephone."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def color_scheme(self, name: str) -> None:
        """Show the page "light" or "dark"."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.devtools("Emulation.setEmulatedMedia", features=features)

    def run(self, script: str, *values: Any) -> Any:
        """Return the value of the JavaScript, the body of a function of `arguments`."""
        return self.command("POST", "/execute/sync", {"script": script, "args": list(values)})

    def wait(self, condition: str, *values: Any) -> Any:
        """Return the value of a JavaScript expression of `values` when it is true."""
        content = {"script": _WAIT, "args": [condition, list(values)]}
        try:
            return self.command("POST", "/execute/async", content)
        except WebDriverError as error:
            text = self.run("return document.body.innerText")
            raise WebDriverError(f"{condition} of {values}: {error}\nThe page: {text}") from error

    def wait_for(self, selector: str, text: str = "") -> str:
        """Return the text of the first element that fits a selector and has a text in it."""
        return str(
            self.wait(
                "[...document.querySelectorAll(values[0])].map((e) => e.textContent || ' ')"
                ".find((text) => text.includes(values[1]))", selector, text,
            )
        )  # fmt: skip

    def wait_until_answered(self) -> None:
        """Wait until the page shows the answer to the last input, not to one before."""
        self.wait("document.querySelector('main')?.ariaBusy !== 'true'")

    def count(self, selector: str) -> int:
        """Return the number of elements that fit a selector."""
        return int(self.run("return document.querySelectorAll(arguments[0]).length", selector))

    def texts(self, selector: str) -> list[str]:
        """Return the texts of the elements that fit a selector."""
        script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)"
        return list(self.run(script, selector))

    def screenshot(self) -> bytes:
        """Return what the window shows, as PNG."""
        return base64.b64decode(self.command("GET", "/screenshot"))

    def full_screenshot(self) -> bytes:
        """Return the whole page from top to bottom, as PNG."""
        answer = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(answer["data"])

    # --- input ----------------------------------------------------------------------------------

    def settle(self) -> None:
        """Wait until the page is drawn as it is now."""
        self.command("POST", "/execute/async", {"script": _SETTLE, "args": []})

    def click(self, selector: str) -> None:
        """Click the first element that fits a selector."""
        self.command("POST", f"/element/{self.element(selector)}/click")

    def click_text(self, selector: str, text: str) -> None:
        """Click the first element that fits a selector and has exactly this text."""
        element = self.run(
            "return [...document.querySelectorAll(arguments[0])]"
            ".find((e) => e.textContent.trim() === arguments[1])", selector, text,
        )  # fmt: skip
        if element is None:
            raise WebDriverError(f"no {selector} has the text {text!r}")
        self.command("POST", f"/element/{element[ELEMENT]}/click")

    def type(self, selector: str, text: str) -> None:
        """Replace the content of a field by typing, and wait until the page has answered."""
        element = self.element(selector)
        self.command("POST", f"/element/{element}/clear")
        self.command("POST", f"/element/{element}/value", {"text": text})
        self.wait_until_answered()

    def choose(self, selector: str, value: str) -> None:
        """Choose an option of a list, or move a slider, by its value."""
        self.run(
            "const field = document.querySelector(arguments[0]); field.value = arguments[1];"
            "field.dispatchEvent(new Event('input', {bubbles: true}));"
            "field.dispatchEvent(new Event('change', {bubbles: true}));", selector, value,
        )  # fmt: skip
        self.wait_until_answered()

    def press(self, *keys: str) -> None:
        """Press keys one after the other: "Tab", "Shift+Tab", "ArrowLeft", "a"."""
        actions = []
        for chord in keys:
            values = [_KEYS.get(key, key) for key in re.split(r"(?<=.)\+", chord)]
            actions += [{"type": "keyDown", "value": value} for value in values]
            actions += [{"type": "keyUp", "value": value} for value in reversed(values)]
        self._act({"type": "key", "id": "keyboard", "actions": actions})

    def tab_through(self) -> list[str]:
        """Press Tab until the page ends; return what had the focus, with ! where none sees it."""
        self.press(*["Tab"] * (self.run(_NOTE_FOCUS) + 1))
        return list(self.run("return window.focused"))

    def drag(self, selector: str, points: Sequence[tuple[int, int]]) -> None:
        """Draw through points, in pixels from the middle of an element."""
        self.settle()
        move, *moves = (self._move(selector, x, y) for x, y in points)
        actions = [
            move, {"type": "pointerDown", "button": 0}, *moves, {"type": "pointerUp", "button": 0},
        ]  # fmt: skip
        pointer = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
        self._act({**pointer, "actions": actions})
        self.wait_until_answered()

    def hover(self, selector: str) -> None:
        """Point at the middle of an element."""
        self.settle()
        pointer = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
        self._act({**pointer, "actions": [self._move(selector, 0, 0)]})

    def wheel(self, selector: str, amount: int) -> None:
        """Turn the wheel over an element; a negative amount is away from the user."""
        self.settle()
        action = {**self._move(selector, 0, 0), "type": "scroll", "deltaX": 0, "deltaY": amount}
        self._act({"type": "wheel", "id": "wheel", "actions": [action]})

    @contextmanager
    def touch_screen(self) -> Iterator[None]:
        """Have a touch screen for pages that are opened in this block."""
        self.devtools("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
        try:
            yield
        finally:
            self.devtools("Emulation.setTouchEmulationEnabled", enabled=False)

    def touch(self, selector: str, moves: Sequence[Sequence[tuple[float, float]]]) -> None:
        """Touch with fingers, move them and lift them.

        moves: the places of all fingers, one list after the other, in pixels from the middle of an
            element.
        """
        self.settle()
        script = """
            const box = document.querySelector(arguments[0]).getBoundingClientRect();
            return [(box.left + box.right) / 2, (box.top + box.bottom) / 2];"""
        left, top = self.run(script, selector)
        for i, fingers in enumerate(moves):
            points = [{"x": left + x, "y": top + y, "id": j} for j, (x, y) in enumerate(fingers)]
            kind = "touchMove" if i else "touchStart"
            self.devtools("Input.dispatchTouchEvent", type=kind, touchPoints=points)
        self.devtools("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def _move(self, selector: str, x: int, y: int) -> dict[str, Any]:
        origin = {ELEMENT: self.element(selector)}
        return {"type": "pointerMove", "duration": 0, "x": x, "y": y, "origin": origin}

    def _act(self, source: dict[str, Any]) -> None:
        self.command("POST", "/actions", {"actions": [source]})

    # --- what happened --------------------------------------------------------------------------

    def console(self) -> list[str]:
        """Return the warnings and errors since the last call."""
        entries = self.command("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("WARNING", "SEVERE")]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since the last call."""
        entries = self.command("POST", "/se/log", {"type": "performance"})
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser, and the driver it needs, until the end of the block."""
    assert DRIVER is not None, MISSING
    with subprocess.Popen(
        [DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as driver:
        assert driver.stdout is not None
        try:
            port = next(
                match[1]
                for line in driver.stdout
                if (match := re.search(r"started successfully on port (\d+)", line))
            )
            window = Browser(int(port))
            try:
                yield window
            finally:
                window.close()
        finally:
            driver.terminate()
