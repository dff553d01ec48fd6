"""Is what is read at a site right? Judgements without input and output, each an `Outcome`."""
