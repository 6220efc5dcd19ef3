"""The tabs of the Fixed points page: controls, charts, texts."""
