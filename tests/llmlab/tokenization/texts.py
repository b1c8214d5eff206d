"""Texts that are hard to cut, and how property tests run here: the same each time."""

from hypothesis import settings

property_test = settings(derandomize=True, deadline=None, database=None)

HARD_TEXTS = [
    "",
    " ",
    "\n",
    "a",
    "Hello, world!",
    "  two  spaces   and three    ",
    "tabs\t\tand\n\n\nlines \n \n  indented\r\n\r\nwindows",
    "def f(x):\n    if x:\n        return x['key']  # don't\n\n\nclass A: pass\n",
    "I'll say it's they've DON'T WE'RE 'quoted' ''s",
    "1234567890 3.14 1,000,000 x86 2nd ½ ² ٣",
    "😀👍🏽 👨‍👩‍👧‍👦 🏴‍☠️ text 🇩🇪",
    "עברית ימין לשמאל, العربية من اليمين \u202bmarked\u202c",
    "日本語のテキスト、中文字符。한국어",
    "e\u0301 é o\u0308 \u0301 alone",
    "zero\u200bwidth\ufeffand\u00a0no-break\u3000ideographic\u2028line",
    "\x00\x01\x1b[0m\x7f\x85\x1c\x1f control",
    "<|endoftext|>",
    "a <|endoftext|> b<|endoftext|><|endoftext|>c <|endoftext",
    "!!!???...---===***((()))",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "    " * 40 + "x" + " " * 33,
]
