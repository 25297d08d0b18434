"""What tests in a real browser share."""

from __future__ import annotations

import os
import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
# Slow machines are no failure of a page.
PATIENCE = 120_000
# Contrast of each visible text with what is behind it. A canvas turns any CSS colour into bytes.
CONTRASTS = """() => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const bytes = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) =>
      v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    const disc = element.closest(".dot");
    if (disc) return bytes(getComputedStyle(disc.querySelector("circle")).fill);
    for (let at = element; at; at = at.parentElement) {
      const found = bytes(getComputedStyle(at).backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255, 255];
  };
  const seen = [];
  for (const element of document.querySelectorAll("body *")) {
    const parts = [...element.childNodes].filter((node) => node.nodeType === 3);
    const text = parts.map((node) => node.data).join("").trim();
    const shown = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    const unseen = "script, title, desc, textarea, noscript";
    if (!text || !shown || element.closest(unseen)) continue;
    const style = getComputedStyle(element);
    const ink = bytes(element.closest("svg") ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(element))].sort((x, y) => y - x);
    seen.push([(a + 0.05) / (b + 0.05), element.tagName, text.slice(0, 40)]);
  }
  return seen;
}"""


def needed(what, there, switch):
    """Skip where a program or a package is missing, but not where the tests must run."""
    if there:
        return
    if os.environ.get(switch):
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")
