"""Templates: what is kept of a person opens for that person, those models and that ring alone, and shows itself to nobody."""

import os
from dataclasses import replace

import numpy as np
import pytest

from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.keys.envelope import Box
from edge.keys.envelope import padded_length
from edge.keys.ring import KeyRing
from precompute import template as form
from tests.precompute.looks import DIMENSIONS
from tests.precompute.looks import MODELS
from tests.precompute.looks import looks
from tests.precompute.looks import template

RING = KeyRing("k", {"k": bytes(range(32))})
SALT = bytes([7] * 32)


def sealed(person: str = "u-red", models: dict[str, str] = MODELS) -> form.Row:
    return form.seal(template(person), models, RING, os.urandom)


def resealed(plain: bytes, person: str = "u-red") -> form.Row:
    """A row as somebody with the ring could make it around any content."""
    key, text = os.urandom(32), form.spelled(MODELS)
    box = Box(key, SALT, form.TEMPLATE_LABEL)
    content = box.commitment + box.seal(plain, form._associated(person, text))
    return form.Row(person, text, SALT, RING.wrap(key, form.template_context(person)), content)


def test_round_trip() -> None:
    """What was sealed opens to the same numbers, whatever the order in which the models are configured."""
    opened = form.unseal(sealed(models=dict(reversed(MODELS.items()))), RING)
    assert opened.person == "u-red"
    for name, vector in looks("u-red").items():
        assert opened.vectors[name].dtype == np.float16
        assert np.array_equal(opened.vectors[name], vector.astype(np.float16))


def test_layout() -> None:
    """The bytes are those that the docstring describes, to the last one."""
    plain = form._encoded(template("u-red"), sorted(MODELS))
    a, b = (looks("u-red")[name].astype("<f2").tobytes() for name in sorted(MODELS))
    written = b"\x01\x02" + b"\x60\x00" + a + b"\x30\x00" + b
    assert plain == written.ljust(padded_length(len(written)), b"\0")
    row = sealed()
    assert len(row.sealed) == 32 + len(plain) + 16
    assert row.model == "\n".join(f"{MODELS[name]} {name}" for name in sorted(DIMENSIONS))
    assert form.models_of(row.model) == MODELS


@pytest.mark.parametrize("column", ["salt", "wrapped_key", "sealed"])
def test_every_bit_counts(column: str) -> None:
    """A row with any one bit changed does not open."""
    row = sealed()
    content = getattr(row, column)
    for bit in range(len(content) * 8):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((Damaged, KeyRingError)):
            form.unseal(replace(row, **{column: bytes(changed)}), RING)


def test_cut_short_or_longer() -> None:
    """A row that lost or won bytes anywhere does not open."""
    row = sealed()
    for length in range(len(row.sealed)):
        with pytest.raises(Damaged):
            form.unseal(replace(row, sealed=row.sealed[:length]), RING)
    for more in (1, 100, form.MAX_SEALED_BYTES):
        with pytest.raises(Damaged):
            form.unseal(replace(row, sealed=row.sealed + bytes(more)), RING)


def test_another_persons() -> None:
    """A template moved to another person does not open: not as a whole row, and not with that person's own key."""
    red, blue = sealed("u-red"), sealed("u-blue")
    with pytest.raises(Damaged):
        form.unseal(replace(red, person="u-blue"), RING)
    with pytest.raises(Damaged):
        form.unseal(replace(blue, salt=red.salt, sealed=red.sealed), RING)
    with pytest.raises(Damaged):
        RING.unwrap(red.wrapped_key, form.template_context("u-blue"))
    key = RING.unwrap(red.wrapped_key, form.template_context("u-red"))
    moved = replace(red, person="u-blue", wrapped_key=RING.wrap(key, form.template_context("u-blue")))
    with pytest.raises(Damaged):
        form.unseal(moved, RING)


@pytest.mark.parametrize(
    "models",
    [
        pytest.param(MODELS | {"flat-a": "0" * 64}, id="another-version"),
        pytest.param({"flat-b": MODELS["flat-a"], "flat-a": MODELS["flat-b"]}, id="swapped"),
        pytest.param({"flat-a": MODELS["flat-a"]}, id="fewer"),
        pytest.param(MODELS | {"flat-c": "0" * 64}, id="more"),
        pytest.param({}, id="none"),
    ],
)
def test_another_models(models: dict[str, str]) -> None:
    """A template is bound to the models that made it, and cannot pass for one of others."""
    with pytest.raises(Damaged):
        form.unseal(replace(sealed(), model=form.spelled(models)), RING)


def test_another_ring() -> None:
    """Without the wrapping key nothing opens, and the error says no more than that."""
    with pytest.raises(KeyRingError):
        form.unseal(sealed(), KeyRing("other", {"other": os.urandom(32)}))
    with pytest.raises(Damaged):
        form.unseal(sealed(), KeyRing("k", {"k": os.urandom(32)}))


def test_commitment_is_checked() -> None:
    """A commitment of another key is refused although the ciphertext itself would open."""
    row = sealed()
    with pytest.raises(Damaged):
        form.unseal(replace(row, sealed=os.urandom(32) + row.sealed[32:]), RING)


PLAIN = form._encoded(template("u-red"), sorted(MODELS))
END = 2 + sum(2 + 2 * size for size in DIMENSIONS.values())


@pytest.mark.parametrize(
    "plain",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x02" + PLAIN[1:], id="another-format"),
        pytest.param(b"\x01\x01" + PLAIN[2:], id="another-count"),
        pytest.param(b"\x01\x02", id="no-vectors"),
        pytest.param(PLAIN[:2] + b"\0\0" + PLAIN[4:], id="no-dimension"),
        pytest.param(PLAIN[:2] + b"\xff\xff" + PLAIN[4:], id="longer-than-the-rest"),
        pytest.param(PLAIN[:4] + bytes(192) + PLAIN[196:], id="a-vector-of-zeros"),
        pytest.param(PLAIN[:4] + b"\x00\x7e" + PLAIN[6:], id="not-a-number"),
        pytest.param(PLAIN[:4] + b"\x00\x7c" + PLAIN[6:], id="infinite"),
        pytest.param(PLAIN[:4] + b"\x00\x40" + PLAIN[6:], id="too-long-a-vector"),
        pytest.param(PLAIN[:-1] + b"\x01", id="padding-that-says-something"),
        pytest.param(PLAIN[:END], id="no-padding"),
        pytest.param(PLAIN + b"\0", id="more-padding"),
    ],
)
def test_strict_content(plain: bytes) -> None:
    """Even what was sealed with the right keys is refused unless it is exactly a template."""
    assert form.unseal(resealed(PLAIN), RING).person == "u-red"
    with pytest.raises(Damaged):
        form.unseal(resealed(plain), RING)


def test_keys_never_repeat() -> None:
    """Each sealing has a key and a salt of its own, so that the fixed nonce is used once under a key."""
    one, two = sealed(), sealed()
    assert one.salt != two.salt
    assert one.sealed[:32] != two.sealed[:32]


def test_shown_to_nobody() -> None:
    """Neither a template nor its row tells in its repr whose it is or what is in it."""
    for thing in (template("u-canary"), sealed("u-canary")):
        assert "u-canary" not in repr(thing)
        assert "array" not in repr(thing)
        assert "\\x" not in repr(thing)
