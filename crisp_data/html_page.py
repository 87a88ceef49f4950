"""The ground of our HTML pages: one file that asks nobody for anything and runs nothing.

A page's own policy forbids scripts, forms and every request, should what somebody wrote find a
way around the escaping. It has light and dark colours, and on paper the light ones.
"""

from __future__ import annotations

from html import escape

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5;
  --link: #0b57b7; }
@media screen and (prefers-color-scheme: dark) { :root { --paper: #14181e; --ink: #e6eaf0;
  --soft: #9aa6b5; --line: #333b46; --link: #8ec1ff; } }
@media print { :root { color-scheme: light; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); }
"""
FOOT = "</main>\n</body>\n</html>\n"


def head(title: str, style: str, *, pictures: bool = False) -> str:
    """Write everything up to the beginning of ``<main>``.

    Parameters
    ----------
    title : str
        What the browser's tab says; escaped here.
    style : str
        Rules of the page's own, after those that all pages share.
    pictures : bool
        Whether the page holds pictures, in itself: ``data:`` addresses.

    Returns
    -------
    str
        HTML.
    """
    policy = f"{_POLICY}; img-src data:" if pictures else _POLICY
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}{style}</style>
</head>
<body>
<main>
"""
