"""Model entries: each is checked against the fields that the client knows, and made canonical.

`catalogue` handles what concerns several entries (duplicates, plans). Guide, Configuration Examples
by Auth Type.
"""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any

from qwenlock.clients.fields import GENERATION_FIELDS, MODEL_FIELDS, SAMPLING_FIELDS, Field, problem
from qwenlock.clients.misplaced import home_of
from qwenlock.clients.profile import WIRE_PROTOCOLS
from qwenlock.findings.finding import Finding
from qwenlock.lock.values import MAX_DEPTH, canonical_number, is_exact
from qwenlock.settings.scopes import PROVIDERS
from qwenlock.text.credentials import (
    is_credential,
    is_credential_as_name,
    is_variable_name,
    names_a_credential,
    names_a_variable,
    references,
    shown,
)
from qwenlock.text.similar import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from qwenlock.clients.profile import Profile
    from qwenlock.text.document import Place
    from qwenlock.text.operations import Path

    Report = Callable[[Finding], None]
    PlaceOf = Callable[..., Place]

_MODEL = {field.name: field for field in MODEL_FIELDS}
_GENERATION = {field.name: field for field in GENERATION_FIELDS}
_SAMPLING = {field.name: field for field in SAMPLING_FIELDS}
_UNKNOWN = object()
_EVERY_REFERENCE_WRITTEN_OUT = 2  # the format of marshal in which the same value is the same bytes


