// Package network is the live reader for names and connections: it looks names up as this
// machine does, and tries whether a TCP connection can be made. It sends not a byte over one.
package network

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"siteready/platform"
)

// Reader answers questions of the kinds tcp and name. It keeps no answers, and may be used by
// several goroutines.
type Reader struct {
	lookup   func(ctx context.Context, network, host string) ([]netip.Addr, error)
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	patience time.Duration
}

var _ platform.Reader = (*Reader)(nil)

// New makes a reader that uses this machine's own resolver and network.
func New() *Reader {
	return &Reader{lookup: net.DefaultResolver.LookupNetIP, dial: (&net.Dialer{}).DialContext, patience: platform.TCPPatience}
}

// Read implements platform.Reader for the kinds tcp and name. Another kind, and a question to
// another server, is ErrUnsupported; what is no name of a host or no port is ErrMalformed.
func (r *Reader) Read(ctx context.Context, q platform.Question) (json.RawMessage, error) {
	if err := ctx.Err(); err != nil {
		return nil, platform.Refuse(platform.ErrTimeout, "%s was not asked: %v", q, err)
	}
	if q != (platform.Question{Kind: q.Kind, Where: q.Where}) {
		return nil, platform.Refuse(platform.ErrUnsupported, "%s: a question of kind %q is about this machine's network, and has no such parts", q, q.Kind)
	}
	var answer any
	var err error
	switch q.Kind {
	case platform.KindTCP:
		answer, err = r.connect(ctx, q.Where)
	case platform.KindName:
		answer, err = r.resolve(ctx, q.Where)
	default:
		err = platform.Refuse(platform.ErrUnsupported, "questions of kind %q cannot be put to the network", q.Kind)
	}
	if err != nil {
		return nil, err
	}
	return platform.Encode(q, answer)
}

// resolve returns the addresses of a host. One that is an address already stands for itself.
func (r *Reader) resolve(ctx context.Context, host string) (platform.Addresses, error) {
	var none platform.Addresses
	if address, err := netip.ParseAddr(host); err == nil {
		return platform.Addresses{Addresses: []string{address.String()}}, nil
	}
	if !isHost(host) {
		return none, platform.Refuse(platform.ErrMalformed, "%q is no name of a host", host)
	}
	found, err := r.lookup(ctx, "ip", host)
	if err != nil {
		return none, lookupRefused(ctx, host, err)
	}
	list := make([]string, 0, len(found))
	for _, address := range found {
		list = append(list, address.Unmap().String())
	}
	slices.Sort(list)
	if list = slices.Compact(list); len(list) == 0 {
		return none, platform.Refuse(platform.ErrAbsent, "the name %s has no addresses", host)
	}
	return platform.Addresses{Addresses: list}, nil
}

// isHost keeps out what resolvers would read as something else than a name. Whether a name is a
// good one is for others to judge: Windows has names with an underscore.
func isHost(host string) bool {
	const longest = 255
	return host != "" && len(host) <= longest && !strings.ContainsFunc(host, func(c rune) bool {
		return c <= ' ' || c == 0x7F || strings.ContainsRune(`/\:@[]%,;"'`, c)
	})
}

// lookupRefused says what an error of the resolver means. Only a resolver that says that there
// is no such name makes it absent.
func lookupRefused(ctx context.Context, host string, err error) *platform.NoAnswer {
	var dns *net.DNSError
	switch {
	case ctx.Err() != nil:
		return platform.Refuse(platform.ErrTimeout, "looking up %s: no answer before the time was up", host)
	case errors.As(err, &dns) && dns.IsNotFound:
		return platform.Refuse(platform.ErrAbsent, "looking up %s: there is no such name", host)
	case errors.As(err, &dns) && dns.IsTimeout:
		return platform.Refuse(platform.ErrTimeout, "looking up %s: the name server did not answer", host)
	}
	no := platform.Refuse(platform.ErrUnreachable, "looking up %s: %v", host, err)
	no.Help = "Look at the name servers in this machine's network settings."
	return no
}

