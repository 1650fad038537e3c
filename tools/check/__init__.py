"""The check of the built site in a browser: pages, links, accessibility, explorers, journeys."""
