"""What turns the sources in ``book/`` into executed chapters and a site: see the Makefile."""
