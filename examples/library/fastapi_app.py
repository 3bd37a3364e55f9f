"""A route of FastAPI that sends uploads back as thumbnails."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Response, UploadFile

import pixmill

engine = pixmill.Engine(workers=2)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with engine:  # the workers are there before the first request, and end with the server
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/thumbnail")
async def thumbnail(photo: UploadFile, width: int = 320) -> Response:
    try:
        result = await engine.aresize(photo, width=width, format="webp")
    except pixmill.errors.BadRequest as error:
        raise HTTPException(400, error.message) from error
    except pixmill.errors.ImageError as error:
        raise HTTPException(422, error.message) from error
    return Response(result.body, media_type=result.content_type)
