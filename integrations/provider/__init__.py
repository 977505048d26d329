"""What the model providers have in common. No connector lives here."""
