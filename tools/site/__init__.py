"""The site: pages staged from executed chapters, the API reference, what readers take along."""
