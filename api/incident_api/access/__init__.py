"""Who a request is from: tokens, the sealed cookie, where it was sent from, and how often it may try."""
