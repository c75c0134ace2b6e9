package message

// A Sink takes back the memory of large bodies that nobody will look at any more. Any goroutine may call.
type Sink interface{ Put(b []byte) }
