"""The whole way on a real photo: six faces found, replaced, measured; and what is done where it cannot be done well."""

from itertools import islice

import cv2
import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from precompute import landmarks
from precompute.blend import paste
from precompute.donors import Gallery
from precompute.errors import DonorsUnusable
from precompute.errors import ModelMissing
from precompute.errors import UnknownModel
from precompute.faces import REACHES
from precompute.faces import Anonymiser
from precompute.faces import Face
from precompute.faces import FacesConfig
from precompute.faces import Fake
from precompute.models import ModelStore
from precompute.settings import PERMISSIVE

Pixels = npt.NDArray[np.uint8]


@pytest.fixture(scope="module", params=["permissive", "donor_config"])
def config(request: pytest.FixtureRequest) -> FacesConfig:
    """The permissive models, with the face model and with donors."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def anonymiser(config: FacesConfig, store: ModelStore) -> Anonymiser:
    return Anonymiser.load(config, store, environ={})


@pytest.fixture(scope="module")
def faces(anonymiser: Anonymiser, group_photo: Pixels) -> tuple[Face, ...]:
    return anonymiser.find(group_photo)


@pytest.fixture(scope="module")
def fakes(anonymiser: Anonymiser, group_photo: Pixels, faces: tuple[Face, ...]) -> list[list[Fake]]:
    return [list(anonymiser.fakes(group_photo, face, np.random.default_rng(3))) for face in faces]


def test_six_faces_from_left_to_right(faces: tuple[Face, ...]) -> None:
    """Each is described and can be swapped, the one that looks aside too."""
    assert len(faces) == 6
    assert [face.box[0] for face in faces] == sorted(face.box[0] for face in faces)
    assert [face.reason for face in faces] == [None] * 6
    assert all(face.usable for face in faces)
    assert abs(faces[4].yaw) > 45
    assert {face.gender for face in faces} == {"female", "male"}


def test_the_shipped_models_alone(store: ModelStore, group_photo: Pixels) -> None:
    """By default nothing but the package is needed: all six are found and usable, and at least four get a fake that
    looks like the person to neither recogniser."""
    anonymiser = Anonymiser.load(FacesConfig(provider="cpu"), store, environ={})
    found = [face for face in anonymiser.find(group_photo) if face.usable]
    assert len(found) == 6
    passed = 0
    for face in found:
        fakes = islice(anonymiser.fakes(group_photo, face, np.random.default_rng(3)), 4)
        results = [anonymiser.measure(group_photo, face, paste(group_photo, f)) for f in fakes if f.method == "face-model"]
        passed += any(all(m.passed for m in measured) for measured in results)
        assert not any(m.passed for m in anonymiser.measure(group_photo, face, group_photo))
    assert passed >= 4


def test_points_lie_left_to_right_in_the_box(faces: tuple[Face, ...]) -> None:
    """Eyes above mouth, left before right, the mesh where the points are."""
    for face in faces:
        x, y, w, h = face.box
        assert face.points[0, 0] < face.points[1, 0]
        assert face.points[:2, 1].max() < face.points[3:, 1].min()
        assert face.mesh is not None
        assert face.mesh.shape == (478, 3)
        assert abs(face.mesh[:, 0].mean() - (x + w / 2)) < w / 4
        assert abs(face.mesh[:, 1].mean() - (y + h / 2)) < h / 4


def test_points_of_the_mesh(faces: tuple[Face, ...]) -> None:
    """The mesh's five points are where the detector sees them."""
    for face in faces[:4]:
        assert face.mesh is not None
        apart = np.linalg.norm(landmarks.five(face.mesh)[:, :2] - face.points, axis=1)
        assert apart.max() < 0.16 * landmarks.width(face.mesh)
        assert apart.mean() < 0.1 * landmarks.width(face.mesh)


def test_each_list_of_fakes_ends_with_one_opaque_fill(
    faces: tuple[Face, ...], fakes: list[list[Fake]], config: FacesConfig
) -> None:
    """Swaps first, at most as many as configured, each with another face."""
    for face, each in zip(faces, fakes, strict=True):
        swaps = [fake.pixels.tobytes() for fake in each[:-1]]
        assert [fake.method for fake in each] == [config.generator] * len(swaps) + ["opaque"]
        assert face.usable <= len(set(swaps)) == len(swaps) <= config.tries * face.usable


