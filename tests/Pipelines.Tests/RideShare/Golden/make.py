"""Makes events.tsv: what pydantic 2, in the lax mode that the original stream processor uses, makes of each case.

    python3 make.py > events.tsv        (needs pydantic 2; made with 2.13.4 on Python 3.11)

A line: topic, the record's value in base64, and the published JSON in base64, or "-" where it is refused. Where the
original would publish what is not JSON, or fall over, StreamActors refuses (RideEventCodec says so); `publish` is the
one place that differs from `json.dumps(model_validate(json.loads(value)).model_dump(mode="json"))`.
"""
import base64
import json
import uuid
from typing import Literal, Optional

from pydantic import Field, ValidationError, create_model

NEW_ID = uuid.UUID("00000000-0000-4000-8000-000000000001")
POINT = tuple[float, float]
TEXT, NUMBER, WHOLE, MAYBE = (str, ...), (float, ...), (int, ...), (Optional[str], None)
MAYBE_WHOLE, MAYBE_ROUTE = (Optional[int], None), (Optional[list[POINT]], None)


def model(**fields):
    return create_model("Event", event_id=(uuid.UUID, Field(default_factory=lambda: NEW_ID)), **fields)


def one_of(words):
    return (Literal[tuple(words.split())], ...)


MODELS = {
    "gps_pings": model(
        entity_type=one_of("driver rider"), entity_id=TEXT, timestamp=TEXT, location=(POINT, ...),
        heading=(Optional[float], ...), speed=(Optional[float], ...), accuracy=NUMBER, trip_id=(Optional[str], ...),
        trip_state=MAYBE, route_progress_index=MAYBE_WHOLE, pickup_route_progress_index=MAYBE_WHOLE),
    "trips": model(
        event_type=one_of("trip.requested trip.offer_sent trip.matched trip.driver_en_route trip.driver_arrived "
                          "trip.started trip.completed trip.cancelled trip.offer_expired trip.offer_rejected "
                          "trip.no_drivers_available trip.driver_assigned trip.en_route_pickup trip.at_pickup "
                          "trip.in_transit"),
        trip_id=TEXT, timestamp=TEXT, rider_id=TEXT, driver_id=(Optional[str], ...), pickup_location=(POINT, ...),
        dropoff_location=(POINT, ...), pickup_zone_id=TEXT, dropoff_zone_id=TEXT, surge_multiplier=NUMBER,
        fare=NUMBER, offer_sequence=MAYBE_WHOLE, cancelled_by=MAYBE, cancellation_reason=MAYBE,
        cancellation_stage=MAYBE, route=MAYBE_ROUTE, pickup_route=MAYBE_ROUTE, route_progress_index=MAYBE_WHOLE,
        pickup_route_progress_index=MAYBE_WHOLE),
    "driver_status": model(
        driver_id=TEXT, timestamp=TEXT, previous_status=(Optional[str], ...),
        new_status=one_of("online offline en_route_pickup en_route_destination available on_trip "
                          "driving_closer_to_home"),
        trigger=TEXT, location=(POINT, ...)),
    "surge_updates": model(
        zone_id=TEXT, timestamp=TEXT, previous_multiplier=NUMBER, new_multiplier=(float, Field(ge=0)),
        available_drivers=WHOLE, pending_requests=WHOLE, calculation_window_seconds=(int, 60)),
    "driver_profiles": model(
        event_type=one_of("driver.created driver.updated"), driver_id=TEXT, timestamp=TEXT, first_name=TEXT,
        last_name=TEXT, email=TEXT, phone=TEXT, home_location=(POINT, ...), preferred_zones=(list[str], []),
        shift_preference=one_of("morning afternoon evening night flexible"), vehicle_make=TEXT, vehicle_model=TEXT,
        vehicle_year=WHOLE, license_plate=TEXT),
    "rider_profiles": model(
        event_type=one_of("rider.created rider.updated"), rider_id=TEXT, timestamp=TEXT, first_name=TEXT,
        last_name=TEXT, email=TEXT, phone=TEXT, home_location=(POINT, ...),
        payment_method_type=one_of("credit_card digital_wallet"), payment_method_masked=TEXT,
        behavior_factor=(Optional[float], None)),
    "ratings": model(
        trip_id=TEXT, timestamp=TEXT, rater_type=one_of("rider driver"), rater_id=TEXT,
        ratee_type=one_of("rider driver"), ratee_id=TEXT, rating=(int, Field(ge=1, le=5)), current_rating=NUMBER,
        rating_count=WHOLE),
}

# A good value of each field: the first of its words, or by type.
SAMPLES = {POINT: "[-23.5505,-46.6333]", float: "12.5", int: "3", str: '"text"', uuid.UUID: f'"{uuid.UUID(int=7)}"',
           list[str]: '["Zoë","b"]', Optional[list[POINT]]: "[[-23.55,-46.63],[-23.56,-46.64]]",
           Optional[str]: '"text"', Optional[int]: "3", Optional[float]: "12.5"}

