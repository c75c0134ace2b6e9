// Command jupyter starts a Jupyter kernel and runs code in it: README.md. start.go starts the process, kernel.go holds the
// connections, client.go talks over them, message.go is the wire format.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	transport := flag.String("transport", "tcp", "tcp or ipc")
	kernel := flag.String("kernel", "", "the command that starts the kernel, to which -f FILE is appended; default python3 -m ipykernel_launcher")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "jupyter [flags] CODE…     each argument is run, one after the other; without any, each line of the input")
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := run(Options{Command: strings.Fields(*kernel), Transport: *transport}, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(o Options, cells []string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(o.Command) == 0 {
		o.Command = nil
	}
	k, err := Start(ctx, o)
	if err != nil {
		return err
	}
	defer k.Close()
	input := bufio.NewReader(os.Stdin)
	for len(cells) > 0 && err == nil {
		err = cell(ctx, k, cells[0], input)
		cells = cells[1:]
	}
	for flag.NArg() == 0 && err == nil {
		var line string
		if line, err = input.ReadString('\n'); err == nil {
			err = cell(ctx, k, line, input)
		}
	}
	if err != nil && err != io.EOF {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return k.Shutdown(ctx)
}

// cell runs code. An interrupt at the terminal is one of the code, and ends the program when the code has ended.
func cell(ctx context.Context, k *Kernel, code string, input *bufio.Reader) error {
	stop := context.AfterFunc(ctx, func() { k.Interrupt(context.Background()) })
	defer stop()
	err := k.Execute(context.WithoutCancel(ctx), code, Handlers{
		Output: func(stream, text string) {
			if stream != "stdout" && stream != "stderr" {
				text += "\n"
			}
			fmt.Print(text)
		},
		Input: func(prompt string, _ bool) (string, error) {
			fmt.Print(prompt)
			line, err := input.ReadString('\n')
			return strings.TrimSuffix(line, "\n"), err
		},
	})
	var raised *Exception
	if errors.As(err, &raised) {
		fmt.Println(strings.Join(raised.Traceback, "\n"))
		return context.Cause(ctx)
	}
	return err
}
