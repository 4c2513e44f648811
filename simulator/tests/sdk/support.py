"""What the tests of Meta's official SDK share: the simulator that run has started.

The SDK is as it was installed; only the host it talks to is another.
"""

import hashlib
import json
import os
import unittest
import urllib.parse
import urllib.request

from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

ENDPOINT = os.environ["SIMULATOR_ENDPOINT"]
DATASET = "1234567890"
AUDIENCE = "4567890123"
OTHER_AUDIENCE = "4567890124"
ACCOUNT = "act_789"

FacebookSession.GRAPH = ENDPOINT


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def control(path, body=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{ENDPOINT}/_simulator/{path}", data, method=method)
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def inspect():
    return control("inspect?ids=1")


def count(**query):
    query = urllib.parse.urlencode({"dataset": DATASET, **query})
    return control(f"inspect/event?{query}")["count"]


def member(audience=AUDIENCE, **cells):
    query = urllib.parse.urlencode({"audience": audience, **cells})
    return control(f"inspect/member?{query}")


class SdkTestCase(unittest.TestCase):
    def setUp(self):
        control("reset", method="POST")
        FacebookAdsApi.init(
            app_id="1",
            app_secret="SECRET",
            access_token="TOKEN",
            crash_log=False,
        )

    def refused(self, call, **expected):
        """Asserts that a call ends in Meta's error with these members."""
        with self.assertRaises(FacebookRequestError) as raised:
            call()
        error = raised.exception
        found = {
            "status": error.http_status(),
            "code": error.api_error_code(),
            "subcode": error.api_error_subcode(),
        }
        self.assertEqual(found, {"subcode": None, **expected})
        return error
