"""The polite session: the one place that talks to servers."""
