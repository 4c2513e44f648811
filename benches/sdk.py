"""Meta's official Python SDK on the file of benches/compare.rs: rows to the JSON it would send.

    sdk.py FILE    for each line on standard input, does the whole file once and prints
                   the seconds it took and the bytes it made
"""

import csv
import sys
import time

from facebook_business.adobjects.serverside.action_source import ActionSource
from facebook_business.adobjects.serverside.event import Event
from facebook_business.adobjects.serverside.event_request import EventRequest
from facebook_business.adobjects.serverside.gender import Gender
from facebook_business.adobjects.serverside.user_data import UserData
# What the SDK's client does to the parameters before it sends them.
from facebook_business.api import _top_level_param_json_encode

EVENTS_IN_A_REQUEST = 1000
GENDERS = {"f": Gender.FEMALE, "m": Gender.MALE}


def event(number: int, row: dict[str, str]) -> Event:
    return Event(
        event_name="Lead",
        event_time=1_762_902_353,
        event_id=f"{number:032x}",
        action_source=ActionSource.SYSTEM_GENERATED,
        user_data=UserData(
            external_id=row["external_id"],
            email=row["email"],
            phone=row["phone"],
            first_name=row["first_name"],
            last_name=row["last_name"],
            # The SDK wants its own type here.
            gender=GENDERS[row["gender"][0].lower()],
            # And digits alone: it changes nothing about a date.
            date_of_birth=row["birth_date"].replace("-", ""),
            city=row["city"],
            state=row["state"],
            zip_code=row["zip"],
        ),
    )


def body(events: list[Event]) -> int:
    request = EventRequest(pixel_id="1234567890", events=events)
    return len(_top_level_param_json_encode(request.get_params())["data"])


def whole(path: str) -> int:
    events: list[Event] = []
    made = 0
    with open(path, encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=1):
            events.append(event(number, row))
            if len(events) == EVENTS_IN_A_REQUEST:
                made += body(events)
                events = []
    return made + (body(events) if events else 0)


def main() -> None:
    (path,) = sys.argv[1:]
    for _ in sys.stdin:
        started = time.perf_counter()
        made = whole(path)
        print(time.perf_counter() - started, made, flush=True)


if __name__ == "__main__":
    main()
