"""Every way a request can fail, and the one sentence the outside world may read about it.

Refusal                     a request that gets a fixed answer instead of a picture
├── BadRequest       400    the request line, a header or the body is not acceptable
├── BadRendition     400    a size, quality or format that nobody can be given
├── Unauthorised     401    the control API was asked without a token that holds
├── Forbidden        403    the caller has no right to this, whether or not there is such a thing
│   └── OddRendition        a size or format that only signed URLs may ask for
├── NotFound         404    no such photo, or not one this address may name
├── MethodNotAllowed 405    a method that this address does not take
├── TooSlow          408    the body took too long
├── Conflict         409    the change does not fit what is there
│   ├── HasOwner            the face has an owner already
│   ├── WrongModel          the configured access model has no such thing
│   └── TooMany             one more would be over a limit
├── Stale            412    If-Match names another state, or another picture, than the one at hand
├── TooLarge         413    the body is larger than the control API reads
├── WrongType        415    the body is not JSON
├── Unprocessable    422    the body is JSON, but not what this operation takes
├── Slower           429    too many requests by this caller
├── OriginFailed     502    the origin answered wrongly, or with bytes that are not the published base
├── Unavailable      503    the catalog or the key ring cannot be read
│   └── Busy                too many pictures are being scaled already, or one takes too long
└── OriginTimeout    504    the origin took too long

Damaged                     sealed bytes that do not open; the edge then shows the base
TokenRefused                credentials that prove nothing; their bearer is then a stranger
FriendsUnknown              nobody can tell whose friend a viewer is; then nobody's
ConfigError                 the process refuses to start
KeyRingError                the key ring cannot be read or has no such key
└── KeyServiceFailed        the key service cannot be reached, or answers wrongly
LogBroken                   the audit log was changed after it was written

Only ``middleware.py`` turns a ``Refusal`` into HTTP. No class carries request data, so nothing secret can travel in one.
"""


class Refusal(Exception):
    """A request that gets a fixed answer: ``status`` and ``sentence`` are all that leaves the process."""

    status = 500
    sentence = "The picture cannot be shown."
    retry_after: int | None = None

    def __init__(self) -> None:
        super().__init__(self.sentence)


class BadRequest(Refusal):
    """The request itself is not acceptable."""

    status = 400
    sentence = "The request is not valid."


class BadRendition(Refusal):
    """The query asks for a size, quality or format that nobody can be given."""

    status = 400
    sentence = "Pictures are not made in this size, quality or format."


class NotFound(Refusal):
    """There is no such photo; the same answer as for a name that can never exist."""

    status = 404
    sentence = "There is no such picture."


class Unauthorised(Refusal):
    """No token, or one that does not hold."""

    status = 401
    sentence = "This needs a token that holds, as Authorization: Bearer."


class Forbidden(Refusal):
    """The caller has no right to this; the same answer whatever is there."""

    status = 403
    sentence = "You have no right to do this."


class OddRendition(Forbidden):
    """A rendition that is not one of the configured ones, without a signature."""

    sentence = "Pictures in this size, quality or format need a signed URL."


class Conflict(Refusal):
    """The change does not fit what is there."""

    status = 409
    sentence = "This does not fit the present state."


class HasOwner(Conflict):
    """Another person is the face's owner."""

    sentence = "The face has an owner already."


class WrongModel(Conflict):
    """The configured access model does not know this."""

    sentence = "The access model of this service has no such thing."


class TooMany(Conflict):
    """One more would be over a limit of the catalog."""

    sentence = "There are as many of these as there may be."


class Stale(Refusal):
    """Somebody changed it since the caller looked."""

    status = 412
    sentence = "It has changed since; look again."


class TooLarge(Refusal):
    """A body above the limit."""

    status = 413
    sentence = "The body is too large."


class WrongType(Refusal):
    """A body of another type."""

    status = 415
    sentence = "The body must be application/json."


class Unprocessable(Refusal):
    """A body of another shape."""

    status = 422
    sentence = "The body is not what this operation takes."


class Slower(Refusal):
    """The caller asks too often; the next request is answered ``retry_after`` seconds from now."""

    status = 429
    sentence = "Too many requests; try again later."

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class MethodNotAllowed(Refusal):
    """This address does not take this method; ``allow`` is what it takes (RFC 9110 section 10.2.1)."""

    status = 405
    sentence = "Only GET and HEAD are answered here."

    def __init__(self, allow: str = "GET, HEAD, OPTIONS") -> None:
        super().__init__()
        self.allow = allow


class TooSlow(Refusal):
    """A body that was not there in time."""

    status = 408
    sentence = "The body did not arrive in time."


class OriginFailed(Refusal):
    """The origin answered with an error, or with bytes that are not the published base."""

    status = 502
    sentence = "The picture's store gave a wrong answer."


class Unavailable(Refusal):
    """The catalog cannot be read, so nobody knows what may be shown; ``advice`` is for an operator's screen."""

    status = 503
    sentence = "The picture cannot be shown right now."
    advice = "the catalog cannot be read or written: is its server up, may this user log in, or is its folder writable?"
    retry_after = 1


class Busy(Unavailable):
    """The picture has to be scaled, and no processor is free for it in time."""

    sentence = "The picture cannot be scaled right now."
    retry_after = 2


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


class FriendsUnknown(Exception):
    """Whoever knows a viewer's friends does not say, or says what cannot be believed: one error and one text for all."""

    def __init__(self) -> None:
        super().__init__("nobody can tell whose friend the viewer is")


class ConfigError(Exception):
    """The configuration is not usable; the message names the key and says what to do."""


class KeyRingError(Exception):
    """The key ring cannot be read, is readable by others, or lacks a key."""


class KeyServiceFailed(KeyRingError):
    """A key service refused, answered wrongly or not in time: one text for all, and a later try may work."""

    def __init__(self) -> None:
        super().__init__("the key service does not do what it was asked")


class LogBroken(Exception):
    """The audit log is not as it was written: an entry was changed, added or taken away at ``number``, or its end was."""

    def __init__(self, number: int | None = None) -> None:
        end = "the audit log's end is not the one that was sealed"
        super().__init__(end if number is None else f"the audit log breaks at entry {number}")
        self.number = number
