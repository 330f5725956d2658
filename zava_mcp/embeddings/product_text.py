"""What of a product is embedded, and the hash that tells whether it has changed since."""

from hashlib import sha256


def document_text(category: str | None, kind: str | None, name: str, description: str | None) -> str:
    """The text that stands for a product, as `product_text.sql` makes it: "category, type: name. description"."""
    shelf = ", ".join(part for part in (category, kind) if part is not None)
    product = f"{name}. {description}" if description else name
    return f"{shelf}: {product}" if shelf else product


def text_hash(text: str) -> str:
    """SHA-256 of the text in UTF-8, in hexadecimal: `encode(sha256(convert_to(text, 'UTF8')), 'hex')` in SQL."""
    return sha256(text.encode()).hexdigest()
