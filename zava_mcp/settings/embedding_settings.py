"""Parses the settings of the embedding provider; rejects incomplete ones, and addresses without encryption."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from zava_mcp.settings.paths import parse_path
from zava_mcp.settings.secret import Secret
from zava_mcp.settings.table import text_of

_ENTRA = ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID")
_ADDRESSES = ("AZURE_OPENAI_ENDPOINT", "OPENAI_BASE_URL")
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_PATTERNS = {
    "AZURE_OPENAI_API_KEY": (r"[!-~]+", "contains a space or a character that no key has"),
    "OPENAI_API_KEY": (r"[!-~]+", "contains a space or a character that no key has"),
    "AZURE_TENANT_ID": (r"[A-Za-z0-9.-]+", "must be a tenant's id or domain"),
    "EMBEDDING_MODEL_DEPLOYMENT_NAME": (r"[A-Za-z0-9._-]{1,64}", "must be a deployment's name, not an address"),
}


@dataclass(frozen=True)
class EmbeddingSettings:
    """The embedding provider: Azure OpenAI with an endpoint, else OpenAI with a key, else the local model.

    With an `azure_endpoint`, there is an `azure_key`, or else a client id, a client secret and a tenant id.
    """

    azure_endpoint: str | None
    deployment: str
    azure_key: Secret | None
    client_id: str | None
    client_secret: Secret | None
    tenant_id: str | None
    authority: str | None
    openai_key: Secret | None
    openai_url: str
    model_dir: Path | None


def parse_embedding_settings(texts: Mapping[str, str], faults: list[str]) -> EmbeddingSettings:
    """Return the settings from variables; adds every fault to `faults`, without secrets."""
    faults += _invalid_values(texts)
    faults += _missing_values(texts)
    secrets = {name: Secret(text) for name, text in texts.items() if name.endswith(("_KEY", "_SECRET"))}
    return EmbeddingSettings(
        azure_endpoint=texts.get("AZURE_OPENAI_ENDPOINT"),
        deployment=text_of(texts, "EMBEDDING_MODEL_DEPLOYMENT_NAME"),
        azure_key=secrets.get("AZURE_OPENAI_API_KEY"),
        client_id=texts.get("AZURE_CLIENT_ID"),
        client_secret=secrets.get("AZURE_CLIENT_SECRET"),
        tenant_id=texts.get("AZURE_TENANT_ID"),
        authority=texts.get("AZURE_AUTHORITY_HOST"),
        openai_key=secrets.get("OPENAI_API_KEY"),
        openai_url=text_of(texts, "OPENAI_BASE_URL"),
        model_dir=parse_path(texts, "ZAVA_EMBEDDING_MODEL_DIR", faults),
    )


def _missing_values(texts: Mapping[str, str]) -> list[str]:
    """Return faults for an endpoint without credentials, and for credentials without an endpoint.

    Entra's three variables alone are not a fault, because other programs read them too.
    """
    faults = []
    missing = [name for name in _ENTRA if name not in texts]
    if "AZURE_OPENAI_ENDPOINT" in texts:
        if "AZURE_OPENAI_API_KEY" not in texts and missing:
            faults.append(f"AZURE_OPENAI_ENDPOINT needs AZURE_OPENAI_API_KEY, or else {', '.join(missing)} too")
    else:
        for name in ("AZURE_OPENAI_API_KEY", "EMBEDDING_MODEL_DEPLOYMENT_NAME"):
            if name in texts:
                faults.append(f"{name} is set, but AZURE_OPENAI_ENDPOINT is not")
    if "OPENAI_BASE_URL" in texts and not {"OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"} & set(texts):
        faults.append("OPENAI_BASE_URL is set, but OPENAI_API_KEY is not (a server without keys accepts any key)")
    return faults


def _invalid_values(texts: Mapping[str, str]) -> list[str]:
    """Return a fault for each key, name or address that cannot be one."""
    faults = [
        f"{name} {fault}"
        for name, (pattern, fault) in _PATTERNS.items()
        if name in texts and not re.fullmatch(pattern, texts[name])
    ]
    faults += [f"{name} {fault}" for name in _ADDRESSES if name in texts and (fault := _address_fault(texts[name]))]
    uses_entra = "AZURE_OPENAI_ENDPOINT" in texts or texts.get("ZAVA_DATABASE_AUTH", "").lower() == "entra"
    if uses_entra and (authority := texts.get("AZURE_AUTHORITY_HOST")):  # Otherwise another program reads it.
        fault = _address_fault(authority)
        fault = fault or ("" if urlsplit(authority).scheme == "https" else "must start with https://")
        faults += [f"AZURE_AUTHORITY_HOST {fault}"] if fault else []
    return faults


def _address_fault(address: str) -> str:
    """Return why a key must not be sent to an address; "" if it may be sent."""
    try:
        parts = urlsplit(address)
        port_is_none = parts.port is None  # Reading the port raises ValueError if it is invalid.
    except ValueError:
        return "is not an address"
    if not parts.hostname or not (port_is_none or parts.port):
        return "must be an address like https://example.com"
    if "@" in parts.netloc:
        return "must not contain a user name or a password"
    return "" if _is_secure(parts) else "must start with https://, or the key would cross the network in clear text"


def _is_secure(parts: SplitResult) -> bool:
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS)
