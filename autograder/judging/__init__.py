"""What never runs beside a student's code: the judge, what it says, and the client that grades."""
