"""Persons, enrolments and their pictures: from a proposal to the proof of erasure."""
