"""URLs that Supabase's own library makes."""

from tests.clients.node import run_script
from tests.compat.runner import Case, Service

ORIGIN = "https://project.test"


def test_public_urls_with_transformations(service: Service) -> None:
    requests = [
        {"path": "L.jpg", "options": {"transform": {"width": 300, "height": 300}}},
        {"path": "L.jpg", "options": {"transform": {"width": 300, "resize": "contain", "quality": 60}}},
        {"path": "L.jpg", "options": {"transform": {"width": 30, "height": 90, "resize": "fill", "format": "origin"}}},
        {"path": "S.jpg", "options": {"transform": {"height": 40}, "download": "small.jpg"}},
    ]
    sizes = [(300, 300), (300, 200), (30, 90), (50, 40)]
    for url, size in zip(run_script("supabase.mjs", requests), sizes, strict=True):
        assert url.startswith(f"{ORIGIN}/storage/v1/render/image/public/b/")
        reply = service.check("supabase", Case(url, url.removeprefix(ORIGIN), 200, "jpeg", size))
        is_download = "attachment" in reply.headers.get("content-disposition", "")
        assert is_download is ("download" in url)
