"""`make bench`: is the broker as fast as it should be, on this machine, in this run?"""
