"""The live stream: who follows it, what each is sent, and the two doors to it."""
