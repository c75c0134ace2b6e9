module github.com/glassmq/zmq/libzmq

go 1.25.0

require (
	github.com/glassmq/zmq v0.0.0-00010101000000-000000000000
	golang.org/x/sys v0.44.0
)

require golang.org/x/crypto v0.51.0 // indirect

replace github.com/glassmq/zmq => ../
