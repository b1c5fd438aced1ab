package winrm

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// dialer is the type of net.Dialer's DialContext.
type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// throughProxy dials by asking an HTTP proxy to CONNECT (RFC 9110, section 9.3.6). A logon belongs to a connection, so
// that a proxy which takes requests one by one would not do, not even for plain HTTP.
func throughProxy(proxy string, dial dialer) dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, proxy)
		if err != nil {
			return nil, fmt.Errorf("proxy %s: %w", proxy, err)
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		defer stop()
		tunnel, err := connectThrough(ctx, conn, address)
		if err != nil {
			_ = conn.Close() // the proxy's answer is the error that matters
			return nil, contextError(ctx, fmt.Errorf("proxy %s: %w", proxy, err))
		}
		return tunnel, nil
	}
}

func connectThrough(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	request := (&http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}).WithContext(ctx)
	if err := request.Write(conn); err != nil {
		return nil, err
	}
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it does not connect to %s: HTTP status %s", address, response.Status)
	}
	// A WinRM host does not speak first, so nothing of its is in the reader.
	return conn, nil
}