// connect tries all addresses of a host at once, and returns when one is open or all are done.
func (r *Reader) connect(ctx context.Context, where string) (any, error) {
	host, port, err := net.SplitHostPort(where)
	number, errPort := strconv.ParseUint(port, 10, 16)
	if err != nil || errPort != nil || number == 0 {
		return nil, platform.Refuse(platform.ErrMalformed, "%q is no HOST:PORT", where)
	}
	found, err := r.resolve(ctx, host)
	if errors.Is(err, platform.ErrAbsent) {
		return platform.TCP{Outcome: platform.TCPNoName, Addresses: []string{}}, nil
	}
	if err != nil {
		return nil, err
	}
	patient, stop := context.WithTimeout(ctx, r.patience)
	defer stop()
	ends := make([]end, len(found.Addresses))
	var group sync.WaitGroup
	for i, address := range found.Addresses {
		group.Go(func() {
			ends[i] = r.try(patient, net.JoinHostPort(address, port))
			if ends[i].outcome == platform.TCPOpen {
				stop() // one is enough
			}
		})
	}
	group.Wait()
	best := ends[0]
	for _, e := range ends[1:] {
		if e.weight() > best.weight() {
			best = e
		}
	}
	switch {
	case best.outcome == "":
		return nil, best.err
	case best.outcome != platform.TCPOpen && ctx.Err() != nil:
		return nil, platform.Refuse(platform.ErrTimeout, "connecting to %s: no answer before the time was up", where)
	}
	return platform.TCP{Outcome: best.outcome, Addresses: found.Addresses}, nil
}

// end is how the attempt at one address ended: with an outcome, or with an error that is none.
type end struct {
	outcome string
	err     error
}

// weight orders ends by how much they say. An attempt that could not be made says more than
// silence, since it might have been open.
func (e end) weight() int {
	return slices.Index([]string{platform.TCPUnreachable, platform.TCPNoAnswer, "", platform.TCPRefused, platform.TCPOpen}, e.outcome)
}

func (r *Reader) try(ctx context.Context, address string) end {
	connection, err := r.dial(ctx, "tcp", address)
	if err == nil {
		_ = connection.Close() // it was made, whatever closing it says
		return end{outcome: platform.TCPOpen}
	}
	if ctx.Err() != nil {
		return end{outcome: platform.TCPNoAnswer}
	}
	return outcomeOf(address, err)
}

// Numbers of Windows' sockets (winsock2.h) and of Windows itself (winerror.h), which Go passes on
// as they come. No other system has such high ones for what a connection ends with, but 121, which
// on Linux is an input/output error at the other end.
const (
	wsaAccess         = syscall.Errno(10013)
	wsaNetworkDown    = syscall.Errno(10050)
	wsaNetUnreachable = syscall.Errno(10051)
	wsaTimedOut       = syscall.Errno(10060)
	wsaRefused        = syscall.Errno(10061)
	wsaHostDown       = syscall.Errno(10064)
	wsaUnreachable    = syscall.Errno(10065)
	winSemTimeout     = syscall.Errno(121)
	winRefused        = syscall.Errno(1225)
	winNetUnreachable = syscall.Errno(1231)
	winUnreachable    = syscall.Errno(1232)
)

// outcomeOf sorts the error of an attempt into the outcomes, and what is none of them into the
// reasons why nobody could try.
func outcomeOf(address string, err error) end {
	is := func(numbers ...syscall.Errno) bool {
		var number syscall.Errno
		return errors.As(err, &number) && slices.Contains(numbers, number)
	}
	var late interface{ Timeout() bool }
	switch {
	case is(syscall.ECONNREFUSED, wsaRefused, winRefused):
		return end{outcome: platform.TCPRefused}
	case is(syscall.ETIMEDOUT, wsaTimedOut, winSemTimeout), errors.As(err, &late) && late.Timeout():
		return end{outcome: platform.TCPNoAnswer}
	case is(syscall.ENETUNREACH, syscall.EHOSTUNREACH, wsaNetUnreachable, wsaUnreachable, wsaHostDown, wsaNetworkDown, winNetUnreachable, winUnreachable):
		return end{outcome: platform.TCPUnreachable}
	case is(syscall.EACCES, syscall.EPERM, wsaAccess):
		no := platform.Refuse(platform.ErrDenied, "connecting to %s: %v", address, err)
		no.Help = "A firewall or another program on this machine forbids siteready to connect. Allow it, or try from an elevated prompt."
		return end{err: no}
	}
	return end{err: platform.Refuse(platform.ErrUnsupported, "connecting to %s: %v", address, err)}
}
