"""Templates to one HTML file: styles and scripts inside, and a policy that lets nothing else be loaded or run.

Whatever comes from a document is escaped: by the templates as text, and by `embed` inside a data element. The content
security policy names each script and each style by its hash, so that even markup that slipped through could not run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from placement.errors import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment

_ROOM = "placement.report.page"
_ENDS = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def asset(name: str) -> str:
    """A style or a script of this package, as text."""
    return resources.files(_ROOM).joinpath("assets", name).read_text("utf-8")


def embed(data: Any) -> str:
    """JSON that can stand inside a script element: nothing in it ends the element or begins another.

    >>> embed({"name": "</script>"})
    '{"name":"\\\\u003c/script\\\\u003e"}'
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return "".join(_ENDS.get(sign, sign) for sign in text) if any(sign in text for sign in _ENDS) else text


def policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """A content security policy that allows these scripts and styles, by hash, and nothing from elsewhere."""
    script, style = (" ".join(map(_hash, texts)) or "'none'" for texts in (scripts, styles))
    return (
        f"default-src 'none'; script-src {script}; style-src {style}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _environment(package: str) -> Environment:
    import jinja2

    loaders = [jinja2.PackageLoader(name) for name in dict.fromkeys((package, _ROOM))]
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["shown"] = printable
    return environment


def page(template: str, *, scripts: Sequence[str], styles: Sequence[str], package: str = _ROOM, **context: Any) -> str:
    """Render a template that extends ``base.html.j2``.

    `template`: its name in the templates of `package`, where those of this room are found too.
    `scripts`, `styles`: texts that are put into the page, each allowed by its hash.
    `context`: what the template reads; text in it is escaped unless it is markup.
    """
    from markupsafe import Markup

    return (
        _environment(package)
        .get_template(template)
        .render(
            policy=policy(scripts, styles),
            scripts=[Markup(text) for text in scripts],
            styles=[Markup(text) for text in styles],
            **context,
        )
    )
