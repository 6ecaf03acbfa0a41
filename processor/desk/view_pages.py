"""Views of one's own: the queue as it is narrowed, saved by a name, and dropped again."""

from __future__ import annotations

from starlette.responses import Response

from processor.desk.answering import go
from processor.desk.asking import Asked, Desk
from processor.desk.queue_pages import queue, view_of
from processor.store.saved_views import drop_view, save_view


def save(desk: Desk, asked: Asked) -> Response:
    """Save the view that is shown by the name that was typed."""
    view = view_of(asked)
    if why := save_view(desk.engine, asked.person.id, asked.form.get("name", ""), str(view)):
        return queue(desk, asked, refused=why)
    return go("/queue", view=view, did="view_saved")


def drop(desk: Desk, asked: Asked) -> Response:
    """Drop one of one's own views; what it showed is shown still."""
    drop_view(desk.engine, asked.person.id, asked.form.get("name", ""))
    return go("/queue", view=view_of(asked), did="view_dropped")
