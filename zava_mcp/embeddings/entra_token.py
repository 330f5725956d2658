"""Tokens of an Entra service principal, for Azure OpenAI. Imports azure-identity: only at first use."""

import re
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError, ServiceRequestError, ServiceResponseError
from azure.identity import ClientSecretCredential

from zava_mcp.embeddings.service_errors import RetryPolicy, Service, ServiceError, causes, service_unreachable
from zava_mcp.settings.embedding_settings import EmbeddingSettings
from zava_mcp.settings.table import default

_CLOUDS = (".us", ".cn")  # of their own: government and China
_CODES = {
    "AADSTS7000215": "the secret is wrong: AZURE_CLIENT_SECRET must hold the secret's value, not its id",
    "AADSTS7000222": "the secret has expired: make a new one, and put it into AZURE_CLIENT_SECRET",
    "AADSTS700016": "AZURE_CLIENT_ID names no application of the tenant",
    "AADSTS90002": "AZURE_TENANT_ID names no tenant",
}


class Entra:
    """Gives a token for each request; the library keeps it until five minutes before its end."""

    def __init__(self, chosen: EmbeddingSettings, seconds: float) -> None:
        """`seconds` is the longest that one request for a token takes."""
        assert chosen.azure_endpoint
        assert chosen.tenant_id
        assert chosen.client_id
        assert chosen.client_secret
        self._seconds = seconds
        host = urlsplit(chosen.authority or default("AZURE_AUTHORITY_HOST")).netloc
        trust = "If a proxy stands between, name a file with its certificate in REQUESTS_CA_BUNDLE."
        self._service = Service("Entra", host, address="AZURE_AUTHORITY_HOST", trust=trust)
        host = urlsplit(chosen.azure_endpoint).hostname or ""
        cloud = next((end for end in _CLOUDS if host.endswith(f".azure{end}")), ".com")
        self._scope = f"https://cognitiveservices.azure{cloud}/.default"
        self._credential = ClientSecretCredential(
            chosen.tenant_id,
            chosen.client_id,
            chosen.client_secret.reveal(),
            authority=chosen.authority,
            # a host that the settings name needs no entry in Microsoft's list, which may be out of reach there
            disable_instance_discovery=chosen.authority is not None,
            retry_total=0,  # whoever waits for a vector knows how long
            connection_timeout=seconds,
            read_timeout=seconds,
        )

    def token(self) -> str:
        """Raises Refusal."""
        try:
            return self._credential.get_token(self._scope).token
        except AzureError as error:
            raise self._refusal(error) from None

    def close(self) -> None:
        self._credential.close()

    def _refusal(self, error: AzureError) -> ServiceError:
        """Entra's own texts name ids and addresses, so only their code is told."""
        found = re.search(r"AADSTS\d+", error.message)
        if found:
            why = _CODES.get(found[0], "it does not accept the service principal")
            return ServiceError(
                f"{self._service} gave no token ({found[0]}): {why}",
                "Check AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and AZURE_TENANT_ID.",
            )
        if any(isinstance(cause, (ServiceRequestError, ServiceResponseError)) for cause in causes(error)):
            return service_unreachable(self._service, error, self._seconds)
        return ServiceError(
            f"{self._service} gave no token, nor a reason that we know",
            "Try again in a minute; check AZURE_AUTHORITY_HOST, AZURE_CLIENT_ID and AZURE_TENANT_ID.",
            RetryPolicy.few_times,
        )
