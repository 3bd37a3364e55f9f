"""A page with a photo."""

from django.db import models
from wagtail.models import Page


class PhotoPage(Page):
    """Shows one image in several ways."""

    photo = models.ForeignKey("wagtailimages.Image", null=True, on_delete=models.SET_NULL, related_name="+")
