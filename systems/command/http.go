package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"quorumbench/bench/system"
)

// httpClient writes by PUT and reads by GET.
type httpClient struct {
	http *http.Client
	base string // the URL, to which a key is appended
}

// idleConnections is how many connections are kept for the next commands.
const idleConnections = 1000

// mostValue bounds what is read of an answer, in bytes: more than the load ever writes.
const mostValue = 2 << 20

// OpenHTTP opens a client that speaks HTTP.
func OpenHTTP(c *system.Command, _ []system.Node, dial system.Dialer, at netip.AddrPort) (system.Client, error) {
	return &httpClient{
		http: &http.Client{Transport: &http.Transport{
			DialContext: dial, MaxIdleConnsPerHost: idleConnections, IdleConnTimeout: time.Minute, DisableCompression: true,
		}},
		base: "http://" + at.String() + c.Path,
	}, nil
}

// do asks for a key and returns the status and the body of the answer.
func (c *httpClient) do(ctx context.Context, method string, key []byte, body io.Reader) (status int, answer []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+url.PathEscape(string(key)), body)
	if err != nil {
		return 0, nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, mostValue))
	return response.StatusCode, answer, err
}

// Put implements system.Client. An answer of 503 says that the command has no effect, now or later.
func (c *httpClient) Put(ctx context.Context, key, value []byte) error {
	status, answer, err := c.do(ctx, http.MethodPut, key, bytes.NewReader(value))
	var dialing *net.OpError
	switch {
	case errors.As(err, &dialing) && dialing.Op == "dial": // it was not sent
		return errors.Join(system.ErrRefused, err)
	case err != nil:
		return err
	case status == http.StatusServiceUnavailable:
		return errors.Join(system.ErrRefused, told(status, answer))
	case status/100 != 2:
		return told(status, answer)
	}
	return nil
}

// Get implements system.Client. An answer of 404 says that the key is absent. A read that fails has no effect.
func (c *httpClient) Get(ctx context.Context, key []byte) ([]byte, error) {
	status, answer, err := c.do(ctx, http.MethodGet, key, nil)
	switch {
	case err != nil:
		return nil, errors.Join(system.ErrRefused, err)
	case status == http.StatusNotFound:
		return nil, nil
	case status/100 != 2:
		return nil, errors.Join(system.ErrRefused, told(status, answer))
	}
	return append([]byte{}, answer...), nil // which is not nil
}

// told is the error of an answer that is no success, with the beginning of what it says.
func told(status int, answer []byte) error {
	const most = 200
	return fmt.Errorf("found the answer %d %s: %.*q; accepted: 2xx", status, http.StatusText(status), most, answer)
}

// Leader implements system.Client: HTTP does not say who leads.
func (c *httpClient) Leader(context.Context) (int, error) { return -1, nil }

// Close implements system.Client.
func (c *httpClient) Close() error {
	c.http.CloseIdleConnections()
	return nil
}
