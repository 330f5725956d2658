"""A fake of Entra that issues tokens to a service principal."""

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qs

from tests.fakes.certificate import self_signed
from tests.fakes.openai_api import Answer, Asked, Server

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-000000000000"


class FakeEntra:
    """Serves TLS with a self-signed certificate, because azure-identity requires TLS.

    `asked` has the requests for tokens. A token is valid for `seconds`; `knows` returns whether one is valid. `publish`
    receives each new token before the response is sent.
    """

    def __init__(self, folder: Path, secret: str, seconds: float = 3600) -> None:
        self.secret, self.seconds = secret, seconds
        self.asked: list[dict[str, str]] = []
        self.tokens: dict[str, float] = {}
        self.refuse: Callable[[], Answer] | None = None
        self.publish: Callable[[str], None] = lambda _: None
        self.certificate, tls = self_signed(folder)
        self._server = Server(self._answer, tls)
        self.url = self._server.url

    def knows(self, token: str) -> bool:
        return self.tokens.get(token, 0) > time.monotonic()

    def __enter__(self) -> "FakeEntra":
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.stop()

    def _answer(self, asked: Asked) -> Answer:
        if asked.path == f"/{TENANT}/v2.0/.well-known/openid-configuration":
            ours = f"{self.url}/{TENANT}"
            return Answer(
                body={
                    "token_endpoint": f"{ours}/oauth2/v2.0/token",
                    "authorization_endpoint": f"{ours}/oauth2/v2.0/authorize",
                    "issuer": f"{ours}/v2.0",
                }
            )
        if asked.path != f"/{TENANT}/oauth2/v2.0/token":
            return Answer(404, {"error": "not_found"})
        form = {name: texts[0] for name, texts in parse_qs(asked.body).items()}
        self.asked.append(form)
        return self.refuse() if self.refuse else self._token(form)

    def _token(self, form: dict[str, str]) -> Answer:
        if (form.get("grant_type"), form.get("client_id")) != ("client_credentials", CLIENT):
            return refusal("AADSTS700016", "Application not found in the directory.")
        if form.get("client_secret") != self.secret:
            return refusal("AADSTS7000215", f"Invalid client secret provided: {form.get('client_secret')}")
        token = f"token-{len(self.tokens)}-{secrets.token_hex(8)}"
        self.tokens[token] = time.monotonic() + self.seconds
        self.publish(token)
        return Answer(body={"token_type": "Bearer", "expires_in": int(self.seconds), "access_token": token})


def refusal(code: str, said: str) -> Answer:
    return Answer(
        401, {"error": "invalid_client", "error_description": f"{code}: {said} Trace ID: 0", "error_codes": []}
    )
