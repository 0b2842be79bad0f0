"""The text of HTML: its blocks, one a line, in the order of the page. resiliparse parses and extracts."""

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5
from resiliparse.parse.html import HTMLTree

_NO_TEXT = ["pre"]  # code, and drawings made of letters


class NoHtmlError(Exception):
    """Bytes that cannot be parsed as HTML; its text is the cause."""


def parse(html: bytes, charset: str | None = None) -> HTMLTree:
    """Return the tree of a page, whose encoding is `charset`, else its own word or what it looks like.

    Raises NoHtmlError.
    """
    encoding = charset or detect_encoding(html, from_html_meta=True) or "utf-8"
    try:
        return HTMLTree.parse_from_bytes(html, map_encoding_to_html5(encoding) or "utf-8")
    except (ValueError, RuntimeError) as error:
        raise NoHtmlError(f"no HTML ({error})") from error


def main_text(tree: HTMLTree) -> str:
    """Return the main content of a page from the web, as resiliparse sees it: no menus, footers, lists of links.

    Raises NoHtmlError.
    """
    try:
        return extract_plain_text(tree, main_content=True)
    except (ValueError, RuntimeError) as error:
        raise NoHtmlError(f"no HTML ({error})") from error


def block_text(tree: HTMLTree) -> str:
    """Return all that a page shows but code: headings, paragraphs, list items and cells of tables, one a line each.

    Raises NoHtmlError.
    """
    try:
        text = extract_plain_text(tree, list_bullets=False, alt_texts=False, skip_elements=_NO_TEXT)
    except (ValueError, RuntimeError) as error:
        raise NoHtmlError(f"no HTML ({error})") from error
    return text.replace("\t", "\n")  # between cells