def test_every_replaced_face_is_below_the_thresholds(
    config: FacesConfig, anonymiser: Anonymiser, group_photo: Pixels, faces: tuple[Face, ...], fakes: list[list[Fake]]
) -> None:
    """Some fake of each list, a swap where the face can be swapped, passes both recognisers; the originals fail them."""
    for face, each in zip(faces, fakes, strict=True):
        results = [anonymiser.measure(group_photo, face, paste(group_photo, fake)) for fake in each]
        swaps = results[:-1] if face.usable else results
        assert any(all(m.passed and m.similarity < m.threshold for m in measured) for measured in swaps)
        itself = anonymiser.measure(group_photo, face, group_photo)
        assert [m.recogniser for m in itself] == list(config.recognisers)
        assert all(not m.passed and m.similarity > 0.95 for m in itself)


def test_outside_of_the_weight_nothing_changes(group_photo: Pixels, fakes: list[list[Fake]]) -> None:
    """Every pixel without weight is the original's, bit for bit, and with full weight is the fake's."""
    for fake in (each[i] for each in fakes for i in (0, -1)):
        out = paste(group_photo, fake)
        h, w = fake.weight.shape
        full = np.zeros(group_photo.shape[:2], np.float32)
        full[fake.y : fake.y + h, fake.x : fake.x + w] = fake.weight
        assert (out[full == 0] == group_photo[full == 0]).all()
        assert (out[full == 1] == fake.pixels[fake.weight == 1]).all()
        assert full.max() == 1


def test_the_feather_is_the_only_mixture(fakes: list[list[Fake]]) -> None:
    """In a swap most of the touched pixels have full weight; in a fill nearly all."""
    for each in fakes:
        for fake, share in [(fake, 0.6) for fake in each[:-1]] + [(each[-1], 0.95)]:
            assert (fake.weight == 1).sum() > share * (fake.weight > 0).sum()


def test_donors_have_the_persons_gender(donor_config: FacesConfig, store: ModelStore, group_photo: Pixels) -> None:
    """Female faces get female donors and male faces male ones."""
    anonymiser = Anonymiser.load(donor_config, store, environ={})
    assert anonymiser._generator is not None
    gallery = anonymiser._generator.source
    assert isinstance(gallery, Gallery)
    known = dict(zip(gallery._index.names.tolist(), gallery._index.genders.tolist(), strict=True))
    for face in anonymiser.find(group_photo):
        donors = [fake.source for fake in anonymiser.fakes(group_photo, face, np.random.default_rng(3))][:-1]
        assert {known[donor.name] for donor in donors if donor is not None} <= {face.gender}


def test_the_generator_alone_decides(anonymiser: Anonymiser, group_photo: Pixels, faces: tuple[Face, ...]) -> None:
    """The same seed gives the same fake, and other seeds give other faces."""

    def first(seed: int) -> Fake:
        return next(anonymiser.fakes(group_photo, faces[0], np.random.default_rng(seed)))

    assert (first(1).pixels == first(1).pixels).all()
    assert len({first(seed).pixels.tobytes() for seed in range(6)}) > 1


def test_a_known_candidate_comes_first(
    anonymiser: Anonymiser, group_photo: Pixels, faces: tuple[Face, ...], fakes: list[list[Fake]]
) -> None:
    """Whoever passed before and is named comes first again, and every fake says how many were drawn until it was found."""
    for face, each in zip(faces, fakes, strict=True):
        for known in each[1:-1][:1]:
            again = next(anonymiser.fakes(group_photo, face, np.random.default_rng(8), known.source))
            assert again.source is known.source
            assert again.looked_at == 1
        drawn = [fake.looked_at for fake in each]
        assert drawn == sorted(drawn)
        assert face.usable * len(each[:-1]) <= drawn[-1] <= len(REACHES) * anonymiser._config.screened


def test_where_nobody_passes_masks_reach_farther_and_all_is_counted(store: ModelStore, group_photo: Pixels) -> None:
    """Every candidate is refused here, so the fill says how many there were: all, and then a few at each wider reach."""
    strict = dict.fromkeys(FacesConfig().recognisers, -1.0)
    anonymiser = Anonymiser.load(FacesConfig(thresholds=strict, screened=4), store)
    face = anonymiser.find(group_photo)[0]
    (fill,) = anonymiser.fakes(group_photo, face, np.random.default_rng(0))
    assert fill.method == "opaque"
    assert fill.looked_at == 4 + 1 + 1


