"""A person is verified at the emulated IDnow.

pip install pytest testcontainers
pytest
"""

import json
import os
import urllib.request
import uuid

import pytest


@pytest.fixture(scope="session")
def sandbox():
    """Returns the addresses of the control plane and of IDnow."""
    if "SANDBOX_URL" in os.environ:
        # A sandbox that runs already, such as a service of the CI.
        yield os.environ["SANDBOX_URL"], os.environ["SANDBOX_IDNOW_URL"]
        return
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import HttpWaitStrategy

    container = DockerContainer(os.environ.get("SANDBOX_IMAGE", "idv-sandbox"))
    container.with_exposed_ports(7700, 7701)
    container.waiting_for(HttpWaitStrategy(7700, "/_control/health"))
    with container:
        host = container.get_container_host_ip()
        ports = [container.get_exposed_port(port) for port in (7700, 7701)]
        yield tuple(f"http://{host}:{port}" for port in ports)


def call(method, url, body=None, headers=None):
    """Sends a request and returns the JSON of the response."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def test_person_is_verified(sandbox):
    control, idnow = (f"{sandbox[0]}/_control", sandbox[1])
    settings = call("GET", f"{control}/idnow")["settings"]
    api = f"{idnow}/api/v1/{settings['company']}"

    # The application creates a verification.
    number = uuid.uuid4().hex
    person = {"firstname": "Erika", "lastname": "Mustermann"}
    key = {"x-api-key": settings["api_key"]}
    call("POST", f"{api}/identifications/{number}/start", person, key)

    # The person and the agent act, and an hour passes.
    call("POST", f"{control}/idnow/verifications/{number}/act", {"scenario": "happy"})
    call("POST", f"{control}/clock", {"advance_seconds": 3600})

    # The application receives the result.
    token = call("POST", f"{api}/login", {"apiKey": settings["api_key"]})["authToken"]
    login = {"x-api-login-token": token}
    result = call("GET", f"{api}/identifications/{number}", headers=login)
    assert result["identificationprocess"]["result"] == "SUCCESS"
