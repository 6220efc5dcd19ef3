"""Shared by all pages: charts, cards, links, downloads, code, the glossary, the menu."""
