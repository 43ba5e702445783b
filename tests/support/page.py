"""Reading a report as a reader would: its tables, its ids, whatever could load or run."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import html5lib

from study.report.blocks import Section
from study.report.templates import environment

HTML = "{http://www.w3.org/1999/xhtml}"
MINUS = "\u2212"
Element = ElementTree.Element


def parse(page: str) -> Any:
    """Parse strictly: any error of HTML raises."""
    return html5lib.HTMLParser(strict=True).parse(page)


def elements(tree: Any) -> list[Element]:
    """All elements, comments left out."""
    return [e for e in tree.iter() if isinstance(e.tag, str)]


def check(page: str) -> Any:
    """Valid, ids unique, inner links lead somewhere, nothing is loaded, one script and it is ours."""
    tree = parse(page)
    everything = elements(tree)
    ids = [e.attrib["id"] for e in everything if "id" in e.attrib]
    assert len(ids) == len(set(ids)), sorted({i for i in ids if ids.count(i) > 1})[:5]
    for e in everything:
        name = e.tag.rpartition("}")[2]
        assert name not in ("iframe", "object", "embed", "base", "audio", "video", "source", "foreignObject"), name
        for key, value in e.attrib.items():
            plain = key.rpartition("}")[2].lower()
            assert not plain.startswith("on"), (name, key)
            if plain in ("aria-labelledby", "for", "aria-controls"):
                assert value in ids, value
            if plain not in ("href", "src", "action", "srcset", "poster", "formaction", "data"):
                continue
            if value.startswith("#"):
                assert value[1:] in ids, value
            elif name == "a" and "download" not in e.attrib:
                assert value.startswith("https://"), value  # a person may follow it
            else:
                assert value.startswith("data:"), value
    assert len([e for e in everything if e.tag.rpartition("}")[2] == "script"]) == 1
    styles = "".join(e.text or "" for e in everything if e.tag == f"{HTML}style")
    inline = "".join(e.attrib.get("style", "") + e.attrib.get("clip-path", "") for e in everything)
    assert "@import" not in styles and "url(" not in styles
    assert not re.search(r"url\((?!#)", inline)
    return tree


SECTION = '<div>{% for block in section.blocks %}{% include "blocks/" ~ block.kind ~ ".html.j2" %}{% endfor %}</div>'


def part(section: Section | None) -> Any:
    """One section as the page would show it, without drawing the rest."""
    assert section is not None
    shown = environment().from_string(SECTION).render(section=section)
    return html5lib.HTMLParser(strict=True).parseFragment(shown)


def text(element: Any) -> str:
    """All text of an element, spaces collapsed."""
    return re.sub(r"\s+", " ", "".join(element.itertext())).strip()


def by_id(tree: Any, name: str) -> Any:
    """The element of an id."""
    return next(e for e in elements(tree) if e.attrib.get("id") == name)


def tables(root: Any, style: str = "") -> list[Any]:
    """The tables under ``root``, those of a class where one is given."""
    found = [e for e in root.iter() if e.tag == f"{HTML}table"]
    return [t for t in found if style in t.attrib.get("class", "").split()] if style else found


def cells(table: Any, part: str = "tbody") -> list[list[str]]:
    """The shown texts of a table's body (or head, or foot), row by row."""
    rows = [r for body in table.iter() if body.tag == HTML + part for r in body if r.tag == f"{HTML}tr"]
    return [[text(c) for c in row] for row in rows]


def caption(table: Any) -> str:
    """A table's caption."""
    return text(next(e for e in table if e.tag == f"{HTML}caption"))


def numeral(shown: str) -> float:
    """The first number of a shown text: '−0.34', '76.78 %', '1,024'."""
    found = re.search(rf"[+{MINUS}-]?[\d,]*\.?\d+", shown)
    assert found, shown
    return float(found[0].replace(",", "").replace(MINUS, "-"))
