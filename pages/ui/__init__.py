"""What pages share: the deep-link guard, navigation, charts, links, downloads, code, the glossary; a folder a page."""
