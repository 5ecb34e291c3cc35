"""Checks every response against the botocore model: the XML on the wire and the parsed result."""

import base64
import binascii
import datetime
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter

NAMESPACE = "{https://iam.amazonaws.com/doc/2010-05-08/}"

# Constraints that the responses of AWS violate.
UNCHECKED = {
    # An MD5 digest with colons has 47 characters; the model requires 48.
    "publicKeyFingerprintType": ("length",),
    # AWS returns `Policy`; the model requires `PermissionsBoundaryPolicy` (B-PB-01).
    "PermissionsBoundaryAttachmentType": ("enum",),
}

PARSED = {
    "structure": dict,
    "list": list,
    "map": dict,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "blob": bytes,
    "timestamp": datetime.datetime,
}


class Responses:
    """Counts the responses to clients and collects the errors in them."""

    def __init__(self, client):
        self.errors = []
        self.members = 0
        self.succeeded = Counter()
        self.refused = Counter()
        self.watch(client)

    def watch(self, client):
        """Checks the responses to this client too."""
        client.responses = self
        events = client.meta.events
        events.register("before-parse.iam", self._raw)
        events.register("after-call.iam", self._parsed)

    @property
    def requests(self):
        return self.succeeded.total() + self.refused.total()

    def take_errors(self):
        """The errors since the last call."""
        errors, self.errors = self.errors, []
        return errors

    def _report(self, path, message):
        self.errors.append(f"{path}: {message}")

    def _raw(self, operation_model, response_dict, **_):
        api = operation_model.name
        try:
            root = ElementTree.fromstring(response_dict["body"])
        except ElementTree.ParseError as error:
            return self._report(api, f"expected XML, got: {error}")
        if response_dict["status_code"] >= 300:
            self.refused[api] += 1
            self._error(operation_model, root, response_dict)
            return
        self.succeeded[api] += 1
        if root.tag != f"{NAMESPACE}{api}Response":
            self._report(api, f"expected the root {api}Response, got {root.tag}")
        output = operation_model.output_shape
        expected = [f"{api}Result", "ResponseMetadata"][output is None :]
        if names(root) != expected:
            self._report(api, f"expected {expected}, got {names(root)}")
        elif output is not None:
            self._element(output, root[0], api)
        self._request_id(root.find(f"{NAMESPACE}ResponseMetadata/{NAMESPACE}RequestId"), response_dict, api)

    def _error(self, operation_model, root, response_dict):
        """Checks the form of an error (E-003) and the status of its code (E-005)."""
        api = operation_model.name
        if root.tag != f"{NAMESPACE}ErrorResponse" or names(root) != ["Error", "RequestId"]:
            return self._report(api, f"expected an error with Error and RequestId, got {root.tag} {names(root)}")
        self._request_id(root[1], response_dict, api)
        members = {child.tag.removeprefix(NAMESPACE): child.text for child in root[0]}
        if members.get("Type") != "Sender" or not members.get("Code") or members.keys() - {"Type", "Code", "Message"}:
            self._report(api, f"expected Type, Code and Message, got {members}")
        known = operation_model.service_model.shape_for_error_code(members.get("Code"))
        status = known and known.metadata["error"]["httpStatusCode"]
        if known and status != response_dict["status_code"]:
            self._report(api, f"{members['Code']}: expected status {status}, got {response_dict['status_code']}")
        if known and known.name not in [shape.name for shape in operation_model.error_shapes]:
            self._report(api, f"{members['Code']}: the operation does not declare this code")

    def _request_id(self, element, response_dict, api):
        if element is None or element.text != response_dict["headers"].get("x-amzn-requestid"):
            self._report(api, "the request ids in the body and in the header differ")

    def _element(self, shape, element, path):
        """Checks an element and its children: no unknown members, no missing ones, valid text."""
        self.members += 1
        if shape.type_name == "structure":
            self._structure(shape, element, path)
        elif shape.type_name == "list":
            for number, child in enumerate(element):
                if child.tag != f"{NAMESPACE}member":
                    self._report(path, f"expected member in a list, got {child.tag}")
                self._element(shape.member, child, f"{path}[{number}]")
        elif shape.type_name == "map":
            for child in element:
                if names(child) != ["key", "value"]:
                    self._report(path, f"expected key and value in a map, got {names(child)}")
                else:
                    self._element(shape.value, child[1], f"{path}.{child[0].text}")
        elif len(element):
            self._report(path, "expected text, got elements")
        else:
            for error in text_errors(shape, element.text or ""):
                self._report(path, error)

    def _structure(self, shape, element, path):
        known = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        actual = names(element)
        for name in set(shape.required_members) - set(actual):
            self._report(path, f"{name} is missing")
        for name, count in Counter(actual).items():
            if count > 1:
                self._report(path, f"{name} occurs {count} times")
        for child, name in zip(element, actual):
            if name in known:
                self._element(known[name], child, f"{path}.{name}")
            else:
                self._report(path, f"{name} is unknown")

    def _parsed(self, http_response, parsed, model, **_):
        if http_response.status_code < 300 and model.output_shape is not None:
            result = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
            self._value(model.output_shape, result, model.name)

    def _value(self, shape, value, path):
        """Checks a parsed value. botocore decodes policy documents."""
        expected = dict if shape.name == "policyDocumentType" else PARSED[shape.type_name]
        if type(value) is not expected:
            return self._report(path, f"expected a {expected.__name__}, got {value!r}")
        if shape.type_name == "timestamp" and value.tzinfo is None:
            self._report(path, "the time has no zone")
        elif shape.type_name == "structure":
            for name in set(shape.required_members) - value.keys():
                self._report(path, f"{name} is missing after parsing")
            for name, member in value.items():
                self._value(shape.members[name], member, f"{path}.{name}")
        elif shape.type_name == "list":
            for number, member in enumerate(value):
                self._value(shape.member, member, f"{path}[{number}]")
        elif shape.type_name == "map":
            for key, member in value.items():
                self._value(shape.value, member, f"{path}.{key}")


def names(element):
    return [child.tag.removeprefix(NAMESPACE) for child in element]


def text_errors(shape, text):
    """The constraints of the botocore model that a text violates."""
    forms = {
        "boolean": "true|false",
        "integer": r"-?\d+",
        "long": r"-?\d+",
        "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",  # E-008
    }
    form = forms.get(shape.type_name)
    if form and not re.fullmatch(form, text):
        yield f"expected a {shape.type_name}, got `{text}`"
    if shape.type_name == "blob":
        try:
            base64.b64decode(text, validate=True)
        except binascii.Error as error:
            yield f"expected base64: {error}"
    if shape.type_name == "string":
        yield from constraints(shape, text)


def constraints(shape, text):
    unchecked, limits = UNCHECKED.get(shape.name, ()), shape.metadata
    if "enum" not in unchecked and text not in (shape.enum or [text]):
        yield f"expected one of {shape.enum}, got `{text}`"
    if "length" not in unchecked and not limits.get("min", 0) <= len(text) <= limits.get("max", len(text)):
        yield f"`{text}` has an invalid length: {len(text)} characters"
    pattern = limits.get("pattern")
    # The re module has no Unicode classes.
    if pattern and r"\p" not in pattern and not re.fullmatch(pattern, text):
        yield f"`{text}` does not match {pattern}"
