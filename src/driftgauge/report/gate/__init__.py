"""What a gate decided, for who reads it: a summary for people, JUnit XML and SARIF for programs."""
