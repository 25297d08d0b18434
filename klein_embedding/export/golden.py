"""Texts on which the forms of a model are compared: every script, and every odd input."""

from __future__ import annotations

GOLDEN_TEXTS: tuple[str, ...] = (
    "Water is life.",
    "The committee postponed its decision until the engineers had inspected the bridge.",
    "पानी ही जीवन है।",
    "জলই জীবন।",
    "நீரே உயிர்.",
    "నీరే ప్రాణం.",
    "पाणी हेच जीवन आहे.",
    "വെള്ളമാണ് ജീവൻ.",
    "پانی ہی زندگی ہے۔",
    "પાણી જ જીવન છે.",
    "ನೀರೇ ಜೀವ.",
    "ਪਾਣੀ ਹੀ ਜੀਵਨ ਹੈ।",
    "ଜଳ ହିଁ ଜୀବନ।",
    "পানীয়েই জীৱন।",
    "पानी नै जीवन हो।",
    "ජලය ජීවිතයයි.",
    # Joiners that change how conjuncts are drawn, and the nukta as one and as two code points.
    "क्‍ष और क्‌ष, ශ්‍රී ලංකා",
    "क़लम \u0958\u0932\u092e",
    "👩‍🚀🚀 on her way to 🌕 👍🏽",
    "pani hi jeevan hai",
    "def f(x): return x ** 2  # https://example.org/?q=1&r=%20",
    "東京は今日も雨です。 Привет, мир!",
    "",
    "नदी बहती है और the river runs on. " * 60,
)
