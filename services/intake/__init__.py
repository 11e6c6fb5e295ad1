"""The front door: partners, their records of people, and referrals up to triage."""
