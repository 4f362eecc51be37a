"""The public page as HTML without scripts: readable on any telephone, printable, cached."""

import base64
import hashlib
from html import escape

from app.tenancy.notice.models import PublicPolicy, languages

STYLE = """
body{font:17px/1.55 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#16202c}
main{max-width:42rem;margin:0 auto;padding:1.5rem 1.25rem 3rem}
header p{margin:0;color:#4a5766}h1{font-size:1.7rem;line-height:1.25;margin:.2rem 0 1rem}
.state{background:#fff;border-radius:12px;padding:1.1rem 1.25rem;border-left:6px solid #2e8b57}
.state[data-on=true]{border-color:#c77700}
.state ul{padding-left:1.1rem;margin:.4rem 0 0}.state p{margin:.3rem 0}
section{margin-top:1.6rem}h2{font-size:1.05rem;margin:0 0 .3rem}
.own{white-space:pre-line;background:#fff;border-radius:12px;padding:1rem 1.25rem}
nav{display:flex;flex-wrap:wrap;gap:.4rem .9rem;margin-bottom:1.4rem}nav a{color:#1d5fa8}
nav a[aria-current]{font-weight:700;color:inherit;text-decoration:none}
.demo{background:#7a2e00;color:#fff;padding:.6rem 1rem;border-radius:10px;font-weight:600}
footer{margin-top:2rem;color:#4a5766;font-size:.9rem}
@media(prefers-color-scheme:dark){body{background:#12161c;color:#e8edf2}
.state,.own{background:#1d242d}header p,footer{color:#a9b4c0}nav a{color:#8ec1ff}}
@media print{nav{display:none}body{background:#fff;color:#000}}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


def page_of(policy: PublicPolicy, language: str) -> str:
    """The whole page in one language; every text from settings is escaped."""
    words, on = languages()[language], policy.on()
    links = "".join(
        f'<a href="?language={code}" lang="{code}"{" aria-current=true" if code == language else ""}>{escape(each.name)}</a>'
        for code, each in languages().items()
    )
    state = "".join(f"<li>{escape(words.of(switch))}</li>" for switch in on)
    parts = [
        f'<p class="demo">{escape(words.demo)}</p>' if policy.demo else "",
        f"<header><p>{escape(policy.chain)} · {escape(policy.store)}</p>",
        f"<h1>{escape(words.heading_on if on else words.heading_off)}</h1></header>",
        f'<div class="state" data-on="{"true" if on else "false"}">',
        f"<ul>{state}</ul><p>{escape(words.always)}</p>" if on else f"<p>{escape(words.off)}</p>",
        "</div>",
        _own(words.notice, policy.notice_text) if on else "",
        _own(words.legal_basis, policy.legal_basis) if on else "",
        f"<section><p>{escape(words.ask)}</p></section>",
        f'<footer>{escape(words.since)} <time datetime="{policy.since:%Y-%m-%dT%H:%MZ}">{policy.since:%Y-%m-%d}</time>'
        f" · {policy.revision}</footer>",
    ]
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(words.title)} · {escape(policy.store)}</title><style>{STYLE}</style></head>"
        f"<body><main><nav>{links}</nav>{''.join(parts)}</main></body></html>"
    )


def _own(heading: str, text: str) -> str:
    return f'<section><h2>{escape(heading)}</h2><div class="own">{escape(text)}</div></section>' if text else ""
