"""Meta's official SDK against the simulator: what it sends arrives, exactly.

The SDK is as it was installed; only the host it talks to is another. Run by ./run.
"""

import hashlib
import json
import os
import time
import unittest
import urllib.parse
import urllib.request

import requests
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adspixel import AdsPixel
from facebook_business.adobjects.customaudience import CustomAudience
from facebook_business.adobjects.serverside.action_source import ActionSource
from facebook_business.adobjects.serverside.content import Content
from facebook_business.adobjects.serverside.custom_data import CustomData
from facebook_business.adobjects.serverside.delivery_category import DeliveryCategory
from facebook_business.adobjects.serverside.event import Event
from facebook_business.adobjects.serverside.event_request import EventRequest
from facebook_business.adobjects.serverside.gender import Gender
from facebook_business.adobjects.serverside.user_data import UserData
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


def lead(**members):
    members = {
        "event_name": "Lead",
        "event_time": int(time.time()) - 3600,
        "action_source": ActionSource.EMAIL,
        "user_data": UserData(email="John_Smith@gmail.com", phone="+1 (650) 555-1212"),
        **members,
    }
    return Event(**members)


class Events(SdkTestCase):
    def send(self, *events, **members):
        return EventRequest(pixel_id=DATASET, events=list(events), **members).execute()

    def test_a_website_purchase_arrives_hashed(self):
        response = self.send(
            lead(
                event_name="Purchase",
                action_source=ActionSource.WEBSITE,
                event_source_url="https://shop.example/p",
                event_id="o-1",
                custom_data=CustomData(
                    value=123.45,
                    currency="usd",
                    order_id="o-1",
                    contents=[
                        Content(
                            product_id="sku1",
                            quantity=1,
                            item_price=9.5,
                            delivery_category=DeliveryCategory.HOME_DELIVERY,
                        )
                    ],
                ),
            )
        )
        self.assertEqual(response.events_received, 1)
        self.assertEqual(response.messages, [])
        self.assertTrue(response.fbtrace_id)
        dataset = inspect()["datasets"][DATASET]
        self.assertEqual(dataset["events"], [{"name": "Purchase", "id": "o-1", "times": 1}])
        # Both are printed in Meta's documents.
        email = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
        phone = "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"
        self.assertEqual((count(em=email), count(ph=phone)), (1, 1))
        self.assertEqual(count(em=sha256("another@example.com")), 0)

    def test_every_key_of_user_data_is_taken(self):
        self.send(
            lead(
                action_source=ActionSource.SYSTEM_GENERATED,
                user_data=UserData(
                    email="John_Smith@gmail.com",
                    phone="16505551212",
                    gender=Gender.FEMALE,
                    date_of_birth="19970216",
                    last_name="Smith",
                    first_name="Mary",
                    city="New York",
                    state="ny",
                    country_code="us",
                    zip_code="94035",
                    external_id="CRM-42",
                    client_ip_address="192.0.2.1",
                    client_user_agent="UA",
                    fbc="fb.1.1554763741205.Abc",
                    fbp="fb.1.1558571054389.1098115397",
                    subscription_id="s1",
                    fb_login_id="1",
                    lead_id="2",
                    f5first="mary",
                    f5last="smith",
                    fi="m",
                    dobd="16",
                    dobm="02",
                    doby="1997",
                    madid="AEBE52E7",
                    anon_id="a1",
                ),
            )
        )
        expected = {
            "ge": sha256("f"),
            "db": sha256("19970216"),
            "ln": sha256("smith"),
            "fn": sha256("mary"),
            "ct": sha256("newyork"),
            "country": sha256("us"),
            "zp": sha256("94035"),
            "external_id": "CRM-42",
            "client_ip_address": "192.0.2.1",
            "fbp": "fb.1.1558571054389.1098115397",
            "doby": sha256("1997"),
        }
        for key, value in expected.items():
            self.assertEqual(count(**{key: value}), 1, key)

    def test_a_store_upload_with_a_tag_may_be_sixty_days_old(self):
        response = self.send(
            lead(
                event_name="Purchase",
                event_time=int(time.time()) - 60 * 86400,
                action_source=ActionSource.PHYSICAL_STORE,
                custom_data=CustomData(value=1.0, currency="usd", item_number="1"),
            ),
            upload_tag="store-2026-11",
        )
        self.assertEqual(response.events_received, 1)

    def test_limited_data_use_in_every_form(self):
        options = [
            {"data_processing_options": ["LDU"], "country": 0, "state": 0},
            {"data_processing_options": ["LDU"], "country": 1, "state": 1000},
            {"data_processing_options": []},
        ]
        for option in options:
            user_data = UserData(email="a@example.com", client_ip_address="192.0.2.1")
            event = lead(
                data_processing_options=option["data_processing_options"],
                user_data=user_data,
            )
            if "country" in option:
                event.data_processing_options_country = option["country"]
                event.data_processing_options_state = option["state"]
            self.assertEqual(self.send(event).events_received, 1)
        self.assertEqual(inspect()["datasets"][DATASET]["received"], 3)

    def test_test_codes_partner_agents_and_opt_outs_are_taken(self):
        event = lead(action_source=ActionSource.OTHER, opt_out=True)
        self.send(event, test_event_code="TEST123", partner_agent="example-1.0")
        self.assertEqual(inspect()["datasets"][DATASET]["test_events"], 1)

    def test_several_events_of_one_request_are_told_apart(self):
        response = self.send(
            lead(event_name="A", event_id="1"),
            lead(event_name="B", event_id="1", custom_data=CustomData(custom_properties={"segment": "x"})),
            lead(event_name="A", event_id="2"),
        )
        self.assertEqual(response.events_received, 3)
        dataset = inspect()["datasets"][DATASET]
        self.assertEqual(dataset["by_name"], {"A": 2, "B": 1})
        self.assertEqual((dataset["distinct"], dataset["duplicates"]), (3, 0))

    def test_a_repeat_is_a_duplicate(self):
        event = lead(event_id="1")
        self.send(event)
        self.send(event)
        self.assertEqual(count(name="Lead", id="1"), 2)
        dataset = inspect()["datasets"][DATASET]
        self.assertEqual((dataset["duplicates"], dataset["changed_duplicates"]), (1, 0))

    def test_a_repeat_is_counted_once_within_two_days(self):
        control("clock", {"speed": 0})
        event = lead(event_id="1")
        self.send(event)
        self.send(event)
        self.assertEqual(inspect()["datasets"][DATASET]["counted"], 1)
        control("clock", {"advance_s": 48 * 3600})
        self.send(event)
        self.assertEqual(inspect()["datasets"][DATASET]["counted"], 2)

    def test_a_token_that_has_expired_or_was_revoked_has_its_subcode(self):
        control("change", {"token": {"state": "expired"}})
        self.refused(lambda: self.send(lead()), status=401, code=190, subcode=463)
        control("change", {"token": {"state": "revoked"}})
        self.refused(lambda: self.send(lead()), status=401, code=190, subcode=467)

    def test_an_empty_email_comes_as_a_null_in_the_list(self):
        user_data = UserData(email="", phone="16505551212")
        self.assertEqual(self.send(lead(user_data=user_data)).events_received, 1)

    def test_one_stale_event_refuses_the_request(self):
        stale = lead(event_time=int(time.time()) - 8 * 86400)
        error = self.refused(
            lambda: self.send(lead(), stale), status=400, code=100, subcode=2804003
        )
        self.assertFalse(error.api_transient_error())
        self.assertEqual(inspect()["datasets"][DATASET]["received"], 0)

    def test_weak_user_data_and_a_purchase_without_value_are_refused(self):
        weak = lead(user_data=UserData(city="Paris", country_code="fr"))
        self.refused(lambda: self.send(weak), status=400, code=100, subcode=2804050)
        free = lead(event_name="Purchase", custom_data=CustomData(currency="usd"))
        self.refused(lambda: self.send(free), status=400, code=100, subcode=2804009)

    def test_a_wrong_token_is_code_190(self):
        control("token", {"token": "RENEWED"})
        self.refused(lambda: self.send(lead()), status=401, code=190)

    def test_a_wrong_secret_is_a_wrong_proof(self):
        FacebookAdsApi.init(app_secret="WRONG", access_token="TOKEN", crash_log=False)
        self.refused(lambda: self.send(lead()), status=400, code=100)

    def test_a_dataset_can_be_read(self):
        pixel = AdsPixel(DATASET).api_get(fields=["name", "is_unavailable"])
        self.assertEqual(pixel["is_unavailable"], False)
        self.refused(AdsPixel("999").api_get, status=400, code=100, subcode=33)

    def test_a_scripted_fault_is_the_error_it_says(self):
        error = {"status": 500, "code": 2, "subcode": 1504043, "is_transient": True}
        control("faults", [{"on": "events", "action": {"error": error}}])
        raised = self.refused(
            lambda: self.send(lead()), status=500, code=2, subcode=1504043
        )
        self.assertTrue(raised.api_transient_error())
        self.assertEqual(self.send(lead()).events_received, 1)

    def test_a_lost_answer_is_a_lost_connection_with_an_effect(self):
        control("faults", [{"on": "events", "action": "reset_after"}])
        with self.assertRaises(requests.exceptions.ConnectionError):
            self.send(lead(event_id="1"))
        self.assertEqual(count(name="Lead", id="1"), 1)


