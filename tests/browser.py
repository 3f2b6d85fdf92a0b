"""A headless browser for tests, steered through two pipes by its debugging protocol: no port, no network."""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "chromium-headless-shell", "google-chrome", "chrome")
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)
WITH_PIPES = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
PATIENCE = 60
"""Seconds for a single step."""


def find_browser():
    """Path of a browser, None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def open_browser(folder):
    """A browser with one empty page. folder: for its profile, and home. Yields: Browser."""
    to_browser, ours_out = os.pipe()
    ours_in, from_browser = os.pipe()
    command = [sys.executable, "-c", WITH_PIPES, to_browser, from_browser, find_browser(), *OPTIONS]
    command += [f"--user-data-dir={folder / 'profile'}", "about:blank"]
    process = subprocess.Popen(
        [str(word) for word in command],
        pass_fds=(to_browser, from_browser),
        env={**os.environ, "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        with open(ours_out, "wb", buffering=0) as out, open(ours_in, "rb", buffering=0) as into:
            browser = Browser(out, into)
            yield browser
            browser.send("Browser.close")
            process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()


class Browser:
    """One page. events: what it told, pairs of method and parameters, in order."""

    def __init__(self, out, into):
        self._out, self._into, self._rest, self._number = out, into, b"", 0
        self._session, self.events = None, []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.send(f"{domain}.enable")

    def send(self, method, **parameters):
        """Give a command. Returns: its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session and not method.startswith(("Target.", "Browser.")):
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def _next(self):
        """The next message; events are kept."""
        while b"\0" not in self._rest:
            assert select.select([self._into], [], [], PATIENCE)[0], "the browser says nothing any more"
            more = self._into.read(1 << 20)
            assert more, "the browser is gone"
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(message)
        if "method" in message:
            self.events.append((message["method"], message["params"]))
        return message

    def wait(self, method, **values):
        """Wait for an event with these values among its parameters, unless it has come since the last `open`."""
        while not any(name == method and values.items() <= told.items() for name, told in self.events):
            self._next()

    def open(self, path):
        """Load a file."""
        self.events.clear()
        self.send("Page.navigate", url=path.as_uri())
        self.wait("Page.loadEventFired")

    def get(self, expression):
        """The value of a JavaScript expression."""
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def press(self, key, code, text=""):
        """Press a key and let it go."""
        shared = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **shared)
        self.send("Input.dispatchKeyEvent", type="keyUp", **shared)

    def size(self, width, height):
        """Size of the window in pixels."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def prefer(self, scheme):
        """A reader who prefers "light" or "dark"."""
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self):
        """The whole page as PNG."""
        return base64.b64decode(self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def print(self):
        """The page as PDF."""
        return base64.b64decode(self.send("Page.printToPDF", preferCSSPageSize=True)["data"])

    def names(self, *roles):
        """What assistive technology calls the page's elements of some roles: pairs of role and name."""
        nodes = self.send("Accessibility.getFullAXTree")["nodes"]
        shown = [node for node in nodes if not node["ignored"] and node["role"]["value"] in roles]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in shown]