def test_gray_photos_stay_gray(anonymiser: Anonymiser, group_photo: Pixels) -> None:
    """Swaps and fills of a gray photo have three equal channels."""
    gray = cv2.cvtColor(cv2.cvtColor(group_photo, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    face = anonymiser.find(gray)[0]
    for fake in anonymiser.fakes(gray, face, np.random.default_rng(0)):
        assert (fake.pixels == fake.pixels[..., :1]).all()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"swap_width_px": 1000.0}, "too small"),
        ({"swap_yaw_degrees": 0.01}, "turned too far"),
        ({"swap_presence": 1.1}, "not clearly a face"),
        ({"swap_visible_share": 1.1}, "cut off by the picture's edge"),
    ],
    ids=["small", "profile", "hidden", "cut off"],
)
def test_faces_that_cannot_be_swapped_well_get_the_fill(
    changes: dict[str, float], reason: str, config: FacesConfig, anonymiser: Anonymiser, group_photo: Pixels
) -> None:
    """They are found, say why, and get nothing but the opaque fill."""
    strict = Anonymiser(msgspec.structs.replace(config, **changes), anonymiser._models, anonymiser._generator)
    face = strict.find(group_photo)[0]
    assert (face.usable, face.reason) == (False, reason)
    assert [fake.method for fake in strict.fakes(group_photo, face, np.random.default_rng(0))] == ["opaque"]


def test_small_faces_are_found_and_filled(anonymiser: Anonymiser, group_photo: Pixels) -> None:
    """A photo so small that its faces cannot be drawn well still has every one of them hidden."""
    small = cv2.resize(group_photo, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA)
    found = anonymiser.find(small)
    assert len(found) >= 5
    assert {face.reason for face in found} == {"too small"}


def test_a_face_at_the_edge_is_replaced_within_the_picture(anonymiser: Anonymiser, group_photo: Pixels) -> None:
    """A photo cut through a face gives fakes that lie inside of it."""
    x, _, w, _ = anonymiser.find(group_photo)[0].box
    cut = np.ascontiguousarray(group_photo[:, int(x + 0.4 * w) :])
    for face in islice(anonymiser.find(cut), 1):
        for fake in anonymiser.fakes(cut, face, np.random.default_rng(0)):
            h, w_ = fake.weight.shape
            assert 0 <= fake.x <= fake.x + w_ <= cut.shape[1]
            assert 0 <= fake.y <= fake.y + h <= cut.shape[0]


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (30, 20)], ids=str)
def test_pictures_without_faces(shape: tuple[int, int], anonymiser: Anonymiser) -> None:
    """Nothing is found in them, and nothing breaks."""
    assert anonymiser.find(np.full((*shape, 3), 120, np.uint8)) == ()


def test_without_donors_every_face_gets_the_fill_and_a_note_says_so(
    donor_config: FacesConfig, store: ModelStore, group_photo: Pixels
) -> None:
    """The job goes on, and its operator can read why."""
    bare = Anonymiser.load(msgspec.structs.replace(donor_config, donors_folder=None), store, environ={})
    face = bare.find(group_photo)[0]
    assert [fake.method for fake in bare.fakes(group_photo, face, np.random.default_rng(0))] == ["opaque"]
    assert "MFMC_DONORS" in bare.notes[0]


def test_a_donors_folder_that_is_not_there_stops_the_job(donor_config: FacesConfig, store: ModelStore) -> None:
    """A misspelt folder is not taken for none."""
    with pytest.raises(DonorsUnusable, match="is not there"):
        Anonymiser.load(donor_config, store, environ={"MFMC_DONORS": "/nowhere/at/all"})


def test_without_models_the_error_names_the_command(tmp_path: object) -> None:
    """No model is loaded, fetched or guessed."""
    with pytest.raises(ModelMissing, match="mfmc-precompute models pull"):
        Anonymiser.load(PERMISSIVE, ModelStore(tmp_path / "none", environ={}), environ={})  # type: ignore[operator]


def test_a_model_in_the_wrong_role_is_refused(store: ModelStore) -> None:
    """A recogniser cannot be the detector."""
    with pytest.raises(UnknownModel, match="cannot be the detector"):
        Anonymiser.load(FacesConfig(detector=FacesConfig().recognisers[0]), store, environ={})


@pytest.mark.parametrize("wrong", [{"policy": "nearest"}, {"similarity": "mse"}, {"tries": -1}, {"screened": -1}], ids=str)
def test_choices_that_cannot_be(wrong: dict[str, object]) -> None:
    """The configuration knows its policies and measures, and counts are not negative."""
    with pytest.raises(msgspec.ValidationError, match=next(iter(wrong))):
        msgspec.convert(wrong, FacesConfig)


@pytest.mark.parametrize("key", ["detect_scoer", "tires"], ids=str)
def test_misspelt_keys_are_refused(key: str) -> None:
    """The configuration knows its keys."""
    with pytest.raises(msgspec.ValidationError, match=key):
        msgspec.convert({key: 1}, FacesConfig)
