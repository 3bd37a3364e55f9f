"""A URL that no mount answers: the error names the dialect that would, if the URL bears its mark."""

import pytest

from tests.compat.runner import Case, Service

CASES = [
    Case("thumbor", "/unsafe/300x200/a.jpg", 404, body='dialect \\"thumbor\\" answers it'),
    Case("EmgR", "/api/images/resize?url=a.jpg", 404, body="This is a URL of EmgR"),
    Case("imgproxy", "/unsafe/rs:fit:30:30/plain/a.jpg", 404, body="imgproxy"),
    Case("no mark", "/a.jpg?width=300&height=200&fit=crop", 404, answers={"Content-Type": "application/problem+json"}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_unknown_route_names_its_dialect(service: Service, case: Case) -> None:
    reply = service.check("native-at-a-host", case)
    assert ("PIXMILL_DIALECTS" in reply.text) is (case.name != "no mark")
