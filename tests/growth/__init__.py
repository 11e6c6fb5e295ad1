"""What an event costs does not grow with the referrals that are open."""
