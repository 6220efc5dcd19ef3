"""The tabs of the fixed-points page, with what they ask and say."""
