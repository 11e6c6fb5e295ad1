"""Mistakes at the way in: each with the attack, or the person kept out, that notices it."""

OPENID, ENTRANCE, ISSUING = (f"services/worklist/{name}.py" for name in ("openid", "entrance", "issuing"))


def noticed(sentence: str) -> str:
    return f"worklist/test_sign_in.py::test_{sentence.replace(' ', '_')}"


def opening(sentence: str) -> str:
    return f"worklist/test_opening.py::test_{sentence.replace(' ', '_')}"


WRONG = noticed("what a provider must not say signs nobody in")
MISTAKES = (
    ("take any nonce", OPENID, '{"nonce": nonce, "client_id"', '{"client_id"', WRONG),
    ("take an ID token for somebody else", OPENID, '"client_id": self._settings.client_id, "access_token"', '"access_token"', WRONG),
    ("take an access token that was swapped", OPENID, ', "access_token": given.get("access_token")}', "}", WRONG),
    ("let an access token speak for another", OPENID, 'if subject in (None, claims["sub"]):', "if True:", WRONG),
    ("follow another issuer", "infra/identity.py", 'said.get("issuer") != issuer or', "False or",
     noticed("a document of another issuer is not followed")),
    ("take an answer of another provider", OPENID, 'if said.get("iss", self._settings.issuer) != self._settings.issuer:', "if False:",
     noticed("an answer of another provider or a refusal signs nobody in")),
    ("finish what another browser began", ENTRANCE, 'if not state or known.get("state") != state or known', 'if not state or known',
     noticed("what was not begun in this browser ends there")),
    ("lead anywhere after signing in", ENTRANCE,
     'way_back(request, request.query_params.get("to", "/"))', 'request.query_params.get("to", "/")',
     noticed("nobody is led elsewhere after signing in")),
    ("renew for whoever asks", OPENID, "if (await self._access.verify(renewed.token)).id != subject:", "if False:",
     noticed("a session is renewed by nothing but what came with it")),
    ("let a code work twice", ISSUING, 'self._granted.pop(str(form.get("code")), None)', 'self._granted.get(str(form.get("code")))',
     noticed("a code works once")),
    ("give tokens to whoever has the code", ISSUING, 'compare_digest(verified, granted.asked["code_challenge"])', "True",
     noticed("a code is of no use without what its challenge was made of")),
    ("lead back anywhere", ISSUING, "ours and asked", "True and asked", noticed("the built in provider takes only an honest sign in")),
    ("open what Part 2 protects to every emergency", "services/worklist/api.py", 'kinds = {False, any(one["protected"] for one in stands)}',
     "kinds = {False, True}", opening("what part 2 protects opens to a medical emergency alone")),
    ("leave open what was opened", "services/worklist/api.py", 'if one and one["until"] > self.clock.now()]', "if one]",
     opening("it is seen for an hour loudly by that person alone and nothing is done by it")),
    ("let an emergency open doing", ENTRANCE, 'error.code == "TL-1402" and action == SEEING and', 'error.code == "TL-1402" and',
     opening("it is seen for an hour loudly by that person alone and nothing is done by it")),
    ("account for an emergency as for any other look", "services/worklist/accounts.py", '"emergency" if getattr(request.state',
     '"coordination" if getattr(request.state', opening("it is written down as an emergency and waits for a supervisor")),
)  # fmt: skip
