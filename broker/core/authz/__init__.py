"""What repositories that serve their own bytes ask, and what they are told: the forms alone, no rule about data.

`asked.py`: the questions of the AuthZEN Authorization API 1.0. `paths.py`: which object a proxy's URI names.
`scope.py`: whose data a repository may ask about. `telling.py`: what the answer says besides yes or no.
"""
