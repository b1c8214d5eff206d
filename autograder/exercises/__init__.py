"""The exercises themselves, a package a lab; `autograder.exercise.register` finds them."""
