"""What the law of every place involved says about one access, by versioned policy packs.

Read in this order: facts (what is asked about), pack (what a rule is), conditions (when a rule holds),
compile (packs made fast), judge (the answer), fixes (what would help). lint says whether a file is a pack at all.
"""
