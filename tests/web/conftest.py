"""The built page in Debian's Chromium, served by ``klein serve``."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.browsing import PATIENCE, needed

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"
GIVEN = """import { readFileSync } from "node:fs";
const given = JSON.parse(readFileSync(0));"""


@pytest.fixture(scope="session")
def node():
    """Runs a module in Node.js with a JSON value as ``given``, and returns what it prints."""
    program = shutil.which("node")
    needed("node", program, "KLEIN_WEB")

    def run(code, given):
        done = subprocess.run(
            [program, "--input-type=module", "-e", f"{GIVEN}\n{code}"],
            input=json.dumps(given).encode(),
            capture_output=True,
            cwd=WEB,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def libraries():
    """The folder of ``npm ci``."""
    needed("web/node_modules (npm ci)", (WEB / "node_modules").is_dir(), "KLEIN_WEB")
    return WEB / "node_modules"


@pytest.fixture(scope="session")
def build():
    """Runs the build of a page from a model folder."""
    needed("node", shutil.which("node"), "KLEIN_WEB")

    def run(model, out):
        return subprocess.run(
            ["node", WEB / "build.mjs", model, out], capture_output=True, check=False, timeout=120
        )

    return run


@pytest.fixture(scope="session")
def built(libraries, build, tmp_path_factory):
    """The page with the released model."""
    out = tmp_path_factory.mktemp("web") / "dist"
    done = build(ROOT / "release", out)
    assert done.returncode == 0, done.stderr.decode()
    return out


@pytest.fixture(scope="session")
def address(built, klein_words, klein_environment):
    """Where the page is served."""
    words = klein_words("serve", "--port", "0", "--json", "--threads", "1", "--web", built)
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=klein_environment) as process:
        try:
            yield json.loads(process.stdout.readline())["address"]
        finally:
            process.terminate()
        assert process.wait(30) == 0


@pytest.fixture
def visit(browser, address):
    """Opens the page; in the end nothing may have gone wrong, and nothing gone elsewhere."""
    pages = []

    def open_page(**options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        asked, complaints = [], []
        context.on("request", lambda request: asked.append((request.method, request.url)))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        page.locator("#model-said", has_text="Ready").wait_for()
        pages.append((context, asked, complaints))
        return page

    yield open_page
    for context, asked, complaints in pages:
        assert complaints == []
        assert {method for method, _ in asked} <= {"GET"}
        assert all(url.startswith((address, f"blob:{address}")) for _, url in asked)
        context.close()