class EntryReader:
    """Reads model entries for one client.

    Args:
        client: whose fields are known and required.
        report: takes each finding.
        place: gives the place of a path in the file.
    """

    def __init__(self, client: Profile, report: Report, place: PlaceOf) -> None:
        self._client = client
        self._report = report
        self._place = place
        self._known = {field.name: field for field in MODEL_FIELDS if client.knows(field.since)}
        self._texts = {
            name
            for name, field in self._known.items()
            if field.kind == "string" and not field.values
        }
        self._said = 0
        self._clean: dict[tuple[str, str, bytes], Any] = {}
        self._orders: dict[tuple[str, ...], list[str]] = {}

    def read(self, auth_type: str, entry: Any, path: Path) -> dict[str, Any] | None:
        """Return `entry` in canonical form (see `canonical`), or None if the client rejects it.

        Reports what is wrong with it and what the client will ignore. Many entries are alike, so
        names and objects that were read without a finding are not read again.
        """
        if not isinstance(entry, dict):
            self._say("QL205", "this model is not an object", path, 'write { "id": …, … }')
            return None
        usable = self._check_id(entry, path) and self._check_env_key(entry, path)
        result = {}
        for name in self._ordered(entry, path):
            value = entry[name]
            if isinstance(value, str) and name in self._texts:
                if is_credential(value, name) or not value.isascii():
                    self.check_text(value, (*path, name), name)
                result[name] = value
                continue
            alike = (auth_type, name, marshal.dumps(value, _EVERY_REFERENCE_WRITTEN_OUT))
            clean = self._clean.get(alike, _UNKNOWN)
            if clean is _UNKNOWN:
                said = self._said
                fits = self._check_type(auth_type, name, value, (*path, name))
                usable = usable and fits
                clean = self._field(auth_type, name, value, (*path, name))
                if self._said == said:
                    self._clean[alike] = clean
            result[name] = clean
        return result if usable else None

    def _ordered(self, entry: dict[str, Any], path: Path) -> list[str]:
        """Return the sorted names of an entry's fields, which must be no credentials."""
        names = tuple(entry)
        if names in self._orders:
            return self._orders[names]
        said = self._said
        self.check_names(entry, path)
        order = sorted(names)
        if self._said == said:
            self._orders[names] = order
        return order

    def _check_type(self, auth_type: str, name: str, value: Any, path: Path) -> bool:
        """Report a field that the client does not know or accept; tell if it is dispensable."""
        field = self._known.get(name)
        if field is None:
            self._unknown("QL212", name, _MODEL, path)
        elif name == "wireApi" and self._client.wire_apis:
            return self._check_api(auth_type, value, path)
        elif value is not None and (wrong := problem(field, value)) and name != "envKey":
            self._say("QL210", f"{name} {wrong}", path, "change its type")
            return False
        return True

    def _check_api(self, auth_type: str, value: Any, path: Path) -> bool:
        """Report a `wireApi` with which the client does not start, null and empty ones too."""
        if isinstance(value, str) and references(value):
            message = f"wireApi is {shown(value)}: a variable decides how requests are made"
            self._say("QL226", message, path, "write the API itself")
            return False
        if value not in self._client.wire_apis:
            known = " or ".join(f'"{each}"' for each in self._client.wire_apis)
            self._say("QL222", f"wireApi must be {known}", path, "write one of them, or remove it")
            return False
        if auth_type not in WIRE_PROTOCOLS.values():
            message = f"only OpenAI-compatible models may have a wireApi; this one is {auth_type}"
            self._say("QL222", message, path, "remove it", on_key=True)
            return False
        return True

    def _field(self, auth_type: str, name: str, value: Any, path: Path) -> Any:
        """Return the canonical value of a field that is not text."""
        if name == "generationConfig" and isinstance(value, dict):
            self._check_config(auth_type, value, path)
        return self._canonical(value, path, name, MAX_DEPTH - 1)

    def canonical(self, value: dict[str, Any], path: Path) -> dict[str, Any]:
        """Return an object with its keys sorted and its numbers in one spelling, at every depth.

        Reports literal credentials, and what JSON can hold but a request or a lock cannot.
        """
        result: dict[str, Any] = self._canonical(value, path, None, MAX_DEPTH)
        return result

    def _canonical(self, value: Any, path: Path, key: str | None, levels: int) -> Any:
        if isinstance(value, str):
            self.check_text(value, path, key)
            return value
        if isinstance(value, dict):
            if not levels:
                return self._too_deep(path)
            self.check_names(value, path)
            return {
                name: self._canonical(value[name], (*path, name), name, levels - 1)
                for name in sorted(value)
            }
        if isinstance(value, list):
            if not levels:
                return self._too_deep(path)
            return [
                self._canonical(item, (*path, index), key, levels - 1)
                for index, item in enumerate(value)
            ]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._number(value, path, key)
        return value

    def _number(self, number: int | float, path: Path, key: str | None) -> int | float:
        if key is not None and names_a_credential(key):
            self._credential(path)
        if isinstance(number, float):
            if number in (float("inf"), float("-inf")):
                self._say("QL110", "the number is too large", path, "write a smaller number")
                return 0
        elif not is_exact(number):
            message = f"the client will read this number as {_as_float(number)}"
            self._say("QL108", message, path, "write a number that it can hold, or a string")
        return canonical_number(number)

    def check_text(self, text: str, path: Path, key: str | None = None) -> None:
        """Report a `text` that is a literal credential under `key`, or no text for UTF-8."""
        if is_credential(text, key) and not _is_env_key(path):
            self._credential(path)
        if not text.isascii():
            self._check_encodable(text, path)

    def check_names(self, names: Iterable[str], path: Path) -> None:
        """Report names of fields below `path` that are literal credentials, or no text."""
        for name in names:
            if is_credential_as_name(name):
                message = "a field name may contain a credential"
                self._say("QL401", message, (*path, name), "remove the field", on_key=True)
            if not name.isascii():
                self._check_encodable(name, (*path, name), on_key=True)

    def _check_encodable(self, text: str, path: Path, *, on_key: bool = False) -> None:
        try:
            text.encode()
        except UnicodeEncodeError:
            message = "the text contains half of a surrogate pair"
            self._say("QL109", message, path, "write the whole character", on_key=on_key)

    def _credential(self, path: Path) -> None:
        self._say("QL401", f"{_dotted(path)} may contain a credential", path, _REFERENCE_FIX)

    def _too_deep(self, path: Path) -> None:
        self._say("QL104", f"the model is nested deeper than {MAX_DEPTH} levels", path, None)

    def _check_id(self, entry: dict[str, Any], path: Path) -> bool:
        identity = entry.get("id")
        if identity is None or identity == "":
            fix = 'add "id": the name of the model in the API'
            self._say("QL206", "this model has no id", path, fix)
            return False
        return True

    def _check_env_key(self, entry: dict[str, Any], path: Path) -> bool:
        env_key = entry.get("envKey")
        if env_key is None or env_key == "":
            if not self._client.env_key_required:
                return True
            fix = 'add "envKey": the name of the variable that holds the key'
            self._say("QL207", "this model has no envKey", path, fix)
            return False
        if isinstance(env_key, str) and is_variable_name(env_key):
            return True
        message = "envKey must be the name of an environment variable, not a key"
        fix = 'write a name such as "OPENAI_API_KEY", and put the key into that variable'
        if isinstance(env_key, str) and (names_a_variable(env_key) or "${" in env_key):
            message = "envKey refers to a variable, which decides which one holds the key"
            fix = "write the name of the variable that holds the key, without a $"
            self._say("QL226", message, (*path, "envKey"), fix)
            return False
        self._say("QL402", message, (*path, "envKey"), fix)
        return False

    def _check_config(self, auth_type: str, config: dict[str, Any], path: Path) -> None:
        for name, value in config.items():
            field = _GENERATION.get(name)
            if field is None or not self._client.knows(field.since):
                self._unknown("QL213", name, _GENERATION, (*path, name))
            elif wrong := problem(field, value):
                self._say("QL211", f"{name} {wrong}", (*path, name), None)
        if "extra_body" in config and auth_type not in self._client.extra_body_types:
            message = f"{auth_type} requests do not include extra_body"
            self._say("QL214", message, (*path, "extra_body"), "remove it", on_key=True)
        sampling = config.get("samplingParams")
        if isinstance(sampling, dict):
            for name, value in sampling.items():
                field = _SAMPLING.get(name)
                if field is not None and (wrong := problem(field, value)):
                    where = (*path, "samplingParams", name)
                    self._say("QL211", f"{name} {wrong}", where, None)
                elif field is None:
                    self._check_name(name, (*path, "samplingParams", name))

    def _check_name(self, name: str, path: Path) -> None:
        """Report an option in samplingParams that has another name, or belongs in another place.

        An unknown one may be an option of the API, and is sent unchanged.
        """
        home = home_of(name)
        if home is None or home[1] == "extra_body" or name == "max_output_tokens":
            return
        inside = home[1:-1] == ("samplingParams",)
        fix = f"write it as {home[-1] if inside else '.'.join(home)}"
        message = f'"{shown(name)}" is not an option of samplingParams'
        self._say("QL211", message, path, fix, on_key=True)

    def _unknown(self, code: str, name: str, known: Mapping[str, Field], path: Path) -> None:
        field = known.get(name)
        if field is not None:
            message = f"{shown(name)} is read from Qwen Code {field.since} on"
            self._tell(Finding(code, message, self._place(path, on_key=True), None, "note"))
            return
        home = home_of(name)
        below = tuple(path[3:]) if path[:1] == PROVIDERS else ()
        if home is not None and below and home[:-1] != below[:-1]:
            fix: str | None = f"write it as {'.'.join(home)}"
        else:
            fix = suggestion(home[-1] if home else name, known)
        self._say(code, f'"{shown(name)}" is unknown', path, fix, on_key=True)

    def _say(
        self, code: str, message: str, path: Path, fix: str | None, *, on_key: bool = False
    ) -> None:
        self._tell(Finding(code, message, self._place(path, on_key=on_key), fix))

    def _tell(self, finding: Finding) -> None:
        self._said += 1
        self._report(finding)


_REFERENCE_FIX = (
    'write "$NAME", and put the value into the variable NAME; if it is not a credential, add the '
    "comment `// qwenlock: allow-literal`"
)


def canonical(value: Any) -> Any:
    """Return a JSON value with its keys sorted and its numbers in one spelling; checks nothing."""
    if isinstance(value, dict):
        return {name: canonical(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [canonical(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return canonical_number(value)
    return value


def _is_env_key(path: Path) -> bool:
    """Tell whether a model's own envKey stands at `path`; that has a check of its own."""
    return path[:1] == PROVIDERS and path[3:] == ("envKey",)


def _dotted(path: Path) -> str:
    below = path[3:] if path[:1] == PROVIDERS else path
    names = [step for step in below if isinstance(step, str) and not is_credential_as_name(step)]
    return ".".join(names) or "the model"


def _as_float(number: int) -> str:
    try:
        return f"{float(number):.17g}"
    except OverflowError:
        return "infinity"