NUMBERS = r"""1 0 -0 -0.0 30 1.5 1.50 1e3 1E3 1e+3 1e400 -1e400 1e-400 NaN Infinity -Infinity 5.0 5.5 1e20 1E2
 9007199254740993.0 9.3e18 9223372036854775807 9223372036854775808 -9223372036854775809 9223372036854774784.0
 -9223372036854775808.0 123456789012345678901234567890 4.9999999999999999999 100e-2 155e-1 -100 500 10 6 -1 -1e-400
 01 1. .5 +1 - 1e 1e+ 0x10 00 -01 --1 1.5.5 1_000 true false null True nul tru [] {} [1] "1.5" " 1.5 " "\t1.5\n"
 "1_000.5" "_1" "1__0" "1_" "-_1" "1e3" "nan" "inf" "-inf" "Infinity" "" " " "+1.5" "+1" ".5" "5." "1,5" "0x10"
 "1e400" "\u0031" "٣" "\u00a01.5\u2003" "\u000b1" "\u001c1" "true" "01.5" "-" "1.5f" "1e" "00" "-0" "1 5" "--1"
 "1e1_0" "1._5" "1_.5" "1e+5" "1.e5" "." "e5" "+.5e1" "-.5" "1.5\u0000" "\u221e" "5" "5.0" "5.00" "5.5" " 5 " "005"
 "-005" "1_0.0" "5.0_0" "0_0" "+ 5" "+-5" "-5.0" "5.0e0" "123456789012345678901234567890.0" "-5" "+5" "1e14" "1e22"
 "1e-7" "123456789.123456789" "1e_5" "1_e5" "._5" "_" "-1_0" "\u0085 7\u3000" 0.1 0.30000000000000004""".split()
NUMBERS += ["1" * 310, '"' + "1" * 400 + '"', "0." + "1" * 400]
HUGE = ["1" * 4300, "-" + "1" * 4300, "1" * 4301]
TEXTS = r""" "x" "" "Zoë" "日本" "\u005a\u00eb" "\n\t\"\\\/\b\f\r" "\ud83d\ude00" "\ud800" "\udc00\ud800" "\ud800x"
 "\ud800\u0041" "\u0000" "\x" "\u12" "\u12g4" 1 1.5 true null [] {} 'x' "not-a-time" "😀" "2025-13-45T25:99:99Z"
 """.split() + ['"a\tb"', '"\x7f"', '"a b"', '"open', '"' + "y" * 700 + '"']
UUIDS = r"""null "" 1 true ["a"] "550e8400e29b41d4a716446655440000" "550E8400-E29B-41D4-A716-446655440000"
 "550e8400-E29b-41d4-a716-446655440000" "{550e8400-e29b-41d4-a716-446655440000}"
 "urn:uuid:550e8400-e29b-41d4-a716-446655440000" "URN:UUID:550e8400-e29b-41d4-a716-446655440000"
 "550e8400-e29b-41d4-a716-44665544000" "550e8400-e29b41d4-a716-446655440000" "00000000-0000-0000-0000-000000000000"
 "{550e8400e29b41d4a716446655440000}" "550e8400-e29b-41d4-a716-44665544000g" "corrupted-550e8400" "not-a-uuid"
 "\u0035\u0035\u0030e8400-e29b-41d4-a716-446655440000" "550e8400-e29b-41d4-a716-4466554400000"
 "urn:uuid:550e8400e29b41d4a716446655440000" "550e8400-e29b-41d4-a716-4466554400-0" "550e8400xe29bx41d4xa716x446655440000"
 """.split() + ['" 550e8400-e29b-41d4-a716-446655440000"', '"550e8400e29b41d4a716446655440000\\n"']
POINTS = ["[1,2]", "[1.0, 2.0]", "[ 1.5 ,\n2.5 ]", "[1]", "[1,2,3]", "[]", '{"a":1,"b":2}', "null", '"invalid"',
          "[null,1]", '["1","2"]', "[true,1]", "[[1],2]", "[1e400,2]", "[1e3,2E3]", '"12"', "[1.5,2.5", "[1.5,2.5,]",
          "[1.5 2.5]", "[,]", "[1.5,2.5]]", "1", "[-0,-0.0]", '["1e14","1e14"]', "[1.5,2]", "[0.5,0." + "1" * 400 + "]",
          "[" + "1" * 400 + ".5,1.5]", "[1." + "5" * 200 + ",2." + "5" * 200 + "]"]
ROUTES = ["null", "[]", "[[1,2],[3,4]]", "[1,2]", "[[1]]", "[null]", '[[1,"2"]]', "{}", '"x"', "[ [1.5 , 2.5] ]",
          "[1.5,2.5]", "[[1.5,2.5],[true,false]]"]
