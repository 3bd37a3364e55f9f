"""A task of Celery that makes thumbnails: celery -A celery_tasks worker"""

import os

from celery import Celery

import pixmill

app = Celery("tasks", broker=os.environ.get("BROKER", "redis://"), backend=os.environ.get("BACKEND", "redis://"))


@app.task(autoretry_for=(pixmill.errors.EngineError,), retry_backoff=True)
def thumbnail(source: str, target: str, width: int = 320) -> tuple[int, int]:
    result = pixmill.resize(source, target, width=width)  # each process of the worker has its own engine
    return result.width, result.height
