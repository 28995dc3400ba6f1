"""Fields that hand on what was posted, as it was posted: the rules of `keys.rules` judge it, not Django's."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from keys.forms.rendered import OFF, ON, same_line_ends
from keys.forms.secrets import typed_secrets
from keys.redact import escape_visible, masked_secret

_SWITCH_WORDS = {"on": ON, "true": ON, "1": ON, "yes": ON, "off": OFF, "false": OFF, "0": OFF, "no": OFF, "": OFF}


class TypedField(forms.Field):
    """A text, None when it was not posted. Shown again as typed, but for secrets, which are masked.

    keep: invisible characters that its control can show.
    """

    def __init__(self, *, widget: forms.Widget, label: Any, help_text: Any = "", keep: str = "") -> None:
        self.keep = keep
        super().__init__(required=False, widget=widget, label=label, help_text=help_text)

    def clean(self, value: Any) -> str | None:
        return value if isinstance(value, str) else None

    def bound_data(self, data: Any, initial: Any) -> str:
        """What the form shows after a refusal. Lines that upstream itself holds are left as they are."""
        if not isinstance(data, str):
            return str(initial or "")
        text = same_line_ends(data)
        parts, at = [], 0
        for span in typed_secrets(text, str(initial or "")):
            parts += [text[at : span.start], masked_secret(text[span.start : span.end])]
            at = span.end
        return escape_visible("".join([*parts, text[at:]]), keep=self.keep)


class ChosenField(TypedField):
    """A text out of `choices`. Anything else is shown again as what base has, never as the first choice."""

    def __init__(self, choices: list[tuple[str, Any]], *, radio: bool = False, label: Any, help_text: Any = "") -> None:
        self.choices = choices
        widget = (forms.RadioSelect if radio else forms.Select)(choices=choices)
        super().__init__(widget=widget, label=label, help_text=help_text)

    def bound_data(self, data: Any, initial: Any) -> str:
        chosen = isinstance(data, str) and data in {value for value, _label in self.choices}
        return str(data if chosen else initial or "")


class SwitchInput(forms.CheckboxInput):
    """A checkbox with a hidden companion `<name>-shown`, which tells a box left empty from a box never shown."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, check_test=lambda value: value in (True, ON))

    def format_value(self, value: Any) -> str:
        """What a ticked box posts: always the same, whatever it says now."""
        return ON

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        box = super().render(name, value, attrs, renderer)
        return format_html('{}<input type="hidden" name="{}-shown" value="1">', box, name)

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        if name in data:
            return data[name]
        return OFF if f"{name}-shown" in data else None


class SwitchField(forms.Field):
    """`on`, `off`, or None when the box was not in the posted form."""

    def __init__(self, *, label: Any, help_text: Any = "") -> None:
        super().__init__(required=False, widget=SwitchInput(), label=label, help_text=help_text)

    def clean(self, value: Any) -> str | None:
        if value is None:
            return None
        word = _SWITCH_WORDS.get(value.lower()) if isinstance(value, str) else None
        if word is None:
            raise ValidationError(_("Choose on or off."), code="switch")
        return word

    def bound_data(self, data: Any, initial: Any) -> str:
        word = _SWITCH_WORDS.get(data.lower()) if isinstance(data, str) else None
        return word or str(initial)
