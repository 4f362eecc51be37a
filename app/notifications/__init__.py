"""Notifications: SMS by Twilio, signed webhooks, e-mail. From the outbox, at least once, with an id that stays the same."""
