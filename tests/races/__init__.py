"""Eight processes race on the real database for ten teams and ten beds, some killed inside a transaction: nobody gets what another has."""
