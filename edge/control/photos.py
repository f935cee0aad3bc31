"""Deleting a whole photo."""

from edge.catalog import publication
from edge.control.act import Act
from edge.errors import Forbidden


async def delete_photo(act: Act) -> None:
    """Forget the photo and every key of it: a 404 from now on, and no patch of it ever opens again. The uploader or a service.

    Locks and erasures stay, so that publishing it again is no way around them.
    """
    if not act.caller.is_service and act.photo.uploader != act.caller.id:
        raise Forbidden
    act.change.note("delete-photo", act.photo, [face.slot for face in act.photo.faces])
    await publication.removed(act.change.connection, act.photo.path)
    act.change.photo(act.photo.path)
    act.change.erased = True
