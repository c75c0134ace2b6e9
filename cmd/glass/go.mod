module github.com/glassmq/zmq/cmd/glass

go 1.25.0

require (
	github.com/glassmq/zmq v0.0.0-00010101000000-000000000000
	github.com/rogpeppe/go-internal v1.16.0
	github.com/spf13/cobra v1.10.2
	go.uber.org/goleak v1.3.0
	golang.org/x/sys v0.44.0
	golang.org/x/term v0.43.0
)

require (
	github.com/glassmq/zmq/observe v0.0.0-00010101000000-000000000000
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	golang.org/x/tools v0.26.0 // indirect
)

replace github.com/glassmq/zmq => ../..

replace github.com/glassmq/zmq/observe => ../../observe
