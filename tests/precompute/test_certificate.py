"""One spelling, one signature over it, and nothing but what the document says; the worked example is checked byte for byte."""

import base64
import json
import re
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from precompute import certificate
from precompute import signing
from precompute.certify import Measurement
from precompute.choice import Rule
from precompute.errors import CertificateBroken
from precompute.signing import Signer

DOCUMENT = Path(__file__).parents[2] / "docs" / "certificate.md"
SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
RULE = Rule("random-above-threshold", "ssim", 0.4868)
NOW = 1_767_323_045.9


def example() -> certificate.Certificate:
    """The worked example of the document."""
    measured = (
        Measurement("face-reidentification-retail-0095", "f5" * 32, 0.11088, 0.3401, "calibrated", True),
        Measurement("mobilefacenet_128", "f0" * 32, -0.02, 0.341, "registry", True),
    )
    filled = Measurement("mobilefacenet_128", "f0" * 32, 0.86099, 0.341, "registry", False)
    faces = [
        certificate.face(1, "opaque", b"\x02" * 32, [filled], RULE, 24),
        certificate.face(0, "donor", b"\x01" * 32, measured, RULE, 2),
    ]
    return certificate.of(bytes(range(16)), bytes(range(16, 32)), b"the base", faces, NOW)


def test_worked_example() -> None:
    """The document shows exactly what is stored: canonical JSON, then algorithm, key id and signature."""
    (shown,) = re.findall(r"```text\n(.*?)\n```", DOCUMENT.read_text(), re.S)
    assert certificate.stored(example(), SIGNER) == shown
    (pem,) = re.findall(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", DOCUMENT.read_text(), re.S)
    key = serialization.load_pem_public_key(pem.encode())
    body, line = shown.encode().split(b"\n")
    key.verify(base64.b64decode(line.split(b" ")[2]), body)  # type: ignore[union-attr, call-arg, arg-type]


def test_canonical() -> None:
    """Keys are sorted, there is no space and no line end, all is ASCII, and faces come by ascending slot."""
    body = certificate.spelled(example())
    assert json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode() == body
    assert b" " not in body
    assert b"\n" not in body
    odd = msgspec.structs.replace(example(), created="é\n")
    assert certificate.spelled(odd).isascii()
    assert [face["slot"] for face in json.loads(body)["faces"]] == [0, 1]


def test_read_again() -> None:
    """What is stored is read as it was, signed or not."""
    signed, bare = (certificate.parse(certificate.stored(example(), signer)) for signer in (SIGNER, None))
    assert signed.certificate == bare.certificate == example()
    assert signed.body == bare.body == certificate.spelled(example())
    assert (bare.key_id, bare.signature) == (None, None)
    assert signed.key_id == SIGNER.key_id
    assert signed.signature is not None
    assert signing.holds(SIGNER.public, signed.signature, signed.body)


def test_every_byte_is_signed() -> None:
    """No byte of the certificate can change under its signature."""
    stored = certificate.parse(certificate.stored(example(), SIGNER))
    assert stored.signature is not None
    for at in range(len(stored.body)):
        changed = bytearray(stored.body)
        changed[at] ^= 1
        assert not signing.holds(SIGNER.public, stored.signature, bytes(changed))


GOOD = certificate.stored(example(), SIGNER)
BODY, LINE = GOOD.split("\n")
# The worked example as it was published before format 3, and the signature of the same key.
FORMAT_2 = (
    '{"base_sha256":"1a4b384c68bfc25050134f1c855abcdf536e3e14c140329a8a40cdaa80e79eb2","created":"2026-01-02T03:04:'
    '05Z","faces":[{"generator":"donor","recognisers":[{"model_sha256":"f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f'
    '5f5f5f5f5f5f5f5f5f5f5","origin":"calibrated","passed":true,"recogniser":"face-reidentification-retail-0095","s'
    'imilarity":0.1109,"threshold":0.3401},{"model_sha256":"f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f'
    '0f0f0f0f0","origin":"registry","passed":true,"recogniser":"mobilefacenet_128","similarity":-0.02,"threshold":0'
    '.341}],"seed_sha256":"0101010101010101010101010101010101010101010101010101010101010101","slot":0},{"generator"'
    ':"opaque","recognisers":[{"model_sha256":"f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0","o'
    'rigin":"registry","passed":false,"recogniser":"mobilefacenet_128","similarity":0.861,"threshold":0.341}],"seed'
    '_sha256":"0202020202020202020202020202020202020202020202020202020202020202","slot":1}],"format":2,"photo_id":"'
    '000102030405060708090a0b0c0d0e0f","photo_version":"101112131415161718191a1b1c1d1e1f"}'
)
FORMAT_2_LINE = (
    'ed25519 56475aa75463474c0285df5dbf2bcab7 3KhZUkc3Ih7PdTSQp0Km9gStXji0Wne/ETlDt5TjmQ8GN15hctNxRURDMYhZ5tw/JYwtU'
    'aoUKj896EP/DQlPBA=='
)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param('{"format":1,"faces":[]}', id="format-1"),
        pytest.param(BODY.replace('"format":3', '"format":4'), id="format-4"),
        pytest.param(BODY.replace('"format":3', '"format":2'), id="format-2-with-a-choice"),
        pytest.param(FORMAT_2.replace('"format":2', '"format":3'), id="format-3-without-a-choice"),
        pytest.param(BODY.replace("ssim", "guess"), id="no-measure"),
        pytest.param(BODY.replace('"candidates":2,', '"candidates":-2,'), id="no-count"),
        pytest.param(BODY.replace('"slot":0', '"slot": 0'), id="space"),
        pytest.param(BODY.replace("0.1109", "0.11090"), id="another-spelling-of-a-number"),
        pytest.param(BODY.replace('"slot":0', '"slot":0,"donor":"x.jpg"'), id="more-than-is-known"),
        pytest.param(BODY.replace('"slot":0', '"slot":-1'), id="no-slot"),
        pytest.param(BODY.replace("registry", "guessed"), id="no-origin"),
        pytest.param(BODY.replace("0.1109", "NaN"), id="no-number"),
        pytest.param(f"é{BODY}", id="not-ascii"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param(f"{BODY}\n", id="empty-line"),
        pytest.param(f"{BODY}\ned448 0 AAAA", id="another-algorithm"),
        pytest.param(f"{BODY}\ned25519 0", id="no-signature"),
        pytest.param(f"{BODY}\ned25519 0 A?A=", id="no-base64"),
        pytest.param(f"{GOOD}\n{LINE}", id="signed-twice"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """Only what ``stored`` writes is a certificate."""
    with pytest.raises(CertificateBroken):
        certificate.parse(text)


def test_format_2() -> None:
    """What was published before is read as it was, signature and all, and its fakes can be taken over into a new certificate."""
    old = certificate.parse(f"{FORMAT_2}\n{FORMAT_2_LINE}")
    assert (old.certificate.format, old.body) == (2, FORMAT_2.encode())
    assert old.signature is not None
    assert signing.holds(SIGNER.public, old.signature, old.body)
    entry, _ = old.certificate.faces
    assert entry.choice is msgspec.UNSET
    again = certificate.of(bytes(16), bytes(16), b"", [certificate.taken_over(entry)], NOW)
    read = certificate.parse(certificate.stored(again, None)).certificate
    assert read.faces[0] == msgspec.structs.replace(entry, choice=None)


def test_taken_over() -> None:
    """A fake that stays as it is keeps all that is said of it."""
    entry = example().faces[0]
    assert certificate.taken_over(entry) == entry


def test_no_number() -> None:
    """A recogniser that gives no number is written down as finding the two alike."""
    entry = certificate.face(0, "opaque", bytes(32), [Measurement("x", "0" * 64, float("nan"), 0.3, "registry", False)], RULE, 0)
    assert entry.recognisers[0].similarity == 1.0
