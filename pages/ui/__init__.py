"""What pages share: the deep-link guard, navigation, charts, links, downloads, code and the glossary."""
