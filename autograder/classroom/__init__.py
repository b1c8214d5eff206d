"""What an instructor uses: a course folder for nbgrader, and the judge inside nbgrader's autograding."""
