"""Everything that can stop the upload job, each as a sentence that says what to do.

PrecomputeError       the job cannot go on; str() of it is one sentence for the person at the keyboard
├── Rejected          the upload, or what was said about it, is not acceptable
├── PublishFailed     the files or the catalog could not be written; the photo is as it was before
├── NotExact          the sealed photo does not give the upload's pixels back
├── ModelMissing      a model file is nowhere to be found
├── ModelRefused      a model file is there, but its bytes are not those of the registry
├── ModelNotFetched   a model file could not be downloaded
├── UnknownModel      the configuration names a model that no registry has, or gives it a role it cannot play
├── DonorsUnusable    the donors folder is there, but no face in it can be used
├── FaceModelUnusable the face model's file is not what the recipe writes
├── NotEnrolled       somebody cannot be enrolled with these photos
├── NotCalibrated     no threshold can be had from these pictures
├── NotEvaluated      these pictures or recognisers cannot be evaluated with
├── CertificateBroken the catalog's certificate is not one, or was changed
├── NotMeasurable     a published photo cannot be opened, so nothing on it can be measured again
├── NotDisclosed      no manifest could be put into a base
└── PeopleUnreadable  the catalog or its audit log cannot be read or written, so nobody was enrolled or forgotten
"""

from pathlib import Path


class PrecomputeError(Exception):
    """The job cannot go on; ``str()`` is one sentence that says what to do."""


class Rejected(PrecomputeError):
    """The upload, or a claim about it, is not acceptable."""


class PublishFailed(PrecomputeError):
    """Nothing was changed: the photo is as it was before."""


class NotExact(PrecomputeError):
    """What was sealed does not decode to the upload's pixels."""

    def __init__(self) -> None:
        super().__init__("the sealed photo does not give the upload's pixels; nothing was published")


class ModelMissing(PrecomputeError):
    """A model file is nowhere to be found."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the model {name} is not here: run `mfmc-precompute models pull`, "
            "or set MFMC_MODEL_MIRROR to a folder that has it"
        )


class ModelRefused(PrecomputeError):
    """A model file's bytes are not those of the registry."""

    def __init__(self, name: str, place: Path | str, found: str, *, shipped: bool = False) -> None:
        mend = "install the package again" if shipped else "delete that file and run `mfmc-precompute models pull`"
        super().__init__(f"the model {name} at {place} is refused: its SHA-256 is {found[:16]}…, not the registry's; {mend}")


class ModelNotFetched(PrecomputeError):
    """A model file could not be downloaded."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"the model {name} could not be fetched: {why}; "
            "set MFMC_MODEL_MIRROR to a folder that has it and run `mfmc-precompute models pull` again"
        )


class UnknownModel(PrecomputeError):
    """The configuration names a model that is not known, or gives it a role it cannot play."""


class FaceModelUnusable(PrecomputeError):
    """The face model's file is not what the recipe writes."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} cannot be used as a face model: {why}; install the package again, or train it anew")


class DonorsUnusable(PrecomputeError):
    """The donors folder is there, but no face in it can be used."""


class NotEnrolled(PrecomputeError):
    """Somebody cannot be enrolled with these photos; what was known of them is as it was."""


class NotCalibrated(PrecomputeError):
    """No threshold can be had from these pictures; those known before are as they were."""


class NotEvaluated(PrecomputeError):
    """These pictures or recognisers cannot be evaluated with."""


class CertificateBroken(PrecomputeError):
    """The catalog's certificate is not one, or was changed: nothing in it is to be believed."""

    def __init__(self, why: str = "is of no format that is known here, or was changed") -> None:
        super().__init__(f"the certificate {why}; seal the photo anew to have one")


class NotMeasurable(PrecomputeError):
    """A published photo cannot be opened, so nothing on it can be measured again."""


class NotDisclosed(PrecomputeError):
    """No manifest could be put into a base; ``why`` is what the library for it says."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the manifest that says faces are synthetic could not be made: {why}; nothing was published")
        self.why = why


class PeopleUnreadable(PrecomputeError):
    """The catalog cannot be read or written; who is enrolled is as it was."""

    def __init__(self) -> None:
        super().__init__("the catalog, or the keys of its audit log, cannot be used; who is enrolled is as it was before")
