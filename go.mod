module github.com/glassmq/zmq

go 1.25.0

require (
	golang.org/x/crypto v0.51.0
	golang.org/x/sys v0.44.0
)
