"""Documents a payer wants before it decides: asked, sent, had. Its own time runs on meanwhile."""

from contracts.authorization_lines import InformationAnswered, InformationSent
from contracts.kernel import Reason
from services.authorization.answers import NOT_WAITING, asked
from services.authorization.commands import ConfirmInformation, EnterInformationRequest, SendInformation
from services.authorization.telling import NO_LINE, Case, Changes

NOT_ASKED = Reason("TL-5341", "/line", "the payer asks for nothing on this line")


def enter(case: Case, data: EnterInformationRequest) -> Changes:
    """Asked by phone, fax, portal or letter. The same documents again are the same request."""
    line = case.line(data.line)
    if line is None:
        return case.refused(NO_LINE)
    if not line.is_waiting:
        return case.refused(NOT_WAITING)
    if line.inquiry and set(data.asks) <= set(line.inquiry.asks):
        return ()
    return (asked(line.line, data.asks, data.at or case.now, data.due),)


def send(case: Case, data: SendInformation) -> Changes:
    line = case.line(data.line)
    if line is None or line.inquiry is None:
        return case.refused(NOT_ASKED if line else NO_LINE)
    if line.inquiry.sent_at:
        return ()
    at = min(data.at or case.now, case.now)
    return (InformationSent(line=line.line, inquiry=line.inquiry.id, by=case.actor.id, channel=data.channel, happened_at=at),)


def confirm(case: Case, data: ConfirmInformation) -> Changes:
    line = case.line(data.line)
    if line is None or line.inquiry is None:
        return case.refused(NOT_ASKED if line else NO_LINE)
    return (InformationAnswered(line=line.line, inquiry=line.inquiry.id, happened_at=min(data.at or case.now, case.now)),)
