"""Incidents: a case file over alerts, from opening to its report."""
