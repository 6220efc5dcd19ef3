"""Code behind the pages: shared widgets, server and readers, and a folder for each page with tabs."""
