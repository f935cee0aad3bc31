"""Measure a published photo again: open it as the edge does, find its faces as sealing does, and compare with its certificate.

*ok*: every recogniser at hand agrees with the certificate. *differs*: one finds another similarity than is certified, or there is
no such face. *no longer passes*: one calls the fake the person, where the certificate does not say so; another recogniser, or
a lower threshold, may be configured now. *unsigned*: all of that holds, and nobody answers for the certificate. *erased*: the
original can never be had again, so there is nothing to measure against.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from typing import Literal
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge.catalog import Face as FaceRecord
from edge.catalog.restrictions import common
from precompute import certificate as form
from precompute import signing
from precompute.certificate import FaceEntry
from precompute.certificate import Stored
from precompute.certificate import Verdict
from precompute.certify import Measurement
from precompute.errors import CertificateBroken
from precompute.face import Face
from precompute.opened import SAME_FACE
from precompute.opened import Opened
from precompute.opened import Published
from precompute.opened import whole

Pixels = npt.NDArray[np.uint8]
State = Literal["ok", "differs", "no longer passes", "unsigned", "erased"]

# Sealing looked at each face's blocks decoded alone, where chroma at their edges differs a little from the whole base: by at most
# 0.0062 in 350 measurements on 22 photos. Other processors add in another order besides.
TOLERANCE: Final = 0.02


class Measures(Protocol):
    """Finds and measures faces, as sealing does. Pictures are upright, BGR uint8 (h, w, 3)."""

    def find(self, pixels: Pixels) -> tuple[Face, ...]:
        """Every face of the picture."""

    def measure(self, pixels: Pixels, face: Face, output: Pixels) -> tuple[Measurement, ...]:
        """How similar each recogniser finds the face in ``output`` to the original."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One face: what became of it, what was measured now, and sentences that say why."""

    slot: int
    state: State
    measured: tuple[Measurement, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One photo: who signed its certificate (None: nobody who counts), and its faces by slot."""

    signed_by: str | None
    faces: tuple[Checked, ...]


def check(published: Published, photo: Opened, trusted: signing.Trusted, anonymiser: Measures) -> Report:
    """Compare every face with its entry; raises ``CertificateBroken`` for a certificate that is not about this very photo."""
    stored = form.parse(published.certificate)
    signed_by, why = signature(stored, trusted)
    entries = bound(stored, published)
    found = anonymiser.find(photo.original) if photo.slots else ()
    faces = []
    for face in published.photo.faces:
        checked = _face(face, entries[face.slot], photo, found, anonymiser)
        if checked.state == "ok" and signed_by is None:
            checked = Checked(face.slot, "unsigned", checked.measured, (*checked.notes, why))
        faces.append(checked)
    return Report(signed_by, tuple(faces))


def signature(stored: Stored, trusted: signing.Trusted) -> tuple[str | None, str]:
    """The id of the key that signed, or None and why not; raises ``CertificateBroken`` for a signature that does not hold."""
    if stored.key_id is None or stored.signature is None:
        return None, "nobody signed the certificate; seal and reseal sign once `certify --new-key FILE` made a key"
    if stored.key_id not in trusted:
        return None, f"signed with the key {stored.key_id}, which is not among precompute.certificate.public_files"
    if not signing.holds(trusted[stored.key_id], stored.signature, stored.body):
        raise CertificateBroken("was changed after it was signed, or somebody else signed it")
    return stored.key_id, ""


def bound(stored: Stored, published: Published) -> Mapping[int, FaceEntry]:
    """The entries by slot, if they are of just this photo, version, base and faces; raises ``CertificateBroken``."""
    about, photo = stored.certificate, published.photo
    said = about.photo_id, about.photo_version, about.base_sha256
    entries = {entry.slot: entry for entry in about.faces}
    if said != (photo.photo_id.hex(), photo.version.hex(), photo.base_sha256.hex()):
        raise CertificateBroken("is about another photo or another version of it")
    if len(entries) != len(about.faces) or entries.keys() != {face.slot for face in photo.faces}:
        raise CertificateBroken("is about other faces than the catalog has")
    return entries


def _face(record: FaceRecord, entry: FaceEntry, photo: Opened, found: Sequence[Face], anonymiser: Measures) -> Checked:
    if record.slot not in photo.slots:
        return Checked(record.slot, "erased", (), ("its key was erased, so it cannot be measured",))
    face = max(found, key=lambda each: common(record.box, whole(each.box)), default=None)
    if face is None or common(record.box, whole(face.box)) < SAME_FACE:
        return Checked(record.slot, "differs", (), ("no face is found at its place; was another detector configured?",))
    measured = anonymiser.measure(photo.original, face, photo.base)
    state, notes = compare(entry, measured)
    return Checked(record.slot, state, measured, notes)


def compare(entry: FaceEntry, measured: Sequence[Measurement]) -> tuple[State, tuple[str, ...]]:
    """What the recognisers at hand say now, beside what is certified."""
    certified = {verdict.model_sha256: verdict for verdict in entry.recognisers}
    notes = [f"{v.recogniser}: the certified model is not configured, not compared" for v in _missing(entry, measured)]
    differs = failed = False
    for each in measured:
        before = certified.get(each.model_sha256)
        if before is None:
            notes.append(f"{each.recogniser}: not the certified model, measured without a value to compare with")
        elif not abs(each.similarity - before.similarity) <= TOLERANCE:
            differs = True
            notes.append(f"{each.recogniser}: {each.similarity:.4f}, certified {before.similarity:.4f}")
        if before is not None and before.threshold != each.threshold:
            notes.append(f"{each.recogniser}: the threshold is {each.threshold}, and was {before.threshold}")
        if not each.passed:
            known = before is not None and not before.passed
            failed = failed or not known
            notes.append(f"{each.recogniser}: calls it the person{', as is certified' if known else ''}")
    return "no longer passes" if failed else "differs" if differs else "ok", tuple(notes)


def _missing(entry: FaceEntry, measured: Sequence[Measurement]) -> list[Verdict]:
    present = {each.model_sha256 for each in measured}
    return [verdict for verdict in entry.recognisers if verdict.model_sha256 not in present]
