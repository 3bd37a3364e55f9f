"""A page of a Django project whose images come from Pixmill: python app.py runserver"""

import os
import sys

from django.conf import settings

settings.configure(
    DEBUG=True,
    SECRET_KEY=os.environ.get("SECRET_KEY", "only-for-this-example"),
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["pixmill_url.django"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    MEDIA_ROOT=os.environ.get("PHOTOS", "photos"),
    MEDIA_URL="/media/",
    # Files of the default storage have URLs of images 300 pixels wide.
    STORAGES={
        "default": {"BACKEND": "pixmill_url.django.storage.PixmillStorage", "OPTIONS": {"params": {"width": 300}}}
    },
    PIXMILL={
        "BASE": os.environ.get("IMAGES_URL", "http://127.0.0.1:8080"),
        "KEY": os.environ["PIXMILL_KEYS"],
        "EXPIRES_IN": 86_400,
    },
)

import django  # noqa: E402

django.setup()

from django.core.management import execute_from_command_line  # noqa: E402
from django.db import models  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.urls import path  # noqa: E402

PAGE = """{% load pixmill %}<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ article.title }}</title></head>
<body style="font-family: sans-serif; margin: 2rem; max-width: 50rem">
<h1>{{ article.title }}</h1>
{% pixmill_picture article.photo alt=article.title width=640 height=360 fit="cover" placeholder="blur" id="picture" %}
<p>Two device pixels per CSS pixel: {% pixmill_img article.photo alt="" width=200 densities="1,2" id="densities" %}</p>
<p>The URL: {% pixmill_url article.photo width=120 height=120 fit="cover" radius="pct:50" as round %}
<img id="url" alt="" src="{{ round }}"></p>
<p>The storage: <img id="storage" alt="" src="{{ article.photo.url }}"></p>
</body></html>
"""


class Article(models.Model):
    """An article with a photo, which is not saved here."""

    title = models.CharField(max_length=200)
    photo = models.ImageField()

    class Meta:  # noqa: D106
        app_label = "articles"

    def __str__(self) -> str:
        return self.title


def page(request: HttpRequest) -> HttpResponse:
    article = Article(title="Figs & <sunsets>", photo=request.GET.get("photo", "sunset.jpg"))
    return HttpResponse(engines["django"].from_string(PAGE).render({"article": article}, request))


urlpatterns = [path("", page)]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
