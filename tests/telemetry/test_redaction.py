"""``redact`` removes every secret and keeps what helps an operator."""

import time

import pytest

from pixmill.telemetry.redaction import redact

SECRET = "hunter2"

LEAKS = {
    "our signature": "url=https%3A%2F%2Fa.example%2Fb.jpg&w=3&sig=hunter2",
    "our signature with an escaped name": "w=3&s%69g=hunter2",
    "a signature at the start": "sig=hunter2&w=3",
    "a presigned URL": "https://s3.example/b/k?X-Amz-Signature=hunter2&X-Amz-Date=1",
    "a presigned URL's credential": "https://s3.example/b/k?X-Amz-Credential=hunter2%2F2026%2Fs3",
    "a presigned URL inside ours": "url=https%3A%2F%2Fs3.example%2Fk%3FX-Amz-Security-Token%3Dhunter2%26x%3D1&w=3",
    "an escaped & inside an escaped value": "url=h%3Fpassword%3Da%2526hunter2%26z%3D1",
    "a token in capitals": "ACCESS_TOKEN=hunter2",
    "an API key": "GET https://a.example/?apikey=hunter2 failed",
    "a user and password": "https://user:hunter2@a.example/b.jpg",
    "a password with an @": "https://user:pass@hunter2@a.example/b.jpg",
    "a password with a quote": "https://user:it's-hunter2@a.example/b.jpg",
    "a password with an escaped slash": "https://user:a%2Fhunter2@a.example/b.jpg",
    "a user and password inside our query": "url=https%3A%2F%2Fuser%3Ahunter2%40a.example%2Fb.jpg",
    "a lone escaped @": "url=https://user:hunter2%40a.example/b.jpg",
    "a half escaped URL": "url=https:/%2Fuser:hunter2@a.example/b.jpg",
    "an escaped slash one level deeper": "url=https%3A%2F%2Fu%3Ap%252Fhunter2%40a.example%2Fb.jpg",
    "two levels deep": "url=http%3A%2F%2Fproxy%2F%3Fu%3Dhttp%253A%252F%252Fu%253Ahunter2%2540a.example%252Fb",
    "a bearer": "Authorization: Bearer hunter2.hunter2",
    "basic": "authorization=Basic hunter2hunter2==",
}


@pytest.mark.parametrize("text", LEAKS.values(), ids=LEAKS)
def test_a_secret_is_cut_out(text: str) -> None:
    assert SECRET not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "/resize",
        "url=https%3A%2F%2Fa.example%2Fharbour.jpg&width=800&fit=cover",
        "url=https%3A%2F%2Fa.example%2Fphoto%402x.jpg",
        "https://a.example/photo@2x.jpg",
        "Pixmill; hit; ttl=3600; detail=memory",
        "Invalid response from source: HTTP 500",
        "2026-01-01T00:00:00.000Z",
    ],
)
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_what_is_around_a_secret_stays() -> None:
    assert redact("w=3&sig=hunter2&h=4") == "w=3&sig=[redacted]&h=4"
    assert redact("https://user:hunter2@a.example/b.jpg") == "https://[redacted]@a.example/b.jpg"
    nested = "url=https%3A%2F%2Fu%3Ahunter2%40a.example%2Fb.jpg&w=3"
    assert redact(nested) == "url=https%3A%2F%2F[redacted]@a.example%2Fb.jpg&w=3"


@pytest.mark.parametrize(
    "brick",
    ["sig", "sig=", "key%", "://", "://a", "%3A%2F%2F", "%25", "25", "@", "%40", "2540", "://%40a", "basic ", "=", "%", "sig%25"],
)  # fmt: skip
def test_a_hostile_text_takes_linear_time(brick: str) -> None:
    """A quadratic expression takes minutes for these."""
    text = "://sig%" + brick * (200_000 // len(brick))
    begun = time.thread_time()
    redact(text)
    assert time.thread_time() - begun < 1