class Audiences(SdkTestCase):
    def members(self, audience=AUDIENCE):
        return inspect()["audiences"][audience]["members"]

    def test_users_of_a_single_key_are_added_and_removed(self):
        audience = CustomAudience(AUDIENCE)
        schema = CustomAudience.Schema.email_hash
        users = ["mary@example.com", "  John_Smith@GMAIL.com "]
        added = audience.add_users(schema, users).json()
        self.assertEqual(added["audience_id"], AUDIENCE)
        self.assertEqual((added["num_received"], added["num_invalid_entries"]), (2, 0))
        self.assertTrue(member(EMAIL=sha256("mary@example.com"))["member"])

        audience.remove_users(schema, ["mary@example.com"])
        self.assertFalse(member(EMAIL=sha256("mary@example.com"))["member"])
        self.assertTrue(member(EMAIL=sha256("john_smith@gmail.com"))["member"])
        self.assertEqual(self.members(), 1)

    def test_users_of_several_keys_are_added_and_removed(self):
        audience = CustomAudience(AUDIENCE)
        schema = ["EXTERN_ID", "EMAIL", "FN", "COUNTRY"]
        mary = ["crm-1", "Mary@Example.com", "Mary", "US"]
        john = ["crm-2", "John_Smith@gmail.com", "John", "DE"]
        audience.add_users(schema, [mary, john], is_raw=True)
        audience.add_users(schema, [mary], is_raw=True)
        cells = {
            "EXTERN_ID": "crm-1",
            "EMAIL": sha256("mary@example.com"),
            "FN": sha256("mary"),
            "COUNTRY": sha256("us"),
        }
        found = member(**cells)
        self.assertEqual((found["member"], found["times_added"]), (True, 2))
        self.assertEqual(found["members_with"], {key: 1 for key in cells})

        audience.remove_users(schema, [mary], is_raw=True)
        self.assertFalse(member(**cells)["member"])
        self.assertTrue(member(EXTERN_ID="crm-2")["members_with"]["EXTERN_ID"])
        self.assertEqual(self.members(), 1)

    def test_hashes_made_before_are_taken_as_they_are(self):
        hashed = sha256("mary@example.com")
        audience = CustomAudience(AUDIENCE)
        audience.add_users(["EMAIL"], [[hashed]], is_raw=True, pre_hashed=True)
        self.assertTrue(member(EMAIL=hashed)["member"])

    def test_the_hash_of_a_blank_is_noticed(self):
        # The SDK hashes a blank cell, and Meta takes the hash in silence.
        rows = [["mary@example.com", ""]]
        CustomAudience(AUDIENCE).add_users(["EMAIL", "PHONE"], rows, is_raw=True)
        self.assertEqual(inspect()["audiences"][AUDIENCE]["empty_hashes"], 1)

    def test_plain_values_are_invalid_entries(self):
        rows = [["mary@example.com"], [sha256("john@example.com")]]
        answer = CustomAudience(AUDIENCE).add_users(
            ["EMAIL"], rows, is_raw=True, pre_hashed=True
        )
        self.assertEqual(answer.json()["num_invalid_entries"], 1)
        self.assertEqual(self.members(), 1)

    def test_a_session_and_the_usage_headers_come_back(self):
        session = {"session_id": 9778993, "batch_seq": 1, "last_batch_flag": True}
        answer = CustomAudience(AUDIENCE).add_users(
            ["EMAIL"], [["mary@example.com"]], is_raw=True, session=session
        )
        self.assertEqual(answer.json()["session_id"], "9778993")
        usage = json.loads(answer.headers()["X-Business-Use-Case-Usage"])
        self.assertEqual(usage["789"][0]["type"], "custom_audience")

    def test_the_generated_method_adds_users_too(self):
        payload = {"schema": ["EMAIL"], "data": [[sha256("mary@example.com")]]}
        CustomAudience(AUDIENCE).create_user(params={"payload": payload})
        self.assertEqual(self.members(), 1)

    def replace(self, rows, sequence, last):
        payload = {"schema": ["EMAIL"], "data": rows}
        session = {
            "session_id": 9778993,
            "batch_seq": sequence,
            "last_batch_flag": last,
            "estimated_num_total": 3,
        }
        params = {"payload": payload, "session": session}
        return CustomAudience(AUDIENCE).create_users_replace(params=params)

    def test_members_are_replaced_in_a_session(self):
        audience = CustomAudience(AUDIENCE)
        audience.add_users(["EMAIL"], [["old@example.com"]], is_raw=True)
        self.replace([[sha256("mary@example.com")]], 1, False)
        state = audience.api_get(fields=["operation_status"])
        self.assertEqual(state["operation_status"]["code"], 414)
        self.assertTrue(member(EMAIL=sha256("old@example.com"))["member"])
        self.refused(
            lambda: audience.add_users(["EMAIL"], [["a@example.com"]], is_raw=True),
            status=400,
            code=2650,
            subcode=1870145,
        )
        self.replace([[sha256("john@example.com")]], 2, True)
        state = audience.api_get(fields=["operation_status"])
        self.assertEqual(state["operation_status"]["code"], 200)
        self.assertFalse(member(EMAIL=sha256("old@example.com"))["member"])
        self.assertEqual(self.members(), 2)

        sessions = audience.get_sessions(params={"session_id": 9778993})
        self.assertEqual(sessions[0]["num_received"], "2")
        self.refused(
            lambda: self.replace([[sha256("late@example.com")]], 3, True),
            status=400,
            code=2650,
            subcode=1870159,
        )

    def test_a_replacement_that_takes_too_long_leaves_what_arrived(self):
        control("clock", {"speed": 0})
        self.replace([[sha256("mary@example.com")]], 1, False)
        control("clock", {"advance_s": 90 * 60})
        self.refused(
            lambda: self.replace([[sha256("john@example.com")]], 2, True),
            status=400,
            code=2650,
            subcode=1870158,
        )
        self.assertEqual(self.members(), 1)

    def test_people_leave_every_audience_of_the_account(self):
        rows = [["mary@example.com"], ["john@example.com"]]
        for audience in (AUDIENCE, OTHER_AUDIENCE):
            CustomAudience(audience).add_users(["EMAIL"], rows, is_raw=True)
        payload = {"schema": ["EMAIL"], "data": [[sha256("mary@example.com")]]}
        AdAccount(ACCOUNT).delete_users_of_any_audience(params={"payload": payload})
        self.assertEqual((self.members(), self.members(OTHER_AUDIENCE)), (1, 1))
        self.assertFalse(member(EMAIL=sha256("mary@example.com"))["member"])

    def test_a_full_account_is_told_in_error_and_header(self):
        control("change", {"quotas": {"tier": "limited", "score": 3}})
        audience = CustomAudience(AUDIENCE)
        audience.add_users(["EMAIL"], [["mary@example.com"]], is_raw=True)
        error = self.refused(
            lambda: audience.add_users(["EMAIL"], [["a@example.com"]], is_raw=True),
            status=400,
            code=17,
            subcode=2446079,
        )
        headers = {name.lower(): text for name, text in error.http_headers().items()}
        usage = json.loads(headers["x-ad-account-usage"])
        self.assertEqual(usage["acc_id_util_pct"], 100)

    def test_terms_that_were_not_accepted_refuse_an_upload(self):
        control("change", {"accounts": {ACCOUNT: {"terms_accepted": False}}})
        terms = AdAccount(ACCOUNT).api_get(fields=["tos_accepted"])
        self.assertEqual(terms["tos_accepted"]["custom_audience_tos"], 0)
        self.refused(
            lambda: CustomAudience(AUDIENCE).add_users(["EMAIL"], [["a@b.c"]], is_raw=True),
            status=403,
            code=200,
            subcode=1870034,
        )

    def test_a_removal_of_three_hundred_hashes_loses_its_connection(self):
        # The SDK writes removals into the address; on the real thing this is where
        # it begins to fail.
        hashes = [sha256(str(number)) for number in range(300)]
        audience = CustomAudience(AUDIENCE)
        schema = CustomAudience.Schema.email_hash
        audience.add_users(schema, hashes, pre_hashed=True)
        audience.remove_users(schema, hashes[:250], pre_hashed=True)
        self.assertEqual(self.members(), 50)
        with self.assertRaises(requests.exceptions.ConnectionError):
            audience.remove_users(schema, hashes, pre_hashed=True)
        self.assertEqual(self.members(), 50)

    def test_a_single_key_after_several_is_refused(self):
        audience = CustomAudience(OTHER_AUDIENCE)
        audience.add_users(["EMAIL"], [["mary@example.com"]], is_raw=True)
        schema = CustomAudience.Schema.email_hash
        self.refused(
            lambda: audience.add_users(schema, ["mary@example.com"]), status=400, code=2650
        )

    def test_more_than_ten_thousand_rows_are_an_unknown_error(self):
        hashes = [f"{number:064x}" for number in range(10_001)]
        audience = CustomAudience(AUDIENCE)
        schema = CustomAudience.Schema.email_hash
        self.refused(
            lambda: audience.add_users(schema, hashes, pre_hashed=True),
            status=400,
            code=1,
            subcode=99,
        )

    def test_an_audience_is_created_read_and_filled(self):
        params = {
            "name": "Loyalty",
            "subtype": CustomAudience.Subtype.custom,
            "customer_file_source": CustomAudience.CustomerFileSource.user_provided_only,
        }
        created = AdAccount(ACCOUNT).create_custom_audience(params=params)
        audience = CustomAudience(created["id"]).api_get(
            fields=["name", "subtype", "operation_status", "permission_for_actions"]
        )
        self.assertEqual(audience["name"], "Loyalty")
        self.assertEqual(audience["operation_status"]["code"], 410)
        self.assertTrue(audience["permission_for_actions"]["can_edit"])
        audience.add_users(["EMAIL"], [["mary@example.com"]], is_raw=True)
        self.assertEqual(self.members(created["id"]), 1)

    def test_an_audience_without_its_declaration_is_refused(self):
        params = {"name": "Loyalty", "subtype": CustomAudience.Subtype.custom}
        account = AdAccount(ACCOUNT)
        error = self.refused(
            lambda: account.create_custom_audience(params=params), status=400, code=100
        )
        self.assertIn("customer_file_source", error.api_error_message())

    def test_an_unknown_audience_is_refused(self):
        audience = CustomAudience("999")
        self.refused(
            lambda: audience.add_users(["EMAIL"], [["a@example.com"]], is_raw=True),
            status=400,
            code=100,
            subcode=33,
        )


if __name__ == "__main__":
    unittest.main()
