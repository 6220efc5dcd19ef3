"""What every page shares: charts, cards, links, downloads, code, the glossary, the menu."""
