"""The text of a product that is embedded, and its hash, which shows whether the product has changed."""

from hashlib import sha256


def document_text(category: str | None, kind: str | None, name: str, description: str | None) -> str:
    """Returns "category, type: name. description" without missing parts, like `product_text.sql`."""
    group = ", ".join(part for part in (category, kind) if part is not None)
    product = f"{name}. {description}" if description else name
    return f"{group}: {product}" if group else product


def text_hash(text: str) -> str:
    """Returns the SHA-256 of the text, in SQL `encode(sha256(convert_to(text, 'UTF8')), 'hex')`."""
    return sha256(text.encode()).hexdigest()
