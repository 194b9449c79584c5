"""What schemathesis cannot know of idgen from its OpenAPI document; test/fuzz/http.test.ts runs it with this."""

import json
import re

import schemathesis
from schemathesis.specs.openapi.checks import RejectedPositiveData, positive_data_acceptance

# Requests that are as the schema says and refused all the same, because of what no schema can say. By operation: the
# code of the refusal, or the field that it is about. Anything else that is refused is a finding.
CURSOR = {"IDGEN_CURSOR_INVALID": "only a cursor that an answer before had is one"}
LEAP_SECONDS = {"/from": "a leap second is a time that no program here holds", "/to": "the same"}
TAG_FIELDS = {
    "/chain": "begins with `algorithm`, keeps an order and repeats nothing",
    "/step": "min <= base <= max <= cellSize",
    "/space": "has room for a whole cell of each data centre",
}
KEY_FIELDS = {
    "/expiresAt": "lies in the future",
    "/within": "is the tag that `declaredBy` declares",
    "IDGEN_NAME_INVALID": "`within` consists of names",
    "/name": "is not blank",
}
ISSUING = {
    "IDGEN_COUNT_OUT_OF_RANGE": "the largest count depends on `as`",
    "IDGEN_NUMBER_UNSAFE": "depends on what the tag issues",
    "/as": "depends on what the tag issues",
}
BEYOND_SCHEMA = {
    "listWorkspaces": CURSOR,
    "listGroups": CURSOR,
    "listTags": CURSOR,
    "listApiKeys": CURSOR,
    "listDeclarations": CURSOR,
    "listAuditRecords": CURSOR | LEAP_SECONDS,
    "exportAuditRecords": CURSOR | LEAP_SECONDS,
    "createTag": TAG_FIELDS,
    "putTag": TAG_FIELDS,
    "updateTag": TAG_FIELDS,
    "putDeclaration": TAG_FIELDS
    | {"/floors": "names data centres that the tag has", "/owner": "a leap second is a time that no program here holds"},
    "createApiKey": KEY_FIELDS,
    "putApiKey": KEY_FIELDS | {"/id": "schemathesis takes the text of a key, which an answer calls `key`, for its id"},
    "rotateApiKey": {"/ends": "is `newest` only while the key has a secret before it"},
    "issueIds": ISSUING,
    "streamIds": ISSUING,
    "decodeId": {"IDGEN_ID_MALFORMED": "numbers above 2^63 - 1, or beyond the snowflake layout"},
}


@schemathesis.check
def valid_data_is_accepted(ctx, response, case):
    """In place of positive_data_acceptance: the same, but for what BEYOND_SCHEMA names."""
    try:
        return positive_data_acceptance(ctx, response, case)
    except RejectedPositiveData:
        if response.status_code == 400 and (
            has_no_etag(case) or names_prototype(case) or is_beyond_schema(case, response.json())
        ):
            return None
        raise


def has_no_etag(case):
    """schemathesis 4.32.5 sends `If-Match: 0` as valid, whatever pattern the header has."""
    parameters = case.operation.definition.raw.get("parameters", [])
    pattern = next((one["schema"]["pattern"] for one in parameters if one["name"] == "if-match"), None)
    sent = (case.headers or {}).get("if-match")
    return pattern is not None and sent is not None and re.search(pattern, str(sent)) is None


def names_prototype(case):
    """A field that no schema forbids where any field may come, and that the service takes from nobody (json-body.ts)."""
    return case.body is not None and '"__proto__":' in json.dumps(case.body, default=str)


def is_beyond_schema(case, problem):
    known = BEYOND_SCHEMA.get(case.operation.definition.raw.get("operationId"), {})
    if problem["code"] != "IDGEN_REQUEST_INVALID":
        return problem["code"] in known
    faults = problem.get("faults", [])
    # A fault of a declaration lies below /spec.
    fields = ["/" + fault["path"].removeprefix("/spec").split("/")[1] for fault in faults]
    return len(fields) > 0 and all(field in known for field in fields)


@schemathesis.deserializer("application/x-ndjson")
def lines(ctx, response):
    """Every line is JSON, and the first of a stream of IDs is held to the schema of the answer."""
    text = response.content.decode()
    # Not splitlines(): it takes a U+2028 within a string for the end of a line.
    records = [json.loads(line) for line in text.split("\n") if line != ""]
    # The document calls an export of the audit log text.
    return text if ctx.operation.definition.raw["operationId"] == "exportAuditRecords" else records[0]
