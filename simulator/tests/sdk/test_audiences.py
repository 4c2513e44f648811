"""Audiences of Meta's official SDK against the simulator: who is added, removed, replaced
and erased, in its sessions or without."""

import json

import requests
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.customaudience import CustomAudience

from support import (
    ACCOUNT,
    AUDIENCE,
    OTHER_AUDIENCE,
    SdkTestCase,
    control,
    inspect,
    member,
    sha256,
)


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

    def test_a_session_of_additions_and_one_of_removals_are_told_and_counted(self):
        audience = CustomAudience(AUDIENCE)
        hashes = [[sha256(str(number))] for number in range(5)]

        def session(number, sequence, last):
            return {"session_id": number, "batch_seq": sequence, "last_batch_flag": last}

        def send(call, rows, session):
            answer = call(["EMAIL"], rows, is_raw=True, pre_hashed=True, session=session)
            return answer.json()["num_received"]

        add, remove = audience.add_users, audience.remove_users
        self.assertEqual(send(add, hashes[:2], session(71, 1, False)), 2)
        told = audience.get_sessions(params={"session_id": 71})[0]
        self.assertNotIn("end_time", told)
        self.assertEqual(send(add, hashes[2:4], session(71, 2, True)), 4)
        # It has been closed: what comes is discarded.
        self.assertEqual(send(add, hashes[4:], session(71, 3, True)), 4)
        self.assertEqual(send(remove, hashes[:1], session(72, 1, True)), 1)

        told = [one.export_all_data() for one in audience.get_sessions()]
        self.assertEqual([one["session_id"] for one in told], ["72", "71"])
        self.assertEqual([one["num_received"] for one in told], ["1", "4"])
        self.assertTrue(all(one["end_time"] for one in told))
        report = inspect()["audiences"][AUDIENCE]
        counts = ["members", "rows_added", "rows_removed", "rows_discarded", "rows_invalid"]
        self.assertEqual([report[count] for count in counts], [3, 4, 1, 1, 0])
        present = [member(EMAIL=one)["member"] for [one] in hashes]
        self.assertEqual(present, [False, True, True, True, False])

    def test_a_session_without_its_first_batch_or_with_a_gap_is_refused(self):
        audience = CustomAudience(AUDIENCE)
        for sequence in (2, 3):
            session = {"session_id": 73, "batch_seq": sequence}
            self.refused(
                lambda: audience.add_users(
                    ["EMAIL"], [["a@example.com"]], is_raw=True, session=session
                ),
                status=400,
                code=100,
            )
            first = {"session_id": 73, "batch_seq": 1}
            audience.add_users(["EMAIL"], [["b@example.com"]], is_raw=True, session=first)
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
        for audience in (AUDIENCE, OTHER_AUDIENCE):
            mary, john = sha256("mary@example.com"), sha256("john@example.com")
            self.assertFalse(member(audience, EMAIL=mary)["member"])
            self.assertTrue(member(audience, EMAIL=john)["member"])
            self.assertEqual(inspect()["audiences"][audience]["rows_removed"], 1)

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

    def test_the_audiences_of_an_account_are_listed_page_by_page(self):
        names = {"Simulated customer list"}
        for number in range(3):
            params = {
                "name": f"List {number}",
                "subtype": CustomAudience.Subtype.custom,
                "customer_file_source": CustomAudience.CustomerFileSource.user_provided_only,
            }
            AdAccount(ACCOUNT).create_custom_audience(params=params)
            names.add(params["name"])
        found = AdAccount(ACCOUNT).get_custom_audiences(fields=["name"], params={"limit": 2})
        # Three new ones and the two of the start: it asks for three pages by their cursors.
        found = [one["name"] for one in found]
        self.assertEqual((len(found), set(found)), (5, names))
        self.assertEqual(inspect()["requests"]["outcomes"]["read"], {"accepted": 3})

    def test_an_audience_by_value_is_created_and_filled_with_values(self):
        params = {
            "name": "Worth",
            "subtype": CustomAudience.Subtype.custom,
            "customer_file_source": CustomAudience.CustomerFileSource.user_provided_only,
            "is_value_based": True,
        }
        created = AdAccount(ACCOUNT).create_custom_audience(params=params)["id"]
        hashed = sha256("mary@example.com")

        def add(audience, schema, row):
            payload = {"schema": schema, "is_raw": True, "data": [row]}
            return CustomAudience(audience).create_user(params={"payload": payload})

        by_value = ["EMAIL", "LOOKALIKE_VALUE"]
        add(created, by_value, [hashed, 44.5])
        self.assertEqual(self.members(created), 1)
        self.assertEqual(
            member(created, LOOKALIKE_VALUE="44.5")["members_with"], {"LOOKALIKE_VALUE": 1}
        )
        without = self.refused(lambda: add(created, ["EMAIL"], [hashed]), status=400, code=100)
        self.assertIn("LOOKALIKE_VALUE", without.api_error_message())
        self.refused(lambda: add(AUDIENCE, by_value, [hashed, 44.5]), status=400, code=100)
        self.assertEqual(self.members(), 0)

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
