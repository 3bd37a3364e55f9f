"""A view of Django that sends uploads back as thumbnails."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

import pixmill

engine = pixmill.Engine(workers=2)  # workers start with the first call, in each process of the server


@csrf_exempt
@require_POST
def thumbnail(request: HttpRequest) -> HttpResponse:
    try:
        result = engine.resize(request.FILES["photo"], width=320, height=320, fit="cover", format="webp")
    except pixmill.errors.ImageError as error:
        return JsonResponse({"code": error.code, "error": error.message}, status=422)
    return HttpResponse(result.body, content_type=result.content_type)
