"""The doctor names what is wrong, and one command for each thing."""

from pathlib import Path

import msgspec
import pytest

from precompute import doctor
from precompute import session
from precompute.faces import FacesConfig
from precompute.models import ModelStore
from precompute.settings import PERMISSIVE
from precompute.settings import DisclosureConfig
from tests.precompute.chains import chain


@pytest.mark.parametrize(
    ("versions", "available", "gpu", "ok"),
    [
        ({"onnxruntime-gpu": "1"}, [session.CUDA, session.CPU], True, True),
        ({"onnxruntime-gpu": "1"}, [session.CUDA, session.CPU], False, True),
        ({"onnxruntime": "1", "onnxruntime-gpu": "1"}, [session.CUDA, session.CPU], True, True),
        ({"onnxruntime": "1", "onnxruntime-gpu": "1"}, [session.CPU], False, False),
        ({"onnxruntime": "1"}, [session.CPU], True, False),
        ({"onnxruntime": "1"}, [session.CPU], False, True),
    ],
    ids=["gpu build", "gpu build, no gpu", "gpu build on top", "cpu build on top", "cpu build, gpu idle", "cpu build"],
)
def test_the_build_of_onnxruntime(
    versions: dict[str, str], available: list[str], gpu: bool, ok: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of the two packages was installed last owns the module; the mend is one command."""
    monkeypatch.setattr(session, "gpu_present", lambda: gpu)
    check = doctor._build(versions, available)
    assert check.ok == ok
    assert check.ok or check.mend == "pip install --force-reinstall --no-deps onnxruntime-gpu"


def test_a_bare_machine(tmp_path: Path) -> None:
    """Missing models and donors are each named with their command."""
    checks = doctor.report(msgspec.structs.replace(PERMISSIVE, generator="donor"), ModelStore(tmp_path, environ={}), {})
    missing = [check for check in checks if check.name.startswith("model ")]
    assert len(missing) == 5
    assert all(not check.ok and check.mend == "mfmc-precompute models pull" for check in missing)
    donors = next(check for check in checks if check.name == "donors")
    assert not donors.ok
    assert "MFMC_DONORS" in (donors.mend or "")


def test_a_fresh_machine(tmp_path: Path) -> None:
    """By default nothing is asked of donors, and every model is there, since the package ships it."""
    checks = {check.name: check for check in doctor.report(FacesConfig(), ModelStore(tmp_path, environ={}), {})}
    assert "donors" not in checks
    shipped = [check for name, check in checks.items() if name.startswith("model ")]
    assert len(shipped) == 6
    assert all(check.ok and check.detail.startswith("shipped") for check in shipped)


def test_a_sound_machine(config: FacesConfig, store: ModelStore) -> None:
    """Models verified, provider running, donors counted."""
    checks = {check.name: check for check in doctor.report(config, store, {})}
    assert all(check.ok for name, check in checks.items() if name != "onnxruntime")
    assert checks["provider"].detail.startswith("CPUExecutionProvider")


def test_disclosure_off() -> None:
    """Without manifests nothing is to be mended, and it is said how to have them."""
    check = doctor._disclosure(DisclosureConfig())
    assert check.ok
    assert "precompute.disclosure" in check.detail


def test_disclosure_on(tmp_path: Path) -> None:
    """Whose name manifests bear and until when; or what is wrong, and where it is explained."""
    pytest.importorskip("c2pa")
    chain().write(tmp_path)
    config = DisclosureConfig(enabled=True, certificate_file=tmp_path / "signer.pem", key_file=tmp_path / "signer.key")
    check = doctor._disclosure(config)
    assert (check.ok, check.detail.split(", until ")[0]) == (True, "manifests signed by Club photos, es256")
    (tmp_path / "signer.key").chmod(0o644)
    check = doctor._disclosure(config)
    assert not check.ok
    assert "chmod 600" in check.detail
    assert "docs/disclosure.md" in (check.mend or "")


def test_lines_show_a_mend_only_below_what_failed() -> None:
    """Two lines for what is wrong, one for what is right."""
    said = doctor.lines([doctor.Check("a", True, "fine", "unused"), doctor.Check("b", False, "broken", "mend it")])
    assert [line.split()[0] for line in said] == ["ok", "MEND", "mend"]


@pytest.mark.parametrize(
    ("wanted", "available", "gpu", "expected"),
    [
        ("auto", [session.CUDA, session.CPU], True, [session.CUDA, session.CPU]),
        ("auto", [session.CUDA, session.CPU], False, [session.CPU]),
        ("auto", [session.CPU], True, [session.CPU]),
        ("cuda", [session.CUDA, session.CPU], False, [session.CUDA, session.CPU]),
        ("cpu", [session.CUDA, session.CPU], True, [session.CPU]),
    ],
    ids=["auto, gpu", "auto, none", "auto, cpu build", "cuda wanted", "cpu wanted"],
)
def test_the_choice_of_provider(
    wanted: session.Provider, available: list[str], gpu: bool, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """CUDA is asked only where the build has it and there is a device, or where it was named."""
    monkeypatch.setattr(session, "gpu_present", lambda: gpu)
    monkeypatch.setattr(session.onnxruntime, "get_available_providers", lambda: available)
    assert session.providers(wanted) == expected
