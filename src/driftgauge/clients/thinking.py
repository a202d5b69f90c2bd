"""What a model wrote before its answer, told apart from it where it stands in the same text."""

import re
from typing import Final

_OPENED: Final = re.compile(r"\s*<think(?:ing)?(?:\s[^>]*)?>", re.IGNORECASE)
_CLOSED: Final = re.compile(r"</think(?:ing)?>", re.IGNORECASE)


def apart(text: str) -> tuple[str | None, str]:
    r"""Return what a model thought and what it answered, of a text that may begin with ``<think>``.

    Parameters
    ----------
    text
        As the provider gave it. A ``<think>`` that is never closed goes to the end: the answer was cut before it began. One
        that does not stand at the beginning is part of the answer.

    Returns
    -------
    tuple
        The reasoning, null where there is none, and the text.

    Examples
    --------
    >>> apart("<think>so</think>\n\nyes"), apart("<think>so"), apart("yes")
    (('so', 'yes'), ('so', ''), (None, 'yes'))
    """
    opened = _OPENED.match(text)
    if not opened:
        return None, text
    closed = _CLOSED.search(text, opened.end())
    if not closed:
        return text[opened.end() :].strip(), ""
    return text[opened.end() : closed.start()].strip(), text[closed.end() :].lstrip()
