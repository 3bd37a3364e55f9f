"""Pixmill beside a Django project, in the file that a project calls ``asgi.py``: ``uvicorn django_app:application``.

Django answers no lifespan events and mounts no other application, so Starlette, which comes with Pixmill, is in front.
"""

from pathlib import Path

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from starlette.applications import Starlette
from starlette.routing import Mount

from pixmill.asgi import create_app

# A project has these in its settings.py and urls.py.
settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="of an example",  # noqa: S106
    MEDIA_ROOT=Path(__file__).parents[1] / "photos",
)


def page(_request: HttpRequest) -> HttpResponse:
    return HttpResponse('<!doctype html><title>Fig</title><img src="/images/resize?url=fig.jpg&width=400" alt="A fig">')


urlpatterns = [path("", page)]

images = create_app(images=settings.MEDIA_ROOT, allowed_sources="path:")

application = Starlette(routes=[Mount("/images", images), Mount("/", get_asgi_application())], lifespan=images.lifespan)
