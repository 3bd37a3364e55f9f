"""The smallest site of Wagtail, whose renditions are URLs of Pixmill: python app.py runserver"""

import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command, execute_from_command_line

FOLDER = Path(os.environ.get("SITE_FOLDER", "site"))
PHOTO = Path(os.environ.get("PHOTOS", "photos"), "fig.jpg")

settings.configure(
    DEBUG=True,
    SECRET_KEY=os.environ.get("SECRET_KEY", "only-for-this-example"),
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF="gallery.urls",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "db.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "gallery",
        "pixmill_url.django",
        "pixmill_url.wagtail",
        "wagtail.users",
        "wagtail.images",
        "wagtail.documents",
        "wagtail.admin",
        "wagtail.search",
        "wagtail",
        "modelsearch",
        "taggit",
        "django.contrib.auth",
        "django.contrib.contenttypes",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    MEDIA_ROOT=FOLDER / "media",  # also PIXMILL_IMAGES of the server
    WAGTAIL_SITE_NAME="Gallery",
    WAGTAILADMIN_BASE_URL="http://127.0.0.1:8000",
    PIXMILL={
        "BASE": os.environ.get("IMAGES_URL", "http://127.0.0.1:8080"),
        "KEY": os.environ["PIXMILL_KEYS"],
        "EXPIRES_IN": 86_400,
    },
)
django.setup()


def fill() -> None:
    """Create the database, an image with a focal point, and a page."""
    from django.core.files.images import ImageFile  # noqa: PLC0415
    from gallery.models import PhotoPage  # noqa: PLC0415
    from wagtail.images.models import Image  # noqa: PLC0415
    from wagtail.models import Page, Site  # noqa: PLC0415

    FOLDER.mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0)
    if PhotoPage.objects.exists():
        return
    with PHOTO.open("rb") as file:
        image = Image(title="Figs & <leaves>", file=ImageFile(file, "fig.jpg"))
        image.focal_point_x, image.focal_point_y = 900, 600
        image.focal_point_width, image.focal_point_height = 400, 300
        image.save()
    page = Page.get_first_root_node().add_child(instance=PhotoPage(title="Figs", slug="figs", photo=image))
    Site.objects.update_or_create(hostname="localhost", defaults={"root_page": page, "is_default_site": True})


if __name__ == "__main__":
    fill()
    execute_from_command_line(sys.argv)
