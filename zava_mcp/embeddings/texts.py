"""What of a product is embedded, and the hash that tells whether it has changed since."""

from hashlib import sha256


def document_text(name: str, description: str | None) -> str:
    """The text that stands for a product."""
    return f"{name}. {description}" if description else name


def text_hash(text: str) -> str:
    """SHA-256 of the text in UTF-8, in hexadecimal: `encode(sha256(convert_to(text, 'UTF8')), 'hex')` in SQL."""
    return sha256(text.encode()).hexdigest()
