"""Every way a request can fail, and the one sentence the outside world may read about it.

Refusal                     a request that gets a fixed answer instead of a picture
├── BadRequest       400    the request line, a header or the body is not acceptable
├── NotFound         404    no such photo, or not one this address may name
├── MethodNotAllowed 405    anything but GET and HEAD
├── OriginFailed     502    the origin answered wrongly, or with bytes that are not the published base
├── Unavailable      503    the catalog or the key ring cannot be read
└── OriginTimeout    504    the origin took too long

Damaged                     sealed bytes that do not open; the edge then shows the base
TokenRefused                credentials that prove nothing; their bearer is then a stranger
ConfigError                 the process refuses to start
KeyRingError                the key ring cannot be read or has no such key
└── KeyServiceFailed        the key service cannot be reached, or answers wrongly

Only ``middleware.py`` turns a ``Refusal`` into HTTP. No class carries request data, so nothing secret can travel in one.
"""


class Refusal(Exception):
    """A request that gets a fixed answer: ``status`` and ``sentence`` are all that leaves the process."""

    status = 500
    sentence = "The picture cannot be shown."

    def __init__(self) -> None:
        super().__init__(self.sentence)


class BadRequest(Refusal):
    """The request itself is not acceptable."""

    status = 400
    sentence = "The request is not valid."


class NotFound(Refusal):
    """There is no such photo; the same answer as for a name that can never exist."""

    status = 404
    sentence = "There is no such picture."


class MethodNotAllowed(Refusal):
    """Only GET and HEAD are answered."""

    status = 405
    sentence = "Only GET and HEAD are answered here."


class OriginFailed(Refusal):
    """The origin answered with an error, or with bytes that are not the published base."""

    status = 502
    sentence = "The picture's store gave a wrong answer."


class Unavailable(Refusal):
    """The catalog cannot be read, so nobody knows what may be shown."""

    status = 503
    sentence = "The picture cannot be shown right now."


class OriginTimeout(Refusal):
    """The origin did not answer in time."""

    status = 504
    sentence = "The picture's store did not answer in time."


class Damaged(Exception):
    """Sealed bytes that do not parse, do not authenticate, or do not fit the base: one error and one text for all."""

    def __init__(self) -> None:
        super().__init__("the sealed patches do not open")


class TokenRefused(Exception):
    """A token that is not acceptable, for whatever reason: one error and one text for all (RFC 8725 section 3)."""

    def __init__(self) -> None:
        super().__init__("the token is refused")


class ConfigError(Exception):
    """The configuration is not usable; the message names the key and says what to do."""


class KeyRingError(Exception):
    """The key ring cannot be read, is readable by others, or lacks a key."""


class KeyServiceFailed(KeyRingError):
    """A key service refused, answered wrongly or not in time: one text for all, and a later try may work."""

    def __init__(self) -> None:
        super().__init__("the key service does not do what it was asked")
