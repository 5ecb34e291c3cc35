"""Holds every answer to what botocore knows of it: on the wire, and as the client gives it on."""

import base64
import binascii
import datetime
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter

NAMESPACE = "{https://iam.amazonaws.com/doc/2010-05-08/}"

# Where botocore's model is known to say something else than AWS answers.
NOT_HELD = {
    # A text that is an MD5 digest with colons has 47 characters, the model says 48.
    "publicKeyFingerprintType": ("length",),
    # AWS answers `Policy`, the model says `PermissionsBoundaryPolicy` (B-PB-01).
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


class Answers:
    """What is wrong with the answers to clients, and how many there were."""

    def __init__(self, client):
        self.complaints = []
        self.members = 0
        self.done = Counter()
        self.refused = Counter()
        self.watch(client)

    def watch(self, client):
        """Another client, whose answers count as well."""
        client.answers = self
        events = client.meta.events
        events.register("before-parse.iam", self._raw)
        events.register("after-call.iam", self._parsed)

    @property
    def calls(self):
        return self.done.total() + self.refused.total()

    def taken(self):
        """The complaints since the last time."""
        complaints, self.complaints = self.complaints, []
        return complaints

    def _complain(self, path, what):
        self.complaints.append(f"{path}: {what}")

    def _raw(self, operation_model, response_dict, **_):
        api = operation_model.name
        try:
            root = ElementTree.fromstring(response_dict["body"])
        except ElementTree.ParseError as error:
            return self._complain(api, f"no XML: {error}")
        if response_dict["status_code"] >= 300:
            self.refused[api] += 1
            self._error(operation_model, root, response_dict)
            return
        self.done[api] += 1
        if root.tag != f"{NAMESPACE}{api}Response":
            self._complain(api, f"the root is {root.tag}")
        output = operation_model.output_shape
        expected = [f"{api}Result", "ResponseMetadata"][output is None :]
        if names(root) != expected:
            self._complain(api, f"{names(root)} where {expected} is known")
        elif output is not None:
            self._element(output, root[0], api)
        self._request_id(root.find(f"{NAMESPACE}ResponseMetadata/{NAMESPACE}RequestId"), response_dict, api)

    def _error(self, operation_model, root, response_dict):
        """The form of an error (E-003), and the status that goes with its code (E-005)."""
        api = operation_model.name
        if root.tag != f"{NAMESPACE}ErrorResponse" or names(root) != ["Error", "RequestId"]:
            return self._complain(api, f"an error in the form {root.tag} {names(root)}")
        self._request_id(root[1], response_dict, api)
        told = {child.tag.removeprefix(NAMESPACE): child.text for child in root[0]}
        if told.get("Type") != "Sender" or not told.get("Code") or told.keys() - {"Type", "Code", "Message"}:
            self._complain(api, f"an error that tells {told}")
        known = operation_model.service_model.shape_for_error_code(told.get("Code"))
        status = known and known.metadata["error"]["httpStatusCode"]
        if known and status != response_dict["status_code"]:
            self._complain(api, f"{told['Code']} with {response_dict['status_code']}, not {status}")
        if known and known.name not in [shape.name for shape in operation_model.error_shapes]:
            self._complain(api, f"{told['Code']}, which the call does not declare")

    def _request_id(self, element, response_dict, api):
        if element is None or element.text != response_dict["headers"].get("x-amzn-requestid"):
            self._complain(api, "another request id in the body than in the header")

    def _element(self, shape, element, path):
        """An element and everything in it: no unknown members, no missing ones, texts as they must be."""
        self.members += 1
        if shape.type_name == "structure":
            self._structure(shape, element, path)
        elif shape.type_name == "list":
            for number, child in enumerate(element):
                if child.tag != f"{NAMESPACE}member":
                    self._complain(path, f"{child.tag} in a list")
                self._element(shape.member, child, f"{path}[{number}]")
        elif shape.type_name == "map":
            for child in element:
                if names(child) != ["key", "value"]:
                    self._complain(path, f"{names(child)} in a map")
                else:
                    self._element(shape.value, child[1], f"{path}.{child[0].text}")
        elif len(element):
            self._complain(path, "elements where a text is known")
        else:
            for what in wrong(shape, element.text or ""):
                self._complain(path, what)

    def _structure(self, shape, element, path):
        known = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        shown = names(element)
        for name in set(shape.required_members) - set(shown):
            self._complain(path, f"no {name}")
        for name, count in Counter(shown).items():
            if count > 1:
                self._complain(path, f"{name} {count} times")
        for child, name in zip(element, shown):
            if name in known:
                self._element(known[name], child, f"{path}.{name}")
            else:
                self._complain(path, f"{name}, which is not known")

    def _parsed(self, http_response, parsed, model, **_):
        if http_response.status_code < 300 and model.output_shape is not None:
            told = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
            self._value(model.output_shape, told, model.name)

    def _value(self, shape, value, path):
        """A value as the caller gets it; policy documents come decoded."""
        expected = dict if shape.name == "policyDocumentType" else PARSED[shape.type_name]
        if type(value) is not expected:
            return self._complain(path, f"{value!r} where a {expected.__name__} is known")
        if shape.type_name == "timestamp" and value.tzinfo is None:
            self._complain(path, "a time without a zone")
        elif shape.type_name == "structure":
            for name in set(shape.required_members) - value.keys():
                self._complain(path, f"no {name} after parsing")
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


def wrong(shape, text):
    """What is wrong with a text, by the constraints that botocore has for it."""
    forms = {
        "boolean": "true|false",
        "integer": r"-?\d+",
        "long": r"-?\d+",
        "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",  # E-008
    }
    form = forms.get(shape.type_name)
    if form and not re.fullmatch(form, text):
        yield f"`{text}` is no {shape.type_name}"
    if shape.type_name == "blob":
        try:
            base64.b64decode(text, validate=True)
        except binascii.Error as error:
            yield f"no base 64: {error}"
    if shape.type_name == "string":
        yield from constraints(shape, text)


def constraints(shape, text):
    not_held, limits = NOT_HELD.get(shape.name, ()), shape.metadata
    if "enum" not in not_held and text not in (shape.enum or [text]):
        yield f"`{text}` is none of {shape.enum}"
    if "length" not in not_held and not limits.get("min", 0) <= len(text) <= limits.get("max", len(text)):
        yield f"`{text}` has {len(text)} characters"
    pattern = limits.get("pattern")
    # Python knows no classes of Unicode.
    if pattern and r"\p" not in pattern and not re.fullmatch(pattern, text):
        yield f"`{text}` does not match {pattern}"
