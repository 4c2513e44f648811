"""Events of Meta's official SDK against the simulator: what it sends arrives, exactly."""

import time

import requests
from facebook_business.adobjects.adspixel import AdsPixel
from facebook_business.adobjects.serverside.action_source import ActionSource
from facebook_business.adobjects.serverside.content import Content
from facebook_business.adobjects.serverside.custom_data import CustomData
from facebook_business.adobjects.serverside.delivery_category import DeliveryCategory
from facebook_business.adobjects.serverside.event import Event
from facebook_business.adobjects.serverside.event_request import EventRequest
from facebook_business.adobjects.serverside.gender import Gender
from facebook_business.adobjects.serverside.user_data import UserData
from facebook_business.api import FacebookAdsApi

from support import DATASET, SdkTestCase, control, count, inspect, sha256


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
