"""The protocol under every fault: real code on twins that misbehave, every interleaving decided by a seed."""
