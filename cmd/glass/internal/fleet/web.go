package fleet

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
)

// get is a web client's GET of a host and port, whatever comes of it: that what answers there is no web server is not the
// client's fault.
func get(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: dialPatient}}
	response, err := client.Do(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return nil
}

// A patient connection does not read before it has written. ZeroMQ greets at once, and Go's web client, other than most,
// hangs up without a request if a server speaks first.
type patient struct {
	net.Conn
	asked func()
	wait  <-chan struct{}
}

func dialPatient(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	asked := make(chan struct{})
	return &patient{c, sync.OnceFunc(func() { close(asked) }), asked}, nil
}

func (p *patient) Write(b []byte) (int, error) {
	defer p.asked()
	return p.Conn.Write(b)
}

func (p *patient) Close() error {
	p.asked()
	return p.Conn.Close()
}

func (p *patient) Read(b []byte) (int, error) {
	<-p.wait
	return p.Conn.Read(b)
}
