"""A page of a Flask application whose images come from Pixmill: flask --app app run"""

import os

from flask import Flask, render_template_string
from pixmill_url import Client
from pixmill_url.jinja import install

app = Flask(__name__)
images = Client(
    os.environ.get("IMAGES_URL", "http://127.0.0.1:8080"),
    os.environ["PIXMILL_KEYS"],
    expires_in=86_400,
    defaults={"quality": 75},
)
install(app.jinja_env, images)  # FastAPI: install(templates.env, images)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ title }}</title></head>
<body style="font-family: sans-serif; margin: 2rem; max-width: 50rem">
<h1>{{ title }}</h1>
{{ pixmill_picture(photo, alt=title, width=640, height=360, fit="cover", placeholder="#c96", id="picture") }}
<p>Two device pixels per CSS pixel: {{ photo | pixmill_img(alt="", width=200, densities=[1, 2], id="densities") }}</p>
<p>The URL: <img id="url" alt="" src="{{ photo | pixmill_url(width=120, height=120, fit='cover', sepia=80) }}"></p>
</body></html>
"""


@app.get("/")
def page() -> str:
    return render_template_string(PAGE, title="Figs & <sunsets>", photo="fig.jpg")
