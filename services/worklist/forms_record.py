"""Forms about a person by their record, from the page about them: no fact says when they may be given, so they always may."""

from services.worklist.fields import Form
from services.worklist.forms_payer import COVERAGE

RECORD_FORMS: tuple[Form, ...] = (COVERAGE,)