LISTS = ["[]", '["a"]', '[ "a" , "b" ]', '["a",1]', "[null]", "null", '"a"', "{}", '["\\ud800"]', "[1.5,2.5]"]
WORDS = ['"vehicle"', '"trip.invalid_state"', '"sleeping"', '"whenever"', '"rider.deleted"', '""', "1", "null",
         '"Driver"', '"dr\\u0069ver"', '"r\\u0069der"', "true", '"driver "', '["driver"]', '"trip.\\u0069n_transit"']


def cases_of(kind):
    if kind in (float, int, Optional[float], Optional[int]):
        return NUMBERS
    return {POINT: POINTS, Optional[list[POINT]]: ROUTES, list[str]: LISTS, uuid.UUID: UUIDS,
            str: TEXTS, Optional[str]: TEXTS}.get(kind) or [json.dumps(w) for w in kind.__args__] + WORDS


def join(members, comma=",", colon=":"):
    return "{" + comma.join(f'"{name}"{colon}{value}' for name, value in members) + "}"


def shapes(good):
    """Whole records: the order, the white space, what is around them."""
    text = join(good)
    extra = [("session_id", '"s"'), ("correlation_id", "null"), ("causation_id", '{"a":[1,{"b":"\\ud800"}]}')]
    yield from [text, join(good, ", ", ": "), join(good[::-1]), join(good + extra), join(extra + good),
                join(good, " ,\n\t", " :\r\n"), " " + text + "\n", "\ufeff" + text, "\ufeff\ufeff" + text,
                join(good + good), join([(name, "{}") for name, _ in good] + good), join(good + [good[0]]),
                join(good + [("event_id", "null")]), join(good[:1] + [("timestamp", "1")] + good[1:]),
                text.replace('"timestamp"', '"t\\u0069mestamp"'), text.replace('"timestamp"', '"\\ud800"'),
                "", " ", "{}", "{ }", "[]", "[1]", "5", "null", '"x"', "[" + text + "]", text + text, text + "x",
                text + ",", text[:-1] + ",}", text[:-1], text[:-2], "{,}", "{" + text[2:], text[1:], "{" + text,
                text.replace(":", "=", 1), text.replace('"', "'"), text.replace(",", ";", 1), text + "\0",
                text[:-1] + ',"u":NaN}', text[:-1] + ',"u":' + "[" * 62 + "]" * 62 + "}", text[:-1] + ',"u":[1,]}',
                text[:-1] + ',"u":{"a"}}', text[:-1] + ',"u":[}]}', text[:-1] + ',"u":{"a":1,}}', text[:-1] + ',1:2}',
                text[:-1] + ',"u":[[],{},[{"":{}}],-1.5e-3,"\\\\\\"]"]}', text[:-1] + ',"":0}', text + "//"]
    for i, _ in enumerate(good):
        yield join(good[:i] + good[i + 1:])
    for i in range(0, len(text), 17):
        yield text[:i]


def publish(topic, value):
    def not_json(word):
        raise ValueError(word)

    try:
        record = json.loads(value, parse_constant=not_json)
        event = MODELS[topic].model_validate(record).model_dump(mode="json")
        if "preferred_zones" in event and "preferred_zones" not in record:
            del event["preferred_zones"]
        if topic == "ratings":
            event["event_type"] = "rating_update"
        return json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (ValidationError, ValueError, RecursionError):
        return None


def main():
    for topic, shape in MODELS.items():
        kinds = {name: field.annotation for name, field in shape.model_fields.items()}
        good = [(name, SAMPLES.get(kind) or json.dumps(kind.__args__[0])) for name, kind in kinds.items()]
        values = list(shapes(good))
        for i, (name, kind) in enumerate(kinds.items()):
            # All cases for a kind's first field, and for those with a rule of their own; a sample for the others.
            special = list(kinds.values()).index(kind) == i or name in ("new_multiplier", "rating", "speed", "ratee_type")
            cases = cases_of(kind) if special else cases_of(kind)[::9]
            cases = cases + HUGE if name == "available_drivers" else cases
            values += [join(good[:i] + [(name, case)] + good[i + 1:]) for case in cases]
        raw = [value.encode("utf-8", "surrogatepass") for value in dict.fromkeys(values)]
        text = join(good).encode()
        raw += [text.replace(b"text", bad) for bad in (b"\x80\x81", b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5")]
        raw += [text[:-1] + b',"u":"\xff"}', b"\xff\xfe", b"\x80\x81", b"\xef\xbb", b"\xef\xbb\xbf"]
        for value in raw:
            published = publish(topic, value)
            print(topic, base64.b64encode(value).decode(),
                  base64.b64encode(published).decode() if published is not None else "-", sep="\t")


if __name__ == "__main__":
    main()
