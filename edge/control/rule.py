"""The one spelling of an audience: subjects in ascending order, one space between them.

    subject = "nobody" / "everyone" / "friends" / "user:" id / "group:" name
    rule    = subject *( SP subject )          "nobody" stands alone; at most 200 subjects
"""

import re

from edge.errors import Unprocessable
from edge.errors import WrongModel
from edge.friends import is_user

MAX_SUBJECTS = 200
SIMPLE = frozenset({"nobody", "everyone", "friends"})
NOBODY = "nobody"

_GROUP = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)


def is_group(text: str) -> bool:
    """Whether ``text`` can name a group: 1 to 32 lower-case letters, digits and hyphens, no hyphen first."""
    return _GROUP.fullmatch(text) is not None


def canonical(text: str, model: str) -> str:
    """A rule in its one spelling; raises ``Unprocessable`` for what is none and ``WrongModel`` for what the model lacks."""
    subjects = set(text.split(" "))
    if not all(map(_is_subject, subjects)) or len(subjects) > MAX_SUBJECTS or (NOBODY in subjects and len(subjects) > 1):
        raise Unprocessable
    if model == "tag" or (model == "rule" and not (len(subjects) == 1 and subjects <= SIMPLE)):
        raise WrongModel
    return " ".join(sorted(subjects))


def _is_subject(text: str) -> bool:
    kind, _, name = text.partition(":")
    return text in SIMPLE or (kind == "user" and is_user(name)) or (kind == "group" and is_group(name))
