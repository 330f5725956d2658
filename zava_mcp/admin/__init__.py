"""What an administrator does: migrations, adoption, identities, the sample, embeddings of products."""
