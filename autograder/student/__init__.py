"""What runs in the student's own process: finding the answer, trying it, handing over evidence."""
