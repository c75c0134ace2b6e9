module github.com/glassmq/zmq

go 1.25.0
