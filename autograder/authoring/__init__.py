"""What an author uses: the source format, building releases, a new lab's skeleton."""
