module github.com/glassmq/zmq/bench

go 1.25.0

require github.com/glassmq/zmq v0.0.0-00010101000000-000000000000

replace github.com/glassmq/zmq => ../
